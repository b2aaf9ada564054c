"""KaTeX's visual HTML to LaTeX, for pages that keep it without the source (`output: "html"`).

The class names are KaTeX's own (`mord`, `mfrac`, `vlist`, `msupsub`, ...); positions inside a
`vlist` tell numerator from denominator and superscript from subscript: the part with the smaller
`top` stands higher.
"""

from __future__ import annotations

import re
from itertools import islice
from typing import TYPE_CHECKING

from udfs.html.latex import MAX_JOINED_CHARS
from udfs.html.symbols import ACCENTS, FUNCTIONS, from_characters, join, text

if TYPE_CHECKING:
    from udfs.html.tree import Node

_TOP = re.compile(r"top:\s*(-?(?:\d+\.?\d*|\.\d+))em")
_HEIGHT = re.compile(r"height:\s*(-?(?:\d+\.?\d*|\.\d+))em")
_MARGIN = re.compile(r"margin-right:\s*(-?(?:\d+\.?\d*|\.\d+))em")
_FONTS = {
    "mathbf": "mathbf",
    "mathbb": "mathbb",
    "amsrm": "mathbb",
    "mathcal": "mathcal",
    "mathscr": "mathscr",
    "mathfrak": "mathfrak",
    "mathsf": "mathsf",
    "mathtt": "mathtt",
    "boldsymbol": "boldsymbol",
}
# KaTeX puts what belongs to an element a few levels below it; a page may nest without end.
_NEAR = 24
_WIDTH = re.compile(r"width:\s*(0\.\d+)em")
# Widths of tall delimiters that are drawn (KaTeX, `src/delimiter.js`).
_DRAWN = {"0.333": ("|", "|"), "0.556": ("\\|", "\\|"), "0.667": ("[", "]"), "0.875": ("(", ")")}
_BARS = {"\\mid": "|", "\\parallel": "\\|"}
_NEGATED = {"=": "\\ne", "∈": "\\notin"}
_MATRICES = {
    ("(", ")"): "pmatrix",
    ("[", "]"): "bmatrix",
    ("\\{", "\\}"): "Bmatrix",
    ("|", "|"): "vmatrix",
    ("\\|", "\\|"): "Vmatrix",
    ("\\{", ""): "cases",
}
_OPERATOR = re.compile(
    r"\\(?:sum|prod|coprod|i*int|o*int|lim|max|min|sup|inf|big|det|gcd|Pr|lim|operatorname|arg)"
)


def to_latex(katex_html: Node) -> str:
    """LaTeX of one `span.katex-html`, from the leaves up."""
    done: dict[int, str] = {}
    lists: dict[int, list[tuple[float, str, Node]]] = {}
    joined = 0
    for node in reversed(list(katex_html.walk())):
        done[id(node)] = latex = _convert(node, done, lists)
        joined += len(latex)
        if joined > MAX_JOINED_CHARS:
            return ""
    return re.sub(r" {2,}", " ", done[id(katex_html)]).strip()


def _inner(node: Node, done: dict[int, str]) -> str:
    parts = [
        _characters(child, node) if isinstance(child, str) else done[id(child)]
        for child in node.children
    ]
    return join(parts)


def _characters(text: str, node: Node) -> str:
    text = text.replace("\u200b", "")
    if "mrel" not in node.classes:  # a bar that is no relation
        text = text.replace("∣", "|").replace("∥", "‖")
    return from_characters(text)


def _rows(
    node: Node, lists: dict[int, list[tuple[float, str, Node]]]
) -> list[tuple[float, str, Node]]:
    """Parts of the nearest `vlist` below, from top to bottom."""
    for inner in islice(node.walk(), _NEAR):
        if id(inner) in lists:
            return sorted(lists[id(inner)], key=lambda row: row[0])
    return []


