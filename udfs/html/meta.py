r"""What a page says about its own use: who may read it, and under which licence.

Read from the bytes, before the page is parsed, so that a page that opts out costs no parsing and
one that says nothing costs a few searches.

Opting out: the `robots` meta tag and the `X-Robots-Tag` header (Google, "Robots meta tag,
data-nosnippet, and X-Robots-Tag specifications"), `noai` among their directives (DeviantArt,
2022), and `tdm-reservation` (W3C TDM Reservation Protocol, "TDMRep").

Licences: Creative Commons alone, by their addresses in `rel=license`, in Dublin Core and
schema.org metadata and in links, or by their names where a sentence grants them. So does the
Common Crawl Creative Commons Corpus (C5, Vanroy 2025), whose order of trust this follows:
declared before linked before named.
"""

from __future__ import annotations

import re
from html import unescape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

OPTED_OUT = "opted_out"

TDM_RESERVATION = "tdm-reservation"
"""Directive that stands for a `tdm-reservation` of 1."""

AGENTS = frozenset({"robots", "googlebot", "ccbot", "gptbot", "google-extended"})
"""Whose directives are ours: everyone's, the usual example's, and those of readers for corpora."""

# Directives with a value; before any other colon stands an agent's name.
_VALUED = frozenset(
    {"max-snippet", "max-image-preview", "max-video-preview", "unavailable_after", TDM_RESERVATION}
)
_HEAD_END = re.compile(rb"</head\s*>|<body[\s>]", re.IGNORECASE)
_HEAD_BYTES = 1 << 18  # of a page whose head never ends
_IGNORED = re.compile(
    rb"<!--.*?(?:-->|\Z)|<(script|style|template|textarea|title)\b[^>]{0,1000}>.*?(?:</\1\s*>|\Z)",
    re.IGNORECASE | re.DOTALL,
)
_TAG = re.compile(
    rb"<(meta|link|a)\b((?:[^>\"']|\"[^\"]{0,4000}\"|'[^']{0,4000}'){0,1000}+)>", re.IGNORECASE
)
_ATTRIBUTE = re.compile(rb"([^\s\"'>/=]+)\s*=\s*(?:\"([^\"]*)\"|'([^']*)'|([^\s\"'>]+))", re.DOTALL)
_NAMED = re.compile(
    rb"=\s*[\"']?\s*(?:" + b"|".join(map(re.escape, sorted(map(str.encode, AGENTS))))
    + rb"|tdm-reservation)\s*[\"'\s/>]",
    re.IGNORECASE,
)  # fmt: skip


def directives(html: bytes, header: str | None = None) -> frozenset[str]:
    """Return the robots directives of a page, lower case, without their values.

    Args:
        html: the payload, in any charset that holds ASCII.
        header: `X-Robots-Tag` headers as sent, one a line; None when there were none.

    Returns:
        E.g. {"noindex", "nofollow"}; `none` stands for both as well as for itself, and
        `tdm-reservation` for one whose value is 1.
    """
    found = set(_of_header(header)) if header else set()
    end = _HEAD_END.search(html, 0, _HEAD_BYTES)
    head = html[: end.start() if end else _HEAD_BYTES]
    if _NAMED.search(head):
        for tag, attributes in _tags(_IGNORED.sub(b" ", head)):
            if tag != "meta":
                continue
            name = attributes.get("name", "").strip().lower()
            content = attributes.get("content", "")
            if name in AGENTS:
                found |= set(_split(content))
            elif name == TDM_RESERVATION and content.strip() == "1":
                found.add(TDM_RESERVATION)
    if "none" in found:
        found |= {"noindex", "nofollow"}
    return frozenset(found)


def is_opted_out(html: bytes, header: str | None, honoured: Collection[str]) -> bool:
    """Whether a page carries one of the directives that are honoured."""
    return bool(honoured) and not directives(html, header).isdisjoint(honoured)


def _of_header(header: str) -> Iterator[str]:
    for line in header.splitlines():
        is_ours = True
        for item in line.split(","):
            name, colon, value = item.strip().lower().partition(":")
            if colon and name.strip() not in _VALUED:
                is_ours = name.strip() in AGENTS
                name = value
            if is_ours:
                yield from _directive(name.strip() + (f":{value}" if colon else ""))


