"""Pictures for notebooks: HTML where one is shown, characters where a script prints."""

from __future__ import annotations

import html
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

COLOURS = {
    "verified": "#2e7d4f",
    "mismatch": "#b3402f",
    "trivial": "#b58a2b",
    "no_result": "#d8c27a",
    "left": "#9aa3b2",
}
"""By outcome; others are as `_OTHER`."""

_OTHER = "#6b4c9a"
_SIGNS = {"verified": "█", "mismatch": "▒", "trivial": "▓", "no_result": "░", "left": "·"}
_OTHER_SIGN = "×"
_WIDTH = 40


def show(picture: str, text: str) -> None:
    """Show HTML in a notebook (Databricks, Jupyter); print the text in a script."""
    ipython = sys.modules.get("IPython")
    if ipython is not None and ipython.get_ipython() is not None:
        ipython.display.display(ipython.display.HTML(picture))
    else:
        print(text)


def shares(counts: Mapping[str, Mapping[str, int]]) -> tuple[str, str]:
    """Draw a bar for each group, divided by outcome.

    Args:
        counts: for each group, in order, how many came out how.

    Returns:
        (HTML, characters) for `show`.
    """
    outcomes = _ordered({outcome for group in counts.values() for outcome in group})
    wide = max(map(len, counts), default=0)
    rows, lines = [], []
    for name, group in counts.items():
        total = max(sum(group.values()), 1)
        parts = "".join(
            f'<span title="{outcome}: {group[outcome]}" style="display:inline-block;height:1em;'
            f'width:{100 * group[outcome] / total:.1f}%;background:{_colour(outcome)}"></span>'
            for outcome in outcomes
            if group.get(outcome)
        )
        rows.append(
            f'<tr><td style="text-align:right;padding-right:8px">{html.escape(name)}</td>'
            f'<td style="width:400px">{parts}</td>'
            f'<td style="padding-left:8px">{total} computations</td></tr>'
        )
        bar = _bar(
            [(_SIGNS.get(outcome, _OTHER_SIGN), group.get(outcome, 0)) for outcome in outcomes]
        )
        lines.append(f"{name:>{wide}}  {bar}  {group.get('verified', 0)} of {total}")
    key = " ".join(
        f'<span style="color:{_colour(outcome)}">■</span> {outcome}' for outcome in outcomes
    )
    lines.append(
        " " * wide + "  " + "  ".join(f"{_SIGNS.get(one, _OTHER_SIGN)} {one}" for one in outcomes)
    )
    return f"<table>{''.join(rows)}</table><p>{key}</p>", "\n".join(lines)


def marked(text: str, spans: Sequence[tuple[int, int, str]]) -> tuple[str, str]:
    """Mark places of a text by outcome.

    Args:
        text: Markdown with LaTeX.
        spans: (start, end, outcome), in characters of the text; one within an earlier one or
            over its end is left out.

    Returns:
        (HTML, characters) for `show`: coloured, or in brackets with the outcome.
    """
    pictures, lines = [], []
    done = 0
    for start, end, outcome in sorted(spans):
        if start < done:
            continue
        inside = text[start:end]
        pictures.append(
            f'{html.escape(text[done:start])}<mark title="{outcome}" style="color:white;'
            f'background:{_colour(outcome)}">{html.escape(inside)}</mark>'
        )
        lines.append(f"{text[done:start]}⟦{inside}⟧({outcome})")
        done = end
    pictures.append(html.escape(text[done:]))
    lines.append(text[done:])
    shown = '<pre style="white-space:pre-wrap;font:inherit">' + "".join(pictures) + "</pre>"
    return shown, "".join(lines)


def _colour(outcome: str) -> str:
    return COLOURS.get(outcome, _OTHER)


def _ordered(outcomes: set[str]) -> list[str]:
    return [one for one in COLOURS if one in outcomes] + sorted(outcomes - COLOURS.keys())


def _bar(parts: list[tuple[str, int]]) -> str:
    """A line of `_WIDTH` characters, divided as the counts are."""
    total = max(sum(count for _, count in parts), 1)
    bar, seen = "", 0
    for sign, count in parts:
        seen += count
        bar += sign * (round(_WIDTH * seen / total) - len(bar))
    return bar
