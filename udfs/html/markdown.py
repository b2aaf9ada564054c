"""A tree of content as Markdown, the way a person would have typed it.

Formulas and code leave the text as soon as they are known: a place holder of private-use
characters stands for each until the very end, so that no later pass (white space, emphasis,
escaping of dollars) can reach inside them.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from udfs.html import asciimath, delimiters, doxygen, listings
from udfs.html.blocks import PLACE, Block, Held, joined
from udfs.html.delimiters import (
    BREAK,
    CODE,
    EMPHASIS,
    END,
    FORMULA,
    STRONG,
    SUB,
    SUB_END,
    SUP,
    SUP_END,
)
from udfs.html.footnotes import citation, footnotes, reference
from udfs.html.inline import prose
from udfs.html.latex import Formula, written
from udfs.html.notices import alphanumerics, is_link_row, is_notice
from udfs.html.tables import is_data_table, rows_as_markdown, span_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from udfs.html.delimiters import Syntax
    from udfs.html.tree import Node

_BLOCKS = frozenset(
    str.split(
        """
        address article aside blockquote body center dd details dialog dir div dl dt fieldset
        figcaption figure footer form h1 h2 h3 h4 h5 h6 header hgroup hr html li main menu nav
        ol p pre section summary table tbody td tfoot th thead tr ul caption #root noscript
        legend optgroup
        """
    )
)
# Blocks of which the tag says nothing else, unless a footnote stands in them.
_PLAIN_BLOCKS = frozenset(
    str.split(
        """
        address article aside body center dd details dialog dl fieldset figcaption figure footer
        form header hgroup html main nav section tbody tfoot thead caption #root noscript legend
        optgroup
        """
    )
)
_HEADINGS = {f"h{level}": level for level in range(1, 7)}
_CODE_TAGS = frozenset(("code", "tt", "kbd", "samp"))
_ANCHOR_TEXT = re.compile(r"^[\s¶#§↩︎\ufe0e🔗^↑⏎\u200b\u2060\ufeff]*$")
_MORE = re.compile(
    r"\s*(?:\[(?:more|edit|source|src|link|top|hide|show)\]"
    r"|(?:read |show )?more\s*(?:\.{3}|…|»|→))\s*$",
    re.IGNORECASE,
)
# Titles of boxes: notes, warnings, theorems.
_TITLE = re.compile(r'class="[^"]*\b(?:admonition-?title|callout-title(?:-container)?)\b')
_EQUATIONS = re.compile(r"\b(?:ltx_)?(?:eqn|equation|eqnarray|displaymath)", re.IGNORECASE)
_SPACES = re.compile(r"[ \t\r\n\f]+")
_BLANK = " \t\r\n\f" + "".join(map(chr, range(ord(EMPHASIS), ord(SUB_END) + 1)))
_BACKQUOTES = re.compile("`{3,}")
_MAX_COLUMNS = 64
_MAX_PREFIXES = 32  # lists and quotes inside each other that are shown as such
_MAX_DECLARATION = 2000  # elements


class Writer:
    """Renders one tree; make one for each page."""

    def __init__(
        self,
        nodes: Sequence[Node],
        formulas: Mapping[int, Formula | None],
        dropped: set[int],
        page: Syntax,
    ) -> None:
        """Take what earlier passes found.

        Args:
            nodes: all elements of the page, in order.
            formulas: formulas that are elements, by index; None leaves the element out.
            dropped: indices of elements that are not content.
            page: the delimiters of its running text.
        """
        self._nodes = nodes
        self._formulas = formulas
        self._dropped = dropped
        self._page = page
        self._held = Held()
        # Formulas by place holder, until it is known whether there is room for a display.
        self._waiting: dict[int, Formula] = {}
        self._inline: list[str] = []
        self._blocks: list[Block] = []
        self._prefixes: list[list[str]] = []  # [prefix of the next line, of all later lines]
        self._lists: list[list[int | None]] = []
        self._emphasis = 0
        self._strong = 0
        self._heading = 0
        self._equations = 0  # tables that only align parts of formulas
        self._cells = 0
        self._ignored = 0
        self._math = 0
        self._saved: list[tuple[list[Block], list[list[str]]]] = []
        self._rows: list[list[list[str]]] = []
        self._notes: dict[str, str] = {}
        # Open links: the running text, and its length when they began.
        self._links: list[tuple[list[str], int]] = []
        self._linked = [0, 0]  # links in the running text, letters and digits in them
        self._after_notice = -1  # number of the block that would follow a notice like "Share:"
        self._gaps: set[int] = set()  # numbers of blocks before which something was left out

    def render(self, root: Node) -> str:
        """Text of the tree in Markdown."""
        self._notes = footnotes(self._nodes[root.index : root.end])
        # The stack holds text, elements to open, and pairs (element, kind) to close.
        stack: list[Node | str | tuple[Node, str]] = [root]
        pop, push = stack.pop, stack.append
        inline = self._inline
        dropped, formulas = self._dropped, self._formulas
        while stack:
            item = pop()
            if isinstance(item, str):
                inline.append(self._held.hold_signs(item) if self._ignored else item)
                continue
            if isinstance(item, tuple):
                self._close(*item)
                inline = self._inline
                continue
            index = item.index
            if index in dropped:
                if item.tag in _BLOCKS and not self._cells:
                    self._flush()
                    self._gaps.add(len(self._blocks))
                    inline = self._inline
                continue
            if index in formulas:
                found = formulas[index]
                if found is not None:
                    inline.append(self._place(found))
                continue
            kind = self._open(item)
            inline = self._inline
            if kind is None:
                continue
            if kind:
                push((item, kind))
            children = item.children
            if len(children) == 1:
                push(children[0])
            elif children:
                stack += children[::-1]
        self._flush()
        return joined(self._blocks, self._gaps, self._held)

    # Opening and closing ------------------------------------------------------------------

    def _open(self, node: Node) -> str | None:
        """Begin an element: what to do at its end ("" nothing), None when it is done already."""
        tag = node.tag
        if tag not in _BLOCKS:
            return self._open_inline(node, tag)
        if self._inline and not (self._equations and tag in ("td", "th")):
            self._flush()
        if tag in _PLAIN_BLOCKS and not self._notes:
            return self._marked(node, "block") if node.raw else "block"
        if tag == "dt" and listings.is_declaration(node) and not self._has_formula(node):
            words = listings.declaration(node, self._dropped)
            if words and "$" not in words and "\\(" not in words:
                self._emit(self._held.hold(CODE, f"`{words}`"))
                return None
        if tag == "summary" or (
            "title" in node.raw and tag in ("p", "div") and _TITLE.search(node.raw)
        ):
            self._strong += 1
            if self._strong == 1:
                self._inline.append(STRONG)
            return "titled"
        if tag == "hr":
            return None
        if tag == "pre" or (tag == "div" and listings.is_listing(node)):
            return self._preformatted(node)
        if (
            (tag == "div" and "memproto" in node.raw) or (tag == "tr" and doxygen.is_member(node))
        ) and not (node.end - node.index > _MAX_DECLARATION or self._has_formula(node)):
            self._emit(self._held.hold(CODE, f"`{doxygen.signature(node)}`"))
            return None
        if tag in _HEADINGS:
            self._heading = _HEADINGS[tag]
            return "heading"
        if self._notes and (identity := node.get("id")) in self._notes:
            kind = self._indented(f"[^{self._notes[identity]}]: ", "    ")
            return kind if tag == "li" else self._marked(node, kind)
        if tag in ("ul", "ol", "menu", "dir"):
            if self._after_notice == len(self._blocks):
                self._after_notice = -1
                return None
            start = re.match(r"-?\d{1,9}$", node.get("start"))
            self._lists.append([(int(start.group(0)) if start else 1) if tag == "ol" else None])
            return "list"
        if tag == "li":
            marker = self._bullet()
            return self._marked(node, self._indented(marker, " " * len(marker)))
        if tag == "blockquote":
            return self._indented("> ", "> ")
        if tag == "table":
            if _EQUATIONS.search(node.get("class")):
                self._equations += 1
                return "equations"
            if not self._cells and is_data_table(node, self._dropped, self._formulas):
                self._rows.append([])
                return "table"
            return "block"
        if self._equations and tag in ("td", "th"):
            return "column"
        if self._rows and tag == "tr":
            self._rows[-1].append([])
            return "block"
        if self._rows and tag in ("td", "th"):
            self._saved.append((self._blocks, self._prefixes))
            self._blocks, self._prefixes = [], []
            self._cells += 1
            return "cell"
        return self._marked(node, "block")

    def _marked(self, node: Node, kind: str) -> str:
        """Note what the element's classes say to a typesetter about the text in it."""
        if node.raw and "class" in node.raw:
            classes = node.classes
            if not classes.isdisjoint(self._page.processed):
                self._math += 1
                return kind + " math"
            if not classes.isdisjoint(self._page.ignored):
                self._ignored += 1
                return kind + " ignored"
        return kind

    def _open_inline(self, node: Node, tag: str) -> str | None:
        inline = self._inline
        if tag == "br":
            inline.append(BREAK)
            return None
        if tag == "cite" and any(True for _ in node.elements()):
            return ""  # a whole reference, in which its title is set apart
        if tag in ("em", "i", "cite", "dfn", "var") or tag in ("b", "strong"):
            is_strong = tag in ("b", "strong")
            if is_strong:
                self._strong += 1
                if self._strong == 1:
                    inline.append(STRONG)
                return "strong"
            self._emphasis += 1
            if self._emphasis == 1:
                inline.append(EMPHASIS)
            return "emphasis"
        if tag in _CODE_TAGS:
            return self._code(node)
        if tag in ("sup", "sub"):
            label = reference(node, self._notes)
            if label is not None:
                inline.append(label)
                return None
            if tag == "sup" and (number := citation(node)):
                inline.append(number)
                return None
            inline.append(SUP if tag == "sup" else SUB)
            return tag
        if tag == "a":
            if node.raw:
                text = node.text() if len(node.children) < 2 else "x"
                if not any(True for _ in node.elements()) and (
                    _ANCHOR_TEXT.match(text) or _MORE.match(text)
                ):
                    return None
                if (
                    self._notes
                    and (label := self._notes.get(node.get("href")[1:]))
                    and ("footnote" in node.raw or "doc-noteref" in node.raw)
                ):
                    inline.append(f"[^{label}]")
                    return None
                if "href" in node.raw:
                    self._links.append((inline, len(inline)))
                    return "link"
            return ""
        if tag in ("img", "wbr", "col", "source", "track", "area", "base", "rp", "rt"):
            return None
        if tag == "q":
            inline.append("“")
            return "quote"
        if (
            "classifier" in node.raw and "classifier" in node.classes
        ):  # docutils: the style sheet puts a colon before it
            inline.append(" : ")
        return self._marked(node, "")

    def _close(self, node: Node, kind: str) -> None:
        if kind == "block":
            if self._inline:
                self._flush()
            return
        what, _, marked = kind.partition(" ")
        if what == "emphasis":
            self._emphasis -= 1
            if self._emphasis == 0:
                self._inline.append(EMPHASIS)
        elif what == "strong":
            self._strong -= 1
            if self._strong == 0:
                self._inline.append(STRONG)
        elif what in ("sup", "sub"):
            self._inline.append(SUP_END if what == "sup" else SUB_END)
        elif what == "link":
            inline, start = self._links.pop()
            if inline is self._inline:
                self._linked[0] += 1
                self._linked[1] += alphanumerics("".join(inline[start:]))
        elif what == "column":
            self._inline.append(" ")
        elif what == "titled":
            self._strong -= 1
            if self._strong == 0:
                self._inline.append(STRONG)
            self._flush()
        elif what == "quote":
            self._inline.append("”")
        elif what:
            self._flush()
            if what == "heading":
                self._heading = 0
            elif what == "prefix":
                self._prefixes.pop()
            elif what == "equations":
                self._equations -= 1
            elif what == "list":
                self._lists.pop()
            elif what == "cell":
                self._end_cell(node)
            elif what == "table":
                rows = rows_as_markdown(self._rows.pop())
                if rows:
                    self._emit(rows)
        if marked == "math":
            self._math -= 1
        elif marked == "ignored":
            self._ignored -= 1

    def _bullet(self) -> str:
        if self._lists and self._lists[-1][0] is not None:
            number = self._lists[-1][0]
            self._lists[-1][0] = number + 1
            return f"{number}. "
        return "- "

    def _indented(self, first: str, later: str) -> str:
        """Begin lines with a prefix; what to do at the element's end."""
        if len(self._prefixes) >= _MAX_PREFIXES:
            return "block"  # text would grow with the square of the depth
        self._prefixes.append([first, later])
        return "prefix"

    def _end_cell(self, node: Node) -> None:
        text = " ".join(block.content for block in self._blocks)
        self._blocks, self._prefixes = self._saved.pop()
        self._cells -= 1
        if not self._rows[-1]:
            self._rows[-1].append([])
        row = self._rows[-1][-1]
        row.append(text.replace("|", "\\|"))
        row.extend([""] * min(span_of(node) - 1, max(0, _MAX_COLUMNS - len(row))))

    # Formulas and code --------------------------------------------------------------------

    def _place(self, found: Formula) -> str:
        place = self._held.hold(FORMULA, "")
        self._waiting[len(self._held.texts) - 1] = found
        return place

    def _has_formula(self, node: Node) -> bool:
        formulas = self._formulas
        return bool(formulas) and any(map(formulas.get, range(node.index + 1, node.end)))

    def _code(self, node: Node) -> str | None:
        if any(index in self._formulas for index in range(node.index + 1, node.end)):
            return ""
        text = node.text()
        if node.tag != "code" and re.search(r"\\\(|\$[^$]+\$", text) and self._page.is_typeset:
            return ""  # MathJax skips <code> and <pre> alone
        words = _SPACES.sub(" ", text).strip()
        if not words:
            return None
        fence = "`" if "`" not in words else "``"
        pad = " " if words[0] == "`" or words[-1] == "`" else ""
        before = " " if text[:1].isspace() else ""
        after = " " if text[-1:].isspace() else ""
        self._inline.append(
            before + self._held.hold(CODE, f"{fence}{pad}{words}{pad}{fence}") + after
        )
        return None

    def _preformatted(self, node: Node) -> str | None:
        if self._has_formula(node):
            return "block"  # a typesetter works in here: not code
        code = listings.text_of(node)
        if not code.strip():
            return None
        code = code.strip("\n").rstrip()
        longest = max(map(len, _BACKQUOTES.findall(code)), default=0)
        fence = "`" * max(3, longest + 1)
        lines = "\n".join(line.rstrip() for line in code.split("\n"))
        self._emit(self._held.hold(CODE, f"{fence}{listings.language_of(node)}\n{lines}\n{fence}"))
        return None

    # Blocks -------------------------------------------------------------------------------

    def _flush(self) -> None:
        """End the running text: find its formulas, then make Markdown of the rest."""
        inline = self._inline
        if not inline:
            return
        if len(inline) == 1 and inline[0].isspace() and not (self._emphasis or self._strong):
            self._inline = []
            self._linked = [0, 0]
            return
        text = "".join(inline)
        if self._emphasis:
            text += EMPHASIS
        if self._strong:
            text += STRONG
        self._inline = []
        if self._emphasis:
            self._inline.append(EMPHASIS)
        if self._strong:
            self._inline.append(STRONG)
        links, linked = self._linked
        self._linked = [0, 0]
        if not text.strip(_BLANK):
            return
        spans = delimiters.find(text, self._page, is_math_element=self._math > 0)
        pieces: list[str] = []
        position = 0
        for span in spans:
            pieces.append(text[position : span.start].replace("$", "\\$"))
            if span.asciimath is not None:
                latex = asciimath.to_latex(span.asciimath)
                if latex:
                    pieces.append(self._place(Formula(latex, False)))
            elif span.formula is None:
                pieces.append("\\$")
            else:
                pieces.append(self._place(span.formula))
            position = span.end
        pieces.append(text[position:].replace("$", "\\$"))
        text = prose(
            "".join(pieces) if spans else pieces[0],
            is_heading=self._heading > 0,
            is_one_line=bool(self._heading or self._cells),
        )
        if not text:
            return
        if not self._cells and (
            is_notice(text, is_heading=self._heading > 0)
            or (
                links
                and not (self._heading or self._lists)
                and END not in text
                and is_link_row(text, links, linked)
            )
        ):
            self._gaps.add(len(self._blocks))
            if text.endswith(":"):
                self._after_notice = len(self._blocks)
            return
        self._paragraphs(text)

    def _paragraphs(self, text: str) -> None:
        """Emit running text, each displayed formula as a paragraph of its own."""
        if not self._waiting:
            self._emit(text)
            return
        has_room = not (self._heading or self._cells)
        position = 0
        for match in PLACE.finditer(text):
            place = int(match.group(1))
            found = self._waiting.pop(place, None)
            if found is None:
                continue
            is_display = found.is_display and has_room
            self._held.texts[place] = written(
                found, is_display=is_display, is_one_line=bool(self._prefixes) or not is_display
            )
            if is_display:
                before = text[position : match.start()].strip()
                if before:
                    self._emit(before)
                self._emit(match.group(0))
                position = match.end()
        rest = text[position:].strip()
        if rest and position and re.fullmatch(r"[.,;:!?]", rest):
            first, later, content, fresh = self._blocks.pop()
            self._blocks.append(Block(first, later, content + rest, fresh))
        elif rest:
            self._emit(rest)

    def _emit(self, content: str) -> None:
        if self._heading:
            content = "#" * self._heading + " " + content
        first = later = ""
        is_fresh = False
        for prefix in self._prefixes:
            first += prefix[0]
            later += prefix[1]
            if prefix[0] != prefix[1]:
                is_fresh = True
                prefix[0] = prefix[1]
        self._blocks.append(Block(first, later, content, is_fresh))
