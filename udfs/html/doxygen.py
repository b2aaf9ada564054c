"""What Doxygen makes of declarations: tables of members, and signatures laid out in cells."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from udfs.html.tree import Node

_MAX_ELEMENTS = 500  # in one declaration
_TIGHT_BEFORE = re.compile(r" +([,;)(\]>])")
_TIGHT_AFTER = re.compile(r"([(\[&*<]) +")


def copies(nodes: Sequence[Node], formulas: Sequence[int]) -> set[int]:
    """Rows of tables of members that only repeat or point at what is said elsewhere.

    Members of base classes stand there folded away; those described on the same page (their
    links end in the name of a place outside of the tables) come again in full below.

    Args:
        nodes: the page.
        formulas: how many formulas stand below each element; a row with one is no copy.

    Returns:
        Indices of `<tr>`.
    """
    found: set[int] = set()
    tables: list[Node] = []
    for node in nodes:
        if (
            node.tag == "table"
            and "memberdecls" in node.raw
            and (not tables or node.index >= tables[-1].end)
        ):
            tables.append(node)
    if not tables:
        return found
    places: set[str] = set()
    start = 0
    for table in [*tables, None]:
        for node in nodes[start : table.index if table else len(nodes)]:
            if node.raw:
                places.add(node.get("id"))
                if node.tag == "a":
                    places.add(node.get("name"))
        start = table.end if table else 0
    places.discard("")
    for table in tables:
        was_copy = False
        for row in nodes[table.index + 1 : table.end]:
            if row.tag != "tr" or not row.children or row.end - row.index > _MAX_ELEMENTS:
                continue
            below = nodes[row.index + 1 : row.end]
            raw = row.raw + "".join(node.raw for node in below[:2] if node.tag == "td")
            if "inherit" in raw and not row.classes.isdisjoint(("inherit", "inherit_header")):
                is_copy = True
            elif "memitem" in raw or "memItem" in raw:
                was_copy = is_copy = any(
                    node.tag == "a" and node.get("href").partition("#")[2] in places
                    for node in below
                )
            else:
                is_copy = was_copy and ("memdesc" in raw or "mdesc" in raw)
            if is_copy and not formulas[row.index]:
                found.add(row.index)
    return found


def is_member(row: Node) -> bool:
    """Whether a row of a table declares one member: Doxygen's type and name in two cells."""
    first = next(row.elements(), None)
    return first is not None and "memItemLeft" in first.raw


def signature(node: Node) -> str:
    """A declaration that Doxygen lays out as a table (`memproto`), in one line."""
    parts: list[str] = []
    stack: list[Node | str] = [node]
    while stack:
        item = stack.pop()
        if isinstance(item, str):
            parts.append(item)
        elif "mlabels-right" not in item.classes:
            if item.tag in ("td", "div"):
                parts.append(" ")
            stack.extend(reversed(item.children))
    text = " ".join("".join(parts).split())
    return _TIGHT_AFTER.sub(r"\1", _TIGHT_BEFORE.sub(r"\1", text)).replace("`", "'")
