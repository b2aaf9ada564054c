"""Presentation MathML to the HTML boxes that KaTeX 0.16 writes.

Covers what the sample's formulas need: letters, numbers, operators, rows, fractions, roots,
scripts, limits, text and tables.
"""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from xml.etree import ElementTree as ET

_RELATIONS = frozenset("=<>≤≥≈≡≠→⇒∈∣⟹")
_BINARY = frozenset("+−-·×÷±∓∗∘")
_OPEN = frozenset("([{⌊⌈")
_CLOSE = frozenset(")]}!⌋⌉")
_LARGE = frozenset("∑∏∫⋃⋂")


def html(math: ET.Element) -> str:
    """Write the `katex-html` half of a formula.

    Args:
        math: a `math` element of presentation MathML without namespace prefixes.

    Returns:
        A span of class `katex-html` that holds the visible boxes.
    """
    return (
        '<span class="katex-html" aria-hidden="true"><span class="base">'
        '<span class="strut" style="height:1em;vertical-align:-0.25em;"></span>'
        f"{''.join(_box(child) for child in math)}</span></span>"
    )


def _stack(rows: Iterable[tuple[str, str]], *, deep: bool) -> str:
    cells = "".join(
        f'<span style="top:{top};margin-right:0.05em;"><span class="pstrut" style="height:2.7em;">'
        f"</span>{content}</span>"
        for top, content in rows
    )
    if not deep:
        return (
            '<span class="vlist-t"><span class="vlist-r">'
            '<span class="vlist" style="height:0.8141em;">'
            f"{cells}</span></span></span>"
        )
    return (
        f'<span class="vlist-t vlist-t2"><span class="vlist-r"><span class="vlist" '
        f'style="height:1.3214em;">{cells}</span><span class="vlist-s">\u200b</span></span>'
        '<span class="vlist-r"><span class="vlist" style="height:0.686em;"><span></span></span>'
        "</span></span>"
    )


def _small(node: ET.Element) -> str:
    return f'<span class="sizing reset-size6 size3 mtight">{_box(node)}</span>'


def _operator(text: str) -> str:
    shown = escape(text, quote=False)
    if text in _RELATIONS:
        space = '<span class="mspace" style="margin-right:0.2778em;"></span>'
        return f'{space}<span class="mrel">{shown}</span>{space}'
    if text in _BINARY:
        space = '<span class="mspace" style="margin-right:0.2222em;"></span>'
        return f'{space}<span class="mbin">{shown}</span>{space}'
    if text in _LARGE:
        return f'<span class="mop op-symbol small-op">{shown}</span>'
    if text in _OPEN:
        return f'<span class="mopen">{shown}</span>'
    if text in _CLOSE:
        return f'<span class="mclose">{shown}</span>'
    if text in {",", ";"}:
        return f'<span class="mpunct">{shown}</span>'
    return f'<span class="mord">{shown}</span>'


def _scripts(node: ET.Element) -> str:
    base, *scripts = list(node)
    if node.tag in {"munderover", "munder", "mover"}:
        if node.tag == "mover" and (scripts[0].text or "") in {"¯", "‾", "_"}:
            return f'<span class="mord overline">{_box(base)}</span>'
        tops = {"munderover": ("-1.8723em", "-4.3em"), "munder": ("-2.4em",), "mover": ("-4.3em",)}
        rows = [(top, _small(script)) for top, script in zip(tops[node.tag], scripts, strict=True)]
        rows.insert(0 if node.tag == "mover" else 1, ("-3.05em", f"<span>{_box(base)}</span>"))
        return f'<span class="mop op-limits">{_stack(rows, deep=True)}</span>'
    tops = {"msubsup": ("-2.453em", "-3.113em"), "msub": ("-2.55em",), "msup": ("-3.063em",)}
    rows = [(top, _small(script)) for top, script in zip(tops[node.tag], scripts, strict=True)]
    stacked = _stack(rows, deep=node.tag != "msup")
    return f'<span class="mord">{_box(base)}<span class="msupsub">{stacked}</span></span>'


def _box(node: ET.Element) -> str:
    text = (node.text or "").strip()
    match node.tag:
        case "mi":
            kind = "mord mathnormal" if len(text) == 1 else "mop"
            return f'<span class="{kind}">{escape(text, quote=False)}</span>'
        case "mn":
            return f'<span class="mord">{escape(text, quote=False)}</span>'
        case "mo":
            return _operator(text)
        case "mtext":
            words = escape(node.text or "", quote=False)
            return f'<span class="mord text"><span class="mord">{words}</span></span>'
        case "mspace":
            return '<span class="mspace" style="margin-right:1em;"></span>'
        case "mfrac":
            top, bottom = list(node)
            line = '<span class="frac-line" style="border-bottom-width:0.04em;"></span>'
            rows = [
                ("-2.314em", f'<span class="mord">{_box(bottom)}</span>'),
                ("-3.23em", line),
                ("-3.677em", f'<span class="mord">{_box(top)}</span>'),
            ]
            return (
                '<span class="mord"><span class="mopen nulldelimiter"></span>'
                f'<span class="mfrac">{_stack(rows, deep=True)}</span>'
                '<span class="mclose nulldelimiter"></span></span>'
            )
        case "msqrt" | "mroot":
            inside = _box(node[0]) if node.tag == "mroot" else "".join(_box(c) for c in node)
            index = f'<span class="root">{_small(node[1])}</span>' if node.tag == "mroot" else ""
            sign = (
                '<span class="hide-tail" style="min-width:0.853em;height:1.08em;">'
                '<svg width="400em" height="1.08em" viewBox="0 0 400000 1080">'
                '<path d="M95,702c-2.7,0,-7.17,-2.7"></path></svg></span>'
            )
            rows = [
                ("-3em", f'<span class="mord" style="padding-left:0.833em;">{inside}</span>'),
                ("-2.9em", sign),
            ]
            return f'<span class="mord sqrt">{index}{_stack(rows, deep=True)}</span>'
        case "msup" | "msub" | "msubsup" | "munder" | "mover" | "munderover":
            return _scripts(node)
        case "mtable":
            columns = []
            for cells in zip(*(list(row) for row in node), strict=True):
                rows = [(f"{-4 + 1.2 * i:.1f}em", _box(cell)) for i, cell in enumerate(cells)]
                columns.append(f'<span class="col-align-c">{_stack(rows, deep=True)}</span>')
            return f'<span class="mord"><span class="mtable">{"".join(columns)}</span></span>'
        case _:
            return f'<span class="mord">{"".join(_box(child) for child in node)}</span>'