def _split(content: str) -> Iterator[str]:
    for item in re.split(r"[,;\s]+(?!:)", content.lower()):
        yield from _directive(item)


def _directive(item: str) -> Iterator[str]:
    name, _, value = item.partition(":")
    name = name.strip()
    if name == TDM_RESERVATION and value.strip() != "1":
        return
    if name:
        yield name


def _tags(html: bytes) -> Iterator[tuple[str, dict[str, str]]]:
    """Cut out `meta`, `link` and `a` tags: name, attributes (lower-case names, unescaped)."""
    for tag in _TAG.finditer(html):
        attributes: dict[str, str] = {}
        for name, *values in _ATTRIBUTE.findall(tag.group(2)):
            value = b"".join(values).decode("utf-8", "replace")
            attributes.setdefault(name.decode("latin-1").lower(), unescape(value))
        yield tag.group(1).decode("ascii").lower(), attributes


# --- licences

_SITE = b"creativecommons.org"
_LICENCE_URL = re.compile(
    r"creativecommons\.org(?:/|\\/|%2F)+(?:licen[sc]es|publicdomain)(?:/|\\/|%2F)+"
    r"(?P<kind>[a-z+-]{2,20}|zero|mark)(?:(?:/|\\/|%2F)+(?P<version>\d\.\d))?"
    r"(?:(?:/|\\/|%2F)+(?P<place>[a-z]{2}|igo|scotland)(?![\w.-]))?",
    re.IGNORECASE,
)
_KINDS = frozenset(
    str.split("by by-sa by-nd by-nc by-nc-sa by-nc-nd sa nd nc nc-sa nd-nc zero mark publicdomain")
)
_NAMES = {"zero": "cc0", "mark": "cc-pdm", "publicdomain": "cc-pdm", "by-nd-nc": "cc-by-nc-nd"}
# Metadata whose value names the licence of the page.
_META = frozenset(
    str.split(
        """
        license licence dc.rights dc.license dc.licence dcterms.rights dcterms.license
        dcterms.licence dc.rights.license dc.rights.uri rights copyright cc:license og:license
        dcterms.rights.uri
        """
    )
)
_JSON_LICENCE = re.compile(
    rb"\"(?:license|licence|dc:rights|dcterms:license)\"\s*:\s*(\"[^\"<>]{8,300}\""
    rb"|\{[^{}<>]{0,600}\}|\[[^\[\]<>]{0,600}\])",
    re.IGNORECASE,
)
# Each search of a page costs some 20 us, so not every spelling has one.
_NAME_HINTS = (b"Creative Commons", b"CC BY", b"CC-BY")
_GRANT = re.compile(
    r"(?:licen[sc]ed?|distributed|available|released|published|shared|used|reproduced|copied)"
    r"[\w ,.:'’()-]{0,80}?\b(?:under|by|with|per|terms of)\b[\w ,:'’\"()-]{0,60}?"
    r"(?:(?P<short>CC0|CC[ -]BY(?:-(?:NC|SA|ND)){0,2})(?:[ -]*(?P<v1>[1-4]\.[05]))?"
    r"|Creative Commons[ ,:]+(?P<long>Zero|Attribution(?:[ ,-]+(?:and |No[n-]?[ -]?Commercial"
    r"|Non-?Commercial|Share[ -]?Alike|No[ -]?Deriv(?:ative|ativ|)(?: Work)?s?)){0,4})"
    r"(?:[ (a-zA-Z,-]{0,40}?(?P<v2>[1-4]\.[05]))?)",
    re.IGNORECASE,
)
_BLANKS = re.compile(r"(?:<[^<>]{0,500}>|&nbsp;|\s|\u00a0|[\u2010-\u2013])+")
_MOST_GRANTS = 8
_END_BYTES = 1 << 14  # of a page, where sentences about its licence stand
_GRANT_BYTES = 300


