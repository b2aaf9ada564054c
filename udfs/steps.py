"""Where the reasoning steps of a Markdown text end: the places at which code may stand.

A step ends with a sentence, or with a block (heading, list item, table, quotation, fenced code).
No end lies inside a formula, code, a table row or a list item. The scan is linear in the text and
forgiving: an unpaired delimiter is a plain character.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from dataclasses import dataclass

# A sentence that goes on for longer than this, in characters, over several blocks is taken to
# have lost its full stop.
_LONGEST_STEP = 1200
# A display formula longer than this, in characters, is a stray `$$` and not a formula.
_LONGEST_DISPLAY = 10_000

_FENCE = re.compile(r"^[ \t]*(`{3,}|~{3,})([^\n]*)$", re.MULTILINE)
_TOKEN = re.compile(
    r"\\\\|\\[$\[\]()]|\$\$?|\\(?:begin|end)\s*\{[A-Za-z]+\*?\}|(?<!\\)`+|\n[ \t\r]*(?=\n)"
)
_HEADING = re.compile(r" {0,3}#{1,6}(?:\s|$)")
_ITEM = re.compile(r"\s*(?:[-*+•]|\(?\d{1,3}[.)]|\(?[a-z]\))\s+\S")
_TABLE_RULE = re.compile(r"\s*\|?\s*:?-+:?\s*(?:\|\s*:?-+:?\s*)+\|?\s*$")
_SENTENCE = re.compile(r"(?:[.!?…]+[\"'”’»)\]*_]*(?=\s)|[。！？][”’」』）]*)\s*")
_TERMINAL = re.compile(r"[.!?…。！？][\s\"'”’」』»)}\]*_]*\Z")
_ABBREVIATION = re.compile(
    r"(?:\b(?:e\.g|i\.e|cf|vs|viz|resp|approx|ca|etc|et al|w\.r\.t|s\.t|a\.k\.a|Fig|Figs|Eq|Eqs|"
    r"Eqn|Thm|Lem|Prop|Cor|Def|Defn|Sec|Ch|Chap|Ex|Ref|Refs|No|Nos|Vol|pp|p|Dr|Mr|Mrs|Ms|Prof|"
    r"St|Jr|ed|eds|z\.B|d\.h|bzw|vgl)|(?:\A|\s)[A-Z])\.\Z",
)
_TAIL = re.compile(r"\\[,;!:]|\\(?:quad|qquad|end\{[A-Za-z]+\*?\})|[\s}]")


@dataclass(frozen=True)
class _Region:
    """A formula or code: characters `start` to `end`, delimiters included."""

    start: int
    end: int
    is_display: bool
    is_sentence_end: bool


@dataclass(frozen=True)
class _Block:
    """Lines that belong together, without the white space around them."""

    start: int
    end: int
    is_prose: bool


def ends(text: str) -> list[int]:
    r"""Find where the steps of a text end.

    Args:
        text: Markdown with formulas as LaTeX between dollars, `\(..\)`, `\[..\]`, or in
            environments.

    Returns:
        Offsets in characters, ascending, each once; the last one is where the text ends, white
        space after it not counted. A step's end lies after the white space that follows its
        sentence, or at the end of its block. Empty for a text of white space.
    """
    fences = _fences(text)
    regions = _regions(text, fences)
    starts = [region.start for region in regions]
    blocks = _blocks(text, fences, regions, starts)
    found: list[int] = []
    for number, block in enumerate(blocks):
        if block.is_prose:
            found += _sentence_ends(text, block, regions, starts)
        following = blocks[number + 1] if number + 1 < len(blocks) else None
        is_long = block.end - (found[-1] if found else 0) > _LONGEST_STEP
        if is_long or not _goes_on(text, block, following, regions, starts):
            found.append(block.end)
    return found


def _fences(text: str) -> list[tuple[int, int]]:
    """Find fenced code, to the end of the closing line, or of the text when it is not closed."""
    found = []
    opened: re.Match[str] | None = None
    for line in _FENCE.finditer(text):
        if opened is None:
            # An info string of a backtick fence holds no backtick: that would be inline code.
            if not (line[1][0] == "`" and "`" in line[2]):
                opened = line
        elif line[1].startswith(opened[1]) and not line[2].strip():
            found.append((opened.start(), line.end()))
            opened = None
    if opened is not None:
        found.append((opened.start(), len(text)))
    return found


def _regions(text: str, fences: list[tuple[int, int]]) -> list[_Region]:
    """Find formulas and inline code outside fences, in order, the outermost ones."""
    found = []
    start = 0
    for fence_start, fence_end in [*fences, (len(text), len(text))]:
        found += _paired(text, list(_TOKEN.finditer(text, start, fence_start)))
        start = fence_end
    return found


def _paired(text: str, matches: list[re.Match[str]]) -> list[_Region]:
    """Pair the delimiters of one stretch of text."""
    kinds = [_kind(match[0]) for match in matches]
    where: dict[str, list[int]] = {}
    for index, kind in enumerate(kinds):
        where.setdefault(kind, []).append(index)
    environments = _environments(kinds)
    count = len(matches)

    def following(kind: str, index: int) -> int:
        """Return the index of the next token of a kind after `index`, or `count`."""
        places = where.get(kind, [])
        place = bisect_right(places, index)
        return places[place] if place < len(places) else count

    found = []
    index = 0
    while index < count:
        kind = kinds[index]
        close = count
        is_display = kind not in ("$", r"\(") and kind[0] != "`"
        paragraph = following("blank", index) if kind in ("$", r"\(") or kind[0] == "`" else count
        if kind == "$$":
            close = following("$$", index)
            if close < count and matches[close].start() - matches[index].end() > _LONGEST_DISPLAY:
                close = count
        elif kind == r"\[":
            close = following(r"\]", index)
            if following(r"\[", index) < close:
                close = count
        elif kind == r"\(":
            close = following(r"\)", index)
        elif kind[0] == "`":
            close = following(kind, index)
        elif kind == "$":
            close = following("$", index)
            if close < paragraph and not _is_inline(text, matches[index], matches[close]):
                places = where["$"]
                left = bisect_left(places, paragraph) - bisect_left(places, index)
                # An even number of dollars pairs up as it stands: `$ x $` is a formula too.
                close = close if left % 2 == 0 else count
        else:
            close = environments.get(index, count)
        if close >= paragraph or close >= count:
            index += 1
            continue
        begin, end = matches[index].start(), matches[close].end()
        content = text[matches[index].end() : matches[close].start()]
        is_formula = kind[0] != "`"
        found.append(_Region(begin, end, is_display, is_formula and _is_complete(content)))
        index = close + 1
    return found


def _kind(token: str) -> str:
    if token[0] == "\n":
        return "blank"
    return re.sub(r"\s+", "", token) if len(token) > 2 else token


def _environments(kinds: list[str]) -> dict[int, int]:
    r"""Match `\begin{x}` with its `\end{x}` by index; those without a partner are left out."""
    found = {}
    opened: list[int] = []
    for index, kind in enumerate(kinds):
        if kind.startswith(r"\begin"):
            opened.append(index)
        elif kind.startswith(r"\end"):
            wanted = kind.replace(r"\end", r"\begin", 1)
            # Look a few levels up only: environments nest little, and stray ones must not make
            # the search quadratic.
            for level in range(len(opened) - 1, max(-1, len(opened) - 9), -1):
                if kinds[opened[level]] == wanted:
                    found[opened[level]] = index
                    del opened[level:]
                    break
    return found


def _is_inline(text: str, opening: re.Match[str], closing: re.Match[str]) -> bool:
    """Tell a formula from two prices by what stands beside the dollars (Pandoc's rule)."""
    after = text[closing.end() : closing.end() + 1]
    return not (
        text[opening.end()].isspace() or text[closing.start() - 1].isspace() or after.isdigit()
    )


def _is_complete(formula: str) -> bool:
    r"""Tell whether a formula ends its sentence: `x = 5.` or `x = 5.\end{align}`."""
    tail = _TAIL.sub("", formula[-60:])
    return tail.endswith((".", "!", "?")) and not tail.endswith((r"\.", "..", "...", r"\!"))


def _blocks(
    text: str, fences: list[tuple[int, int]], regions: list[_Region], starts: list[int]
) -> list[_Block]:
    """Cut a text into blocks by its lines; a line that begins inside a formula begins nothing."""
    blocks: list[_Block] = []
    kind = ""
    first = last = 0
    item = -1  # the block that a later indented paragraph may go on with

    def close() -> None:
        nonlocal kind
        if kind:
            blocks.append(_Block(first, last, kind == "prose"))
        kind = ""

    fence_ends = dict(fences)
    position = 0
    while position < len(text):
        stop = text.find("\n", position)
        stop = len(text) if stop < 0 else stop
        if position in fence_ends:
            close()
            stop = fence_ends[position]
            kind, first, last = "fence", position, len(text[position:stop].rstrip()) + position
            close()
            position = stop + 1
            continue
        line = text[position:stop]
        end = position + len(line.rstrip())
        if kind and _inside(position, regions, starts):
            last = max(last, end)
        elif not line.strip():
            item = len(blocks) if kind == "item" else item
            close()
        else:
            found = _line_kind(line)
            is_after_item = not kind and 0 <= item == len(blocks) - 1
            if is_after_item and found == "prose" and line.startswith(("  ", "\t")):
                first, kind = blocks.pop().start, "item"
            elif found == "rule" and kind == "prose":
                kind = "table"
            elif (
                kind in ("", "heading")
                or found in ("item", "heading")
                or found not in ("prose", kind)
            ) and not (kind == "table" and "|" in line):
                close()
                first, kind = position, found
            last = end
        position = stop + 1
    close()
    return blocks


def _line_kind(line: str) -> str:
    stripped = line.lstrip()
    if stripped[0] == "|":
        return "table"
    if stripped[0] == ">":
        return "quote"
    if _HEADING.match(line):
        return "heading"
    if _TABLE_RULE.match(line):
        return "rule"
    return "item" if _ITEM.match(line) else "prose"


def _inside(position: int, regions: list[_Region], starts: list[int]) -> bool:
    index = bisect_left(starts, position) - 1
    return index >= 0 and regions[index].end > position


def _sentence_ends(
    text: str, block: _Block, regions: list[_Region], starts: list[int]
) -> list[int]:
    """Find the ends of sentences within a block of prose, its own end left out."""
    found = set()
    index = bisect_left(starts, block.start)
    position = block.start
    while True:
        region = regions[index] if index < len(regions) else None
        is_last = region is None or region.start >= block.end
        stop = block.end if is_last or region is None else region.start
        # Sought up to the next formula; the look ahead for white space may see into it.
        for match in _SENTENCE.finditer(text, position, stop):
            if match.end() < block.end and _begins_sentence(text, match.end()):
                punctuation = text[max(block.start, match.start() - 12) : match.start() + 1]
                if not _ABBREVIATION.search(punctuation):
                    found.add(match.end())
        if is_last or region is None:
            return sorted(found)
        position = max(position, region.end)
        index += 1
        while position < block.end and text[position].isspace():
            position += 1
        is_end = region.is_sentence_end and _begins_sentence(text, position)
        is_end = is_end or (region.is_display and text[position : position + 1].isupper())
        if is_end and block.start < position < block.end:
            found.add(position)


def _begins_sentence(text: str, position: int) -> bool:
    following = text[position : position + 1]
    return not (following.islower() or following in ",;:)]}%=+<>&^_|/")


def _goes_on(
    text: str,
    block: _Block,
    following: _Block | None,
    regions: list[_Region],
    starts: list[int],
) -> bool:
    """Tell whether the sentence that stands at a block's end goes on in the next block."""
    if following is None or not (block.is_prose and following.is_prose):
        return False
    index = bisect_left(starts, block.end) - 1
    last = regions[index] if index >= 0 else None
    if last is not None and last.end == block.end:
        is_complete = last.is_sentence_end
    else:
        is_complete = bool(_TERMINAL.search(text[max(block.start, block.end - 12) : block.end]))
    if is_complete:
        return False
    index = bisect_left(starts, following.start)
    first = regions[index] if index < len(regions) else None
    is_display = first is not None and first.start == following.start and first.is_display
    if is_display and first is not None:
        # After words a display goes on with their sentence; after a display it is a new step.
        return last is None or last.end != block.end or not last.is_display
    return text[following.start].islower()
