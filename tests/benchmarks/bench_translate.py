"""Computations per second that get a program, against the parsers that turn LaTeX into SymPy.

All get the same computations, found beforehand by `extract_contexts`. Ours reads expression,
stated result and conditions and writes a program; the peers read the expression alone into
a SymPy object, which is the first step of one. They see the LaTeX as it stands, parse in one warm
process, and what raises counts as tried. sympy's parsers are asked as its documentation does,
latex2sympy2-extended with its own default settings.
"""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.benchmarks import equation_peers
from tests.benchmarks.case import Case, Clock, Contestant, Given, InputError, Outcome, Request

if TYPE_CHECKING:
    import pyarrow as pa

# The slowest peer takes tens of milliseconds for each.
COUNTS = {"tiny": 100, "small": 1000, "full": 10_000}
WARM = 50  # computations before the clock: tables, caches of patterns, lazy imports
_SEED = 7


def build(folder: Path, request: Request) -> Given:
    """Contexts of generated documents, or of those of the folder that was asked for."""
    import pyarrow as pa

    from tests.benchmarks import equation_items, generated

    count = COUNTS[request.size]
    if request.data is None:
        texts = list(generated.documents(count // 4 + 5, _SEED))
    else:
        texts = equation_items.texts(request.data)
        random.Random(_SEED).shuffle(texts)
    contexts: list[dict[str, Any]] = []
    expressions: list[str] = []
    schema: pa.Schema | None = None
    for batch in _contexts(texts):
        schema = batch.schema
        for row in batch.to_pylist():
            if len(expressions) < count + WARM and row["computations"]:
                contexts.append(row)
                expressions += [one["expression"] for one in row["computations"]]
    if len(expressions) <= WARM:
        raise InputError(f"{request.data}: too few computations in its documents")
    table = pa.Table.from_pylist(contexts, schema=schema)
    with (
        pa.OSFile(str(folder / "contexts.arrow"), "wb") as sink,
        pa.ipc.new_file(sink, table.schema) as writer,
    ):
        writer.write_table(table)
    (folder / "expressions.json").write_text(json.dumps(expressions), encoding="utf-8")
    # Whole contexts are the warm-up, as many as hold WARM computations.
    warm = _warm(contexts)[1]
    (folder / "warm.json").write_text(str(warm))
    measured = len(expressions) - warm
    about = f"{measured:,} computations in {len(contexts) - _warm(contexts)[0]:,} contexts"
    return Given(measured, about)


def _contexts(texts: list[str]) -> list[pa.RecordBatch]:
    import pyarrow as pa

    from udfs.contexts import extract_contexts

    rows = {
        "doc_id": [f"{number:032x}" for number in range(len(texts))],
        "title": pa.nulls(len(texts), pa.string()),
        "text": texts,
    }
    return list(extract_contexts([pa.RecordBatch.from_pydict(rows)]))


def _warm(contexts: list[dict[str, Any]]) -> tuple[int, int]:
    """Return how many contexts come before the clock, and how many computations they hold."""
    held = 0
    for number, row in enumerate(contexts):
        if held >= WARM:
            return number, held
        held += len(row["computations"])
    return len(contexts), held


def ours(given: Path, out: Path, clock: Clock) -> dict[str, Any]:
    """The stage as Spark calls it, with the symbolic translator alone."""
    import pyarrow as pa

    from udfs.translate import translate

    with pa.OSFile(str(given / "contexts.arrow")) as source:
        table = pa.ipc.open_file(source).read_all().combine_chunks()
    rows = table.to_batches()[0]
    first, _ = _warm(rows.select(["computations"]).to_pylist())
    translators = ("symbolic",)
    list(translate([rows.slice(0, first)], translators=translators))
    measured = rows.slice(first)
    with clock:
        found = list(translate([measured], translators=translators))
    codes = [code for batch in found for code in batch.column("code").to_pylist()]
    reasons = [one for batch in found for one in batch.column("rejected_by").to_pylist() if one]
    (out / "done.json").write_text(json.dumps([code is not None for code in codes]))
    return {
        "done": len(codes) - len(reasons),
        "contexts": measured.num_rows,
        "left": {reason: reasons.count(reason) for reason in sorted(set(reasons))},
    }


def peer(given: Path, out: Path, clock: Clock, *, parser: str) -> dict[str, Any]:
    """One of the parsers, expression by expression."""
    parse = equation_peers.PARSERS[parser]()
    expressions = json.loads((given / "expressions.json").read_text(encoding="utf-8"))
    first = int((given / "warm.json").read_text())
    warm, measured = expressions[:first], expressions[first:]

    def is_read(latex: str) -> bool:
        try:
            return parse(latex) is not None
        except Exception:  # noqa: BLE001 - whatever a parser raises, it has not read it
            return False

    for latex in warm:
        is_read(latex)
    with clock:
        done = [is_read(latex) for latex in measured]
    (out / "done.json").write_text(json.dumps(done))
    return {"done": sum(done)}


def agree(mine: Outcome, peer: Outcome) -> dict[str, float]:
    """`read`: share the peer read; `read of ours`: of those that ours has a program for."""
    ours_done, peers_done = (
        json.loads((one.out / "done.json").read_text()) for one in (mine, peer)
    )
    both = sum(one and other for one, other in zip(ours_done, peers_done, strict=True))
    return {
        "read": sum(peers_done) / max(len(peers_done), 1),
        "read of ours": both / max(sum(ours_done), 1),
    }


def conclude(rows: list[dict[str, Any]]) -> dict[str, float]:
    """Tell what ours left, and its rate in contexts."""
    summary = rows[0]["summary"]
    return {
        "ours has a program for, of the computations": summary["done"] / rows[0]["units"],
        "contexts a CPU second, ours": summary["contexts"] / max(rows[0]["cpu_seconds"], 1e-6),
    }


CASES = [
    Case(
        name="translate",
        question="computations per second from LaTeX to a program",
        unit="computations",
        build=build,
        contestants=(
            Contestant("ours", ours),
            *(
                Contestant(name, peer, packages=packages, options={"parser": name})
                for name, packages in equation_peers.PACKAGES.items()
                if name in equation_peers.PARSERS
            ),
        ),
        agree=agree,
        conclude=conclude,
    )
]
