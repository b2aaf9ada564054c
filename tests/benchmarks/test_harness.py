"""The harness on tiny inputs: what is counted, what is told when something fails. No times."""

from __future__ import annotations

import dataclasses
import itertools
import json
import math
import re
import subprocess
import sys
from collections import Counter
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from pyarrow import parquet
from rich.console import Console

from conf.sample import sources
from conf.sample.sources import Page
from tests.benchmarks import __main__ as command
from tests.benchmarks import (
    bench_duplicates,
    bench_run,
    dedup_corpus,
    dedup_truth,
    harness,
    peers,
    process,
    sample,
    table,
    trivial,
)
from tests.benchmarks.case import Case, Contestant, Given, Request
from udfs import minhash, normal

TINY = Request("tiny")
OURS = Contestant("ours", trivial.add)


def case(*contestants: Contestant, **changes: Any) -> Case:
    made = Case(
        "adding",
        "how fast is +?",
        "numbers",
        trivial.build,
        contestants,
        trivial.agree,
        rounds=2,
        warmups=1,
    )
    return dataclasses.replace(made, **changes)


def one(contestant: Contestant, **changes: Any) -> harness.Standing:
    """Run a contestant once, alone."""
    changes = {"rounds": 1, "warmups": 0} | changes
    return harness.run_case(case(contestant, **changes), TINY).base


def test_contestants_take_turns_after_a_warm_up():
    report = harness.run_case(
        case(
            Contestant("ours", trivial.add), Contestant("peer", trivial.add, options={"wrong": 6})
        ),
        TINY,
    )
    assert [len(standing.rounds) for standing in report.standings] == [2, 2]
    assert report.standings[1].rounds[-1].summary["order"].split() == ["0", "6"] * 3


def test_json_holds_input_versions_machine_and_all_rounds(tmp_path):
    report = harness.run_case(
        case(
            Contestant("ours", trivial.add),
            Contestant("peer", trivial.add, options={"wrong": 6}, copies=4),
        ),
        TINY,
    )
    found = json.loads(harness.write_json(report, tmp_path).read_text())
    assert found["input"] == "three numbers, tiny"
    assert {"cpu", "cores", "memory_bytes", "load_average", "is_quiet"} <= found["machine"].keys()
    ours, peer = found["contestants"]
    assert (ours["units"], peer["units"]) == (3, 12)
    assert peer["agreement"] == {"sum": 2.0}
    assert peer["versions"]["python"] == sys.version.split()[0]
    assert [sorted(one) for one in peer["rounds"]] == [
        ["cpu_seconds", "peak_bytes", "wall_seconds"]
    ] * 2
    assert math.isclose(
        peer["ours_is_times_faster"], ours["units_per_second"] / peer["units_per_second"]
    )


@pytest.mark.parametrize("can_group", [True, False])
def test_cpu_time_of_every_descendant_counts_and_preparation_does_not(can_group, monkeypatch):
    if not can_group:
        monkeypatch.setattr(process, "_make_group", lambda: None)
    standing = one(Contestant("ours", trivial.burn, options={"before": 1.0, "within": 0.5}))
    # Sampled, the last moments of a process that nobody waits for are lost.
    assert 0.25 <= standing.rounds[0].cpu_seconds < 1.0, standing.not_measured


def test_memory_of_children_counts():
    small = one(Contestant("ours", trivial.hold, options={"megabytes": 1})).rounds[0].peak_bytes
    large = one(Contestant("ours", trivial.hold, options={"megabytes": 101})).rounds[0].peak_bytes
    assert 90 << 20 < large - small < 110 << 20


