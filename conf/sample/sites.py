"""Turns the body of a page into HTML and puts a site's furniture around it.

The furniture (navigation, cookie bar, sidebar, related links, comments, footer) is what an
extractor has to remove, so each site has its own, and every page of a site repeats it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from conf.sample.formulas import FORMATS
from conf.sample.sources import AS_WRITTEN, Page

if TYPE_CHECKING:
    from collections.abc import Callable

_TOKEN = re.compile(
    r"(?P<code>`[^`\n]+`)"
    r"|\$\$(?P<display>.+?)\$\$"
    r"|(?<!\\)\$(?P<inline>[^$]+?)(?<!\\)\$"
    r"|\*\*(?P<strong>[^*\n]+)\*\*"
    r"|(?<!\w)\*(?P<em>[^*\n]+)\*(?!\w)"
    r"|\[(?P<label>[^\]\n]+)\]\((?P<href>[^)\s]+)\)",
    re.DOTALL,
)
_ROW = re.compile(r"^\|(.*)\|$")
_ITEM = re.compile(r"^(-|\d+\.) ")


@dataclass(frozen=True)
class Site:
    """The furniture of one site."""

    name: str
    """What the site calls itself."""
    menu: tuple[str, ...]
    """Entries of the navigation."""
    aside: str
    """Text of the sidebar."""
    footer: str
    """Text of the footer."""
    frame: str
    """Layout, a key of `_FRAMES`."""
    cookies: str = ""
    """Text of the cookie bar; empty for none."""


def _inline(text: str, format_: str) -> str:
    parts, end = [], 0
    for found in _TOKEN.finditer(text):
        latex = found["display"] or found["inline"]
        if latex is not None and format_ == "none":
            continue  # a dollar sign of a price or a shell
        parts.append(escape(text[end : found.start()].replace("\\$", "$"), quote=False))
        end = found.end()
        if latex is not None:
            first, _, written = latex.partition(AS_WRITTEN)
            latex = first.strip()
            is_display = found["display"] is not None
            parts.append(FORMATS[format_](latex, written.strip() or latex, is_display))
        elif found["code"]:
            parts.append(f"<code>{escape(found['code'][1:-1], quote=False)}</code>")
        elif found["strong"]:
            parts.append(f"<strong>{_inline(found['strong'], format_)}</strong>")
        elif found["em"]:
            parts.append(f"<em>{_inline(found['em'], format_)}</em>")
        else:
            label = _inline(found["label"], format_)
            parts.append(f'<a href="{escape(found["href"])}">{label}</a>')
    parts.append(escape(text[end:].replace("\\$", "$"), quote=False))
    return "".join(parts)


def _table(lines: list[str], format_: str) -> str:
    rows = [[cell.strip() for cell in line.strip().strip("|").split("|")] for line in lines]
    head, body = rows[0], [row for row in rows[1:] if not set("".join(row)) <= set("-: ")]

    def line(cells: list[str], tag: str) -> str:
        inside = "".join(f"<{tag}>{_inline(cell, format_)}</{tag}>" for cell in cells)
        return f"<tr>{inside}</tr>"

    lower = "\n".join(line(row, "td") for row in body)
    return f"<table>\n<thead>{line(head, 'th')}</thead>\n<tbody>\n{lower}\n</tbody>\n</table>"


def _list(lines: list[str], format_: str) -> str:
    tag = "ul" if lines[0].startswith("-") else "ol"
    items: list[str] = []
    for line in lines:
        if _ITEM.match(line):
            items.append(_ITEM.sub("", line))
        else:
            items[-1] += f"\n{line.strip()}"
    inside = "\n".join(f"<li>{_inline(item, format_)}</li>" for item in items)
    return f"<{tag}>\n{inside}\n</{tag}>"


def _code(block: str, format_: str) -> str:
    language, _, code = block.strip("`").partition("\n")
    text = escape(code.rstrip("\n"), quote=False)
    if format_ == "jupyter":
        return (
            '<div class="cell border-box-sizing code_cell rendered"><div class="input">'
            '<div class="prompt input_prompt">In&nbsp;[&nbsp;]:</div><div class="inner_cell">'
            f'<div class="input_area"><div class="highlight hl-ipython3"><pre>{text}</pre></div>'
            "</div></div></div></div>"
        )
    name = language.strip() or "text"
    return f'<pre><code class="language-{name}">{text}</code></pre>'


def body_html(page: Page) -> str:
    """Render the small Markdown of a page.

    Args:
        page: the page.

    Returns:
        HTML of the body, a block after another, without furniture.
    """
    blocks = []
    for block in re.split(r"\n{2,}(?![^`]*\n```\n)", page.body):
        lines = block.split("\n")
        if block.startswith("```"):
            blocks.append(_code(block, page.format))
        elif block.startswith("#"):
            hashes, _, title = block.partition(" ")
            level = len(hashes)
            blocks.append(f"<h{level}>{_inline(title, page.format)}</h{level}>")
        elif _ROW.match(lines[0]):
            blocks.append(_table(lines, page.format))
        elif _ITEM.match(lines[0]):
            blocks.append(_list(lines, page.format))
        elif block.startswith("> "):
            quoted = "\n".join(line.removeprefix(">").strip() for line in lines)
            blocks.append(f"<blockquote><p>{_inline(quoted, page.format)}</p></blockquote>")
        elif block.startswith("$$") and block.endswith("$$") and page.format != "none":
            rendered = _inline(block, page.format)
            is_block = rendered.startswith(("<div", "<p", "<table"))
            blocks.append(rendered if is_block else f"<p>{rendered}</p>")
        else:
            blocks.append(f"<p>{_inline(block, page.format)}</p>")
    return "\n".join(blocks)


_MATHJAX3 = (
    '<script id="MathJax-script" async src="/static/mathjax@3/es5/tex-mml-chtml.js"></script>'
)
_MATHJAX3_DOLLAR = (
    "<script>\nMathJax = { tex: { inlineMath: [['$', '$'], ['\\\\(', '\\\\)']], "
    "displayMath: [['$$', '$$']], processEscapes: true } };\n</script>\n" + _MATHJAX3
)
_MATHJAX2 = (
    '<script type="text/x-mathjax-config">\nMathJax.Hub.Config({\n  tex2jax: {inlineMath: '
    "[['$','$'], ['\\\\(','\\\\)']], processEscapes: true}\n});\n</script>\n"
    '<script src="/static/MathJax.js?config=TeX-AMS-MML_HTMLorMML"></script>'
)
_KATEX_AUTO = (
    '<link rel="stylesheet" href="/static/katex/katex.min.css">\n'
    '<script defer src="/static/katex/katex.min.js"></script>\n'
    '<script defer src="/static/katex/contrib/auto-render.min.js" onload="renderMathInElement('
    "document.body, {delimiters: [{left: '$$', right: '$$', display: true}, "
    "{left: '\\\\(', right: '\\\\)', display: false}]});\"></script>"
)
LOADERS = {
    "mathjax": _MATHJAX3,
    "mathjax_dollar": _MATHJAX3_DOLLAR,
    "mathjax_script": _MATHJAX2,
    "katex": '<link rel="stylesheet" href="/static/katex/katex.min.css">',
    "katex_html": '<link rel="stylesheet" href="/static/katex/katex.min.css">',
    "katex_auto": _KATEX_AUTO,
    "asciimath": '<script src="/static/MathJax.js?config=AM_CHTML"></script>',
    "stackexchange": _MATHJAX2,
    "sphinx": _MATHJAX3,
    "arithmatex": _MATHJAX3,
    "pandoc": _MATHJAX3,
    "jupyter": _MATHJAX2,
    "kramdown": '<script src="/static/MathJax.js?config=TeX-AMS_HTML"></script>',
}


def _menu(site: Site) -> str:
    entries = "\n".join(f'<li><a href="/{i}">{escape(e)}</a></li>' for i, e in enumerate(site.menu))
    return f"<ul>\n{entries}\n</ul>"


def _article(page: Page, site: Site, body: str) -> str:
    cookies = (
        '<div id="cookie-banner" class="cookie-consent" role="dialog">'
        f"<p>{escape(site.cookies)}</p>"
        "<button>Accept all</button> <button>Settings</button></div>\n"
        if site.cookies
        else ""
    )
    return f"""{cookies}<header class="site-header"><a class="logo" href="/">{escape(site.name)}</a>
