r"""What a formula says: its rows and clauses, each a chain of sides joined by relations.

`x = 1, \quad y = 2` are two clauses; in an aligned display `a \\ &= b` goes on with the chain
of the row above, and `a = b \\ c = d` begins another.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from udfs.latex import split_relations
from udfs.latex.relations import OPERATORS

if TYPE_CHECKING:
    from collections.abc import Iterator

RELATIONS = frozenset({"eq", "approx", "equiv", "lt", "le", "gt", "ge"})

_ROWS = (
    r"(?:align|aligned|alignat|alignedat|flalign|gather|gathered|multline|eqnarray|split"
    r"|equation)\*?"
)
_TOKEN = re.compile(
    r"\\(?P<edge>begin|end)\s*\{(?P<rows>" + _ROWS + r")\}(?:\s*\{\d*\})?(?:\[[tbc]\])?"
    r"|\\begin\s*\{(?P<opaque>[^{}]*)\}|\\(?P<end>end)\s*\{[^{}]*\}"
    r"|(?P<row>\\\\(?:\s*\[[^\[\]]*(?:pt|em|ex|cm|mm|in)\s*\])?)"
    r"|(?P<cut>\\(?:q?quad|implies|Rightarrow|Longrightarrow|Leftrightarrow|Longleftrightarrow|iff"
    r"|therefore|because|Leftarrow)\b|;(?=\s))"
    r"|(?P<text>\\(?:text(?:rm|it|bf|sf)?|mbox|hbox|intertext|shortintertext|tag\*?|label)\s*"
    r"\{(?P<words>(?:[^{}]|\{[^{}]*\})*)\})"
    r"|(?P<open>\{|\(|\[|\\left\b\s*(?:\\[a-zA-Z]+|\\.|.)?|\\\{)"
    r"|(?P<close>\}|\)|\]|\\right\b\s*(?:\\[a-zA-Z]+|\\.|.)?|\\\})"
    r"|(?P<comma>,)"
    r"|(?P<column>&+)"
    r"|\\[a-zA-Z]+|\\.",
    re.DOTALL,
)
_RELATION = re.compile(
    r"[=<>≈≡≤≥]|\\(?:approx|simeq|equiv|leq?|geq?|leqslant|geqslant|lt|gt|neq?|in|doteq)\b"
)
# Quick looks at what most formulas do not hold: what they could be cut at, and what takes more than
# a look at their equals signs.
_CUTTING = re.compile(
    r"[&,;]|\\(?:\\|begin|q?quad|implies|Rightarrow|Long|Left|iff|therefore|because|text|mbox|hbox"
    r"|intertext|shortintertext|tag|label)"
)
_IS_INTRICATE = re.compile(
    r"[&~<>≈≡≤≥≠]|:=|\\(?:[ ,;:!{}]\s*(?:=|$)|left|right|begin|not|boxed|fbox|display|over|n|d"
    r"|q?quad|(?:"
    + "|".join(name[1:] for name in OPERATORS if name[0] == "\\" and name[1:].isalpha())
    + r")(?![a-zA-Z]))|mod|pod|\\[{}]"
)
_LEADING_SPACE = ("&", "~", *("\\" + mark for mark in " ,;:!q"))
_BEGINS_WITH_RELATION = re.compile(r"(?:\s|&|\{\}|\\[,;:! ])*(?:" + _RELATION.pattern + ")")
_ENDS_WITH_RELATION = re.compile(r"(?:" + _RELATION.pattern + r")(?:\s|\{\})*$")
# Words that join clauses; any other text in a formula is a unit or a name.
_JOINING = re.compile(
    r"\s*[,.;:]?\s*(?:and|or|so|then|if|when|where|for|with|since|thus|hence|because|but|while|gives"
    r"|implies|becomes|by|from|let|given|which|we|therefore|as|is|are|therefore|provided|such)\b"
    r"|\s*(?:\(|[A-Za-z]+\s+[a-z]+\s+[a-z]+)",
    re.IGNORECASE,
)
_OR = re.compile(r"\\(?:text\w*|mbox|hbox)\s*\{[\s,;]*or\b|\\(?:vee|lor)\b")
_NOTE = re.compile(r"\s*(?:\\q?quad\s*)*\(?\\(?:text\w*|mbox|hbox)\s*\{[^{}]*\}[^=<>]*$")
_BOXED = re.compile(r"\s*\\(?:boxed|fbox|displaystyle)\s*\{")
_ALIGNMENT = re.compile(r"&|\\nonumber\b|\\notag\b|\\displaystyle\b")


# A formula that is a system of equations and nothing else: its rows are clauses.
_SYSTEM = re.compile(
    r"\s*(?:\\left\s*\\(?:\{|lbrace)\s*)?\\begin\s*\{(?P<which>cases|array|aligned)\*?\}"
    r"(?:\s*\{[lcr|@{}\s]*\})?(?P<rows>(?:(?!\\begin\b|\\end\b).)*)\\end\s*\{(?P=which)\*?\}"
    r"\s*(?:\\right\s*\.)?[\s.,;]*",
    re.DOTALL,
)


class Part(NamedTuple):
    """One side of a relation, with its place in the document.

    Attributes:
        start: offset of the first character in the document's text.
        end: offset after the last.
        latex: the side without alignment marks.
        operator: the relation to the side before; None for the first of a chain.
        modulus: LaTeX of the modulus of a congruence, else None.
    """

    start: int
    end: int
    latex: str
    operator: str | None
    modulus: str | None


class Clause(NamedTuple):
    r"""A chain of sides: `a = b < c`; one side alone when it states nothing.

    Attributes:
        parts: the sides in order.
        is_alternative: it follows an `or` inside its formula: `x = 2 \text{ or } x = 3`.
    """

    parts: tuple[Part, ...]
    is_alternative: bool = False

    @property
    def start(self) -> int:
        """Offset of the first side in the document's text."""
        return self.parts[0].start

    @property
    def end(self) -> int:
        """Offset after the last side."""
        return self.parts[-1].end