@pytest.mark.parametrize(
    ("contestant", "reason"),
    [
        (Contestant("ours", trivial.fail), "ValueError: no such formula"),
        (Contestant("ours", trivial.idle), "did no work within `with clock:`"),
        (
            Contestant("ours", trivial.add, packages=("./no-such-folder",)),
            "pip install failed: .*no-such",
        ),
    ],
)
def test_who_fails_is_told_with_the_reason(contestant, reason, monkeypatch, tmp_path):
    monkeypatch.setattr(peers.python_for, "__defaults__", (tmp_path,))
    peer = dataclasses.replace(contestant, name="peer")
    report = harness.run_case(
        case(Contestant("ours", trivial.add), peer, rounds=1, warmups=0), TINY
    )
    assert re.search(reason, report.standings[1].not_measured or "measured")
    assert report.to_json()["contestants"][1]["not_measured"]
    shown = StringIO()
    table.show(report, Console(file=shown, width=150))
    assert re.search(f"peer: not measured: .*{reason}", shown.getvalue()), shown.getvalue()


def test_a_run_over_its_limit_is_ended(monkeypatch, tmp_path):
    seen = {}

    def kept(folder: Path, request: Request) -> Given:
        seen["given"] = folder
        return trivial.build(folder, request)

    ended = []
    real = process._end

    def end(running: subprocess.Popen[bytes], meter: process.TreeMeter) -> None:
        pid = int((seen["given"] / "pid").read_text())
        real(running, meter)
        ended.append(not Path(f"/proc/{pid}").exists() if Path("/proc").exists() else True)

    monkeypatch.setattr(process, "_end", end)
    standing = one(Contestant("ours", trivial.sleep), build=kept, limit_seconds=3)
    assert standing.not_measured == "took longer than 3 s"
    assert ended == [True]


def test_every_group_is_given_back():
    with process.open_meter() as meter:
        group = meter.group
    assert group is None or not group.exists()


def test_each_case_has_a_name_of_its_own_and_pins_its_peers():
    known = command.cases()
    assert len({one.name for one in known}) == len(known)
    assert {one.name.partition("-")[0] for one in known} >= {
        "contexts",
        "duplicates",
        "equations",
        "extract",
        "run",
        "shards",
        "translate",
        "verify",
    }
    packages = [p for one in known for peer in one.contestants for p in peer.packages]
    assert packages
    assert [p for p in packages if not re.fullmatch(r"[\w.-]+==[\w.]+", p)] == []


def test_names_choose_cases_and_their_variants():
    known = command.cases()
    assert [one.name for one in command.choose(["verify-print", "run"], known)] == [
        "run",
        "verify-print",
    ]
    variants = [one.name for one in known if one.name.startswith("verify-")]
    assert len(variants) > 2
    assert [one.name for one in command.choose(["verify"], known)] == variants
    with pytest.raises(ValueError, match=r"no case verfy; there are .*shards"):
        command.choose(["verfy"], known)


@pytest.mark.parametrize(
    "name",
    [
        "contexts",
        "duplicates-sign",
        "equations",
        "extract-crawl",
        "extract-math",
        "shards",
        "translate",
        "verify-standard",
    ],
)
def test_ours_runs_in_each_case(name):
    (chosen,) = command.choose([name], command.cases())
    alone = dataclasses.replace(chosen, contestants=chosen.contestants[:1])
    standing = harness.run_case(alone, TINY, rounds=1, warmups=0).base
    assert standing.not_measured is None
    assert standing.rounds[0].cpu_seconds > 0
    assert any(value for value in standing.rounds[0].summary.values())


