"""Pages that nobody wrote for readers: each kind, at any size.

`python -m tests.udfs.html.hostile` prints for each kind the CPU seconds at three sizes and the
growth from one to the next: 2 is linear, 4 is quadratic.
"""

from __future__ import annotations

import argparse
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_KATEX = (
    '<span class="katex"><span class="katex-mathml"><math><semantics><mi>x</mi>'
    '<annotation encoding="application/x-tex">x</annotation></semantics></math></span>'
    '<span class="katex-html"><span class="base"><span class="mord">x</span></span></span>'
)


def _page(body: str, head: str = "") -> bytes:
    return f"<html><head>{head}</head><body><p>Let \\(x\\) be.</p>{body}".encode()


def _mathjax(script: str) -> str:
    return f"<script src=MathJax.js></script><script>{script}</script>"


_DOLLARS = _mathjax("MathJax={tex:{inlineMath:[['$','$']]}}")
_ASCII = "<script src=ASCIIMathML.js></script>"

KINDS: dict[str, Callable[[int], bytes]] = {
    # Nesting.
    "nested div": lambda n: _page("<div>" * n + "deep"),
    "nested span": lambda n: _page("<p>" + "<span>" * n + "deep"),
    "nested b": lambda n: _page("<b>" * n + "deep"),
    "nested b with text": lambda n: _page("<b>x" * n),
    "nested sup": lambda n: _page("<p>x" + "<sup>2" * n),
    "nested ul": lambda n: _page("<ul><li>x" * n),
    "nested ol": lambda n: _page("<ol><li>x" * n),
    "nested dl": lambda n: _page("<dl><dd>x" * n),
    "nested blockquote": lambda n: _page("<blockquote>x" * n),
    "nested blockquote, lines": lambda n: _page(
        "<blockquote>" * n + "<pre>" + "x\n" * n + "</pre>"
    ),
    "nested table": lambda n: _page("<table><tr><td>x" * n),
    "nested table of data": lambda n: _page("<table><tr><th>a<th>b<tr><td>x<td>" * n),
    "nested table of doxygen": lambda n: _page(
        "<table class=memberdecls><tr class=memitem><td><a href='#a'>x</a>" * n
    ),
    "nested code": lambda n: _page("<code>x" * n),
    "nested pre": lambda n: _page("<pre>x" * n),
    "nested math span": lambda n: _page("<span class=math>x^2" * n),
    "nested katex": lambda n: _page("<span class=katex>x" * n),
    "nested katex with copies": lambda n: _page(_KATEX * n),
    "nested katex-html": lambda n: _page(
        "<span class=katex><span class=katex-html>" + "<span class=mord>x" * n
    ),
    "nested katex vlist": lambda n: _page(
        "<span class=katex><span class=katex-html>"
        + "<span class=msupsub><span class=vlist><span style='top:1em'>" * n
        + "x"
    ),
    "nested MathJax": lambda n: _page("<span class=MathJax>x" * n),
    "nested mjx-container": lambda n: _page("<mjx-container>x" * n),
    "nested mwe": lambda n: _page("<span class=mwe-math-element>x" * n),
    "nested code language-math": lambda n: _page("<code class=language-math>x" * n),
    "nested mrow": lambda n: _page("<math>" + "<mrow><mi>x</mi>" * n),
    "nested mfrac": lambda n: _page("<math>" + "<mfrac><mi>x</mi>" * n),
    "nested msup": lambda n: _page("<math>" + "<msup><mi>x</mi>" * n),
    "nested semantics": lambda n: _page("<math>" + "<semantics>" * n + "<mi>x</mi>"),
    "nested apply": lambda n: _page("<math>" + "<apply><plus/><ci>x</ci>" * n),
    "nested math": lambda n: _page("<math><mtext>x" * n),
    "nested nav": lambda n: _page("<nav>x" * n),
    "nested svg": lambda n: _page("<svg><g>" * n),
    "nested a and div": lambda n: _page("<a href=x><div>x" * n),
    "nested aside": lambda n: _page("<aside>x" * n),
    "nested header": lambda n: _page("<header>x" * n),
    "nested li of copyright": lambda n: _page("<div>x<a href=x>y</a> © " * n),
    "nested listing": lambda n: _page("<div class=line>x" * n),
    "nested memproto": lambda n: _page("<div class=memproto>x" * n),
    # Number.
    "links": lambda n: _page("<a href=x>x</a>" * n),
    "footnotes": lambda n: _page(
        "".join(f"<sup><a href='#fn{i}'>{i}</a></sup>" for i in range(n))
        + "".join(f"<div id=fn{i}>note {i}</div>" for i in range(n))
    ),
    "katex siblings": lambda n: _page((_KATEX + "</span>") * n),
    "katex-html siblings": lambda n: _page("<span class=katex-html><b>x</b></span>" * n),
    "math spans": lambda n: _page("<span class=math>x^2</span> " * n),
    "delimited spans": lambda n: _page("<span>\\(x\\)</span> " * n),
    "formula images": lambda n: _page(
        '<p><img class=tex alt="x^2"> ' * 1 + '<img class=tex alt="x^2"> ' * n
    ),
    "formula images alone": lambda n: _page('<div><img class=tex alt="x^2"><span>1</span> ' * n),
    "formulas": lambda n: _page("<p>" + "\\(x\\) and " * n),
    "displays": lambda n: _page("<p>" + "\\[x\\] and " * n),
    "dollars declared": lambda n: _page("<p>" + "$x$ and " * n, _DOLLARS),
    "cells": lambda n: _page("<table>" + "<tr><td>\\(x\\)<td>y" * (n // 2)),
    "cells in one row": lambda n: _page("<table><tr><th>x<tr>" + "<td>x" * n),
    "rows of one wide table": lambda n: _page(
        "<table><tr>" + "<th>x" * 300 + "<tr><td>x" * n + "</table>"
    ),
    "colspans": lambda n: _page("<table>" + "<tr><td colspan=9007199254740991>x<td>y" * n),
    "breaks": lambda n: _page("x<br>" * n),
    "headings": lambda n: _page("<h2>x</h2>" * n),
    "h1": lambda n: _page("<h1>x</h1>" * n, "<title>x</title>"),
    "empty elements": lambda n: _page("<p></p>" * n),
    "misnested": lambda n: _page("<b><i></b></i>x" * n),
    "misnested tables": lambda n: _page("<table><b><tr>x</b>" * n),
    "closing tags": lambda n: _page("</p></b></x>" * n),
    "plaintext": lambda n: _page("<plaintext>" + "<b><i></p></q>" * n),
    "xmp": lambda n: _page("<xmp>" + "<b></i>" * n),
    "comments": lambda n: _page("<!-- x -->" * n),
    "comments of latex2html": lambda n: _page("<!-- MATH $x$ --><img alt='$x$'>" * n),
    "comments of latex2html, open": lambda n: _page("<!-- MATH $x$ --><table>" * n),
    "open comment": lambda n: _page("<!-- " * n),
    "scripts": lambda n: _page("<script>x</script>" * n),
    "math scripts": lambda n: _page("<script type=math/tex>x</script>" * n),
    "mml scripts": lambda n: _page("<script type=math/mml><math><mi>x</mi></math></script>" * n),
    "coloured code": lambda n: _page("<pre>" + "<span class=k>x</span>" * n),
    "coloured code, open": lambda n: _page("<pre>" + "<pre><span class=k>x</span>" * n),
    "ids": lambda n: _page("".join(f"<div id=x{i} class=c{i}>x</div>" for i in range(n))),
    "siblings in a display": lambda n: _page("<p>" + '<img class=tex alt="x^2"><span></span>' * n),
    "drawings": lambda n: _page("<svg>x</svg>" * n),
    "mi": lambda n: _page("<math>" + "<mi>x</mi>" * n),
    "mtr": lambda n: _page("<math><mtable>" + "<mtr><mtd>x</mtd></mtr>" * n),
    "annotations": lambda n: _page("<math>" + "<annotation encoding=tex> </annotation>" * n),
    # Characters.
    "one text": lambda n: _page("<p>" + "word " * n),
    "dollars": lambda n: _page("<p>" + "$" * n),
    "dollars and blanks": lambda n: _page("<p>" + "$ " * n),
    "dollars and letters": lambda n: _page("<p>" + "$a " * n),
    "dollars, declared": lambda n: _page("<p>" + "$a " * n, _DOLLARS),
    "dollars and braces": lambda n: _page("<p>" + "${ " * n, _DOLLARS),
    "dollars and closing braces": lambda n: _page("<p>" + "$} " * n, _DOLLARS),
    "double dollars and braces": lambda n: _page("<p>" + "$${ " * n, _DOLLARS),
    "escaped dollars": lambda n: _page("<p>" + "\\$" * n),
    "dollars behind escapes": lambda n: _page("<p>$$" + "\\$$" * n),
    "backslashes": lambda n: _page("<p>" + "\\" * n),
    "backquotes": lambda n: _page("<p>" + "`" * n),
    "backquotes, asciimath": lambda n: _page("<p>" + "`x " * n, _ASCII),
    "runs of backquotes": lambda n: _page(
        "<p>" + " ".join("`" * i for i in range(1, int((2 * n) ** 0.5)))
    ),
    "backquotes in code": lambda n: _page("<pre>" + "`" * n + "</pre>"),
    "runs of backquotes in code": lambda n: _page(
        "<pre>" + " ".join("`" * i for i in range(3, int((2 * n) ** 0.5))) + "</pre>"
    ),
    "open parentheses": lambda n: _page("<p>" + "\\( x " * n),
    "open brackets": lambda n: _page("<p>" + "\\[ x " * n),
    "open braces": lambda n: _page("<p>" + "\\({ x " * n + "\\)"),
    "closing parentheses": lambda n: _page("<p>" + "x \\) " * n),
    "open environments": lambda n: _page("<p>" + "\\begin{align} x " * n),
    "open environments of kinds": lambda n: _page(
        "<p>" + "\\begin{align} x \\begin{gather} \\end{x}" * n
    ),
    "open environments, end once": lambda n: _page(
        "<p>" + "\\begin{align}{ x " * n + "\\end{align}"
    ),
    "open short codes": lambda n: _page("<p>" + "[latex] x [tex] [math] " * n),
    "short codes across": lambda n: _page("<p>" + "[latex] $x [/math] " * n),
    "begin without name": lambda n: _page("<p>" + "\\begin{" * n),
    "alternating": lambda n: _page("<p>" + "\\( $ \\[ " * n + "\\) $ \\]"),
    "one formula": lambda n: _page("<p>\\[" + "x+" * n + "y\\]"),
    "one formula of braces": lambda n: _page("<p>\\[" + "{x" * n + "}" * n + "\\]"),
    "one formula of backslashes": lambda n: _page("<p>\\[" + "\\\\ " * n + "\\]"),
    "one formula of dollars": lambda n: _page("<p>\\[" + "\\text{$x$}" * n + "\\]"),
    "one formula of comments": lambda n: _page("<p>\\(" + "x %\n" * n + "\\)"),
    "one formula of lines": lambda n: _page("<p>\\(" + "x \n \n" * n + "\\)"),
    "one formula of blanks": lambda n: _page("<p>\\(x" + " " * n + "y\\)"),
    "one dollar formula": lambda n: _page("<p>$x" + "+y" * n + "$"),
    "one dollar formula of words": lambda n: _page("<p>$" + "abc_ " * n + "$"),
    "one tex script": lambda n: _page("<script type=math/tex>" + "x+" * n + "</script>"),
    "one annotation of blanks": lambda n: _page(
        "<math><annotation encoding=TeX>x" + " " * n + "y</annotation></math>"
    ),
    "one alt": lambda n: _page(f"<img class=tex alt='{'x+' * n}y'>"),
    "one alt of backslashes": lambda n: _page(f"<img class=tex alt='${'x' * n}'>" * 2),
    "one alt of letters": lambda n: _page("<img alt='\\" + "a" * n + " ! '>"),
    "one alttext": lambda n: _page(f"<math alttext='{'x+' * n}'><mi>x</mi></math>"),
    "one address": lambda n: _page(f"<img src='http://latex.codecogs.com/gif.latex?{'x+' * n}'>"),
    "one address of blanks": lambda n: _page(
        f"<img src='http://latex.codecogs.com/gif.latex?{'%20' * n}x'>"
    ),
    "one address of queries": lambda n: _page(f"<img src='http://x.org/latex{'?latex' * n}'>"),
    "one address of charts": lambda n: _page(f"<img src='http://x.org/{'chart?' * n}'>"),
    "one data-tex": lambda n: _page(f"<span data-tex='{'x+' * n}'>x</span>"),
    "one data-latex of letters": lambda n: _page(f"<span data-latex='{'ab' * n}'>x</span>"),
    "one class": lambda n: _page(f"<div class='{'a-' * n}'>x</div>"),
    "classes": lambda n: _page(f"<div class='{'a ' * n}'>x</div>"),
    "one id": lambda n: _page(f"<div id='{'aB' * n}'>x</div>"),
    "one style": lambda n: _page(f"<div style='display{' ' * n}x'>x</div>"),
    "one href": lambda n: _page(f"<a href='#fn{'x' * n}'>x</a>"),
    "attributes": lambda n: _page("<div " + " ".join(f"a{i}=1" for i in range(n)) + ">x</div>"),
    "attributes of signs": lambda n: _page("<div " + "< " * n + ">x</div>"),
    "tags of signs": lambda n: _page("<p a<b c<d>x" * n),
    "entities": lambda n: _page("&amp;lt;&nbsp;&#36;" * n),
    "entities in a formula": lambda n: _page("<p>\\(" + "&amp;lt;" * n + "\\)"),
    "line breaks": lambda n: _page("<p>x" + "\n" * n + "y"),
    "blanks": lambda n: _page("<p>x" + " " * n + "y"),
    "blanks in code": lambda n: _page("<pre>x" + " \n" * n + "y</pre>"),
    "no-break spaces": lambda n: _page("<p>x" + "&nbsp;" * n + "y"),
    "lines of code": lambda n: _page("<pre>" + "x = 1\n" * n + "</pre>"),
    "one word": lambda n: _page("<p>" + "a" * n),
    "one word with marks": lambda n: _page("<p>" + "a_" * n),
    "pipes": lambda n: _page("<table><tr><th>a<th>b<tr><td>" + "|" * n + "<td>x</table>"),
    "stars": lambda n: _page("<p>" + "*" * n),
    "digits": lambda n: _page("<p>" + "1" * n),
    "digits and dots": lambda n: _page("<p>" + "1." * n),
    "digits and dashes": lambda n: _page("<p>" + "1-" * n),
    "numbers": lambda n: _page("<p>" + "555 " * n),
    "addresses": lambda n: _page("<p>" + "a@" * n),
    "address without end": lambda n: _page("<p>" + "a." * n + "@"),
    "asciimath": lambda n: _page("<p>`" + "x^" * min(n, 900) + "`" + " `x`" * n, _ASCII),
    "asciimath brackets": lambda n: _page("<script type=math/asciimath>" + "(" * n + "</script>"),
    "asciimath bars": lambda n: _page("<script type=math/asciimath>" + "|" * n + "</script>"),
    "asciimath matrix": lambda n: _page(
        "<script type=math/asciimath>" + "[[a,b]," * n + "</script>"
    ),
    "asciimath fractions": lambda n: _page("<script type=math/asciimath>" + "a/" * n + "</script>"),
    "asciimath functions": lambda n: _page(
        "<script type=math/asciimath>" + "sin " * n + "</script>"
    ),
    "asciimath quotes": lambda n: _page("<script type=math/asciimath>" + "text(" * n + "</script>"),
    # Configurations.
    "configuration of blanks": lambda n: _page("x", _mathjax("inlineMath" + " " * n + "x")),
    "configuration of lists": lambda n: _page("x", _mathjax("inlineMath: [" * n)),
    "configuration of pairs": lambda n: _page(
        "\\(x\\)",
        _mathjax("inlineMath: [" + ",".join(f"['<{i}','>{i}']" for i in range(n)) + "]"),
    ),
    "configuration of KaTeX": lambda n: _page("x", _mathjax("{left: '$', right: " * n)),
    "configuration of classes": lambda n: _page("x", _mathjax("ignoreHtmlClass: 'a" * n)),
    "configuration of loads": lambda n: _page("x", _mathjax("load:" * n + " am_ asciimath")),
    "configuration that is code": lambda n: _page(
        "x", _mathjax("if (a < b) { f('inlineMath', [x => \"$\"]); } " * n)
    ),
    "title": lambda n: _page("x", f"<title>{'x ' * n}</title>"),
    "metas": lambda n: _page("x", "<meta name=robots content=noai,x>" * n),
    "meta of charsets": lambda n: b"<html><meta " * n + b"<p>\xe9\\(x\\)",
    "invalid UTF-8": lambda n: _page("<p>\\(x\\)") + b"\xff\xfe\x80 caf\xe9 " * n,
    "half UTF-8": lambda n: _page("<p>\\(x\\) é ü ") + "日本".encode() * n + b"\xe3",
    "NULs": lambda n: _page("<p>\\(x\\)") + b"a" * 70_000 + b"\x00" * n,
    "private use": lambda n: _page("<p>" + "\ue001\ue0020\ue003" * n),
    "emphasis": lambda n: _page("<i>x</i><b>y</b>" * n),
    "emphasis open": lambda n: _page("<p>" + "<i>" + "<b>x</b>" * n),
    "scripts of scripts": lambda n: _page("<p>" + "x<sup>a<sub>b</sub></sup>" * n),
    "breaks in emphasis": lambda n: _page("<i>" + "x<br>" * n + "</i>"),
    "items": lambda n: _page("<ol>" + "<li>x" * n),
    "jsonld": lambda n: _page("x", "<script type=application/ld+json>" + "{" * n + "</script>"),
    "licences": lambda n: _page("<a href=https://creativecommons.org/licenses/by>x</a>" * n),
    "licence prefixes": lambda n: _page("creativecommons.org/licenses/" * n),
}
"""Pages by kind: a function of the number of repetitions."""


def seconds(kind: str, count: int, limit: float) -> float | None:
    """CPU seconds of one page, in a child of its own; None when it takes over `limit`."""
    from udfs.html.stage import to_document
    from udfs.isolate import Failure, isolated
    from udfs.language import identifier

    identifier()  # the model is loaded before the fork, as the stage does
    page = KINDS[kind](count)

    def work(html: bytes) -> float:
        start = time.process_time()
        to_document(
            (html, "https://example.org/", "text/html; charset=utf-8", None),
            min_formulas=0,
            honour_robots_meta=("noai",),
            blocked=(),
            mask=("email", "phone", "ip"),
        )
        return time.process_time() - start

    found = next(isolated(work, [page], cpu_seconds=limit, memory_bytes=4 << 30))
    return None if isinstance(found, Failure) else found


def main() -> None:
    """Print the growth of each kind."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=5000, help="the smallest size")
    parser.add_argument("--limit", type=float, default=30.0, help="CPU seconds of a page")
    parser.add_argument("--all", action="store_true", help="also print what grows as it should")
    parser.add_argument("kinds", nargs="*", default=list(KINDS))
    arguments = parser.parse_args()
    for kind in arguments.kinds:
        times = []
        for factor in (1, 2, 4):
            times.append(seconds(kind, factor * arguments.count, arguments.limit))
            if times[-1] is None:
                break
        line = "  ".join("over" if t is None else f"{t:8.3f}" for t in times)
        known = [t for t in times if t is not None]
        growth = known[-1] / max(known[0], 1e-3) if len(known) == 3 else 99.0
        is_bad = growth > 7 and (len(known) < 3 or known[-1] > 0.2)
        if is_bad or arguments.all:
            print(f"{kind:40} {line}   x{growth:.1f}", flush=True)


if __name__ == "__main__":
    main()
