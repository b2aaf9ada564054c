"""Pages per second from WARC file to text: `read_crawl` and `extract_text`, and the peers.

All read the same WARC files in one process of their own and end with the texts in memory. The
peers get their pages from fastwarc, the fastest reader there is, so what is compared is the
extractor. `extract-crawl` is a crawl as it comes: ours looks for marks of mathematics in the
bytes and extracts those pages alone, the peers have no such filter and extract all.
`extract-math` holds only pages that pass the filter, so that everybody extracts the same ones.

Not among the peers: OpenWebMath's extractor, since it is no package that could be installed.
"""

from __future__ import annotations

import json
import re
import shutil
from collections import Counter
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.benchmarks.case import Case, Clock, Contestant, Given, InputError, Outcome, Request

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    import pyarrow as pa

COPIES = {"tiny": 1, "small": 5, "full": 60}

_FORMULA = re.compile(r"\$\$(.+?)\$\$|\$([^$\n]+?)\$", re.DOTALL)
_WORD = re.compile(r"[^\W\d_]{3,}")


def build(folder: Path, request: Request) -> Given:
    """Copies of the sample, or the files that were asked for."""
    from tests.benchmarks import sample

    if request.warcs:
        for number, path in enumerate(request.warcs):
            shutil.copyfile(path, folder / f"{number:04d}-{path.name}")
    else:
        sample.write_copies(folder, COPIES[request.size])
    return _given(folder)


def build_math(folder: Path, request: Request) -> Given:
    """Of the same files, the pages that hold marks of mathematics."""
    from conf.sample.warc import Response, write_warc

    whole = folder / "whole"
    whole.mkdir()
    build(whole, request)
    rows = [row for batch in _pages(_files(whole)) for row in batch.to_pylist()]
    shutil.rmtree(whole)
    write_warc(
        folder / "math.warc.gz",
        (Response(row["url"], row["html"], row["content_type"] or "") for row in rows),
    )
    return _given(folder)


def _given(folder: Path) -> Given:
    files = sorted(folder.iterdir())
    try:
        count = sum(1 for _ in _responses(folder))
    except OSError as error:
        raise InputError(f"fastwarc, by which the peers read, stops at damage: {error}") from error
    size = sum(path.stat().st_size for path in files)
    return Given(count, f"{count:,} HTML pages in {len(files)} WARC files, {size / 1e6:.1f} MB")


def ours(given: Path, out: Path, clock: Clock) -> dict[str, Any]:
    """The two stages, one after the other, as Spark calls them."""
    from conf import settings as conf_settings
    from udfs.html import extract_text

    extract = conf_settings.load().extract
    work = partial(
        extract_text,
        min_formulas=extract.min_formulas,
        cpu_seconds=extract.cpu_seconds,
        memory_bytes=extract.memory_bytes,
    )
    # Workers live long: what they do once (tables, patterns) is not counted, for nobody.
    for batch in work(page.slice(0, 1) for page in _pages(_files(given).slice(0, 1))):
        assert batch.num_rows == 1
    batches: list[pa.RecordBatch] = []
    with clock:
        batches.extend(work(_pages(_files(given))))
    rows = [row for batch in batches for row in batch.select(["url", "text"]).to_pylist()]
    return _finish(out, [(row["url"], row["text"]) for row in rows])


def _files(folder: Path) -> pa.RecordBatch:
    """Rows of `crawl_files`, as far as `read_crawl` reads them."""
    import pyarrow as pa

    paths = sorted(str(path) for path in folder.iterdir())
    columns = {
        "file_id": paths,
        "path": paths,
        "crawl": pa.nulls(len(paths), pa.string()),
        "attempt": pa.array([1] * len(paths), pa.int32()),
    }
    return pa.RecordBatch.from_pydict(columns)


def _pages(files: pa.RecordBatch) -> Iterator[pa.RecordBatch]:
    import pyarrow as pa

    from conf import settings as conf_settings
    from udfs.warc import read_crawl

    settings = conf_settings.load()
    found = read_crawl(
        [files],
        markers=conf_settings.domain(settings.domain).markers,
        max_html_bytes=settings.crawl.max_html_bytes,
    )
    for batch in found:
        pages = batch.column("page").drop_null()
        if len(pages):
            yield pa.RecordBatch.from_struct_array(pages)