<nav class="main-nav">{_menu(site)}</nav></header>
<div class="layout">
<main><article class="post">
<h1>{_inline(page.title, "none")}</h1>
<div class="entry-content">
{body}
</div>
<div class="share-buttons"><a href="#">Share</a> <a href="#">Tweet</a> <a href="#">Print</a></div>
</article></main>
<aside class="sidebar"><h4>About</h4><p>{escape(site.aside)}</p>
<h4>Recent</h4>{_menu(site)}</aside>
</div>
<footer class="site-footer"><p>{escape(site.footer)}</p></footer>"""


def _docs(page: Page, site: Site, body: str) -> str:
    return f"""<div class="related" role="navigation"><h3>Navigation</h3>
<ul><li class="right"><a href="genindex.html">index</a></li><li><a href="next.html">next</a> |</li>
<li><a href="index.html">{escape(site.name)}</a> &#187;</li></ul></div>
<div class="document"><div class="documentwrapper"><div class="bodywrapper">
<div class="body" role="main">
<section><h1>{_inline(page.title, "none")}<a class="headerlink" href="#top">¶</a></h1>
{body}
</section></div></div></div>
<div class="sphinxsidebar" role="navigation"><h3>Table of Contents</h3>{_menu(site)}
<p>{escape(site.aside)}</p></div></div>
<div class="footer">{escape(site.footer)}</div>"""


def _wiki(page: Page, site: Site, body: str) -> str:
    return f"""<div id="mw-navigation"><div class="vector-menu"><h3>{escape(site.name)}</h3>
{_menu(site)}</div></div>
<div id="content" class="mw-body" role="main">
<h1 id="firstHeading" class="firstHeading">{_inline(page.title, "none")}</h1>
<div id="siteSub">{escape(site.aside)}</div>
<div id="mw-content-text" class="mw-body-content"><div class="mw-parser-output">
{body}
</div></div>
<div id="catlinks" class="catlinks">Categories: <a href="/c/1">Articles</a></div></div>
<div id="footer" role="contentinfo"><ul><li>{escape(site.footer)}</li></ul></div>"""


def _forum(page: Page, site: Site, body: str) -> str:
    return f"""<header class="top-bar"><a href="/">{escape(site.name)}</a>