def licence(html: bytes) -> str | None:
    """Return the Creative Commons licence that a page claims for itself.

    Args:
        html: the payload, in any charset that holds ASCII.

    Returns:
        An id as SPDX writes it, in lower case, with the jurisdiction where there is one:
        `cc-by-sa-4.0`, `cc-by-3.0-de`, `cc0-1.0`, `cc-pdm-1.0`; without a version where none is
        given or several are (`cc-by-sa`). None where the page claims none, or several.
    """
    if _SITE in html:
        plain = _COMMENT.sub(b" ", html)
        declared: list[str] = []
        linked: list[str] = []
        for tag, attributes in _tags_near(plain):
            if tag == "meta":
                name = (attributes.get("name") or attributes.get("property") or "").lower()
                if name in _META:
                    declared += _ids(attributes.get("content", ""))
                continue
            ids = _ids(attributes.get("href", ""))
            if "license" in attributes.get("rel", "").lower().split():
                declared += ids
            elif tag == "a":
                linked += ids
        for found in _JSON_LICENCE.finditer(plain) if b"ld+json" in plain else ():
            declared += _ids(found.group(1).decode("utf-8", "replace"))
        for claims in (declared, linked):
            if claims:
                return _agreed(claims)
    ends = html if len(html) <= 2 * _END_BYTES else html[:_END_BYTES] + b" " + html[-_END_BYTES:]
    if any(hint in ends for hint in _NAME_HINTS):
        return _agreed(_granted(ends))
    return None


_COMMENT = re.compile(rb"<!--.*?(?:-->|\Z)", re.DOTALL)


def _tags_near(html: bytes) -> Iterator[tuple[str, dict[str, str]]]:
    """Tags that hold the address of a licence, and no others: a page has thousands of links."""
    place = html.find(_SITE)
    done = 0
    while place >= 0:
        opening = html.rfind(b"<", max(done, place - 2000), place)
        tag = _TAG.match(html, opening, place + 2000) if opening >= 0 else None
        if tag is not None and tag.end() > place:
            done = tag.end()
            yield from _tags(tag.group())
        place = html.find(_SITE, max(done, place + len(_SITE)))


def _ids(text: str) -> list[str]:
    """Ids of the licences whose addresses stand in a text."""
    found = []
    for match in _LICENCE_URL.finditer(text):
        kind = match["kind"].lower().rstrip("-")
        if kind not in _KINDS and kind not in _NAMES:
            continue
        parts = [_NAMES.get(kind, f"cc-{kind}"), match["version"], match["place"]]
        if parts[0] in ("cc0", "cc-pdm"):
            parts[1:] = ["1.0"]
        found.append("-".join(part.lower() for part in parts if part))
    return found


def _granted(html: bytes) -> list[str]:
    """Ids of the licences that sentences of a page grant by name."""
    found = []
    places = sorted(place for hint in _NAME_HINTS for place in _places(html, hint))
    for place in places[: 4 * _MOST_GRANTS]:
        around = html[max(0, place - _GRANT_BYTES) : place + _GRANT_BYTES]
        text = _BLANKS.sub(" ", around.decode("utf-8", "replace"))
        for match in _GRANT.finditer(text):
            if name := _long_id(match["long"]) if match["long"] else match["short"]:
                kind = re.sub(r"[ -]+", "-", name.lower())
                version = match["v1"] or match["v2"]
                found.append(
                    "cc0-1.0" if kind == "cc0" else "-".join(filter(None, (kind, version)))
                )
    return found


def _places(html: bytes, hint: bytes) -> Iterator[int]:
    place = html.find(hint)
    for _ in range(_MOST_GRANTS):
        if place < 0:
            return
        yield place
        place = html.find(hint, place + 1)


def _long_id(name: str) -> str:
    lower = name.lower().replace("-", "").replace(" ", "")
    if lower == "zero":
        return "CC0"
    parts = ["CC-BY"]
    parts += [
        short
        for short, long in (("NC", "commercial"), ("SA", "sharealike"), ("ND", "noderiv"))
        if long in lower
    ]
    return "-".join(parts)


def _agreed(ids: Iterable[str]) -> str | None:
    """The one licence of several claims: with its version where all name the same."""
    different = set(ids)
    if len(different) == 1:
        return different.pop()
    kinds = {re.sub(r"-\d\.\d.*", "", name) for name in different}
    if len(kinds) != 1:
        return None
    versions = {found[0] for name in different if (found := re.search(r"\d\.\d", name))}
    return f"{kinds.pop()}-{versions.pop()}" if len(versions) == 1 else kinds.pop()