def _responses(folder: Path) -> Iterator[tuple[str, bytes]]:
    """URL and bytes of each HTML page that a server sent whole, by fastwarc."""
    from fastwarc.warc import ArchiveIterator, WarcRecordType

    for path in sorted(folder.iterdir()):
        with path.open("rb") as stream:
            for record in ArchiveIterator(stream, record_types=WarcRecordType.response):
                http = record.http_headers
                if http is None or http.status_code != 200:
                    continue
                kind = (record.http_content_type or "text/html").lower()
                if kind in ("text/html", "application/xhtml+xml"):
                    yield record.headers["WARC-Target-URI"], record.reader.read()


def trafilatura(given: Path, out: Path, clock: Clock) -> dict[str, Any]:
    """Set for recall, with tables and Markdown: as math corpora use it."""
    import trafilatura as peer

    def extract(url: str, html: bytes) -> tuple[str, str | None]:
        return url, peer.extract(html, url=url, output_format="markdown", favor_recall=True)

    return _measured(extract, given, out, clock)


def resiliparse(given: Path, out: Path, clock: Clock) -> dict[str, Any]:
    """Its main content, links left out, image texts kept (some hold LaTeX)."""
    from resiliparse.extract.html2text import extract_plain_text
    from resiliparse.parse.encoding import detect_encoding
    from resiliparse.parse.html import HTMLTree

    def extract(url: str, html: bytes) -> tuple[str, str | None]:
        charset = detect_encoding(html, from_html_meta=True) or "utf-8"
        tree = HTMLTree.parse_from_bytes(html, charset)
        return url, extract_plain_text(tree, main_content=True, alt_texts=True, links=False)

    return _measured(extract, given, out, clock)


def _measured(
    extract: Callable[[str, bytes], tuple[str, str | None]], given: Path, out: Path, clock: Clock
) -> dict[str, Any]:
    extract(*next(_responses(given)))
    with clock:
        texts = [extract(url, html) for url, html in _responses(given)]
    return _finish(out, texts)


def _finish(out: Path, texts: Iterable[tuple[str, str | None]]) -> dict[str, Any]:
    """Write the texts for `agree`; return how many there are."""
    found = {url: text for url, text in texts if text and text.strip()}
    (out / "texts.json").write_text(json.dumps(found), encoding="utf-8")
    return {"texts": len(found), "characters": sum(map(len, found.values()))}


def agree(mine: Outcome, peer: Outcome) -> dict[str, float]:
    """Compare texts, page by page, over the pages that ours kept.

    Returns:
        `pages`: share of them of which the peer has a text. `words`: of the words of both, the
        share that is in common (Dice, as multisets, formulas left out). `formulas`: share of our
        formulas whose LaTeX stands in the peer's text, white space aside.
    """
    ours_texts, peers_texts = (
        json.loads((one.out / "texts.json").read_text(encoding="utf-8")) for one in (mine, peer)
    )
    both = ours_texts.keys() & peers_texts.keys()
    common = total = held = formulas = 0
    for url in both:
        text, other = ours_texts[url], peers_texts[url]
        one, two = (Counter(_WORD.findall(_FORMULA.sub(" ", t).lower())) for t in (text, other))
        common += 2 * (one & two).total()
        total += one.total() + two.total()
        packed = "".join(other.split())
        for found in _FORMULA.finditer(text):
            formulas += 1
            held += "".join((found[1] or found[2]).split()) in packed
    return {
        "pages": len(both) / max(len(ours_texts), 1),
        "words": common / max(total, 1),
        "formulas": held / max(formulas, 1),
    }


CONTESTANTS = (
    Contestant("ours", ours),
    Contestant("resiliparse", resiliparse),
    Contestant("trafilatura", trafilatura, packages=("trafilatura==2.3.1", "fastwarc==2.0.1")),
)
CASES = [
    Case(
        name="extract-crawl",
        question="WARC files as they come: pages per second, from file to text",
        unit="pages",
        build=build,
        contestants=CONTESTANTS,
        agree=agree,
    ),
    Case(
        name="extract-math",
        question="WARC files of pages that hold mathematics: everybody extracts all of them",
        unit="pages",
        build=build_math,
        contestants=CONTESTANTS,
        agree=agree,
    ),
]
