"""What the names say that authors of templates give to the parts of a page: classes, ids, roles."""

from __future__ import annotations

import re
from functools import lru_cache

from udfs.html.tree import Node

HARD = "hard"
"""A part of the template."""
SOFT = "soft"
"""Mostly a part of the template, but authors use the word for content too."""
META = "meta"
"""Who, when, how many votes: a short line beside the content."""
HIDDEN = "hidden"
"""Not shown."""
TABS = "tabs"
"""The labels of tabs where it is a list, and all tabs with their contents elsewhere."""
FOLDED = "folded"
"""Not shown until a reader asks for it."""
GUTTER = "gutter"
"""Numbers of lines and prompts beside code."""

_ROLES = frozenset(
    str.split(
        """
        navigation banner contentinfo complementary search searchbox menu menubar toolbar
        tablist dialog alertdialog doc-toc doc-backlink button
        """
    )
)
# Sought in names written with hyphens: `mainNav_x1` is read as `main-nav-x1`.
_LONG = re.compile(
    r"side-?bar|side-?nav|bread-?crumb|crumbs|nav-?bar|navigation|nav-?path"
    r"|nav-?(?:tree|row|header|footer|panel|links|icons|box)|(?:site|main|page|top|sub|post)-?nav\b"
    r"|cookie|gdpr|consent-|disqus|newsletter|pagination|table-?of-?contents"
    r"|skip-?(?:link|to|nav)|screen-?reader|visually-?hidden|sr-only|assistive-text"
    r"|edit-?(?:section|page|link|this)|header-?link|footer(?!-?note)"
    r"|search-?(?:box|bar|form|results)|permalink|share-|sharing|social|addtoany|prev-?next|next-?prev"
    r"|back-?(?:to|2)-?top|advert|copyright|cat-?links|popover|tooltip|modal|dropdown"
    r"|jump-?(?:link|to)|print-?(?:only|footer)|no-?print|masthead|site-?header"
    r"|page-?header-?(?:nav|bar)|top-?bar|tool-?bar|announce"
    r"|version-?(?:warning|switch|select|banner|badge)"
    r"|lang(?:uage)?s?-?(?:switch|select|list|links|chooser|menu)"
    r"|related-?(?:posts|pages|articles|links|questions|topics|content|reading)|relatedposts"
    r"|copy-?btn|ethical-ad|book-?(?:summary|header)|inter-?language|mw-portlet|mw-indicator"
    r"|mwe-popups|metadata|feedback|contribute|source-?link|view-?source|page-?source"
    r"|(?:site|central)-?notice|site-?(?:info|description|branding|footer|logo)|rst-(?:other-)?versions"
    r"|recommend|you-?(?:may|might)-?(?:also-)?like|read-?next|subscri(?:be|ption)|sign-?up"
    r"|comment-?(?:form|list|respond|reply|section|thread)|comments-(?:area|list|container|wrapper)"
    r"|widget-?area|who-?(?:is|s)-?online|quick-?(?:login|search|reply|links)|post-?feeds?\b"
    r"|site-?sub(?:title)?\b|tag-?line|action-?bar|online-?list|toast|extra-?(?:services|links|nav)"
    r"|submission-?history|book-?marks?\b|eq(?:n|uation)?-?(?:numbers?|num|no|label)\b|call-?to-?action|sponsor|promo(?:tion)?\b"
    r"|author-?(?:info|bio|box|card|profile|desc)|about-?(?:the-?)?author|user-?profile"
    r"|yarpp|taboola|outbrain"
)
_TOKENS = frozenset(
    str.split(
        """
        nav navi navigate menu menus submenu menubar toc footer foot breadcrumb breadcrumbs
        pager tabbar ad ads banner share related comments respond
        commentform searchbar search login signup skip topnav
        bottomnav prev next previous localtoc headertoc infobar dyncontent ttc
        ttname sitemap toplinks quicklinks rellinks headernav linkbar
        prevnext selector colophon gitlink toctree popup interstitial noprint skyscraper
        """
    )
)
_EXACT = frozenset(
    str.split(
        """
        comment-form hidden memtemplate-nav summary-nav viewcode-link byline-links social-links
        pilcrow fork-me github-fork-ribbon toctree-wrapper top-link to-top widget eqno powered-by
        linked-articles see-also-links feed-links
        titlearea dynheader notices descriptor ltx-eqn-eqno
        blanket-implementations-list synthetic-implementations-list ltx-tag-equation
        equation-number maruku-eq-number
        """
    )
)
_META = re.compile(
    r"by-?line|(?:post|entry|article|page|blog|topic|thread)-?(?:meta|info|date|tags?|labels"
    r"|author|signature|footer|timestamp|time|actions|buttons|controls|stats|byline|utility)\b"
    r"|posted-?(?:on|by|in)|pub(?:lish(?:ed)?|lication)?-?(?:date|time|info)|date-?(?:header|line|published)"
    r"|time-?(?:stamp|ago)|relative-?time|last-?(?:updated?|modified|edited|revised)"
    r"|author-?(?:avatar|details)"
    r"|user-?(?:info|details|card|name|action|profile|avatar|box|title|stats)|post-?profile|poster-"
    r"|vote-?(?:cell|count|box|s)\b|voting|(?:star-?)?ratings?\b|reputation|badge-?count"
    r"|tag-?(?:list|cloud|links)|taglist|tagcloud|reading-?time|(?:view|read|like|comment|reply)s?-?count"
    r"|avatar|gravatar|taxonomy|claps?\b|metrics|upvote|kudos"
)
_META_NAMES = frozenset(
    str.split(
        "meta tags postmeta categories votes likes dateline timestamp posthead signature"
        " signaturecontainer post-likes"
    )
)
_SOFT = re.compile(
    r"comments|related|summary|metadata|feedback|tooltip|hidden|next|previous|search"
)
# What such a name says of the inside is not said of the element: `content-with-sidebar`.
_NOT_ITSELF = re.compile(
    r"footnote|\bno-?(?:side|nav|toc|header|footer|share)|\b(?:has|with|without|is|position)\b|layout$"
    r"|layout-(?:main|container|wrapper)"
    r"|container-fluid|(?:content|main).*\b(?:wrap(?:per)?|container|area|outer|inner)\b"
    r"|^(?:page|site|body|app|main)-?wrap(?:per)?\b"
)
_TABS = frozenset(("tabs", "tab"))
# Folded away until a reader asks for it, but content.
_DISCLOSED = re.compile(
    r"solution|answer|proof|hint|spoiler|collaps|accordion|toggle|\bfold|tab-?pane|tab-?item"
    r"|tab-?content|disclos|reveal|expand|explanation|read-?more|show-?more"
)
_GUTTERS = frozenset(
    str.split(
        """
        lineno linenos linenodiv gutter line-number line-numbers-rows linenumber linenumbers
        rouge-gutter blob-num hljs-ln-numbers prompt input_prompt output_prompt jp-InputPrompt
        jp-OutputPrompt prompt_container copy-button copybtn copy-code-button ln lnt
        """
    )
)
_IDS = frozenset(
    str.split(
        """
        comments respond sidebar footer nav navbar toc menu related-posts disqus-thread share
        breadcrumbs left-sidebar right-sidebar
        """
    )
)
_ANY_ID = re.compile(
    "|".join({name.partition("-")[0] for name in _IDS} | {"sidebar"}), re.IGNORECASE
)
_HASH = re.compile("[0-9a-f]{12,}")
_SAYS = re.compile(" (?:class|id|role|style|hidden|aria-hidden)\\b")
_SAYING = re.compile('( (class|id|role|style|hidden|aria-hidden)="([^"]*)")')
_HEADED = frozenset(
    str.split("section h1 h2 h3 h4 h5 h6 a p li dl dt dd span tr td th article main body figure")
)
_SECTION = re.compile(r"\b(?:section|level\d|sect\d?|subsection|chapter|ltx_\w+)\b")
_RESPONSIVE = re.compile(r":(?:block|flex|inline|grid|table|contents)")
_WORDS = re.compile(r"[^A-Za-z0-9]+|(?<=[a-z])(?=[A-Z])")
_INVISIBLE = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.IGNORECASE)


