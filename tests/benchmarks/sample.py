"""Copies of the sample crawl that are no duplicates of each other, for inputs of any size.

Each page of a copy has an address of its own, and after each paragraph a sentence of the page's
own words, shuffled by the copy's number: language, formulas and computations stay, while two
copies of a page share too few word n-grams to be near-duplicates. Most pages that are
near-duplicates within the sample remain so within each copy. Bad records are left out.
"""

from __future__ import annotations

import random
import re
from dataclasses import replace
from pathlib import Path

from conf.sample import sources
from conf.sample.sites import render
from conf.sample.sources import Page
from conf.sample.warc import Response, write_warc

FILES = 3  # of a copy, as the sample has
# Shuffled words after a paragraph, for each of its words.
_SHARE = 1.2
_LEAST = 12
_BLOCKS = re.compile(r"\n{2,}(?![^`]*\n```\n)")  # as conf.sample.sites cuts them
_NO_PARAGRAPH = re.compile(r"```|#|>|\||[-*] |\d+\. |\$\$")
_NO_PROSE = re.compile(r"```.*?```|`[^`\n]*`|\$\$.+?\$\$|\$[^$]+?\$|\[|\]\([^)]*\)", re.DOTALL)
_WORD = re.compile(r"[^\W\d_]{2,}")


def pages(copies: int) -> list[list[Page]]:
    """Return the pages of the sample, changed for each of as many copies."""
    loaded = sources.load()
    return [[_salted(page, copy) for page in loaded] for copy in range(copies)]


def write_copies(folder: Path, copies: int) -> list[Path]:
    """Write copies of the sample crawl, `FILES` WARC files each.

    Returns:
        The files, named `copy-NNNN-N.warc.gz`, so that their order is the copies' order.
    """
    written = []
    for number, copy in enumerate(pages(copies)):
        for part in range(FILES):
            path = folder / f"copy-{number:04d}-{part}.warc.gz"
            write_warc(path, (capture(page) for page in copy[part::FILES]))
            written.append(path)
    return written


def capture(page: Page) -> Response:
    """Return what the page's server answers."""
    declared = f"; charset={page.declared}" if page.declared else ""
    return Response(
        page.url,
        render(page),
        f"text/html{declared}",
        lang=page.lang,
        charset=page.charset.upper(),
    )


def _salted(page: Page, copy: int) -> Page:
    # Near-duplicates draw the same places, so their sentences differ as little as they do.
    seed = f"{copy} {page.group or page.url}"
    blocks = []
    has_salt = False
    for number, block in enumerate(_BLOCKS.split(page.body)):
        blocks.append(block)
        words = _words(block)
        if len(words) >= 5 and not _NO_PARAGRAPH.match(block):
            blocks.append(_sentence(words, f"{seed} {number}"))
            has_salt = True
    if not has_salt:  # all lists, tables or formulas
        blocks.append(_sentence(_words(page.body) or _words(page.title) or ["and"], seed))
    scheme, _, rest = page.url.partition("://")
    host, _, path = rest.partition("/")
    return replace(page, url=f"{scheme}://{host}/copy-{copy}/{path}", body="\n\n".join(blocks))


def _words(text: str) -> list[str]:
    found = _WORD.findall(_NO_PROSE.sub(" ", text))
    if len(found) < 5 and len("".join(found)) > 20:  # written without spaces between words
        return list("".join(found))
    return found


def _sentence(words: list[str], seed: str) -> str:
    """Make a sentence from the words of a paragraph, in an order that the seed gives."""
    chosen = random.Random(seed).choices(words, k=max(_LEAST, round(_SHARE * len(words))))
    return f"{' '.join(chosen).capitalize()}."
