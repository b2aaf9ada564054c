"""Makes pages: mutations of real and small ones, HTML and LaTeX from a grammar, hostile kinds.

A page depends on the seed and its number alone, so that one that was found can be made again.
"""

from __future__ import annotations

import random
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

from conf import settings
from tests.udfs.html.hostile import KINDS
from udfs.warc import read_crawl

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).parents[2]
MAX_BYTES = 300_000

_TAGS = str.split(
    """
    a abbr annotation annotation-xml apply article aside b blockquote body br button caption ci
    cite cn code col colgroup csymbol dd del details dfn div dl dt em embed fieldset figure font
    footer form frameset h1 h2 h3 h4 head header hr html i iframe img input ins kbd label legend
    li link main map marquee math menu meta mfenced mfrac mi mmultiscripts mn mo mover mroot mrow
    ms mspace msqrt mstyle msub msubsup msup mtable mtd mtext mtr munder munderover mjx-container
    nav nobr noembed noframes noscript object ol optgroup option p param plaintext pre q rp rt
    ruby s samp script section select semantics small span strike strong style sub summary sup
    svg table tbody td template tex-math textarea tfoot th thead title tr tt u ul var video wbr
    xmp foreignObject desc
    """
)
_ATTRIBUTES = [
    *(
        f'class="{name}"'
        for name in str.split(
            """
            math tex katex katex-display katex-mathml katex-html MathJax MathJax_Preview vlist
            vlist-t msupsub mfrac mord mop op-limits accent sqrt mtable col-align-c mspace base
            mwe-math-element arithmatex tex2jax_ignore tex2jax_process memdecls memberdecls
            memitem memproto fragment line lineno highlight language-python footnote sidebar nav
            breadcrumb cookie hidden ltx_equation ltx_eqn_row displaymath toc comments ql-formula
            language-math sd-tab-set MJXc-display
            """
        )
    ),
    'class="math display"',
    "id=fn1",
    "href=#fn1",
    "href=#",
    "href='http://example.org/'",
    "role=navigation",
    "role=math",
    "hidden",
    "style='display:none'",
    "style='top:-2.5em'",
    "aria-hidden=true",
    "aria-label='x^2'",
    "colspan=9007199254740991",
    "rowspan=-1",
    "start=99999999999",
    "display=block",
    "alttext='\\frac{1}{2}'",
    "encoding='application/x-tex'",
    "alt='$x^2$'",
    "alt='\\[x'",
    "src='http://latex.codecogs.com/gif.latex?\\inline&space;x'",
    "src='latex.php?latex=x%5E2%ZZ'",
    "data-tex='\\alpha'",
    "data-mathml='<math><mi>x'",
    "data-latex='x_{1'",
    "type='math/tex; mode=display'",
    "type=math/asciimath",
    "type=math/mml",
    "type=application/ld+json",
    "mathvariant=fraktur",
    "linethickness=0",
    "open='[' close=''",
    "notation='box longdiv'",
    "width=1.2.3em",
    "a<b",
    '"',
    "=x",
    "lang=\u6f22",
]
_LATEX = [
    *"abxyn123+-=<>()[]|.,;:!'*/ ",
    *("{", "}", "$", "$$", "\\", "&", "#", "%", "~", "^", "_", "`", "\n", "\\\\", "\\ "),
    *("\\(", "\\)", "\\[", "\\]", "\\{", "\\}", "\\$", "\\begin{align}", "\\end{align}"),
    *("\\begin{", "\\end{", "\\frac{1}{2}", "\\frac12", "\\sqrt[3]{", "\\text{if $x$}"),
    *("\\left(", "\\right.", "\\over", "\\label{a}", "\\tag{1}", "\\ce{H2O}", "\\alpha", "^{2}"),
    *(
        "_{i",
        "\\mathbb R",
        "\\verb|$|",
        "\\\\[1ex]",
        "\\def\\a#1{",
        "\\begin{array}{c|c}",
        "[latex]",
    ),
    *("[/latex]", "$latex ", "&amp;lt;", "&nbsp;", "\\begin{equation*}", "\\end{equation*}"),
]
_NOISE = [
    *("&", "&amp;", "&lt;", "&#", "&#x", "&#xE001;", "&#0;", "&#55296;", "&#x110000;", "&nbsp"),
    *("&NotEqualTilde;", "\x00", "\x0b", "\x1b", "\ue001", "\ue0021", "\ufffe", "\ufeff", "\u202e"),
    *("<", ">", "</", "<!", "<!--", "-->", "<![CDATA[", "]]>", "<?", "</p>", "</table>", "'", '"'),
    *("`", "```", "\u6570", "\U0001d400", "\u0301" * 9, "\xad", "\r", "a@b.org", "+49 30 123456"),
]
_HEADERS = (
    "text/html; charset=utf-8",
    "text/html; charset=iso-8859-1",
    "text/html; charset=shift_jis",
    "text/html; charset=utf-16",
    "text/html; charset=utf-7",
    "text/html; charset=nonsense",
    "text/html",
    "",
    None,
)


@cache
def seeds() -> tuple[bytes, ...]:
    """Pages of the sample crawl, the golden pages and the pages of facts."""
    paths = sorted(map(str, (ROOT / "conf" / "sample" / "crawl").rglob("*.warc.gz")))
    files = pa.RecordBatch.from_pydict(
        {
            "file_id": paths,
            "path": paths,
            "crawl": pa.nulls(len(paths), pa.string()),
            "attempt": pa.array([1] * len(paths), pa.int32()),
        }
    )
    found: list[bytes] = []
    markers = settings.domain("math").markers
    for batch in read_crawl([files], markers=markers, max_html_bytes=MAX_BYTES):
        found += [html.as_py() for html in batch.column("page").drop_null().field("html")]
    for folder in ("tests/golden/html", "tests/udfs/html/facts"):
        found += [path.read_bytes() for path in sorted((ROOT / folder).glob("*.html"))]
    return tuple(found)


