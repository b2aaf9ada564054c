"""KaTeX's visual HTML to LaTeX, for pages that keep it without the source (`output: "html"`).

The class names are KaTeX's own (`mord`, `mfrac`, `vlist`, `msupsub`, ...); positions inside a
`vlist` tell numerator from denominator and superscript from subscript: the part with the smaller
`top` stands higher.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from udfs.html.symbols import ACCENTS, FUNCTIONS, from_characters, join, text

if TYPE_CHECKING:
    from udfs.html.tree import Node

_TOP = re.compile(r"top:\s*(-?[\d.]+)em")
_HEIGHT = re.compile(r"height:\s*([\d.]+)em")
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


def to_latex(katex_html: Node) -> str:
    """LaTeX of one `span.katex-html`, from the leaves up."""
    done: dict[int, str] = {}
    lists: dict[int, list[tuple[float, str, Node]]] = {}
    for node in reversed(list(katex_html.walk())):
        done[id(node)] = _convert(node, done, lists)
    return re.sub(r" {2,}", " ", done[id(katex_html)]).strip()


def _inner(node: Node, done: dict[int, str]) -> str:
    parts = [
        from_characters(child.replace("\u200b", "")) if isinstance(child, str) else done[id(child)]
        for child in node.children
    ]
    return join(parts)


def _rows(
    node: Node, lists: dict[int, list[tuple[float, str, Node]]]
) -> list[tuple[float, str, Node]]:
    """Parts of the nearest `vlist` below, from top to bottom."""
    for inner in node.walk():
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
    if "mspace" in classes:
        width = re.search(r"margin-right:\s*([\d.]+)em", node.get("style"))
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
        rows = [row for row in _rows(node, lists) if row[1]]
        if len(rows) >= 2:
            return f"\\frac{{{rows[0][1]}}}{{{rows[-1][1]}}}"
    if "sqrt" in classes:
        root = next((n for n in node.elements() if "root" in n.classes), None)
        body = "".join(row[1] for row in _rows_outside(node, lists, root))
        index = f"[{done[id(root)]}]" if root is not None and done[id(root)] else ""
        return f"\\sqrt{index}{{{body}}}"
    if "op-limits" in classes:
        return _limits(node, lists)
    if "accent" in classes:
        return _accent(node, lists)
    if "overline" in classes or "underline" in classes:
        command = "overline" if "overline" in classes else "underline"
        return f"\\{command}{{{''.join(row[1] for row in _rows(node, lists))}}}"
    if "mtable" in classes:
        return _table(node, lists)
    inner = _inner(node, done)
    if "text" in classes and "mord" in classes:
        return text(node.text())
    if "mop" in classes:
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
        is_script = any("mtight" in inner.classes for inner in row.walk())
        if not is_script:
            base = latex
        elif base:
            low = latex
        else:
            high = latex
    return base + (f"_{{{low}}}" if low else "") + (f"^{{{high}}}" if high else "")


def _accent(node: Node, lists: dict[int, list[tuple[float, str, Node]]]) -> str:
    base, command = "", "vec"
    for _, latex, row in _rows(node, lists):
        body = next((n for n in row.walk() if "accent-body" in n.classes), None)
        if body is None:
            base += latex
        else:
            command = ACCENTS.get(body.text().strip() or "→", "vec")
    return f"\\{command}{{{base}}}"


def _table(node: Node, lists: dict[int, list[tuple[float, str, Node]]]) -> str:
    columns = [
        [latex for _, latex, _ in _rows(column, lists)]
        for column in node.elements()
        if any(name.startswith("col-align") for name in column.classes)
    ]
    height = max((len(column) for column in columns), default=0)
    rows = [
        " & ".join(column[i] if i < len(column) else "" for column in columns)
        for i in range(height)
    ]
    return "\\begin{matrix}" + " \\\\ ".join(rows) + "\\end{matrix}"
