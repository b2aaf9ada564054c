"""Another domain runs the same jobs and builds its own pile, in a root of its own."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from conf import settings as conf_settings
from conf import tables
from conf.sample.build import Response, write_warc
from jobs import pipeline, runner, session
from tests import lake
from tests.test_domains import OTHER, PAGES, html

# What they all rest on is made once, by one worker.
pytestmark = pytest.mark.xdist_group("domains")

GERMAN = (
    "<h1>Neutralisation</h1><p>Die Säure reagiert mit der Lauge zu Salz und Wasser: "
    "\\(\\ce{HCl + NaOH -> NaCl + H2O}\\). Bei der Titration wird die Konzentration der Salzsäure "
    "bestimmt; die Stoffmenge ist \\(n = cV\\), die Reaktion ist exotherm. Fragen an "
    "labor@example.org. <a rel='license' href='https://creativecommons.org/licenses/by-sa/4.0/'>"
    "CC BY-SA</a></p>"
)
NO_AI = b"<meta name='robots' content='noai'>" + html(PAGES["chemistry"][0])
JOBS = (
    "list_crawl",
    "read_crawl",
    "extract_text",
    "train_filter",
    "score_documents",
    "build_pile",
)


@pytest.fixture(scope="module")
def chemistry(spark, tmp_path_factory):
    """Return the settings of a root after a crawl of pages of every domain."""
    folder = tmp_path_factory.mktemp("chemistry")
    bodies = {
        f"{name}-{number}": html(body)
        for name, some in (PAGES | {"other": OTHER}).items()
        for number, body in enumerate(some)
    }
    bodies |= {"chemistry-de": html(GERMAN), "noai": NO_AI, "blocked/one": html(GERMAN)}
    write_warc(
        folder / "crawl.warc.gz",
        [Response(url=f"https://pages.example/{name}", body=body) for name, body in bodies.items()],
    )
    (folder / "list.txt").write_text("pages.example/blocked\n", encoding="utf-8")
    settings = conf_settings.load(
        words=[
            f"root={folder / 'root'}",
            "domain=chemistry",
            "datasets=[]",
            f"crawl.paths={json.dumps([str(folder / 'crawl.warc.gz')])}",
            f"extract.blocked={json.dumps([str(folder / 'list.txt')])}",
            "score.rounds=1",
        ]
    )
    for name in JOBS:
        runner.run(spark, settings, pipeline.job(name))
    return settings


def _rows(settings, name):
    return {
        row["url"].removeprefix("https://pages.example/"): row
        for row in lake.table(Path(settings.root), name)
    }


def test_the_pile_is_chemistry(chemistry):
    scores = {row["doc_id"]: row for row in lake.table(Path(chemistry.root), tables.SCORES)}
    assert {row["model"].partition("-")[0] for row in scores.values()} == {"chemistry"}
    pile = _rows(chemistry, tables.PILE)
    wanted = {f"chemistry-{number}" for number in range(len(PAGES["chemistry"]))}
    assert wanted | {"chemistry-de"} <= set(pile)
    assert "math-0" not in pile
    assert not any(name.startswith("other") for name in pile)
    assert "$\\ce{CH4 + 2O2 ->[\\Delta] CO2 + 2H2O}$" in pile["chemistry-0"]["text"]


def test_rights_and_personal_data_reach_the_tables(chemistry):
    documents = _rows(chemistry, tables.DOCUMENTS)
    assert documents["noai"]["rejected_by"] == "opted_out"
    assert documents["blocked/one"]["rejected_by"] == "blocked_url"
    german = documents["chemistry-de"]
    assert german["language"] == "de"
    assert german["licence"] == "cc-by-sa-4.0"
    assert dict(german["masked"]) == {"email": 1}
    assert "labor@example.org" not in german["text"]


def test_languages_are_kept_by_conf(spark, chemistry):
    def kept(languages):
        keep = chemistry.keep.model_copy(update={"languages": languages})
        chosen = chemistry.model_copy(update={"keep": keep})
        rows = session.table(spark, chosen, tables.KEPT_DOCUMENTS).select("language").collect()
        return {row["language"] for row in rows}

    assert kept(["de"]) == {"de"}
    assert kept(["en", "unknown"]) == {"en"}