def page(seed: int, number: int) -> tuple[bytes, str | None]:
    """One page: its bytes, at most `MAX_BYTES`, and the Content-Type header it came with."""
    random_ = random.Random(f"{seed}:{number}")
    kind = random_.random()
    if kind < 0.55:
        html = random_.choice(seeds())
        for _ in range(random_.choice((1, 1, 2, 3, 8))):
            html = random_.choice(_MUTATIONS)(random_, html)[:MAX_BYTES]
    elif kind < 0.93:
        html = invented(random_).encode("utf-8", "surrogatepass")
        if random_.random() < 0.2:
            html = random_.choice(_MUTATIONS)(random_, html)
    else:
        make = KINDS[random_.choice(sorted(KINDS))]
        html = make(int(10 ** random_.uniform(0, 3.3)))
        if random_.random() < 0.5:
            html = random_.choice(_MUTATIONS)(random_, html)
    header = random_.choice(_HEADERS) if random_.random() < 0.3 else _HEADERS[0]
    return html[:MAX_BYTES], header


def invented(random_: random.Random) -> str:
    """A page by a grammar that follows no rule of nesting."""
    parts = []
    if random_.random() < 0.4:
        parts.append("<html><head><title>T</title>")
    if random_.random() < 0.5:
        parts.append("<script src=MathJax.js></script>")
    if random_.random() < 0.2:
        parts.append("<script>MathJax={tex:{inlineMath:[['$','$'],['@','@']]}}</script>")
    if random_.random() < 0.2:
        parts.append("<script src=ASCIIMathML.js></script>")
    for _ in range(int(10 ** random_.uniform(0.3, 2.6))):
        kind = random_.random()
        if kind < 0.4:
            names = " ".join(random_.choices(_ATTRIBUTES, k=random_.choice((0, 0, 1, 1, 2, 4))))
            parts.append(f"<{random_.choice(_TAGS)} {names}>")
        elif kind < 0.6:
            parts.append(f"</{random_.choice(_TAGS)}>")
        elif kind < 0.85:
            parts.append(latex(random_))
        elif kind < 0.95:
            parts.append(random_.choice(("some words here", "The square of", "x", " ", "\n")))
        else:
            parts.append(random_.choice(_NOISE))
    return "".join(parts)


def latex(random_: random.Random) -> str:
    """LaTeX or nearly, with or without delimiters."""
    body = "".join(random_.choices(_LATEX, k=random_.randint(1, 12)))
    left, right = random_.choice(
        (("\\(", "\\)"), ("\\[", "\\]"), ("$", "$"), ("$$", "$$"), ("", ""), ("`", "`"))
    )
    return left + body + (right if random_.random() < 0.9 else "")


def _place(random_: random.Random, html: bytes) -> int:
    return random_.randrange(len(html) + 1)


def _flip(random_: random.Random, html: bytes) -> bytes:
    data = bytearray(html)
    for _ in range(random_.choice((1, 3, 20, len(html) // 50 + 1))):
        if data:
            data[random_.randrange(len(data))] = random_.randrange(256)
    return bytes(data)


def _cut(random_: random.Random, html: bytes) -> bytes:
    return html[: _place(random_, html)]


def _leave_out(random_: random.Random, html: bytes) -> bytes:
    start, end = sorted((_place(random_, html), _place(random_, html)))
    return html[:start] + html[end:]


def _splice(random_: random.Random, html: bytes) -> bytes:
    other = random_.choice(seeds())
    return html[: _place(random_, html)] + other[_place(random_, other) :]


def _repeat(random_: random.Random, html: bytes) -> bytes:
    start = _place(random_, html)
    piece = html[start : start + random_.choice((5, 50, 500))]
    return html[:start] + piece * int(10 ** random_.uniform(0.3, 3)) + html[start:]


def _nest(random_: random.Random, html: bytes) -> bytes:
    names = " ".join(random_.choices(_ATTRIBUTES, k=random_.choice((0, 0, 1, 2))))
    tag = f"<{random_.choice(_TAGS)} {names}>".encode()
    start = _place(random_, html)
    return html[:start] + tag * int(10 ** random_.uniform(0.3, 3.3)) + html[start:]


def _insert(random_: random.Random, html: bytes) -> bytes:
    for _ in range(random_.choice((1, 3, 10, 40))):
        start = _place(random_, html)
        text = random_.choice((random_.choice(_NOISE), latex(random_)))
        html = html[:start] + text.encode("utf-8", "surrogatepass") + html[start:]
    return html


def _swap_tags(random_: random.Random, html: bytes) -> bytes:
    pieces = html.split(b"<")
    for _ in range(random_.choice((1, 5, 50))):
        one, two = random_.randrange(len(pieces)), random_.randrange(len(pieces))
        pieces[one], pieces[two] = pieces[two], pieces[one]
    return b"<".join(pieces)


def _other_charset(random_: random.Random, html: bytes) -> bytes:
    name = random_.choice(("utf-16", "utf-16-be", "latin-1", "cp1252", "shift_jis", "gb18030"))
    return html.decode("utf-8", "replace").encode(name, "replace")


_MUTATIONS: tuple[Callable[[random.Random, bytes], bytes], ...] = (
    _flip,
    _cut,
    _leave_out,
    _splice,
    _repeat,
    _nest,
    _insert,
    _insert,
    _swap_tags,
    _other_charset,
)
