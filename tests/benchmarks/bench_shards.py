"""Tokens per second of `write_shards`, beside the bare tokenizer and the peers' writers.

The text is this repository's own and the standard library's sources, the tokenizer a byte-level
BPE trained on it, one thread. Loading the tokenizer is counted, imports and what a worker does
once are not. Peers:

- `bare encode`: encodes and drops the tokens, the limit of any writer on this tokenizer.
- `megatron`: what Megatron-LM's `tools/preprocess_data.py` does: a pool of worker processes
  (one here) encodes document by document, the parent feeds `IndexedDatasetBuilder`. It is given
  `tokenizers` rather than transformers on top of it.
- `datatrove`: `MegatronDocumentTokenizer`.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import multiprocessing
import sysconfig
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.benchmarks.case import Case, Clock, Contestant, Given, Outcome, Request

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tokenizers import Tokenizer

MEGABYTES = {"tiny": 0.2, "small": 2.0, "full": 16.0}
VOCAB_SIZE = {"tiny": 2_000, "small": 16_000, "full": 32_000}
DOCUMENT_CHARS = 4_000
LEAST_CHARS = 1_000
# The name that our tokenizers give the token at the end of a document.
EOD = "<|endoftext|>"


def build(folder: Path, request: Request) -> Given:
    """Documents in order of their keys, and a tokenizer trained on them."""
    from conf.tokenizers import build as tokenizers
    from udfs.keys import key

    assert tokenizers.EOD == EOD
    rows: list[tuple[str, str]] = []
    size = 0.0
    pieces = _pieces()
    while size < MEGABYTES[request.size] * 1e6:
        piece = pieces[len(rows) % len(pieces)]
        rows.append((key(len(rows)), piece))
        size += len(piece)
    rows.sort()
    texts = [text for _, text in rows]
    tokenizer = tokenizers.train(texts, VOCAB_SIZE[request.size])
    tokenizer.save(str(folder / "tokenizer.json"))
    (folder / "documents.json").write_text(json.dumps(rows), encoding="utf-8")
    encoded = tokenizer.encode_batch_fast(texts, add_special_tokens=False)
    tokens = sum(len(one.ids) for one in encoded) + len(rows)
    return Given(tokens, f"{size / 1e6:.1f} MB, {len(rows):,} documents, {tokens:,} tokens")


def _pieces() -> list[str]:
    from conf.tokenizers import build as tokenizers

    sources = list(tokenizers.texts())
    for path in sorted(Path(sysconfig.get_paths()["stdlib"]).rglob("*.py")):
        if "site-packages" not in path.parts:
            with contextlib.suppress(UnicodeDecodeError):
                sources.append(path.read_text(encoding="utf-8"))
    return [
        text[start : start + DOCUMENT_CHARS]
        for text in sources
        # A text that spells EOD is where the peers differ: they write the special token.
        if EOD not in text
        for start in range(0, len(text) - LEAST_CHARS, DOCUMENT_CHARS)
    ]


def _rows(given: Path) -> list[tuple[str, str]]:
    found = json.loads((given / "documents.json").read_text(encoding="utf-8"))
    return [(pile_id, text) for pile_id, text in found]


def ours(given: Path, out: Path, clock: Clock) -> dict[str, Any]:
    """Write one shard with `write_shards`, batches as Spark hands them over."""
    import pyarrow as pa

    from udfs import shards

    def write(rows: list[tuple[str, str]], folder: Path) -> None:
        folder.mkdir()
        batches = (
            pa.RecordBatch.from_pydict(
                {
                    "component": ["code"] * len(part),
                    "split": ["train"] * len(part),
                    "shard_index": pa.array([0] * len(part), pa.int32()),
                    "pile_id": [pile_id for pile_id, _ in part],
                    "text": [text for _, text in part],
                }
            )
            for part in (rows[i : i + 10_000] for i in range(0, len(rows), 10_000))
        )
        for _ in shards.write_shards(
            batches,
            directory=str(folder),
            tokenizer_path=str(given / "tokenizer.json"),
            eod=EOD,
            pile_version=0,
        ):
            pass

    rows = _rows(given)
    write(rows[:1], out / "first")  # a worker lives long: it reads the schema once
    with clock:
        write(rows, out / "pile")
    return _written(out / "pile")


def bare(given: Path, out: Path, clock: Clock) -> dict[str, Any]:
    """Encode and drop the tokens."""
    from tokenizers import Tokenizer

    texts = [text for _, text in _rows(given)]
    tokens = len(texts)
    with clock:
        tokenizer = Tokenizer.from_file(str(given / "tokenizer.json"))
        for start in range(0, len(texts), 64):
            encoded = tokenizer.encode_batch_fast(
                texts[start : start + 64], add_special_tokens=False
            )
            tokens += sum(map(len, encoded))
    return {"tokens": tokens}


_worker: dict[str, Tokenizer] = {}


def _start_worker(tokenizer: str) -> None:
    from tokenizers import Tokenizer

    _worker["tokenizer"] = Tokenizer.from_file(tokenizer)


def _encode_line(line: str) -> tuple[list[int], list[int], int]:
    tokenizer = _worker["tokenizer"]
    ids = tokenizer.encode(json.loads(line)["text"], add_special_tokens=False).ids
    eod = tokenizer.token_to_id(EOD)
    assert eod is not None
    ids.append(eod)
    return ids, [len(ids)], len(line)


def megatron(given: Path, out: Path, clock: Clock) -> dict[str, Any]:
    """Encode line by line in a worker process, collect with Megatron's builder."""
    import numpy as np
    import tokenizers  # noqa: F401 - imports are not counted
    from megatron.core.datasets.indexed_dataset import IndexedDatasetBuilder

    lines = [json.dumps({"text": text}) for _, text in _rows(given)]
    with clock:
        builder = IndexedDatasetBuilder(str(out / "pile.bin"), dtype=np.uint16)
        arguments = (str(given / "tokenizer.json"),)
        with multiprocessing.get_context("fork").Pool(1, _start_worker, arguments) as pool:
            for ids, lengths, _ in pool.imap(_encode_line, lines, 32):
                builder.add_document(ids, lengths)
            pool.close()
            pool.join()
        builder.finalize(str(out / "pile.idx"))
    return _written(out)