def _convert(
    node: Node, done: dict[int, str], lists: dict[int, list[tuple[float, str, Node]]]
) -> str:
    classes = node.classes
    if classes & {
        "strut",
        "pstrut",
        "vlist-s",
        "nulldelimiter",
        "frac-line",
        "overline-line",
        "underline-line",
        "hide-tail",
        "rule",
        "eqn-num",
        "tag",
    }:
        return ""
    if "vlist" in classes:
        rows = []
        for row in node.elements():
            top = _TOP.search(row.get("style"))
            strut = next((n for n in row.elements() if "pstrut" in n.classes), None)
            height = _HEIGHT.search(strut.get("style")) if strut is not None else None
            offset = (float(top.group(1)) if top else 0.0) + (
                float(height.group(1)) if height else 0.0
            )
            rows.append((offset, done[id(row)], row))
        lists[id(node)] = rows
        return join(row[1] for row in rows)
    if "x-arrow" in classes:
        return _arrow(node, lists)
    if "mrel" in classes and any(
        inner.classes & {"rlap", "llap"} for inner in islice(node.walk(), _NEAR)
    ):
        # KaTeX strikes a relation through by a glyph of its own, or by a slash.
        struck = node.text().replace("\u200b", "").strip(" /\xa0")
        return _NEGATED.get(struck, f"\\not{from_characters(struck)}")
    if "delimsizing" in classes or "delimcenter" in classes or classes & {"mopen", "mclose"}:
        return _delimiter(node, _inner(node, done))
    if "mspace" in classes:
        width = _MARGIN.search(node.get("style"))
        return "\\quad " if width and float(width.group(1)) >= 0.9 else " "
    if "msupsub" in classes:
        out = ""
        for offset, latex, _ in sorted(_rows(node, lists), key=lambda row: -row[0]):
            if latex.strip("'"):
                out += ("_" if offset > 0 else "^") + f"{{{latex}}}"
            else:
                out += latex
        return out
    if "mfrac" in classes:
        found = _rows(node, lists)
        rows = [row for row in found if row[1]]
        if len(rows) >= 2:
            has_line = any(
                "frac-line" in inner.classes for row in found for inner in row[2].elements()
            )
            command = "\\frac" if has_line else "\\binom"
            return f"{command}{{{rows[0][1]}}}{{{rows[-1][1]}}}"
    if "sqrt" in classes:
        root = next((n for n in node.elements() if "root" in n.classes), None)
        body = "".join(row[1] for row in _rows_outside(node, lists, root))
        index = f"[{done[id(root)]}]" if root is not None and done[id(root)] else ""
        return f"\\sqrt{index}{{{body}}}"
    if "op-limits" in classes:
        return _limits(node, lists)
    if "accent" in classes:
        return _accent(node, lists)
    if classes & {"munder", "mover"}:
        return _brace(node, lists)
    if "overline" in classes or "underline" in classes:
        command = "overline" if "overline" in classes else "underline"
        return f"\\{command}{{{''.join(row[1] for row in _rows(node, lists))}}}"
    if "mtable" in classes:
        return _table(node, lists)
    if "minner" in classes or ("mord" in classes and _is_binomial(node)):
        return _fenced(node, done)
    if "mord" in classes and (around := _marked(node, lists)):
        return around
    inner = _inner(node, done)
    if inner in _BARS and "mord" in classes:
        return _BARS[inner]
    if "text" in classes and "mord" in classes:
        return text(node.text())
    if "mbin" in classes and node.text().strip() == "mod":
        return "\\bmod"
    if "mop" in classes and not any("msupsub" in child.classes for child in node.elements()):
        name = node.text().strip()
        if name in FUNCTIONS and name != "mod":
            return f"\\{name}"
        if name.isalpha() and name.isascii() and len(name) > 1:
            return f"\\operatorname{{{name}}}"
    for font, command in _FONTS.items():
        if font in classes and inner:
            return f"\\{command}{{{inner}}}"
    if "mathrm" in classes and len(inner) > 1:
        return f"\\mathrm{{{inner}}}"
    return inner


def _is_binomial(node: Node) -> bool:
    """Whether brackets of their own size stand round all that is in an ordinary symbol."""
    children = list(node.elements())
    return (
        len(children) == 3
        and {"mopen", "delimcenter"} <= children[0].classes
        and "mfrac" in children[1].classes
        and "mclose" in children[2].classes
    )


def _delimiter(node: Node, inner: str) -> str:
    """A bracket; a tall one is a drawing, and its width tells what it was."""
    if inner in _BARS:
        return _BARS[inner]
    if inner.strip() or "mult" not in _below(node):
        return inner
    width = next(
        (m.group(1) for n in islice(node.walk(), _NEAR) if (m := _WIDTH.search(n.get("style")))), ""
    )
    opening, closing = _DRAWN.get(width, ("", ""))
    return opening if "mopen" in node.classes else closing


def _below(node: Node) -> frozenset[str]:
    return node.classes.union(*(child.classes for child in node.elements()))


