r"""Reads the page sources under `conf/sample/pages`.

A source file holds pages one after another. A page starts with a line `%% URL`, then come
`key: value` lines, a blank line, and the body in a small Markdown with `$..$` and `$$..$$`:

    %% https://lectures.example.org/algebra/halves
    title: Adding halves
    format: mathjax

    We add $\frac{1}{2} + \frac{1}{2} = 1$.

`like: URL` takes the body of an earlier page, on which `replace: OLD => NEW` lines work; the
page's own body is appended. That is how near-duplicates are written.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from pathlib import Path

FOLDER = Path(__file__).parent / "pages"

KINDS = ("math", "other", "hard_negative")
_START = re.compile(r"^%% (?=\S)", re.MULTILINE)
_FENCE = re.compile(r"```.*?```|`[^`\n]*`", re.DOTALL)
_FORMULA = re.compile(r"\$\$(?P<display>.+?)\$\$|(?<!\\)\$(?P<inline>[^$]+?)(?<!\\)\$", re.DOTALL)
# Between the LaTeX of a formula and the markup that stands for it on the page.
AS_WRITTEN = " ||| "


@dataclass(frozen=True)
class Page:
    """One page as its author wrote it."""

    url: str
    """Address on a reserved domain."""
    title: str
    """Title of the page."""
    format: str
    """Markup format of the formulas, a key of `formulas.FORMATS`; `none` for no formulas."""
    site: str
    """Furniture around the body, a key of `sites.SITES`."""
    kind: str
    """One of `KINDS`."""
    body: str
    """Small Markdown."""
    lang: str = "en"
    """ISO 639-1 code of the text."""
    charset: str = "utf-8"
    """Encoding of the bytes."""
    declared: str = "utf-8"
    """Encoding that the server declares; empty for none."""
    group: str = ""
    """Name of the group of near-duplicates; empty when the page stands alone."""
    is_copy: bool = False
    """Whether the page was made from another one of its group."""
    leaks: str = ""
    """Id of the benchmark item that the page gives away; empty for none."""
    wrong: tuple[str, ...] = field(default=())
    """LaTeX of the computations on the page whose stated result is false on purpose."""

    @property
    def formulas(self) -> list[str]:
        """LaTeX of the formulas of the body in text order; empty for format `none`."""
        if self.format == "none":
            return []
        text = _FENCE.sub("", self.body)
        return [
            (found["display"] or found["inline"]).split(AS_WRITTEN)[0].strip()
            for found in _FORMULA.finditer(text)
        ]


def parse(text: str) -> list[tuple[dict[str, str], list[str], list[str], str]]:
    """Split the text of a source file into pages.

    Args:
        text: the file.

    Returns:
        For each page its single-valued keys (`url` included), its `replace` values, its
        `wrong` values, and its body.

    Raises:
        ValueError: a header line is no `key: value`.
    """
    pages = []
    for part in _START.split(text)[1:]:
        head, _, body = part.partition("\n\n")
        lines = head.splitlines()
        values = {"url": lines[0].strip()}
        replacements: list[str] = []
        wrong: list[str] = []
        for line in lines[1:]:
            name, colon, value = line.partition(":")
            if not colon:
                raise ValueError(f"{values['url']}: header line without a colon: {line!r}")
            if name == "replace":
                replacements.append(value.strip())
            elif name == "wrong":
                wrong.append(value.strip())
            else:
                values[name] = value.strip()
        pages.append((values, replacements, wrong, body.strip("\n")))
    return pages


def load(folder: Path = FOLDER) -> list[Page]:
    """Read every page of a folder.

    Args:
        folder: holds `*.md` source files, read in name order.

    Returns:
        The pages in the order in which they are written.

    Raises:
        ValueError: a header is malformed, a kind is unknown, `like` names no earlier page,
            or what a `replace` line wants to replace is not there.
        TypeError: a header has an unknown key or lacks one.
    """
    pages: list[Page] = []
    earlier: dict[str, Page] = {}
    groups: dict[str, str] = {}
    for path in sorted(folder.glob("*.md")):
        for header, replacements, slips, own in parse(path.read_text(encoding="utf-8")):
            body, values, wrong = own, header, slips
            like = values.pop("like", "")
            if like:
                if like not in earlier:
                    raise ValueError(f"{values['url']}: no earlier page {like}")
                original = earlier[like]
                text = original.body
                for line in replacements:
                    old, _, new = line.partition(" => ")
                    if old not in text:
                        raise ValueError(f"{values['url']}: nothing to replace: {old!r}")
                    text = text.replace(old, new)
                body = f"{text}\n\n{own}".strip("\n")
                inherited = ("title", "format", "site", "kind", "lang", "leaks")
                values = {name: getattr(original, name) for name in inherited} | values
                wrong = [*original.wrong, *wrong]
            page = Page(
                **{"format": "none", "site": "plain", "kind": "math"} | values,
                body=body,
                wrong=tuple(wrong),
                is_copy=bool(like),
            )
            if page.kind not in KINDS:
                raise ValueError(f"{page.url}: unknown kind {page.kind!r}")
            earlier.setdefault(page.url, page)
            pages.append(page)
            if like:
                groups[like] = page.group
    return [replace(page, group=groups.get(page.url, page.group)) for page in pages]