def datatrove(given: Path, out: Path, clock: Clock) -> dict[str, Any]:
    """Write one file with datatrove's writer."""
    from datatrove.data import Document
    from datatrove.pipeline.tokens.megatron_tokenizer import MegatronDocumentTokenizer
    from loguru import logger

    logger.remove()
    rows = _rows(given)

    def pipeline() -> Iterator[Any]:
        for pile_id, text in rows:
            yield Document(text=text, id=pile_id)

    with clock:
        writer = MegatronDocumentTokenizer(
            str(out), tokenizer_name_or_path=str(given / "tokenizer.json"), eos_token=EOD
        )
        writer.run(pipeline(), rank=0, world_size=1)
    return _written(out)


def _written(out: Path) -> dict[str, Any]:
    (path,) = out.rglob("*.bin")
    data = path.read_bytes()
    return {"tokens": len(data) // 2, "sha256": hashlib.sha256(data).hexdigest()}


def agree(mine: Outcome, peer: Outcome) -> dict[str, float]:
    """Number of tokens in ours' terms; and whether the `.bin` files are equal, byte for byte."""
    found = {"tokens": peer.summary["tokens"] / mine.summary["tokens"]}
    if "sha256" in peer.summary:
        found["bin_equal"] = float(peer.summary["sha256"] == mine.summary["sha256"])
    return found


CASES = [
    Case(
        name="shards",
        question="tokens written per second: from text to a Megatron .bin/.idx pair",
        unit="tokens",
        build=build,
        contestants=(
            Contestant("ours", ours),
            Contestant("bare encode", bare),
            Contestant("megatron", megatron),
            Contestant(
                "datatrove",
                datatrove,
                packages=("datatrove==0.10.1", "tokenizers==0.23.3", "numpy==2.4.6"),
            ),
        ),
        agree=agree,
        environment={"TOKENIZERS_PARALLELISM": "false", "OMP_NUM_THREADS": "1"},
    )
]