def clauses(text: str, start: int, end: int) -> Iterator[Clause]:
    """The clauses of a formula, in order.

    A clause that begins with a relation (its first side is empty) goes on with the one before;
    the caller, who knows what came before the formula, joins the first of them.

    Args:
        text: the document.
        start: first character between the formula's delimiters.
        end: character after them.
    """
    system = _SYSTEM.fullmatch(text, start, end)
    if system is not None:
        start, end = system.span("rows")
    latest: Clause | None = None
    position = start
    for piece_start, piece_end in _pieces(text, start, end):
        clause = _clause(text, piece_start, piece_end)
        if clause is None:
            continue
        if piece_start > position and _OR.search(text, position, piece_start):
            clause = clause._replace(is_alternative=True)
        position = piece_end
        if latest is not None:
            if clause.parts[0].latex == "" and len(clause.parts) > 1:
                latest = join(latest, clause)
                continue
            yield latest
        latest = clause
    if latest is not None:
        yield latest


def join(first: Clause, second: Clause) -> Clause:
    """One chain of a clause and one that goes on with it, beginning with a relation."""
    tail = list(second.parts[1:])
    if first.parts[-1].latex == "" and len(first.parts) > 1:
        # `a = \\ = b`: a relation at the end of one row and again at the start of the next.
        return first._replace(parts=(*first.parts[:-1], *tail))
    return first._replace(parts=(*first.parts, *tail))


