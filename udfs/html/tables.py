"""Tables of data as Markdown; tables that only lay out a page are not tables."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Container, Mapping

    from udfs.html.latex import Formula
    from udfs.html.tree import Node

_MAX_SPAN = 20
_NOT_IN_CELLS = frozenset(
    str.split(
        """
    table pre ul ol dl h1 h2 h3 h4 blockquote hr form
    """
    )
)


def span_of(cell: Node) -> int:
    """Columns that a cell covers, at least 1; `colspan=9007199254740991` is cut."""
    match = re.match(r"\s*(\d{1,6})", cell.get("colspan"))
    return max(1, min(int(match.group(1)), _MAX_SPAN)) if match else 1


def is_data_table(
    table: Node, dropped: Container[int], formulas: Mapping[int, Formula | None]
) -> bool:
    """Whether a table holds short cells in rows and columns, rather than paragraphs or a layout."""
    rows: list[int] = []
    has_head = False
    for node in table.walk():
        if node is table or node.index in dropped:
            continue
        if node.tag in _NOT_IN_CELLS or (node.tag == "div" and "line" in node.classes):
            return False
        if node.tag == "tr":
            rows.append(0)
        elif node.tag in ("td", "th"):
            has_head |= node.tag == "th"
            if rows:
                rows[-1] += 1
            paragraphs = sum(1 for child in node.elements() if child.tag in ("p", "div"))
            if paragraphs > 1:
                return False
        elif (
            (found := formulas.get(node.index)) is not None
            and found.is_display
            and max(rows, default=0) < 3
        ):
            return has_head
    rows = [row for row in rows if row]
    if not rows or max(rows) < 2:
        return False
    return len(rows) > 1 or has_head


def rows_as_markdown(rows: list[list[str]]) -> str:
    """Rows of cells with pipes; the first row is the head, as Markdown requires one."""
    rows = [row for row in rows if any(cell.strip() for cell in row)]
    if not rows:
        return ""
    # A cell that claims more columns than the table has makes no empty ones.
    width = max(number for row in rows for number, cell in enumerate(row, 1) if cell.strip())
    lines = []
    for number, row in enumerate(rows):
        cells = [cell.strip() for cell in row[:width]] + [""] * (width - len(row))
        lines.append("| " + " | ".join(cells) + " |")
        if number == 0:
            lines.append("|" + " --- |" * width)
    return "\n".join(lines)
