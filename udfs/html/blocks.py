"""Blocks of Markdown on their way out: place holders for what is done, and the joining."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from udfs.html.delimiters import CODE, END, FORMULA

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

PLACE = re.compile(f"[{FORMULA}{CODE}](\\d+){END}")
"""A place holder: what it stands for, and its number."""

_SIGNS = re.compile(r"([$\\`])")
_HEADING = re.compile("(#{1,6}) ")


class Block(NamedTuple):
    """One block.

    Attributes:
        first: prefix of its first line (the marker of a list, the sign of a quotation).
        later: prefix of all later lines.
        content: its text, with place holders.
        is_fresh: whether it begins an item.
    """

    first: str
    later: str
    content: str
    is_fresh: bool


class Held:
    """What stands behind the place holders of one page."""

    def __init__(self) -> None:
        """Begin with none."""
        self.texts: list[str] = []

    def hold(self, mark: str, text: str) -> str:
        """Keep a text, and return the place holder for it.

        Args:
            mark: FORMULA or CODE.
            text: what is to stand there; may be given later, in `texts`.
        """
        self.texts.append(text)
        return f"{mark}{len(self.texts) - 1}{END}"

    def hold_signs(self, text: str) -> str:
        """Text in which the typesetter sees no formula: its delimiters are just characters."""
        if "$" not in text and "\\" not in text and "`" not in text:
            return text
        return "".join(
            self.hold(CODE, "\\$" if part == "$" else part) if part in ("$", "\\", "`") else part
            for part in _SIGNS.split(text)
        )

    def restore(self, content: str) -> str:
        """Put back what stands behind the place holders."""
        if END not in content:
            return content
        out: list[str] = []
        position = 0
        for match in PLACE.finditer(content):
            out.append(content[position : match.start()])
            held = self.texts[int(match.group(1))]
            if held.startswith("$") and out[-1].endswith("\\") and not out[-1].endswith("\\\\"):
                out.append(" ")
            out.append(held)
            position = match.end()
        out.append(content[position:])
        return "".join(out)


def joined(blocks: Sequence[Block], gaps: Collection[int], held: Held) -> str:
    """Return the text of a page.

    Args:
        blocks: its blocks in order.
        gaps: numbers of blocks before which something was left out; a heading over nothing else
            is left out too.
        held: what stands behind the place holders.
    """
    parts: list[str] = []
    before = ""
    for number, (first, later, content, is_fresh) in enumerate(blocks):
        if number + 1 in gaps and _is_headless(blocks, number):
            continue
        if parts:
            if is_fresh and before:
                parts.append("\n")
            else:
                common = later if later and later == before else ""
                parts.append("\n" + common.rstrip() + "\n")
        whole = held.restore(content)
        if first or later:
            lines = whole.split("\n")
            parts.append(first + lines[0])
            parts.extend("\n" + (later + line if line else later.rstrip()) for line in lines[1:])
        else:
            parts.append(whole)
        before = later
    return "".join(parts)


def _is_headless(blocks: Sequence[Block], number: int) -> bool:
    """Whether a block is a heading over nothing but what was left out."""
    level = _HEADING.match(blocks[number].content)
    if level is None:
        return False
    after = _HEADING.match(blocks[number + 1].content) if number + 1 < len(blocks) else level
    return after is not None and len(after.group(1)) <= len(level.group(1))