def _pieces(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Cut a formula at rows, columns, words and separators outside brackets."""
    if _CUTTING.search(text, start, end) is None:
        yield start, end
        return
    depth = opaque = 0
    begin = start
    commas: list[int] = []
    columns: list[tuple[int, int]] = []

    def cut(at: int) -> Iterator[tuple[int, int]]:
        yield from _subdivide(text, begin, at, columns, commas)
        commas.clear()
        columns.clear()

    for found in _TOKEN.finditer(text, start, end):
        kind = found.lastgroup
        if found["edge"] is not None:
            # Rows inside a bracket are cases of one value: `f(x) = \\left\\{ \\begin{aligned}`.
            if opaque or depth:
                opaque += 1 if found["edge"] == "begin" else -1
            else:
                yield from cut(found.start())
                begin = found.end()
        elif found["opaque"] is not None:
            opaque += 1
        elif found["end"] is not None:
            opaque = max(0, opaque - 1)
        elif opaque:
            continue
        elif found["row"] is not None:
            # A bracket left open in one row, as by `\\left. \\\\ \\right.`, must not hide the rest.
            yield from cut(found.start())
            begin, depth = found.end(), 0
        elif found["open"] is not None:
            depth += 1
        elif found["close"] is not None:
            depth = max(0, depth - 1)
        elif depth:
            continue
        elif found["cut"] is not None or (found["text"] is not None and _is_joining(text, found)):
            yield from cut(found.start())
            begin = found.end()
        elif kind == "comma":
            commas.append(found.start())
        elif kind == "column":
            columns.append(found.span())
    yield from cut(end)


def _is_joining(text: str, found: re.Match[str]) -> bool:
    words = found["words"] or ""
    if text.startswith((r"\tag", r"\label", r"\intertext", r"\shortintertext"), found.start()):
        return True
    return _JOINING.match(words) is not None


def _subdivide(
    text: str, start: int, end: int, columns: list[tuple[int, int]], commas: list[int]
) -> Iterator[tuple[int, int]]:
    """Cut one row where a column or comma stands between two relations."""
    if start >= end:
        return
    begin = start
    cuts = sorted([*columns, *((comma, comma + 1) for comma in commas)])
    for cut_start, cut_end in cuts:
        if not _RELATION.search(text, begin, cut_start):
            continue
        rest = text[cut_end:end]
        before = text[begin:cut_start]
        if text[cut_start] == "&" and (
            _BEGINS_WITH_RELATION.match(rest) or _ENDS_WITH_RELATION.search(before)
        ):
            continue
        if text[cut_start] == "&" and _NOTE.match(rest):
            # A column of remarks: `&= 5 &\\text{added 1}`.
            end = cut_start
            break
        # `x = 1, 2` are two values of one clause, `x = 1, y = 2` two clauses.
        following = [other for other, _ in cuts if other > cut_start]
        until = following[0] if following else end
        if text[cut_start] == "," and not _RELATION.search(text, cut_end, until):
            continue
        if _RELATION.search(rest) and not _BEGINS_WITH_RELATION.match(rest):
            yield begin, cut_start
            begin = cut_end
    yield begin, end


def _clause(text: str, start: int, end: int) -> Clause | None:
    plain = _plain_parts(text, start, end)
    if plain is not None:
        return Clause(plain)
    boxed = _BOXED.match(text, start, end)
    if boxed is not None and text[start:end].rstrip(" .,").endswith("}"):
        inner_end = start + len(text[start:end].rstrip(" .,\n")) - 1
        inner = text[boxed.end() : inner_end]
        if _RELATION.search(inner) and _is_balanced(inner):
            start, end = boxed.end(), inner_end
    latex = text[start:end]
    if not latex.strip():
        return None
    parts = []
    for side in split_relations(latex):
        clean = side.latex
        if "&" in clean or "\\n" in clean or "\\d" in clean:
            # Inside an environment `&` separates columns of a matrix.
            clean = clean if r"\begin" in clean else _ALIGNMENT.sub("", clean).strip()
        parts.append(Part(start + side.start, start + side.end, clean, side.operator, side.modulus))
    modulus = None
    for index in range(len(parts) - 1, 0, -1):
        # `a \equiv b \equiv c \pmod m` states the modulus once.
        modulus = parts[index].modulus or modulus
        if parts[index].operator in ("equiv", "eq") and modulus is not None:
            parts[index] = parts[index]._replace(modulus=modulus)
    return Clause(tuple(parts))


def _plain_parts(text: str, start: int, end: int) -> tuple[Part, ...] | None:
    """The parts of a formula with equals signs alone, outside all brackets; None of others.

    Most formulas are so, and `split_relations`, which gives the same, takes four times as long.
    """
    latex = text[start:end]
    if _IS_INTRICATE.search(latex) is not None:
        return None
    parts = []
    depth = 0
    operator = None
    for side in latex.split("="):
        if depth:
            return None
        depth = (
            side.count("(")
            - side.count(")")
            + side.count("[")
            - side.count("]")
            + side.count("{")
            - side.count("}")
        )
        clean = side.strip()
        if clean and clean[-1] in ".,;":
            clean = clean[:-1].rstrip()
        if not clean or clean[-1] in ".,;!:\\&~" or clean.startswith(_LEADING_SPACE):
            return None
        begin = start + len(side) - len(side.lstrip())
        parts.append(Part(begin, begin + len(clean), clean, operator, None))
        start += len(side) + 1
        operator = "eq"
    return None if depth else tuple(parts)


def _is_balanced(latex: str) -> bool:
    depth = 0
    for character in latex.replace(r"\{", "").replace(r"\}", ""):
        depth += (character == "{") - (character == "}")
        if depth < 0:
            return False
    return depth == 0