def is_gutter(node: Node) -> bool:
    """Whether an element holds numbers of lines or prompts, which are no part of the code."""
    return bool(node.classes & _GUTTERS) and node.tag not in ("code", "table", "tr", "body")


@lru_cache(maxsize=16384)
def verdict(tag: str, raw: str) -> str:
    """What an element's attributes, as serialised, say about it; "" for nothing."""
    if not _SAYS.search(raw):
        return _of_attributes(tag, "") if "-" in tag else ""
    # Without the addresses and ids by which tags differ that say the same.
    if '="' in raw:
        raw = "".join(
            whole for whole, name, value in _SAYING.findall(raw) if _is_telling(tag, name, value)
        )
    return _of_attributes(tag, _HASH.sub("0", raw))


def _is_telling(tag: str, name: str, value: str) -> bool:
    """Whether an attribute may matter: of ids and styles few do, and most tags have their own."""
    if name == "id":
        return tag not in _HEADED or _ANY_ID.search(value) is not None
    return name != "style" or _INVISIBLE.search(value) is not None


@lru_cache(maxsize=16384)
def _of_attributes(tag: str, raw: str) -> str:
    node = Node(tag, raw, None)
    if node.classes & _GUTTERS:
        return GUTTER
    role = node.get("role")
    if role in _ROLES:
        return HARD
    classes = node.get("class")
    names = [_hyphenated(name) for name in classes.split()]
    if identity := node.get("id"):
        identity = _hyphenated(identity)
        # An id may also be a heading's words, for links: `<section id="modal-logic">`.
        if identity in _IDS or not (tag in _HEADED or _SECTION.search(classes)):
            names.append(identity)
    if "-" in tag:
        names.append(tag)  # <d-byline>
    found = ""
    for name in names:
        each = _of_name(name)
        if name == "hidden" and (_RESPONSIVE.search(classes) or any(map(_DISCLOSED.search, names))):
            each = ""
        if each == HARD:
            return HARD
        found = found or each
    attributes = node.attributes
    if (
        "hidden" in attributes
        or attributes.get("aria-hidden") == "true"
        or _INVISIBLE.search(attributes.get("style", ""))
    ):
        is_disclosed = role == "tabpanel" or any(map(_DISCLOSED.search, names))
        return (found or FOLDED) if is_disclosed else HIDDEN
    return found


def _hyphenated(name: str) -> str:
    """Words of a name, `mainNav_x1` as `main-nav-x1`, without a state (`section--ads`)."""
    if "--" in name:
        name = name.partition("--")[0] or name
    return "-".join(filter(None, _WORDS.split(name))).lower()


def _of_name(name: str) -> str:
    if not name or _NOT_ITSELF.search(name):
        return ""
    if _LONG.search(name) or name in _EXACT or not _TOKENS.isdisjoint(name.split("-")):
        return SOFT if _SOFT.search(name) else HARD
    if name in _TABS:
        return TABS
    if name in _META_NAMES or _META.search(name):
        return META
    return ""
