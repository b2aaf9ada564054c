import filecmp
import json
import random
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from megatron.core.datasets.indexed_dataset import IndexedDataset, IndexedDatasetBuilder
from megatron.core.datasets.utils import get_blend_from_list

from conf import tables
from conf.tokenizers.build import TARGET
from udfs import shards, tokens
from udfs.keys import key

TOKENIZER = str(TARGET)
WORDS = ("sum", "of", "$x^2$", r"\frac{1}{2}", "area", "=", "12", "漢字", "</s>", "<|endoftext|>")


def rows(count: int, *, seed: int = 0, component: str = "web", index: int = 0) -> list[dict]:
    chance = random.Random(seed)
    found = [
        {
            "component": component,
            "split": "train",
            "shard_index": index,
            "pile_id": key(component, index, number),
            "text": " ".join(chance.choices(WORDS, k=chance.randrange(60))),
        }
        for number in range(count)
    ]
    return sorted(found, key=lambda row: row["pile_id"])


def batches(found: list[dict], size: int = 1000) -> list[pa.RecordBatch]:
    schema = pa.schema(
        [
            ("component", pa.string()),
            ("split", pa.string()),
            ("shard_index", pa.int32()),
            ("pile_id", pa.string()),
            ("text", pa.string()),
        ]
    )
    cut = [found[i : i + size] for i in range(0, len(found), size)]
    return [pa.RecordBatch.from_pylist(part, schema=schema) for part in cut]


def write(directory: Path, found: list[dict], size: int = 1000, **changes) -> list[dict]:
    chosen = {"tokenizer_path": TOKENIZER, "eod": None, "pile_version": 3} | changes
    written = shards.write_shards(batches(found, size), directory=str(directory), **chosen)
    return [row for batch in written for row in batch.to_pylist()]


def test_shards_equal_megatrons_own_byte_for_byte(tmp_path):
    found = rows(400)
    (row,) = write(tmp_path, found)
    builder = IndexedDatasetBuilder(str(tmp_path / "megatron.bin"), dtype=np.uint16)
    tokenizer = tokens.load(TOKENIZER)
    for document in found:
        ids = tokenizer.tokenizer.encode(document["text"], add_special_tokens=False).ids
        ids.append(tokenizer.eod_id())
        builder.add_document(torch.tensor(ids), [len(ids)])
    builder.finalize(str(tmp_path / "megatron.idx"))
    for end in ("bin", "idx"):
        assert filecmp.cmp(f"{row['path']}.{end}", tmp_path / f"megatron.{end}", shallow=False)


def test_megatron_reads_every_document_back(tmp_path):
    found = rows(60)
    (row,) = write(tmp_path, found)
    dataset = IndexedDataset(row["path"])
    tokenizer = tokens.load(TOKENIZER)
    assert len(dataset) == row["documents"] == 60
    for number, document in enumerate(found):
        *ids, last = dataset[number].tolist()
        assert last == row["eod_id"]
        assert row["eod_id"] not in ids
        assert tokenizer.decode(ids) == document["text"]


@settings(max_examples=15, derandomize=True, deadline=None)
@given(size=st.integers(1, 50))
def test_result_does_not_depend_on_batching(tmp_path_factory, size):
    found = [*rows(30), *rows(1, index=1), *rows(20, component="code")]
    whole = write(tmp_path_factory.mktemp("whole"), found)
    cut = write(tmp_path_factory.mktemp("cut"), found, size)
    for row in [*whole, *cut]:
        row["path"] = Path(row["path"]).name
    assert whole == cut
    names = ["web-train-00000", "web-train-00001", "code-train-00000"]
    assert [row["path"] for row in whole] == names


def test_rows_are_those_of_the_table_and_account_for_every_document(tmp_path):
    found = [*rows(30), *rows(7, index=12)]
    made = shards.write_shards(
        batches(found),
        directory=str(tmp_path),
        tokenizer_path=TOKENIZER,
        eod="<|endoftext|>",
        pile_version=3,
    )
    made = list(made)
    assert all(batch.schema == tables.arrow_schema("shards") for batch in made)
    table = pa.Table.from_batches(made).to_pylist()
    assert [row["documents"] for row in table] == [30, 7]
    counts = tokens.load(TOKENIZER).count([row["text"] for row in found])
    assert sum(row["tokens"] for row in table) == sum(counts) + len(found)
    assert {(row["dtype"], row["vocab_size"], row["pile_version"]) for row in table} == {
        ("uint16", 4096, 3)
    }


