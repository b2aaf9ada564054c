"""How many true equalities are verified, and how many false ones: ours, parsers, MathCoder2's rule.

Each item is a document of its own: the text before the equality, the equality, the text after.
Ours goes the way of the pipeline (`extract_contexts`, `translate`, `verify`); an item counts as
verified when a program was verified whose span lies within the equality. The peers are handed
both sides and see no text, since they have no notion of it.

MathCoder2's rule judges the same programs' outputs, run in the same sandbox. As published (Lu et
al. 2024, arXiv 2410.08196, section 2.2, and the filter that its authors released): a program is
left out when it failed, or when the stated result is shorter than 20 characters, both it and the
output read as a complex number, and these differ by more than 0.01. All else is kept.

What matters here are the shares in the table beneath; the times say what an item costs.
"""

from __future__ import annotations

import json
import statistics
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.benchmarks import equation_peers
from tests.benchmarks.case import Case, Clock, Contestant, Given, Outcome, Request

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pyarrow as pa

_RULE_CHARACTERS = 20
_RULE_DISTANCE = 0.01


def build(folder: Path, request: Request) -> Given:
    """The items of the repository, or of the folder that was asked for."""
    from tests.benchmarks import equation_items

    items = equation_items.load(request.data)
    if request.size == "tiny":
        items = items[::6]
    for number, item in enumerate(items):
        item["number"] = number
    (folder / "items.json").write_text(json.dumps(items), encoding="utf-8")
    true = sum(item["truth"] for item in items)
    return Given(len(items), f"{true:,} true and {len(items) - true:,} false equalities")


