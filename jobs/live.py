"""What workers have done of a commit under way, where they share a disk with the driver.

Spark tells the driver of rows when they are committed, minutes after a person began to watch. So
each task notes in a file of its own how many rows it has taken in, and the driver adds them up.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    import pyarrow as pa

    from jobs.stream import ArrowFunction

_SECONDS = 0.5  # between two notes of a task, and between two looks of the driver


@dataclass(frozen=True)
class Noted:
    """An Arrow function whose tasks note the rows that they have taken in.

    Attributes:
        function: does the work.
        folder: holds a file for each task, on a disk that driver and workers share.
    """

    function: ArrowFunction
    folder: str

    def __call__(self, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """Do what the function does."""
        return self.function(self._noted(batches))

    def _noted(self, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        rows = 0
        written = time.monotonic()
        # A failed try of a task leaves its file: the count is for the eye and may run ahead.
        handle, name = tempfile.mkstemp(dir=self.folder)
        os.close(handle)
        for batch in batches:
            yield batch
            rows += batch.num_rows
            if time.monotonic() - written >= _SECONDS:
                # The driver may have removed the folder: it has seen the end of this commit.
                with contextlib.suppress(OSError):
                    Path(name).write_text(str(rows), encoding="ascii")
                written = time.monotonic()


@contextlib.contextmanager
def watched(function: ArrowFunction, show: Callable[[int], None] | None) -> Iterator[ArrowFunction]:
    """Yield a function that does the same, and tell of its rows while the body runs.

    Args:
        function: Arrow function that Spark will call.
        show: told how many rows the tasks have taken in; None where nobody watches.
    """
    if show is None:
        yield function
        return
    folder = tempfile.mkdtemp(prefix="mathcode-pile-")
    ended = threading.Event()

    def look() -> None:
        while not ended.wait(_SECONDS):
            show(_total(folder))

    thread = threading.Thread(target=look, name="progress", daemon=True)
    thread.start()
    try:
        yield Noted(function, folder)
    finally:
        ended.set()
        thread.join()
        shutil.rmtree(folder, ignore_errors=True)


def _total(folder: str) -> int:
    found = 0
    for path in Path(folder).iterdir():
        text = path.read_text(encoding="ascii")
        found += int(text) if text.isdigit() else 0
    return found
