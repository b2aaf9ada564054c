"""SQL over all tables by their bare names: rows to standard output, all else to standard error."""

from __future__ import annotations

import csv
import json
import re
import sys
from typing import TYPE_CHECKING, Any

from rich.table import Table

from jobs import session, stream
from jobs.progress import console, output

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

    from conf.settings import Settings

# Rows of the table form, which is for eyes; jsonl and csv stream all of them.
_SHOWN = 1000


class QueryError(ValueError):
    """A query that could not be answered; the message says why."""


def answer(spark: SparkSession, settings: Settings, query: str, form: str) -> None:
    """Answer a query.

    Args:
        spark: the session.
        settings: of the tables to ask.
        query: one SELECT (or SHOW, DESCRIBE, EXPLAIN) over the tables' bare names.
        form: `table` for eyes, `jsonl` or `csv` for programs.

    Raises:
        QueryError: Spark does not understand it.
    """
    session.register(spark, settings)
    try:
        frame = spark.sql(query)
        names = frame.columns
        if form == "jsonl":
            for row in frame.toLocalIterator():
                print(json.dumps(row.asDict(recursive=True), default=_json, ensure_ascii=False))
        elif form == "csv":
            writer = csv.writer(sys.stdout, lineterminator="\n")
            writer.writerow(names)
            for row in frame.toLocalIterator():
                writer.writerow(_cell(value) for value in row)
        else:
            _table(frame.limit(_SHOWN + 1).collect(), names)
    except (QueryError, BrokenPipeError, KeyboardInterrupt):
        raise
    except Exception as error:
        raise QueryError(_why(error)) from error


def _table(rows: list[Any], names: list[str]) -> None:
    shown = Table(*names)
    for row in rows[:_SHOWN]:
        shown.add_row(*(_short(_cell(value)) for value in row))
    output.print(shown)
    if len(rows) > _SHOWN:
        console.print(f"The first {_SHOWN:,} rows; --format jsonl or csv gives all")


def _why(error: Exception) -> str:
    text = stream.cause(error)
    return (
        re.sub(r"^An error occurred while calling \w+\.\w+\.\s*", "", text) or type(error).__name__
    )


def _json(value: Any) -> str:
    return value.hex() if isinstance(value, bytes | bytearray) else str(value)


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, list | dict | tuple):
        return json.dumps(value, default=_json, ensure_ascii=False)
    return _json(value) if isinstance(value, bytes | bytearray) else str(value)


def _short(text: str) -> str:
    from rich.markup import escape  # noqa: PLC0415 - beside its only use

    text = text.replace("\n", "⏎")
    return escape(text if len(text) <= 300 else text[:299] + "…")