def _items(given: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((given / "items.json").read_text(encoding="utf-8"))
    return found


def ours(given: Path, out: Path, clock: Clock) -> dict[str, Any]:
    """The stages one after the other, as Spark calls them."""
    import pyarrow as pa

    from conf import settings as conf_settings
    from udfs.verify.stage import verify

    items = _items(given)
    settings = conf_settings.load()

    def judge(programs: pa.Table) -> dict[str, bool]:
        """Say which programs were verified."""
        with_code = programs.filter(pa.compute.is_valid(programs["code"]))
        verdicts = verify(
            with_code.to_batches(),
            wall_seconds=settings.verify.wall_seconds,
            cpu_seconds=settings.verify.cpu_seconds,
            memory_bytes=settings.verify.memory_bytes,
            output_bytes=settings.verify.output_bytes,
            parallel=2,
            require=frozenset(settings.verify.require),
        )
        return {
            row["program_id"]: row["outcome"] == "verified"
            for batch in verdicts
            for row in batch.select(["program_id", "outcome"]).to_pylist()
        }

    _accepted(_warm(), judge)
    with clock:
        accepted, left = _accepted(items, judge)
    return _finish(out, items, accepted) | {"left": left}


def mathcoder2(given: Path, out: Path, clock: Clock) -> dict[str, Any]:
    """The published rule on what our programs print."""
    from conf import settings as conf_settings
    from udfs.verify.sandbox import Limits, Sandbox

    items = _items(given)
    limits = conf_settings.load().verify
    allowed = Limits(
        limits.wall_seconds, limits.cpu_seconds, limits.memory_bytes, limits.output_bytes
    )
    with Sandbox(require=frozenset(limits.require)) as sandbox:

        def judge(programs: pa.Table) -> dict[str, bool]:
            rows = [row for row in programs.to_pylist() if row["code"] is not None]
            codes = [row["code"] for row in rows]
            runs = sandbox.run_many(codes, limits=allowed, parallel=2)
            return {
                row["program_id"]: rule(row["result"], run.stdout, is_ok=run.kind == "ok")
                for row, run in zip(rows, runs, strict=True)
            }

        _accepted(_warm(), judge)
        with clock:
            accepted, left = _accepted(items, judge)
    return _finish(out, items, accepted) | {"left": left}


def _warm() -> list[dict[str, Any]]:
    """Items before the clock: they start the sandbox, with SymPy and without, and fill tables."""
    from tests.benchmarks import equation_items

    return equation_items.load(None)[1::6]


def rule(result: str, output: str, *, is_ok: bool) -> bool:
    """Whether MathCoder2 keeps a program.

    Args:
        result: the stated result.
        output: what the program printed.
        is_ok: whether it ended without an error.
    """
    if not is_ok:
        return False
    try:
        distance = abs(complex(result.strip()) - complex(output.strip()))
    except (ValueError, OverflowError):
        return True
    return len(result) >= _RULE_CHARACTERS or distance <= _RULE_DISTANCE


def _accepted(items: list[dict[str, Any]], judge: Any) -> tuple[list[bool], dict[str, int]]:
    """Take items through the pipeline; say which verified, and why others have no program."""
    import pyarrow as pa

    from tests.benchmarks import equation_items
    from udfs.contexts import extract_contexts
    from udfs.translate import translate

    documents = [equation_items.document(item) for item in items]
    batch = pa.RecordBatch.from_pydict(
        {
            "doc_id": [f"{number:032x}" for number in range(len(items))],
            "title": pa.nulls(len(items), pa.string()),
            "text": [text for text, _, _ in documents],
        }
    )
    contexts = extract_contexts([batch])
    programs = pa.Table.from_batches(translate(contexts, translators=("symbolic",)))

    def places(rows: pa.Table) -> Iterable[tuple[int, dict[str, Any]]]:
        for row in rows.to_pylist():
            number = int(row["doc_id"], 16)
            _, start, end = documents[number]
            if start <= row["span_start"] and row["span_end"] <= end:
                yield number, row

    asked = [row["program_id"] for _, row in places(programs)]
    # Only what lies within an equality is run: the rest of the text is not what is asked.
    wanted = programs.filter(pa.compute.is_in(programs["program_id"], pa.array(asked)))
    good = judge(wanted)
    accepted = [False] * len(items)
    left: Counter[str] = Counter()
    for number, row in places(wanted):
        accepted[number] |= good.get(row["program_id"], False)
        if row["rejected_by"]:
            left[row["rejected_by"]] += 1
    return accepted, dict(sorted(left.items()))


def peer(given: Path, out: Path, clock: Clock, *, name: str) -> dict[str, Any]:
    """A parser, or math-verify: both sides, no text."""
    items = _items(given)
    list(equation_peers.judged(name, items[:1]))
    with clock:
        found = list(equation_peers.judged(name, items))
    seconds = [cpu for _, cpu in found if cpu is not None]
    return _finish(out, items, [is_true for is_true, _ in found]) | {
        "killed": len(found) - len(seconds),
        "median CPU ms": 1000 * statistics.median(seconds) if seconds else None,
    }


def _finish(out: Path, items: list[dict[str, Any]], accepted: list[bool]) -> dict[str, Any]:
    """Write each item's answer for `agree`; return counts by kind."""
    (out / "accepted.json").write_text(json.dumps(accepted), encoding="utf-8")
    counts: dict[str, dict[str, int]] = {}
    for item, is_accepted in zip(items, accepted, strict=True):
        one = counts.setdefault(
            item["kind"], {"true": 0, "true_accepted": 0, "false": 0, "false_accepted": 0}
        )
        truth = "true" if item["truth"] else "false"
        one[truth] += 1
        one[f"{truth}_accepted"] += is_accepted
    return {"kinds": counts}


def agree(mine: Outcome, peer: Outcome) -> dict[str, float]:
    """`same answer`: share of the items of which both say the same."""
    left, right = (
        json.loads((one.out / "accepted.json").read_text(encoding="utf-8")) for one in (mine, peer)
    )
    return {"same answer": sum(map(bool.__eq__, left, right)) / max(len(left), 1)}


def tabulate(rows: list[dict[str, Any]]) -> list[list[str]]:
    """Per kind and contestant: true items verified, and false ones; then CPU time an item."""
    kinds = sorted(rows[0]["summary"]["kinds"], key=lambda kind: -_total([rows[0]], kind, "true"))
    heads = ["true verified / false accepted", "true", "false"]
    table = [[*heads, *(row["contestant"] for row in rows)]]
    for kind in [None, *kinds]:
        counts = [str(_total([rows[0]], kind, truth)) for truth in ("true", "false")]
        table.append(
            [kind or "all", *counts, *(_shares([row], kind) for row in rows)],
        )
    cost = [f"{1000 * row['cpu_seconds'] / max(row['units'], 1):.1f}" for row in rows]
    killed = [str(row["summary"].get("killed", "-")) for row in rows]
    return [*table, ["CPU ms an item", "", "", *cost], ["killed after 20 s", "", "", *killed]]


def _shares(rows: list[dict[str, Any]], kind: str | None) -> str:
    parts = []
    for truth in ("true", "false"):
        total = _total(rows, kind, truth)
        accepted = _total(rows, kind, f"{truth}_accepted")
        parts.append(f"{100 * accepted / total:.1f}%" if total else "-")
    return " / ".join(parts)


def _total(rows: list[dict[str, Any]], kind: str | None, field: str) -> int:
    return sum(
        counts[field]
        for row in rows
        for name, counts in row["summary"]["kinds"].items()
        if kind in (None, name)
    )


CASES = [
    Case(
        name="equations",
        question="true equalities verified, and false ones: the whole pipeline and the peers",
        unit="items",
        build=build,
        contestants=(
            Contestant("ours", ours),
            Contestant("MathCoder2's rule", mathcoder2),
            *(
                Contestant(name, peer, packages=packages, options={"name": name})
                for name, packages in equation_peers.PACKAGES.items()
            ),
        ),
        agree=agree,
        tabulate=tabulate,
        rounds=1,
        warmups=0,
        limit_seconds=7200,
    )
]
