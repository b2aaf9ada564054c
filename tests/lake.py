"""The tables of a root, read without Spark, in a form in which two roots can be compared."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

from deltalake import DeltaTable

from conf import tables

PROJECT = Path(__file__).parent.parent
COMMAND = str(Path(sys.executable).parent / "mathcode-pile")

# Clocks, measured costs, and the root itself differ between two runs over the same input.
_MEASURED = ("_at", "_seconds", "memory_bytes", "seconds")


def table(root: Path, name: str) -> list[dict[str, Any]]:
    """Return the rows of a table; none where it was not created."""
    path = root / "tables" / name
    if not (path / "_delta_log").is_dir():
        return []
    return DeltaTable(str(path)).to_pyarrow_table().to_pylist()


def count(root: Path, name: str, column: str) -> Counter:
    """Return how often each value of a column occurs."""
    return Counter(row[column] for row in table(root, name))


def comparable(root: Path, name: str) -> list[str]:
    """Return the rows of a table as sorted text, without what was measured."""
    lines = []
    for row in table(root, name):
        kept = {key: value for key, value in row.items() if not key.endswith(_MEASURED)}
        line = json.dumps(kept, default=_plain, sort_keys=True, ensure_ascii=False)
        lines.append(line.replace(str(root), "ROOT"))
    return sorted(lines)


def assert_equal(one: Path, other: Path) -> None:
    """Assert that two roots hold the same rows in every table but `runs`."""
    for name in tables.NAMES:
        if tables.table(name).is_view or name == tables.RUNS:
            continue
        left, right = comparable(one, name), comparable(other, name)
        only_left, only_right = Counter(left) - Counter(right), Counter(right) - Counter(left)
        assert not only_left and not only_right, (
            f"{name}: {sum(only_left.values())} rows only in {one}, "
            f"{sum(only_right.values())} only in {other}\n"
            + "\n".join(line[:600] for line in [*only_left, *only_right][:4])
        )


def command(*words: str, **options: Any) -> subprocess.CompletedProcess[str]:
    """Run the command line as a user does; fail with what it said."""
    found = subprocess.run(
        [COMMAND, *words],
        cwd=options.pop("cwd", PROJECT),
        env=environment(),
        capture_output=True,
        text=True,
        timeout=1800,
        **options,
    )
    assert found.returncode == 0, f"{words}: {found.stderr[-3000:]}"
    return found


def environment() -> dict[str, str]:
    """Return the environment of a user's shell."""
    return {k: v for k, v in os.environ.items() if not k.startswith(("PYTEST", "SPARK", "PYSPARK"))}


def _plain(value: Any) -> Any:
    return value.hex() if isinstance(value, bytes) else str(value)
