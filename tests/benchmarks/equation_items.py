"""Equalities with known truth, and documents: the inputs of the cases about computations.

A folder that `--data` names, or `equations/` beside this file, whose items are written for this
project (29 true, 25 false: each false one is a true one with a plausible slip on its right side).
Files, each one JSON object a line, plain or with `.gz`:

    equations        true equalities
    equations_false  false ones, which must not verify
    documents        {id, text}: whole documents; only where texts are asked for

Fields of an equality that are read: `id`; `kind`, by which results are told; `latex`; `lhs` and
`rhs`, its sides; `relation` (`eq`, or `equiv` with `modulus`); `context_before` and
`context_after`, the text around it, displays closed; `truth`. Others are passed over.
"""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.benchmarks.case import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator

OURS = Path(__file__).parent / "equations"
_FIELDS = ("id", "kind", "latex", "lhs", "rhs", "context_before", "context_after", "truth")


def load(folder: Path | None) -> list[dict[str, Any]]:
    """Return the true equalities, then the false ones; those of the repository for None.

    Raises:
        InputError: a file is missing, or an item lacks a field; the message says what to do.
    """
    found = []
    for name in ("equations", "equations_false"):
        for number, row in enumerate(_rows(folder or OURS, name), 1):
            missing = [field for field in _FIELDS if field not in row]
            if missing:
                raise InputError(f"{name}, line {number}: no {', '.join(missing)}")
            found.append(row)
    return found


def texts(folder: Path) -> list[str]:
    """Return the texts of a folder's documents.

    Raises:
        InputError: there are none.
    """
    return [row["text"] for row in _rows(folder, "documents") if row.get("text")]


def document(item: dict[str, Any]) -> tuple[str, int, int]:
    """Return an item as a document, and where its equality stands in it.

    Returns:
        (text, start, end): the equality, as a formula of its own in the running text, begins at
        `start` and ends before `end`, dollars included.
    """
    before = item["context_before"].rstrip()
    lead = f"{before} " if before else ""
    formula = f"${item['latex']}$"
    after = item["context_after"].lstrip()
    text = lead + formula + (f" {after}" if after[:1].isalnum() or after[:1] == "$" else after)
    return text, len(lead), len(lead) + len(formula)


def _rows(folder: Path, name: str) -> Iterator[dict[str, Any]]:
    for path, opened in (
        (folder / f"{name}.jsonl", open),
        (folder / f"{name}.jsonl.gz", gzip.open),
    ):
        if path.is_file():
            with opened(path, "rt", encoding="utf-8") as lines:
                yield from (json.loads(line) for line in lines if line.strip())
            return
    raise InputError(f"no {name}.jsonl or {name}.jsonl.gz in {folder}; see equation_items.py")
