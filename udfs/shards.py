"""pile -> Megatron shards: which document goes where, the pairs, their manifest and their check."""

from __future__ import annotations

import hashlib
import itertools
import json
import math
from dataclasses import dataclass
from operator import itemgetter
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from conf import tables
from udfs import binidx, tokens
from udfs.binidx import PairWriter

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

TRAIN = "train"
VALIDATION = "validation"
MANIFEST_VERSION = 1

# Rows and bytes of text that are held as Python strings at once.
_ROWS = 256
_BYTES = 8 * 2**20

# Shares are compared in steps of a millionth: integers, so that SQL and Python agree to the row.
_STEPS = 1_000_000


@dataclass(frozen=True)
class Total:
    """What one component and split holds: documents, and their tokens without EOD."""

    component: str
    split: str
    documents: int
    tokens: int


@dataclass(frozen=True)
class Verification:
    """What a check of one pair found.

    Attributes:
        path: path of the pair without extension.
        documents: documents in the pair; 0 when it cannot be read.
        tokens: tokens in the pair, EOD included.
        problems: what is wrong, one sentence each; empty for a sound pair.
        texts: (number of the document, its text decoded without EOD) of the sample.
    """

    path: str
    documents: int
    tokens: int
    problems: tuple[str, ...]
    texts: tuple[tuple[int, str], ...]


def split_of(doc_id: str, validation_share: float) -> str:
    """Return the split of a document: a function of its key alone.

    It takes `doc_id`, not `pile_id`, so that piles of different forms hold out the same documents
    and their validation losses can be compared.
    """
    is_held_out = int(doc_id[8:16], 16) % _STEPS < round(validation_share * _STEPS)
    return VALIDATION if is_held_out else TRAIN


def split_expression(validation_share: float, column: str = "doc_id") -> str:
    """Return `split_of` as a Spark SQL expression over a column of keys.

    Raises:
        ValueError: a share outside 0 to 1.
    """
    if not 0 <= validation_share < 1:
        raise ValueError(f"shards.validation_share: {validation_share} is not in [0, 1)")
    # Other digits than those of the shard: the two choices must not depend on each other.
    digits = f"CAST(conv(substr({column}, 9, 8), 16, 10) AS BIGINT)"
    limit = round(validation_share * _STEPS)
    return f"CASE WHEN {digits} % {_STEPS} < {limit} THEN '{VALIDATION}' ELSE '{TRAIN}' END"


def plan(totals: Iterable[Total], tokens_per_shard: int) -> dict[tuple[str, str], int]:
    """Return how many shards each component and split gets.

    Documents fall into shards by their key, so sizes scatter a little around the wished one, and
    no sort of the whole corpus is needed (a running sum of tokens would put each component on one
    worker). EOD counts as a token.

    Args:
        totals: what there is, one a component and split.
        tokens_per_shard: the wished size, at least 1.

    Raises:
        ValueError: `tokens_per_shard` is less than 1.
    """
    if tokens_per_shard < 1:
        raise ValueError(f"shards.tokens_per_shard: {tokens_per_shard} is less than 1")
    return {
        (total.component, total.split): max(
            1, math.ceil((total.tokens + total.documents) / tokens_per_shard)
        )
        for total in totals
    }


def shard_of(pile_id: str, shards: int) -> int:
    """Return the shard of a document among `shards`: a function of its key alone."""
    return int(pile_id[:8], 16) % shards


def shard_expression(counts: Mapping[tuple[str, str], int], column: str = "pile_id") -> str:
    """Return `shard_of` as a Spark SQL expression over component, split and a column of keys.

    Args:
        counts: what `plan` gave. A component and split that is not in it gives NULL.
        column: the column of keys.
    """
    digits = f"CAST(conv(substr({column}, 1, 8), 16, 10) AS BIGINT)"
    cases = "".join(
        f" WHEN component = '{component}' AND split = '{split}' THEN {digits} % {count}"
        for (component, split), count in sorted(counts.items())
    )
    return f"CAST(CASE{cases} END AS INT)" if cases else "CAST(NULL AS INT)"


