"""conf/tables/*.sql is the only definition of the tables: complete, documented, readable."""

import pyarrow as pa
import pytest

from conf import tables


def test_every_file_is_listed_and_every_listed_table_has_a_file():
    assert sorted(path.stem for path in tables.FOLDER.glob("*.sql")) == sorted(tables.NAMES)


@pytest.mark.parametrize("name", tables.NAMES)
def test_a_table_says_what_its_rows_and_columns_are(name):
    table = tables.table(name)
    assert table.comment
    assert [column.name for column in table.columns if not column.comment] == []
    assert table.is_view or table.columns


@pytest.mark.parametrize("name", [n for n in tables.NAMES if not tables.table(n).is_view])
def test_clustering_columns_exist_and_have_statistics(name):
    table = tables.table(name)
    names = [column.name for column in table.columns]
    assert table.clustering
    # Delta keeps statistics of the first 32 columns, and CLUSTER BY needs them.
    assert all(names.index(column) < 32 for column in table.clustering)


def test_long_text_stands_last():
    for name in (tables.PAGES, tables.DOCUMENTS, tables.PILE, tables.PROGRAMS):
        last = tables.table(name).columns[-1]
        assert last.name in {"html", "text", "code"}


def test_nested_types_become_arrow_types():
    schema = tables.arrow_schema(tables.CONTEXTS)
    item = schema.field("computations").type.value_type
    assert item.field("conditions").type == pa.list_(pa.string())
    assert item.field("span_start").type == pa.int64()
    assert tables.arrow_schema(tables.FILE_READS).field("rejected").type == pa.map_(
        pa.string(), pa.int64()
    )


def test_an_unknown_table_lists_those_there_are():
    with pytest.raises(KeyError, match="kept_documents"):
        tables.table("page")