def test_an_empty_text_becomes_a_lone_eod(tmp_path):
    found = rows(3)
    found[1]["text"] = ""
    found[2]["text"] = None
    (row,) = write(tmp_path, found)
    dataset = IndexedDataset(row["path"])
    assert dataset[1].tolist() == dataset[2].tolist() == [row["eod_id"]]


def test_no_rows_give_no_shards(tmp_path):
    assert write(tmp_path / "out", []) == []


def test_unsorted_and_repeated_documents_are_refused(tmp_path):
    found = rows(5)
    with pytest.raises(ValueError, match=f"document {found[0]['pile_id']} comes after"):
        write(tmp_path, [found[1], found[0]])
    with pytest.raises(ValueError, match=f"document {found[0]['pile_id']} comes twice"):
        write(tmp_path, [found[0], found[0]])
    with pytest.raises(ValueError, match="web-train-00000: its rows are not together"):
        write(tmp_path, [found[0], *rows(1, index=1), found[1]])
    assert not list(tmp_path.glob(".*"))


def test_a_row_comes_when_its_pair_is_there(tmp_path):
    source = iter(batches([*rows(3), *rows(3, index=1)], 1))
    made = shards.write_shards(
        source, directory=str(tmp_path), tokenizer_path=TOKENIZER, eod=None, pile_version=0
    )
    first = next(made)
    assert Path(first["path"][0].as_py() + ".idx").exists()
    made.close()
    assert {path.name for path in tmp_path.iterdir()} == {
        "web-train-00000.bin",
        "web-train-00000.idx",
    }


def test_split_and_shard_follow_the_share_and_the_count():
    keys = [key(number) for number in range(20_000)]
    held_out = [k for k in keys if shards.split_of(k, 0.05) == "validation"]
    assert 900 < len(held_out) < 1100
    assert {shards.split_of(k, 0.0) for k in keys} == {"train"}
    # A larger share holds out the same documents and more, whatever the shard.
    assert all(shards.split_of(k, 0.1) == "validation" for k in held_out)
    sizes = np.bincount([shards.shard_of(k, 7) for k in held_out], minlength=7)
    assert sizes.min() > 90
    assert {shards.shard_of(k, 1) for k in keys} == {0}


def test_plan_counts_eod_and_gives_each_at_least_one():
    totals = [
        shards.Total("web", "train", 10, 990),
        shards.Total("web", "validation", 1, 0),
        shards.Total("code", "train", 1, 1000),
    ]
    assert shards.plan(totals, 1000) == {
        ("web", "train"): 1,
        ("web", "validation"): 1,
        ("code", "train"): 2,
    }
    with pytest.raises(ValueError, match="tokens_per_shard"):
        shards.plan(totals, 0)


def test_expressions_are_written_for_spark():
    assert shards.split_expression(0.05) == (
        "CASE WHEN CAST(conv(substr(doc_id, 9, 8), 16, 10) AS BIGINT) % 1000000 < 50000"
        " THEN 'validation' ELSE 'train' END"
    )
    assert shards.shard_expression({("web", "train"): 3}) == (
        "CAST(CASE WHEN component = 'web' AND split = 'train' THEN"
        " CAST(conv(substr(pile_id, 1, 8), 16, 10) AS BIGINT) % 3 END AS INT)"
    )
    assert shards.shard_expression({}) == "CAST(NULL AS INT)"
    with pytest.raises(ValueError, match="validation_share"):
        shards.split_expression(1.0)


def manifest(found: list[dict], **changes) -> dict:
    chosen = {
        "weights": {"code": 2.0},
        "tokenizer_path": TOKENIZER,
        "table_versions": {"pile": 3, "documents": 9},
    }
    return json.loads(shards.manifest(found, **(chosen | changes)))