@pytest.fixture(scope="module")
def corpus(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("corpus")
    dedup_corpus.write(folder, 3_000)
    return folder


def known(corpus: Path) -> Any:
    return json.loads((corpus / "known.json").read_text())


def test_what_is_told_of_the_corpus_is_true_of_its_texts(corpus):
    lines = (corpus / "documents.jsonl").read_text().splitlines()
    rows = [json.loads(line) for line in lines]
    assert [int(row["doc_id"]) for row in rows] == list(range(3_000))
    assert {len(row["doc_id"]) for row in rows} == {32}
    words = [row["text"].split() for row in rows]
    assert all(300 <= len(one) <= 800 for one in words)
    shingled = [{tuple(one[i : i + 5]) for i in range(len(one) - 4)} for one in words]
    for one in known(corpus)["families"]:
        for left, right, told in one["pairs"]:
            first, second = (shingled[one["members"][place]] for place in (left, right))
            true = len(first & second) / len(first | second)
            if one["kind"] == "boilerplate":
                assert true > told - 1e-6 > 0.85
            else:
                assert true == pytest.approx(told, abs=1e-6)


def test_the_corpus_holds_what_is_hard_in_the_shares_that_are_asked_for(corpus):
    families = known(corpus)["families"]
    members = [document for one in families for document in one["members"]]
    assert len(set(members)) == len(members)
    assert 0.3 < len(members) / 3_000 < 0.4
    by_kind = {
        kind: [one for one in families if one["kind"] == kind]
        for kind in ("boilerplate", "chain", "copies", "family")
    }
    assert len(by_kind["boilerplate"][0]["members"]) == 300
    assert {len(one["members"]) for one in by_kind["family"][:-1]} == {2, 3, 4, 5, 6}
    assert all(true == 1 for one in by_kind["copies"] for *_, true in one["pairs"])
    for one in by_kind["chain"]:
        links = [true for left, right, true in one["pairs"] if right == left + 1]
        assert len(links) == len(one["members"]) - 1
        assert all(0.82 <= true < 1 for true in links)
    tenths = Counter(
        min(int(true * 10), 9) for one in by_kind["family"] for *_, true in one["pairs"]
    )
    assert all(0.12 < tenths[one] / tenths.total() < 0.28 for one in (5, 6, 7, 8, 9)), tenths


def test_the_corpus_is_the_same_each_time_and_in_both_formats(corpus, tmp_path):
    dedup_corpus.write(tmp_path, 3_000)
    for name in ("documents.jsonl", "known.json"):
        assert (tmp_path / name).read_bytes() == (corpus / name).read_bytes()
    files = sorted((corpus / "documents.parquet").glob("*.parquet"))
    assert len(files) >= 8
    rows = [row for path in files for row in parquet.read_table(path).to_pylist()]
    assert [(row["doc_id"], row["text"]) for row in rows] == [
        tuple(json.loads(line).values())
        for line in (corpus / "documents.jsonl").read_text().splitlines()
    ]
    assert [row["number"] for row in rows] == list(range(3_000))
    assert parquet.read_table(corpus / "few.parquet").to_pylist() == rows[:100]


TRUTH = {
    "threshold": 0.8,
    "families": [
        # 0-1-2 are connected by 0-1 and 1-2; 3 belongs to none of them.
        {
            "kind": "family",
            "members": [10, 11, 12, 13],
            "pairs": [(0, 1, 0.9), (0, 2, 0.7), (0, 3, 0.6), (1, 2, 0.8), (1, 3, 0.5), (2, 3, 0.5)],
        },
        {"kind": "copies", "members": [20, 21], "pairs": [(0, 1, 1.0)]},
    ],
}


@pytest.mark.parametrize(
    ("clusters", "expected"),
    [
        ({10: 0, 11: 0, 12: 0, 20: 1, 21: 1, 99: 2}, (1, 1, 1, 1, 1, 0, 1)),
        ({}, (0, 0, 0, 0, 0, 0, 0)),
        # A part of a component, nothing wrong: 2 of its 3 pairs lie apart, one of them near.
        ({10: 0, 11: 0, 20: 1, 21: 1}, (0.5, 1, 1, 0.5, 0.5, 0, 2 / 3)),
        # The fourth with them: of 6 pairs together 3 are connected.
        ({10: 0, 11: 0, 12: 0, 13: 0, 20: 1, 21: 1}, (1, 1, 0.5, 0.5, 0.5, 0, 4 / 3)),
        # A stranger beside the copies, and two strangers.
        ({20: 1, 21: 1, 98: 1, 99: 2, 97: 2}, (0, 1, 0, 0, 0, 2, 1)),
    ],
)
def test_clusters_are_held_against_the_exact_graph(clusters, expected):
    names = (
        "pair_recall",
        "rest_recall",
        "pair_precision",
        "cluster_recall",
        "cluster_precision",
        "mixed",
        "removed",
    )
    found = dedup_truth.score(clusters, TRUTH)
    assert found == pytest.approx(dict(zip(names, expected, strict=True)))


def test_the_exponent_of_growth_is_told_without_the_fixed_part():
    assert bench_duplicates.exponent([(x, 30 + 2 * x**1.5) for x in (10, 100, 1000)]) == (
        pytest.approx(1.5)
    )
    assert math.isnan(bench_duplicates.exponent([(10, 5), (100, 4), (1000, 6)]))
    rows = [
        {"units": x, "wall_seconds": 9.0 + x, "cpu_seconds": 0.1 * x, "peak_bytes": 2**30}
        for x in (10, 100, 1000)
    ]
    found = bench_duplicates.conclude(rows)
    assert found["wall exponent without fixed part"] == pytest.approx(1)
    assert found["wall exponent 100 to 1,000"] == pytest.approx(math.log10(1009 / 109))
    assert found["CPU exponent 10 to 100"] == pytest.approx(1)
    assert found["CPU ms a document at 1,000"] == pytest.approx(100)
    assert found["peak MiB at 10"] == 1024


def similarity(one: Page, other: Page) -> float:
    """Jaccard of the bodies' shingles; of the furniture around them nothing gets into a text."""
    left, right = (
        set(minhash.shingle(normal.canonical(page.body), minhash.Method(0.8, 5)).tolist())
        for page in (one, other)
    )
    return len(left & right) / len(left | right)


def test_copies_of_the_sample_are_no_duplicates():
    for one_page, other in zip(*sample.pages(2), strict=True):
        assert one_page.url != other.url
        assert one_page.formulas == other.formulas
        assert similarity(one_page, other) < 0.7, one_page.url


def test_most_near_duplicates_of_the_sample_stay_so():
    pages = sources.load()
    (copy,) = sample.pages(1)
    near = [
        (left, right)
        for left, right in itertools.combinations(range(len(pages)), 2)
        if pages[left].group
        and pages[left].group == pages[right].group
        and similarity(pages[left], pages[right]) > 0.85
    ]
    assert len(near) > 3
    found = [similarity(copy[left], copy[right]) for left, right in near]
    assert sum(one > 0.75 for one in found) > 0.8 * len(near), found


def test_linear_growth_is_told_from_faster_growth():
    line = [(3.0, 20.0 + 3 * 2), (6.0, 20.0 + 6 * 2), (12.0, 20.0 + 12 * 2)]
    slope, fixed, r2 = bench_run.fit(line)
    assert (slope, fixed, r2) == pytest.approx((2, 20, 1))
    assert bench_run.growth(line) == pytest.approx(1)
    assert bench_run.growth([(x, x * x) for x in (1.0, 2.0, 4.0)]) == pytest.approx(2)
    assert math.isnan(bench_run.growth([(1, 5), (2, 5), (4, 6)]))


def test_the_conclusion_tells_the_growth_of_the_whole_and_of_each_job():
    rows = [
        {
            "units": size,
            "wall_seconds": 20.0 + 3 * size,
            "cpu_seconds": 5.0 + size * size,
            "rounds": [{"wall_seconds": 20.0 + 3 * size, "cpu_seconds": 5.0 + size * size}],
            "summary": {"jobs": {"read_crawl": 1.0 + size}},
        }
        for size in (1.0, 2.0, 4.0)
    ]
    found = bench_run.conclude(rows)
    assert found["seconds a WARC file"] == pytest.approx(3)
    assert found["seconds fixed"] == pytest.approx(20)
    assert found["seconds R2"] == pytest.approx(1)
    assert found["CPU seconds growth"] == pytest.approx(2)
    assert found["read_crawl: growth"] == pytest.approx(1)


def test_a_damaged_file_is_refused_before_anything_runs(tmp_path, capsys):
    path = tmp_path / "cut.warc.gz"
    sample.write_copies(tmp_path, 1)
    whole = (tmp_path / "copy-0000-0.warc.gz").read_bytes()
    middle = len(whole) // 2
    path.write_bytes(whole[:middle] + b"\0" * 500 + whole[middle + 500 :])
    with pytest.raises(SystemExit) as ended:
        command.main(["extract-crawl", "--warc", str(path)])
    assert ended.value.code == 2
    assert "stops at damage" in capsys.readouterr().err
