r"""Builds the embedded sample crawl from the page sources.

    python -m conf.sample.build            writes conf/sample/crawl and labels.jsonl
    python -m conf.sample.build --check    says whether they are what the sources give

A labels row: `url`; `file`, the WARC file; `kind` (math, other, hard_negative, near_duplicate,
bad); `format` of the formulas; `group` of near-duplicates; `formulas`, the LaTeX of the page in
text order, without the `\displaystyle` that some sites add; `is_exact`, whether the markup holds
that very LaTeX; `wrong`, computations that are false on purpose; `leaks`, the benchmark item that
the page gives away; `defect` of a bad record, and the `reason` for which it gives no page, none
when a careful reader still gets one. Keys without a value are left out.
"""

from __future__ import annotations

import hashlib
import json
import sys
import zlib
from pathlib import Path

from conf.sample.defects import Defect, defects
from conf.sample.formulas import WITHOUT_LATEX
from conf.sample.sites import render
from conf.sample.sources import Page, load
from conf.sample.warc import CRAWL as CRAWL_ID
from conf.sample.warc import Response, warc_bytes, write_warc

__all__ = ["Response", "build", "members", "write_warc"]

FOLDER = Path(__file__).parent
# Named as Common Crawl names its folders: the crawl of a page is read off its path.
CRAWL = FOLDER / "crawl" / CRAWL_ID
LABELS = FOLDER / "labels.jsonl"
NAMES = tuple(f"CC-MAIN-20261005000000-20261005030000-{n:05d}.warc.gz" for n in range(3))

# Bytes that are missing at the end of the last file: the last record cannot be whole.
_CUT = 60


def _capture(page: Page) -> Response:
    declared = f"; charset={page.declared}" if page.declared else ""
    charset = page.charset.upper()
    return Response(page.url, render(page), f"text/html{declared}", lang=page.lang, charset=charset)


def _page_label(page: Page, file: str) -> dict[str, object]:
    formulas = page.formulas
    label: dict[str, object] = {
        "url": page.url,
        "file": file,
        "kind": "near_duplicate" if page.is_copy else page.kind,
        "format": page.format if formulas else "",
        "group": page.group,
        "is_exact": page.format not in WITHOUT_LATEX if formulas else "",
        "leaks": page.leaks,
        "wrong": list(page.wrong),
        "formulas": formulas,
    }
    return {name: value for name, value in label.items() if value not in ("", [])}


def _defect_label(defect: Defect, file: str) -> dict[str, object]:
    label: dict[str, object] = {
        "url": defect.response.url,
        "file": file,
        "kind": "bad",
        "defect": defect.name,
    }
    return label | {"reason": defect.reason} if defect.reason else label


def _order(page: Page) -> bytes:
    # A crawl is in no order that a reader could use.
    return hashlib.sha256(f"{page.url} {page.body}".encode()).digest()


def build() -> dict[Path, bytes]:
    """Build every output file.

    Returns:
        The bytes of each file by its path; the same sources give the same bytes.

    Raises:
        ValueError: a page source is malformed.
    """
    captures: dict[str, list[Response]] = {name: [] for name in NAMES}
    labels: list[dict[str, object]] = []
    for number, page in enumerate(sorted(load(), key=_order)):
        name = NAMES[number % len(NAMES)]
        captures[name].append(_capture(page))
        labels.append(_page_label(page, name))
    # Bad records stand among good ones, so that a reader has to find back after each.
    bad, damaged = defects(), NAMES[-1]
    for place, defect in enumerate(bad[:-1]):
        captures[damaged].insert(2 * place + 1, defect.response)
    captures[damaged].append(bad[-1].response)
    labels += [_defect_label(defect, damaged) for defect in bad]

    files = {
        CRAWL / name: warc_bytes(name, captures[name], cut=_CUT if name == damaged else 0)
        for name in NAMES
    }
    lines = "".join(json.dumps(label, ensure_ascii=False) + "\n" for label in labels)
    return files | {LABELS: lines.encode()}


def members(data: bytes) -> list[bytes]:
    """Decompress the whole gzip members of a file; broken ones are skipped.

    Two zlib builds may compress the same text to different bytes, so files are compared by
    what their members hold.

    Args:
        data: concatenated gzip members.

    Returns:
        The content of each whole member in file order.
    """
    found = []
    at = data.find(b"\x1f\x8b\x08")
    while at >= 0:
        stream = zlib.decompressobj(wbits=31)
        try:
            text = stream.decompress(data[at:])
        except zlib.error:
            text = b""
        if stream.eof:
            found.append(text)
            at = data.find(b"\x1f\x8b\x08", len(data) - len(stream.unused_data))
        else:
            at = data.find(b"\x1f\x8b\x08", at + 3)
    return found


def differences() -> list[str]:
    """Compare the files on disk with what the sources give.

    Returns:
        Names of the files that are missing or different; empty when all is well.
    """
    wrong = []
    for path, data in build().items():
        stored = path.read_bytes() if path.exists() else b""
        is_equal = stored == data or (
            path.suffix == ".gz" and bool(stored) and members(stored) == members(data)
        )
        if not is_equal:
            wrong.append(path.name)
    return wrong


def main(arguments: list[str]) -> int:
    """Run the command.

    Args:
        arguments: empty to write the files, or `--check` to compare.

    Returns:
        The exit status: 0 when all is well, 1 when files differ, 2 for wrong arguments.
    """
    if arguments == ["--check"]:
        wrong = differences()
        for name in wrong:
            sys.stderr.write(
                f"{name} is not what the sources give: run python -m {__spec__.name}\n"
            )
        return 1 if wrong else 0
    if arguments:
        sys.stderr.write(f"usage: python -m {__spec__.name} [--check]\n")
        return 2
    CRAWL.mkdir(parents=True, exist_ok=True)
    for path, data in build().items():
        path.write_bytes(data)
        sys.stdout.write(f"{path.relative_to(FOLDER)}  {len(data):,} bytes\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
