"""Draw verdicts of a root at random, each with all that is needed to judge it by hand.

    python -m tests.quality sample ROOT [--seed N] [--verified N] [--mismatch N] [--no-result N]

Prints Markdown: the relation in its text, its conditions, the program, what it printed. The draw
depends on the seed and the programs' keys alone, not on the order of rows in the tables.
"""

from __future__ import annotations

import argparse
import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.lake import table

if TYPE_CHECKING:
    from collections.abc import Iterator

BEFORE, AFTER = 400, 100  # characters of the document around the relation


def draw(root: Path, counts: dict[str, int], seed: int) -> Iterator[dict[str, Any]]:
    """Draw verdicts without replacement, evenly over those of each outcome.

    Args:
        root: of the tables.
        counts: how many of each outcome; all of those that have fewer.
        seed: another one draws others.

    Yields:
        Rows of `verdicts` joined with `programs` and the text of `documents`.
    """
    programs = {row["program_id"]: row for row in table(root, "programs")}
    texts = {row["doc_id"]: row["text"] for row in table(root, "documents")}
    rows = sorted(
        table(root, "verdicts"),
        key=lambda row: hashlib.sha256(f"{seed} {row['program_id']}".encode()).digest(),
    )
    for outcome, count in counts.items():
        chosen = [row for row in rows if row["outcome"] == outcome][:count]
        for row in chosen:
            program = programs[row["program_id"]]
            yield program | row | {"text": texts[program["doc_id"]]}


def show(number: int, row: dict[str, Any]) -> str:
    """One verdict as Markdown."""
    text, start, end = row["text"], row["span_start"], row["span_end"]
    around = f"{text[max(0, start - BEFORE) : start]}⟦{text[start:end]}⟧{text[end : end + AFTER]}"
    conditions = "; ".join(f"`{condition}`" for condition in row["conditions"]) or "none"
    return "\n".join(
        [
            f"## {number}. {row['outcome']} ({row['method']}), {row['program_id']}",
            "",
            "> " + around.replace("\n", "\n> "),
            "",
            f"`{row['expression']}` {row['relation']} `{row['result']}`, conditions: {conditions}",
            "",
            f"```python\n{row['code'].rstrip()}\n```",
            "",
            f"prints `{(row['output'] or '').strip()[:300]}`",
            "",
        ]
    )


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.quality", description=__doc__)
    parser.add_argument("command", choices=["sample"])
    parser.add_argument("root", type=Path)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--verified", type=int, default=100)
    parser.add_argument("--mismatch", type=int, default=40)
    parser.add_argument("--no-result", type=int, default=20)
    asked = parser.parse_args()
    counts = {
        "verified": asked.verified,
        "mismatch": asked.mismatch,
        "no_result": asked.no_result,
    }
    for number, row in enumerate(draw(asked.root, counts, asked.seed), 1):
        print(show(number, row))


if __name__ == "__main__":
    main()