def write_shards(
    batches: Iterable[pa.RecordBatch],
    *,
    directory: str,
    tokenizer_path: str,
    eod: str | None,
    pile_version: int,
) -> Iterator[pa.RecordBatch]:
    """Write Megatron pairs, each document encoded and closed by EOD.

    The files equal those of Megatron-Core's `IndexedDatasetBuilder` byte for byte. A document
    without text becomes a lone EOD, so that documents of a shard are rows of the pile. Memory
    holds a slice of texts and four bytes a document. A pair becomes visible whole or not at all
    (see `binidx.PairWriter`); writing it again gives the same bytes.

    Args:
        batches: rows of whole shards, sorted by component, split, shard_index, pile_id; reads
            `component`, `split`, `shard_index` (from 0), `pile_id` and `text`.
        directory: folder or URL of the pairs, `{component}-{split}-{shard_index:05d}.bin/.idx`.
        tokenizer_path: path or URL of a `tokenizer.json`.
        eod: token that ends a document; one of `tokens.USUAL_EOD` when None.
        pile_version: Delta version of `pile` that the rows come from.

    Yields:
        Rows of `shards`, one a pair, when it is published.

    Raises:
        ValueError: rows that are not sorted or come twice, a token or document that the format
            cannot hold (the message names shard and document), a tokenizer without EOD.
        OSError: a full disk or a missing permission; the message names the shard.
    """
    tokenizer = tokens.load(tokenizer_path)
    eod_id = tokenizer.eod_id(eod)
    dtype = binidx.dtype_for(tokenizer.vocab_size)
    schema = tables.arrow_schema(tables.SHARDS)
    written: set[str] = set()
    for name, slices in itertools.groupby(_slices(batches), key=itemgetter(0)):
        if name in written:
            raise ValueError(f"{directory}/{name}: its rows are not together; sort by shard_index")
        written.add(name)
        component, split, _ = name.rsplit("-", 2)
        last = ""
        with PairWriter(directory, name, dtype) as writer:
            for _, pile_ids, texts in slices:
                for pile_id, ids in zip(pile_ids, tokenizer.encode(texts), strict=True):
                    if pile_id <= last:
                        fault = "comes twice" if pile_id == last else f"comes after {last}"
                        raise ValueError(f"{writer.path}: document {pile_id} {fault}")
                    last = pile_id
                    ids.append(eod_id)
                    writer.add(ids, pile_id)
            pair = writer.publish()
        row = {
            "path": pair.path,
            "component": component,
            "split": split,
            "documents": pair.documents,
            "tokens": pair.tokens,
            "bin_bytes": pair.bin_bytes,
            "idx_bytes": pair.idx_bytes,
            "dtype": dtype,
            "vocab_size": tokenizer.vocab_size,
            "eod_id": eod_id,
            "tokenizer": tokenizer.fingerprint,
            "pile_version": pile_version,
            "sha256": pair.sha256,
            "idx_sha256": pair.idx_sha256,
        }
        yield pa.RecordBatch.from_pylist([row], schema=schema)