def test_manifest_is_a_blend_that_megatron_takes(tmp_path):
    made = write(tmp_path, [*rows(30), *rows(20, index=1), *rows(10, component="code")])
    document = manifest(reversed(made))
    paths, weights = get_blend_from_list(document["blend"]["train"])
    by_path = {row["path"]: row for row in made}
    for path, weight in zip(paths, weights, strict=True):
        row = by_path[path]
        assert weight == row["tokens"] * (2.0 if row["component"] == "code" else 1.0)
    assert len(paths) == 3
    assert document["blend"]["validation"] == []
    assert document["tokenizer"]["sha256_32"] == tokens.load(TOKENIZER).fingerprint
    assert document["table_versions"] == {"documents": 9, "pile": 3}
    assert [(c["component"], c["shards"], c["documents"]) for c in document["components"]] == [
        ("code", 1, 10),
        ("web", 2, 50),
    ]
    assert document["shards"] == sorted(made, key=lambda row: row["path"])


def test_manifest_does_not_depend_on_order_and_its_content_hash_on_the_bytes(tmp_path):
    made = write(tmp_path / "a", [*rows(30), *rows(20, index=1)])
    other = write(tmp_path / "b", [*rows(30), *rows(20, index=1, seed=5)])
    assert manifest(made) == manifest(made[::-1])
    assert manifest(made)["content"] != manifest(other)["content"]


def test_a_component_of_weight_nothing_is_left_out_of_the_blend(tmp_path):
    made = write(tmp_path, [*rows(5), *rows(5, component="code")])
    blend = manifest(made, weights={"web": 0.0})["blend"]["train"]
    assert [Path(word).name for word in blend[1::2]] == ["code-train-00000"]


def test_manifest_refuses_shards_of_another_tokenizer_or_version(tmp_path):
    (row,) = write(tmp_path, rows(3))
    with pytest.raises(ValueError, match=r"made with tokenizer feed.*write the shards again"):
        manifest([row | {"tokenizer": "feed"}])
    with pytest.raises(ValueError, match=r"from version 3 of pile, not 4"):
        manifest([row], table_versions={"pile": 4})


def test_verification_decodes_a_sample(tmp_path):
    found = rows(50)
    (row,) = write(tmp_path, found)
    checked = shards.verify_shards(
        row["path"],
        tokenizer_path=TOKENIZER,
        sample=5,
        sha256=row["sha256"],
        idx_sha256=row["idx_sha256"],
    )
    assert checked.problems == ()
    assert (checked.documents, checked.tokens) == (50, row["tokens"])
    assert [number for number, _ in checked.texts] == [0, 12, 24, 37, 49]
    assert all(found[number]["text"] == text for number, text in checked.texts)


@pytest.mark.parametrize("sample", [0, 1, 2, 50])
def test_verification_samples_as_many_as_there_are(tmp_path, sample):
    (row,) = write(tmp_path, rows(3))
    checked = shards.verify_shards(row["path"], tokenizer_path=TOKENIZER, sample=sample)
    assert len(checked.texts) == min(3, sample)


def flipped(path: Path, at: int) -> None:
    data = bytearray(path.read_bytes())
    data[at] ^= 0xFF
    path.write_bytes(bytes(data))


def test_verification_reports_what_is_wrong(tmp_path):
    (row,) = write(tmp_path, rows(3))
    path = row["path"]
    flipped(Path(f"{path}.bin"), -1)
    checked = shards.verify_shards(
        path, tokenizer_path=TOKENIZER, sample=3, sha256=row["sha256"], idx_sha256="00"
    )
    assert [problem.split(": ", 1)[1].split(",")[0][:40] for problem in checked.problems] == [
        "document 2 is not closed by one EOD (0)",
        "document 2 holds a token outside the voc",
        f"SHA-256 is {checked.problems[2].split(' is ')[1][:64]}"[:40],
        f"SHA-256 is {row['idx_sha256']}"[:40],
    ]
    Path(f"{path}.bin").write_bytes(b"")
    (problem,) = shards.verify_shards(path, tokenizer_path=TOKENIZER).problems
    assert "0 bytes, but the index says" in problem
    Path(f"{path}.idx").unlink()
    (problem,) = shards.verify_shards(path, tokenizer_path=TOKENIZER).problems
    assert "web-train-00000.idx" in problem
