r"""Megabytes of text per second in which computations are found with all they rest on.

The peer, pylatexenc's `LatexWalker`, reads the same texts into a tree of macros, groups and
formulas. It is what is at hand for finding formulas in a text; it knows no relations, sentences
or conditions, so it does a part of the work only.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.benchmarks.case import Case, Clock, Contestant, Given, InputError, Outcome, Request

COUNTS = {"tiny": 30, "small": 1500, "full": 15_000}


def build(folder: Path, request: Request) -> Given:
    """Generated documents, or those of the folder that was asked for."""
    found = load(request)
    (folder / "texts.json").write_text(json.dumps(found), encoding="utf-8")
    size = sum(len(text.encode()) for text in found)
    formulas = sum(text.count("$") // 2 for text in found)
    about = f"{len(found):,} documents, {size / 1e6:.2f} MB, some {formulas:,} formulas"
    return Given(max(size // 1000, 1), about)


def load(request: Request) -> list[str]:
    """Return the texts that a request asks for."""
    from tests.benchmarks import equation_items, generated

    if request.data is None:
        return list(generated.documents(COUNTS[request.size]))
    found = equation_items.texts(request.data)
    if not found:
        raise InputError(f"{request.data}: its documents hold no text")
    return found


def ours(given: Path, out: Path, clock: Clock) -> dict[str, Any]:
    """The stage as Spark calls it, a killable child for each batch included."""
    import pyarrow as pa

    from conf import settings as conf_settings
    from udfs.contexts import extract_contexts

    texts = _texts(given)
    settings = conf_settings.load().contexts
    rows = pa.RecordBatch.from_pydict(
        {
            "doc_id": [f"{number:032x}" for number in range(len(texts))],
            "title": pa.nulls(len(texts), pa.string()),
            "text": texts,
        }
    )

    def work(batch: pa.RecordBatch) -> list[pa.RecordBatch]:
        return list(
            extract_contexts(
                [batch],
                earlier_sentences=settings.earlier_sentences,
                cpu_seconds=settings.cpu_seconds,
                memory_bytes=settings.memory_bytes,
            )
        )

    work(rows.slice(0, 1))
    with clock:
        found = work(rows)
    spans = [
        [int(row["doc_id"], 16), computation["span_start"], computation["span_end"]]
        for batch in found
        for row in batch.select(["doc_id", "computations"]).to_pylist()
        for computation in row["computations"]
    ]
    (out / "spans.json").write_text(json.dumps(spans), encoding="utf-8")
    kinds = [row for batch in found for row in batch.column("rejected_by").to_pylist()]
    return {
        "contexts": kinds.count(None),
        "computations": len(spans),
        "documents without any": len(kinds) - kinds.count(None),
    }


def pylatexenc(given: Path, out: Path, clock: Clock) -> dict[str, Any]:
    """Formulas and their place, in its mode that bears faults."""
    from pylatexenc.latexwalker import LatexMathNode, LatexWalker

    texts = _texts(given)

    def formulas(text: str) -> list[tuple[int, int]]:
        nodes, _, _ = LatexWalker(text, tolerant_parsing=True).get_latex_nodes()
        places = []
        waiting = list(nodes)
        while waiting:
            node = waiting.pop()
            if node is None:
                continue
            is_display = getattr(node, "environmentname", "").rstrip("*") in _DISPLAYS
            if isinstance(node, LatexMathNode) or is_display:
                places.append((node.pos, node.pos + node.len))
            else:
                waiting += getattr(node, "nodelist", None) or []
        return places

    formulas(texts[0])
    with clock:
        found = [formulas(text) for text in texts]
    spans = [[number, *place] for number, places in enumerate(found) for place in places]
    (out / "spans.json").write_text(json.dumps(spans), encoding="utf-8")
    return {"formulas": len(spans)}


_DISPLAYS = {"align", "aligned", "equation", "gather", "multline", "eqnarray", "alignat"}


def _texts(given: Path) -> list[str]:
    found: list[str] = json.loads((given / "texts.json").read_text(encoding="utf-8"))
    return found


def agree(mine: Outcome, peer: Outcome) -> dict[str, float]:
    """`places`: share of our computations that lie within a formula of the peer's."""
    ours_spans, peers_spans = (
        json.loads((one.out / "spans.json").read_text(encoding="utf-8")) for one in (mine, peer)
    )
    held: dict[int, list[tuple[int, int]]] = {}
    for document, start, end in peers_spans:
        held.setdefault(document, []).append((start, end))
    inside = sum(
        any(low <= start and end <= high for low, high in held.get(document, ()))
        for document, start, end in ours_spans
    )
    return {"places": inside / max(len(ours_spans), 1)}


def conclude(rows: list[dict[str, Any]]) -> dict[str, float]:
    """Tell ours in the unit that people think in."""
    return {
        "MB of text a CPU second, ours": rows[0]["units_per_cpu_second"] / 1000,
        "computations a CPU second, ours": rows[0]["summary"]["computations"]
        / max(rows[0]["cpu_seconds"], 1e-6),
    }


CASES = [
    Case(
        name="contexts",
        question="text searched per second for computations and what they rest on",
        unit="kB",
        build=build,
        contestants=(
            Contestant("ours", ours),
            Contestant("pylatexenc", pylatexenc, packages=("pylatexenc==2.11",)),
        ),
        agree=agree,
        conclude=conclude,
    )
]