<nav>{_menu(site)}</nav></header>
<div id="question-header"><h1>
<a href="/q" class="question-hyperlink">{_inline(page.title, "none")}</a></h1></div>
<div class="question"><div class="votecell"><div class="js-vote-count">14</div></div>
<div class="postcell"><div class="s-prose js-post-body">
{body}
</div><div class="post-menu">
<a href="#">Share</a> <a href="#">Cite</a> <a href="#">Follow</a></div></div></div>
<div id="sidebar"><p>{escape(site.aside)}</p>{_menu(site)}</div>
<footer id="footer"><p>{escape(site.footer)}</p></footer>"""


def _plain(page: Page, site: Site, body: str) -> str:
    return f"<h1>{_inline(page.title, 'none')}</h1>\n{body}\n<hr>\n<p>{escape(site.footer)}</p>"


_FRAMES: dict[str, Callable[[Page, Site, str], str]] = {
    "article": _article,
    "docs": _docs,
    "wiki": _wiki,
    "forum": _forum,
    "plain": _plain,
}

_COOKIES = "We use cookies to remember your settings and to count visits. You can change this."

SITES = {
    "lecture": Site(
        "Open Lecture Notes",
        ("Home", "Algebra", "Analysis", "Geometry", "Statistics", "Exercises", "Contact"),
        "These notes accompany a first-year course. Corrections are welcome by e-mail.",
        "© 2026 Open Lecture Notes. Made with care and chalk.",
        "article",
        _COOKIES,
    ),
    "blog": Site(
        "The Slow Blackboard",
        ("Home", "Archive", "About", "Subscribe"),
        "A blog about small problems worth an evening. Subscribe to get one each Sunday.",
        "© 2020–2026 The Slow Blackboard · Powered by coffee · Privacy policy · Imprint",
        "article",
        "This site uses cookies. By continuing to browse you agree to our use of cookies.",
    ),
    "docs": Site(
        "NumKit 2.4 documentation",
        ("Getting started", "User guide", "API reference", "Release notes"),
        "This page was built from the sources of version 2.4.",
        "© Copyright 2019-2026, NumKit developers. Created using a documentation generator.",
        "docs",
    ),
    "wiki": Site(
        "OpenPedia",
        ("Main page", "Contents", "Random article", "Recent changes", "Donate", "Tools"),
        "From OpenPedia, the encyclopedia that a few people edit",
        "This page was last edited on 14 September 2026. Text is available under a free licence.",
        "wiki",
    ),
    "forum": Site(
        "Ask and Prove",
        ("Questions", "Tags", "Users", "Unanswered", "Log in", "Sign up"),
        "Hot questions: How do I cite a forum post? What is a good first proof?",
        "Ask and Prove is a question and answer site. Cookie settings. Terms of service.",
        "forum",
    ),
    "shop": Site(
        "Hearth & Harbour",
        ("Kitchen", "Garden", "Tools", "Sale", "Gift cards", "Basket (0)"),
        "Free delivery over $50. Returns within 30 days.",
        "© 2026 Hearth & Harbour Ltd. Prices include tax. Terms, Delivery, Careers.",
        "article",
        "We and our partners use cookies to show you offers you may like.",
    ),
    "news": Site(
        "The Harbour Courier",
        ("Local", "World", "Business", "Sport", "Weather", "Subscribe for $1"),
        "Most read: Ferry timetable changes from Monday. Storm closes the north pier.",
        "© 2026 The Harbour Courier. All rights reserved. Contact the newsroom.",
        "article",
        _COOKIES,
    ),
    "manual": Site(
        "Tidepool Server Manual",
        ("Install", "Configure", "Reference", "FAQ"),
        "You are reading the manual of version 7.1.",
        "Tidepool is free software. Report a mistake on this page.",
        "docs",
    ),
    "plain": Site("", (), "", "Last change: 3 May 2019", "plain"),
}


def render(page: Page) -> bytes:
    """Render a page as its server sends it.

    Args:
        page: the page.

    Returns:
        The HTML in the page's charset; what the charset lacks becomes a character reference.
    """
    site = SITES[page.site]
    body = body_html(page)
    if page.format == "jupyter":
        body = f'<div class="text_cell_render border-box-sizing rendered_html">\n{body}\n</div>'
    meta = f'<meta charset="{page.declared}">\n' if page.declared else ""
    host = urlsplit(page.url).hostname or ""
    name = f" | {escape(site.name)}" if site.name else ""
    text = f"""<!DOCTYPE html>
<html lang="{page.lang}">
<head>
{meta}<title>{escape(page.title, quote=False)}{name}</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="canonical" href="{escape(page.url)}">
<link rel="stylesheet" href="https://{host}/static/site.css">
{LOADERS.get(page.format, "")}
</head>
<body>
{_FRAMES[site.frame](page, site, body)}
<script>window.stats = window.stats || []; window.stats.push(["page", "{host}"]);</script>
</body>
</html>
"""
    return text.encode(page.charset, "xmlcharrefreplace")
