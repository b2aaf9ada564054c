"""The tables as `conf/tables/*.sql` declare them: names, columns, comments, Arrow schemas."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, cast

import pyarrow as pa

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlglot import exp

FOLDER = Path(__file__).parent / "tables"

CRAWL_FILES = "crawl_files"
FILE_READS = "file_reads"
PAGES = "pages"
DOCUMENTS = "documents"
SCORES = "scores"
LABELS = "labels"
FILTERS = "filters"
CURRENT_SCORES = "current_scores"
SIGNATURES = "signatures"
DUPLICATES = "duplicates"
CONTAMINATION = "contamination"
KEPT_DOCUMENTS = "kept_documents"
CONTEXTS = "contexts"
PROGRAMS = "programs"
VERDICTS = "verdicts"
PILE = "pile"
SHARDS = "shards"
RUNS = "runs"
EVALUATIONS = "evaluations"

# In the order in which rows flow: status, documentation and SQL help list them so.
NAMES = (
    CRAWL_FILES,
    FILE_READS,
    PAGES,
    DOCUMENTS,
    LABELS,
    FILTERS,
    SCORES,
    CURRENT_SCORES,
    SIGNATURES,
    DUPLICATES,
    CONTAMINATION,
    KEPT_DOCUMENTS,
    CONTEXTS,
    PROGRAMS,
    VERDICTS,
    PILE,
    SHARDS,
    RUNS,
    EVALUATIONS,
)

_ARROW = {
    "TEXT": pa.string(),
    "VARCHAR": pa.string(),
    "BIGINT": pa.int64(),
    "INT": pa.int32(),
    "DOUBLE": pa.float64(),
    "BOOLEAN": pa.bool_(),
    "BINARY": pa.binary(),
    "TIMESTAMP": pa.timestamp("us", "UTC"),
    "TIMESTAMPTZ": pa.timestamp("us", "UTC"),
}


@dataclass(frozen=True)
class Column:
    """One column: its name, Arrow type, SQL type, comment, and whether NULL may stand in it."""

    name: str
    type: pa.DataType
    sql_type: str
    comment: str
    is_nullable: bool


@dataclass(frozen=True)
class Table:
    """One table or view as its SQL file declares it.

    Attributes:
        name: the name of the file without `.sql`.
        comment: what a row is.
        columns: in the order of the DDL; empty for a view.
        clustering: columns of CLUSTER BY.
        constraints: CHECK conditions by name.
        query: the SELECT of a view, with `:name` parameters; None for a table.
    """

    name: str
    comment: str
    columns: tuple[Column, ...]
    clustering: tuple[str, ...]
    constraints: Mapping[str, str]
    query: str | None

    @property
    def is_view(self) -> bool:
        """Whether it is a view: a query over tables, without rows of its own."""
        return self.query is not None


@cache
def table(name: str) -> Table:
    """Read the declaration of one table or view.

    Raises:
        KeyError: no table has that name; the message lists those there are.
    """
    if name not in NAMES:
        raise KeyError(f"no table {name!r}; there are {', '.join(NAMES)}")
    # sqlglot parses the DDL: a maintained SQL parser that knows Spark's dialect. Imported late,
    # since it costs a tenth of a second that command lines such as `--help` need not pay.
    import sqlglot  # noqa: PLC0415
    from sqlglot import exp  # noqa: PLC0415

    sql = (FOLDER / f"{name}.sql").read_text(encoding="utf-8")
    statements = [part.strip() for part in re.split(r";\s*(?:\n|$)", sql) if part.strip()]
    create = cast("exp.Create", sqlglot.parse_one(statements[0], dialect="spark"))
    comment_property = create.find(exp.SchemaCommentProperty)
    comment = comment_property.this.name if comment_property else ""
    if create.args["kind"] == "VIEW":
        query = re.split(r"\bAS\s*\n", statements[0], maxsplit=1)[1]
        return Table(name, comment, (), (), {}, query)
    columns = tuple(
        _column(column)
        for column in create.this.find_all(exp.ColumnDef)
        if column.parent is create.this
    )
    clustering = re.search(r"CLUSTER BY \(([^)]*)\)", statements[0])
    constraints = dict(_constraint(statement) for statement in statements[1:])
    return Table(
        name,
        comment,
        columns,
        tuple(part.strip() for part in clustering.group(1).split(",")) if clustering else (),
        constraints,
        None,
    )


@cache
def arrow_schema(name: str) -> pa.Schema:
    """Arrow schema of a table, columns in the order of its DDL.

    Raises:
        KeyError: no table has that name.
    """
    return pa.schema(
        [pa.field(c.name, c.type, nullable=c.is_nullable) for c in table(name).columns]
    )


def problem_of(condition: str, name: str) -> str | None:
    """Return what is wrong with a SQL condition over one table's columns; None when nothing is.

    Args:
        condition: a Spark SQL expression.
        name: of the table.
    """
    import sqlglot  # noqa: PLC0415
    from sqlglot import errors, exp  # noqa: PLC0415

    try:
        parsed = sqlglot.parse(condition, dialect="spark")
    except errors.SqlglotError as error:
        return f"no SQL condition ({str(error).splitlines()[0]})"
    if len(parsed) != 1 or parsed[0] is None or ";" in condition:
        return "not one SQL condition"
    tree = parsed[0]
    if not isinstance(tree, exp.Condition) or tree.find(exp.Query, exp.AggFunc, exp.Window):
        return "not a condition over the columns of one row"
    known = [column.name for column in table(name).columns]
    unknown = sorted({found.name for found in tree.find_all(exp.Column)} - set(known))
    if unknown:
        near = difflib.get_close_matches(unknown[0], known, n=1, cutoff=0.5)
        hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(known)}"
        return f"{name} has no column {unknown[0]}; {hint}"
    return None


def _column(column: exp.ColumnDef) -> Column:
    from sqlglot import exp  # noqa: PLC0415

    constraints = [c.args["kind"] for c in column.args.get("constraints") or []]
    comment = next(
        (c.this.name for c in constraints if isinstance(c, exp.CommentColumnConstraint)), ""
    )
    is_required = any(isinstance(c, exp.NotNullColumnConstraint) for c in constraints)
    data_type = cast("exp.DataType", column.args["kind"])
    return Column(column.name, _arrow(data_type), _sql(data_type), comment, not is_required)


def _arrow(data_type: exp.DataType) -> pa.DataType:
    kind = data_type.this.name
    inner = data_type.expressions
    if kind == "ARRAY":
        return pa.list_(_arrow(inner[0]))
    if kind == "MAP":
        return pa.map_(_arrow(inner[0]), _arrow(inner[1]))
    if kind == "STRUCT":
        return pa.struct([pa.field(field.name, _arrow(field.args["kind"])) for field in inner])
    return _ARROW[kind]


def _sql(data_type: exp.DataType) -> str:
    return re.sub(r" COMMENT '(?:[^']|'')*'", "", data_type.sql(dialect="spark"))


def _constraint(statement: str) -> tuple[str, str]:
    found = re.fullmatch(
        r"ALTER TABLE \w+ ADD CONSTRAINT (\w+) CHECK \((.*)\)", statement, re.DOTALL
    )
    if found is None:
        raise ValueError(f"conf/tables: not a CHECK constraint: {statement}")
    return found.group(1), found.group(2)
