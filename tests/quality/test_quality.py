"""The sample that a person reads: its size, and that row order does not change it."""

from pathlib import Path

import pyarrow as pa
import pytest
from deltalake import write_deltalake

from conf import tables
from tests.quality.__main__ import draw, show

TEXT = "We see $1 + 1 = 2$."


def write(root: Path, order: int) -> Path:
    """Ten verified programs and two mismatches, their rows in one order or the other."""
    documents = [{"doc_id": "d", "text": TEXT}]
    programs, verdicts = [], []
    for number in range(12):
        programs.append(
            {
                "program_id": f"p{number}",
                "doc_id": "d",
                "span_start": 8,
                "span_end": 17,
                "relation": "eq",
                "expression": "1 + 1",
                "result": "2",
                "conditions": [],
                "code": "print(1 + 1)\n",
            }
        )
        outcome = "verified" if number < 10 else "mismatch"
        verdicts.append(
            {"program_id": f"p{number}", "outcome": outcome, "method": "number", "output": "2\n"}
        )
    for name, rows in (
        (tables.DOCUMENTS, documents),
        (tables.PROGRAMS, programs[::order]),
        (tables.VERDICTS, verdicts[::order]),
    ):
        write_deltalake(str(root / "tables" / name), pa.Table.from_pylist(rows))
    return root


@pytest.mark.parametrize("seed", [1, 2])
def test_the_draw_depends_on_the_seed_and_not_on_row_order(tmp_path: Path, seed: int) -> None:
    counts = {"verified": 4, "mismatch": 40}
    drawn = [
        [row["program_id"] for row in draw(write(tmp_path / str(order), order), counts, seed)]
        for order in (1, -1)
    ]
    assert drawn[0] == drawn[1]
    assert len(set(drawn[0])) == 6
    other = [row["program_id"] for row in draw(tmp_path / "1", counts, seed + 7)]
    assert other[:4] != drawn[0][:4]


def test_a_verdict_is_shown_with_its_place_and_program(tmp_path: Path) -> None:
    (row,) = draw(write(tmp_path, 1), {"verified": 1}, 1)
    shown = show(1, row)
    assert "We see $⟦1 + 1 = 2⟧$." in shown
    assert "print(1 + 1)" in shown
    assert "prints `2`" in shown
