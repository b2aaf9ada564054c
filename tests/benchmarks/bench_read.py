"""Pages per second from WARC file to the pages that may be of the domain: `read_crawl`, fastwarc.

The peer is a limit: fastwarc iterates over the responses and inflates each, and does nothing else
with them. Ours does what a crawl needs on top: it reads HTTP headers, undoes encodings, tells
pages from what is sent as such, looks for the domain's marks in the bytes, and makes Arrow
batches of the pages kept. `read-crawl` is a crawl as it comes; in `read-web` one page in forty
holds mathematics, which still is more than the web has.
"""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any

from tests.benchmarks import bench_extract
from tests.benchmarks.case import Case, Clock, Contestant, Given, Outcome, Request

if TYPE_CHECKING:
    from pathlib import Path

REPEATS = 5
"""Readings of each file within the clock: one takes too short to be measured."""
_SHARE = 40


def build(folder: Path, request: Request) -> Given:
    """Copies of the sample as one file, since a crawl's are long; or those that were asked for."""
    given = bench_extract.build(folder, request)
    if not request.warcs:
        parts = sorted(folder.iterdir())
        (folder / "crawl.warc.gz").write_bytes(b"".join(part.read_bytes() for part in parts))
        for part in parts:
            part.unlink()
    return Given(REPEATS * given.units, f"{given.about}, each read {REPEATS} times")


def build_web(folder: Path, request: Request) -> Given:
    """Of the same files, all pages without marks of mathematics, and few with."""
    from conf import settings as conf_settings
    from conf.sample.warc import Response, write_warc
    from udfs.markers import compiled

    whole = folder / "whole"
    whole.mkdir()
    bench_extract.build(whole, request)
    markers = compiled(conf_settings.domain("math").markers)
    plain, marked = [], []
    for url, html in bench_extract._responses(whole):
        (marked if markers.holds(html) else plain).append(Response(url, html))
    shutil.rmtree(whole)
    pages = plain + marked[: len(plain) // _SHARE]
    write_warc(folder / "web.warc.gz", pages)
    size = (folder / "web.warc.gz").stat().st_size
    about = f"{len(pages):,} HTML pages, {size / 1e6:.1f} MB, each read {REPEATS} times"
    return Given(REPEATS * len(pages), about)


def ours(given: Path, out: Path, clock: Clock) -> dict[str, Any]:
    """The stage as Spark calls it."""
    from conf import settings as conf_settings
    from udfs.markers import compiled
    from udfs.warc import read_crawl

    settings = conf_settings.load()
    markers = compiled(conf_settings.domain(settings.domain).markers)
    files = bench_extract._files(given)
    limit = settings.crawl.max_html_bytes
    for _ in read_crawl([files.slice(0, 1)], markers=markers, max_html_bytes=limit):
        pass
    pages = 0
    responses = 0
    with clock:
        for _ in range(REPEATS):
            for batch in read_crawl([files], markers=markers, max_html_bytes=limit):
                pages += batch.num_rows - batch.column("page").null_count
                for read in batch.column("read").drop_null():
                    responses += read["records"].as_py()
    return {"responses": responses, "pages": pages}


def fastwarc(given: Path, out: Path, clock: Clock) -> dict[str, Any]:
    """Iterate, inflate, drop."""
    from fastwarc.warc import ArchiveIterator, WarcRecordType

    def read() -> int:
        count = 0
        for path in sorted(given.iterdir()):
            with path.open("rb") as stream:
                for record in ArchiveIterator(stream, record_types=WarcRecordType.response):
                    record.reader.read()
                    count += 1
        return count

    read()
    with clock:
        responses = sum(read() for _ in range(REPEATS))
    return {"responses": responses}


def agree(mine: Outcome, peer: Outcome) -> dict[str, float]:
    """Compare counts.

    Returns:
        `responses`: ours over the peer's. `kept`: share of the responses that ours kept.
    """
    ours_found, theirs = mine.summary, peer.summary
    return {
        "responses": ours_found["responses"] / max(theirs["responses"], 1),
        "kept": ours_found["pages"] / max(ours_found["responses"], 1),
    }


_CONTESTANTS = (Contestant("ours", ours), Contestant("fastwarc", fastwarc))
CASES = [
    Case(
        name="read-crawl",
        question="reading and prefilter, held against fastwarc's bare iteration",
        unit="pages",
        build=build,
        contestants=_CONTESTANTS,
        agree=agree,
        rounds=5,
    ),
    Case(
        name="read-web",
        question="the same on pages of which few hold mathematics, as the web's",
        unit="pages",
        build=build_web,
        contestants=_CONTESTANTS,
        agree=agree,
        rounds=5,
    ),
]