def manifest(
    rows: Iterable[Mapping[str, Any]],
    *,
    weights: Mapping[str, float],
    tokenizer_path: str,
    table_versions: Mapping[str, int],
) -> str:
    """Return the manifest of a shard set as JSON: what Megatron needs, and how to check it.

    `blend` holds the words of Megatron's `--train-data-path` and `--valid-data-path`: a weight and
    a path for each shard. A shard weighs its tokens times its component's weight, so that within
    a component each token is as likely as another. `content` is a hash over all checksums: a
    folder named by it never serves Megatron a stale index from `path_to_cache`, whose own key
    knows only paths.

    Args:
        rows: rows of `shards`, in any order.
        weights: sampling weight of a component; 1.0 where none is named, 0 leaves it out.
        tokenizer_path: the tokenizer that made them.
        table_versions: Delta versions of the tables that they come from, `pile` among them.

    Raises:
        ValueError: shards of another tokenizer, or of another version of `pile`.
    """
    tokenizer = tokens.load(tokenizer_path)
    shards = sorted(rows, key=lambda row: str(row["path"]))
    for row in shards:
        if row["tokenizer"] != tokenizer.fingerprint:
            raise ValueError(
                f"{row['path']}: made with tokenizer {row['tokenizer']}, but {tokenizer_path}"
                f" is {tokenizer.fingerprint}; write the shards again"
            )
        if row["pile_version"] != table_versions.get(tables.PILE):
            raise ValueError(
                f"{row['path']}: made from version {row['pile_version']} of pile, not"
                f" {table_versions.get(tables.PILE)}; write the shards again"
            )
    checksums = "".join(f"{row['sha256']}{row['idx_sha256']}" for row in shards)
    document = {
        "manifest_version": MANIFEST_VERSION,
        "format": "megatron-indexed-dataset-1",
        "content": hashlib.sha256(checksums.encode()).hexdigest()[:32],
        "table_versions": dict(sorted(table_versions.items())),
        "tokenizer": {
            "path": tokenizer.path,
            "sha256_32": tokenizer.fingerprint,
            "vocab_size": tokenizer.vocab_size,
            "eod_id": shards[0]["eod_id"] if shards else None,
            "dtype": binidx.dtype_for(tokenizer.vocab_size),
        },
        "blend": {split: _blend(shards, split, weights) for split in (TRAIN, VALIDATION)},
        "components": _components(shards, weights),
        "shards": shards,
    }
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def verify_shards(
    path: str,
    *,
    tokenizer_path: str,
    eod: str | None = None,
    sample: int = 8,
    sha256: str | None = None,
    idx_sha256: str | None = None,
) -> Verification:
    """Check one pair: structure, sizes, checksums, and a sample decoded back to text.

    Args:
        path: path or URL of the pair without extension.
        tokenizer_path: the tokenizer that should have made it.
        eod: token that ends a document; one of `tokens.USUAL_EOD` when None.
        sample: how many documents are decoded, evenly spaced, first and last among them.
        sha256: what `.bin` should have; not read as a whole when None.
        idx_sha256: what `.idx` should have.

    Raises:
        ValueError: a tokenizer without EOD. A faulty pair does not raise: see `problems`.
    """
    tokenizer = tokens.load(tokenizer_path)
    eod_id = tokenizer.eod_id(eod)
    try:
        pair = binidx.PairReader(path)
    except (ValueError, OSError) as error:
        return Verification(path, 0, 0, (str(error),), ())
    problems = []
    dtype = binidx.dtype_for(tokenizer.vocab_size)
    if pair.dtype != dtype:
        problems.append(f"{path}.idx: {pair.dtype}, but {tokenizer_path} asks for {dtype}")
    texts = []
    count = min(max(sample, 0), len(pair))
    for number in sorted({round(i * (len(pair) - 1) / max(1, count - 1)) for i in range(count)}):
        ids = pair[number]
        if int(ids[-1]) != eod_id or (ids[:-1] == eod_id).any():
            problems.append(f"{path}: document {number} is not closed by one EOD ({eod_id})")
        if int(ids.max()) >= tokenizer.vocab_size or int(ids.min()) < 0:
            problems.append(f"{path}: document {number} holds a token outside the vocabulary")
            continue
        texts.append((number, tokenizer.decode(ids[:-1].tolist())))
    if sha256 is not None or idx_sha256 is not None:
        for end, found, wanted in zip(
            ("bin", "idx"), pair.sha256(), (sha256, idx_sha256), strict=True
        ):
            if wanted is not None and found != wanted:
                problems.append(f"{path}.{end}: SHA-256 is {found}, not {wanted}")
    pair.close()
    return Verification(path, len(pair), int(pair.lengths.sum()), tuple(problems), tuple(texts))


def _slices(
    batches: Iterable[pa.RecordBatch],
) -> Iterator[tuple[str, list[str], list[str]]]:
    """Cut batches into runs of one shard: (its name, keys, texts), bounded in rows and bytes."""
    for batch in batches:
        names = [
            f"{component}-{split}-{index:05d}"
            for component, split, index in zip(
                batch["component"].to_pylist(),
                batch["split"].to_pylist(),
                batch["shard_index"].to_pylist(),
                strict=True,
            )
        ]
        sizes = pc.binary_length(batch["text"]).to_pylist()
        start = 0
        held = 0
        for stop in range(1, batch.num_rows + 1):
            held += sizes[stop - 1] or 0
            if (
                stop == batch.num_rows
                or names[stop] != names[start]
                or stop - start == _ROWS
                or held >= _BYTES
            ):
                rows = batch.slice(start, stop - start)
                texts = [text or "" for text in rows["text"].to_pylist()]
                yield names[start], rows["pile_id"].to_pylist(), texts
                start, held = stop, 0


def _blend(
    shards: Sequence[Mapping[str, Any]], split: str, weights: Mapping[str, float]
) -> list[str]:
    words: list[str] = []
    for row in shards:
        weight = row["tokens"] * weights.get(row["component"], 1.0)
        if row["split"] == split and weight > 0:
            words += [repr(float(weight)), row["path"]]
    return words


def _components(
    shards: Sequence[Mapping[str, Any]], weights: Mapping[str, float]
) -> list[dict[str, Any]]:
    groups: dict[tuple[str, str], dict[str, Any]] = {}
    for row in shards:
        group = groups.setdefault(
            (row["component"], row["split"]),
            {
                "component": row["component"],
                "split": row["split"],
                "weight": weights.get(row["component"], 1.0),
                "shards": 0,
                "documents": 0,
                "tokens": 0,
            },
        )
        group["shards"] += 1
        group["documents"] += row["documents"]
        group["tokens"] += row["tokens"]
    return [groups[name] for name in sorted(groups)]