def _fenced(node: Node, done: dict[int, str]) -> str:
    """Brackets that grow with what they hold, and the matrices and binomials that they make."""
    parts = [(child, done[id(child)]) for child in node.elements() if done[id(child)].strip()]
    if not parts or "mopen" not in parts[0][0].classes:
        return _inner(node, done)
    left = parts[0][1].strip()
    is_closed = "mclose" in parts[-1][0].classes and len(parts) > 1
    right = parts[-1][1].strip() if is_closed else ""
    inner = join(latex for _, latex in (parts[1:-1] if is_closed else parts[1:])).strip()
    if (
        left == "("
        and right == ")"
        and inner.startswith("\\binom{")
        and inner.count("\\binom") == 1
    ):
        return inner
    if inner.startswith("\\begin{matrix}") and inner.endswith("\\end{matrix}"):
        body = inner[len("\\begin{matrix}") : -len("\\end{matrix}")]
        name = _MATRICES.get((left, right))
        if name and "\\begin{matrix}" not in body:
            return f"\\begin{{{name}}}{body}\\end{{{name}}}"
    if "\\frac" not in inner and "\\begin" not in inner and right:
        return join([left, inner, right])
    return join(["\\left", left, inner, "\\right", right or "."])


def _marked(node: Node, lists: dict[int, list[tuple[float, str, Node]]]) -> str:
    """A box round a formula, or a stroke through it."""
    top = next(node.elements(), None)
    if top is None or "vlist-t" not in top.classes:
        return ""
    rows = _rows(node, lists)
    inner = "".join(row[1] for row in rows)
    below = [child for row in rows for child in (row[2], *row[2].elements())]
    if any("boxpad" in child.classes for child in below):
        return f"\\boxed{{{inner}}}"
    if any("svg-align" in child.classes for child in below):
        return f"\\cancel{{{inner}}}"
    return ""


def _brace(node: Node, lists: dict[int, list[tuple[float, str, Node]]]) -> str:
    """Braces and lines above or below, with what is written at them."""
    base, mark = "", ""
    has_brace = False
    is_below = "munder" in node.classes
    for _, latex, row in _rows(node, lists):
        if "svg-align" in row.classes:
            has_brace = True
        elif any("mtight" in child.classes for child in row.elements()):
            mark = latex
        else:
            base = latex
    if has_brace:
        return f"\\{'underbrace' if is_below else 'overbrace'}{{{base}}}"
    return base + (f"{'_' if is_below else '^'}{{{mark}}}" if mark else "")


def _arrow(node: Node, lists: dict[int, list[tuple[float, str, Node]]]) -> str:
    above = below = ""
    seen = False
    for _, latex, row in _rows(node, lists):
        if "svg-align" in row.classes:
            seen = True
        elif seen:
            below = latex
        else:
            above = latex
    return f"\\xrightarrow{f'[{below}]' if below else ''}{{{above}}}"


def _rows_outside(
    node: Node, lists: dict[int, list[tuple[float, str, Node]]], skip: Node | None
) -> list[tuple[float, str, Node]]:
    for child in node.elements():
        if child is not skip and (rows := _rows(child, lists)):
            return rows
    return []


def _limits(node: Node, lists: dict[int, list[tuple[float, str, Node]]]) -> str:
    rows = _rows(node, lists)
    base, low, high = "", "", ""
    for _, latex, row in rows:
        is_script = any("mtight" in inner.classes for inner in islice(row.walk(), _NEAR))
        if not is_script:
            base = latex
        elif base:
            low = latex
        else:
            high = latex
    if base and not _OPERATOR.match(base):
        base = f"\\overset{{{high}}}{{{base}}}" if high else base
        return f"\\underset{{{low}}}{{{base}}}" if low else base
    return base + (f"_{{{low}}}" if low else "") + (f"^{{{high}}}" if high else "")


def _accent(node: Node, lists: dict[int, list[tuple[float, str, Node]]]) -> str:
    base, command = "", "vec"
    for _, latex, row in _rows(node, lists):
        body = next((n for n in islice(row.walk(), _NEAR) if "accent-body" in n.classes), None)
        if "svg-align" in row.classes:
            is_arrow = any("hide-tail" in child.classes for child in row.elements())
            command = "overrightarrow" if is_arrow else "widehat"
        elif body is None:
            base += latex
        else:
            command = ACCENTS.get(body.text().strip() or "→", "vec")
    return f"\\{command}{{{base}}}"


def _table(node: Node, lists: dict[int, list[tuple[float, str, Node]]]) -> str:
    elements = [
        column
        for column in node.elements()
        if any(name.startswith("col-align") for name in column.classes)
    ]
    columns = [[latex for _, latex, _ in _rows(column, lists)] for column in elements]
    sides = ["r" if "col-align-r" in column.classes else "l" for column in elements]
    is_aligned = len(sides) > 1 and sides == (["r", "l"] * len(sides))[: len(sides)]
    name = "aligned" if is_aligned else "matrix"
    height = max((len(column) for column in columns), default=0)
    rows = [
        " & ".join(column[i] if i < len(column) else "" for column in columns)
        for i in range(height)
    ]
    return f"\\begin{{{name}}}" + " \\\\ ".join(rows) + f"\\end{{{name}}}"
