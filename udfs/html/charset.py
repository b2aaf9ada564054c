"""The characters of a page, from bytes whose sender may be wrong about them."""

from __future__ import annotations

import codecs
import re

from resiliparse.parse.encoding import detect_encoding, map_encoding_to_html5

_BOMS = ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be"))
_HEADER = re.compile(r"charset\s*=\s*[\"']?\s*([^\s\"';,]+)", re.IGNORECASE)
_META = re.compile(
    rb"<meta\b(?![^>]*\b(?:name|property)\s*=)[^>]*?\bcharset\s*=\s*[\"']?\s*([^\s\"'/>;]+)"
    rb"|\A\s*<\?xml\b[^>]*?\bencoding\s*=\s*[\"']([^\"'>]+)",
    re.IGNORECASE,
)
_COMMENT = re.compile(rb"<!--.*?-->", re.DOTALL)
# The standard looks at 1,024 bytes; long comments and scripts push the tag further down.
_META_BYTES = 8192
_SAMPLE_BYTES = 65536
_CONTEXT_BYTES = 1024  # of ASCII that goes before a sample
_WIDE_BYTES = 1024

# What browsers decode by a label is often a later and larger charset of the same family than
# Python's codec of the name (WHATWG Encoding Standard, "Names and labels").
_LARGER = {
    "big5": "big5hkscs",
    "euc_kr": "cp949",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "iso8859-1": "cp1252",
    "iso8859-9": "cp1254",
    "iso8859-11": "cp874",
    "koi8-r": "koi8-u",
    "shift_jis": "cp932",
}
# Labels that pages use and the standard does not know.
_ALIASES = {
    "cp949": "cp949",
    "uhc": "cp949",
    "ms949": "cp949",
    "cp932": "cp932",
    "cp936": "gb18030",
    "cp950": "big5hkscs",
    "x-mac-cyrillic": "mac_cyrillic",
    "x-mac-ukrainian": "mac_cyrillic",
}
# Windows' relatives of ISO's charsets have letters where those have controls, which no page holds.
_WINDOWS = {"iso8859-2": "cp1250", "iso8859-7": "cp1253", "iso8859-8": "cp1255"}
_CONTROLS = re.compile(rb"[\x80-\x9f]")
_HANGUL = re.compile("[\uac00-\ud7a3]")
_HIGH = re.compile("[\u0080-\ufffc]")
_HIGH_BYTES = re.compile(rb"[\x80-\xff]")
_MARKUP = re.compile(r"<(script|style)\b.*?(?:</\1|\Z)|<[^>]{0,5000}>", re.DOTALL | re.IGNORECASE)
# Three characters in a row that are not ASCII: no word of Western Europe has them.
_FOREIGN_RUN = re.compile("[\u0080-\ufffd]{3,}")
# Polish read as Latin-1: signs inside words.
_SIGN_IN_WORD = re.compile("[^\\W\\d_][\u00b1\u00b3\u00b6\u00b9\u00bc\u00bf](?=[a-z\u00f3])")
# With fewer such bytes, detection guesses; names of people are mostly western.
_FEW = 8
_WESTERN = "cp1252"
_LATIN = frozenset(
    {"iso8859-2", "iso8859-3", "iso8859-4", "iso8859-10", "iso8859-13", "iso8859-14", "iso8859-15"}
    | {"iso8859-16", "cp1250", "cp1252", "cp1254", "cp1257", "cp1258"}
)


def decode(html: bytes, content_type: str | None) -> str:
    """Decode a page.

    A byte-order mark is believed first. Text that is valid UTF-8 and not plain ASCII is UTF-8,
    whatever header and meta tag say: other charsets hardly ever form valid UTF-8 by accident.
    Then the header, then the meta tag, each if the bytes can be decoded so, then detection.
    Latin-1 in a header is the default of servers that know nothing: a meta tag that differs wins
    over it, and so does detection where the text would be no words of Western Europe.

    Args:
        html: the payload.
        content_type: HTTP header as sent, None when there was none.

    Returns:
        The text; bytes that no charset explains become U+FFFD. UTF-7 is refused: it is read as
        the ASCII that it is made of.
    """
    for mark, name in _BOMS:
        if html.startswith(mark):
            return html[len(mark) :].decode(name, "replace")
    if wide := wide_charset(html):
        return html.decode(wide, "replace")
    try:
        text = html.decode("utf-8")
    except UnicodeDecodeError as error:
        first = error.start
    else:
        return _iso_2022_jp(html) or text
    if first > len(html) - 4:
        return html.decode("utf-8", "replace")
    declared = _declared(html, content_type)
    for known in declared:
        if known == "utf-8":
            if _is_mostly_utf8(html):
                return html.decode("utf-8", "replace")
            continue
        text = html.decode(_windows(known, html), "replace")
        # A lying label of a multi-byte charset shows itself by undecodable sequences.
        if text.count("\ufffd") * 100 > len(_HIGH_BYTES.findall(html)):
            continue
        if known != _WESTERN or _is_western(text):
            return text
    if _is_mostly_utf8(html):
        return html.decode("utf-8", "replace")
    return html.decode(_detected(html, first), "replace")


def wide_charset(html: bytes) -> str | None:
    """Name of UTF-16 without a byte-order mark: every other byte of its markup is zero."""
    head = html[:_WIDE_BYTES]
    if b"\x00" not in head[:64]:
        return None
    half = len(head) // 2
    even, odd = head[::2].count(0), head[1::2].count(0)
    if odd > 0.4 * half and even < 0.02 * half and b"<\x00" in head:
        return "utf-16-le"
    if even > 0.4 * half and odd < 0.02 * half and b"\x00<" in head:
        return "utf-16-be"
    return None


def narrow(html: bytes) -> bytes:
    """Return a page in a charset that holds ASCII: UTF-16 becomes UTF-8, all else stays."""
    if html[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
        return html.decode("utf-16", "replace").encode("utf-8", "replace")
    wide = wide_charset(html)
    return html.decode(wide, "replace").encode("utf-8", "replace") if wide else html


def _declared(html: bytes, content_type: str | None) -> list[str]:
    """Charsets that header and meta tag name, the more believable first."""
    labels: list[str] = []
    if content_type and (match := _HEADER.search(content_type)):
        labels.append(match.group(1))
    head = _COMMENT.sub(b"", html[:_META_BYTES])
    if found := _META.search(head):
        labels.append((found.group(1) or found.group(2)).decode("ascii", "replace"))
    known = [name for label in labels if (name := _known(label))]
    if len(known) == 2 and known[0] == _WESTERN:
        known.reverse()
    return known


def _known(label: str) -> str | None:
    """Python's name for a web charset label, None for one that nobody knows."""
    label = label.strip().lower()
    if label in _ALIASES:
        return _ALIASES[label]
    mapped = map_encoding_to_html5(label, fallback_utf8=False) if label else None
    if not mapped or mapped.startswith("utf-16"):
        # The label was read from ASCII-compatible bytes, so it is wrong.
        return "utf-8" if mapped else None
    name = codecs.lookup(mapped).name
    return _LARGER.get(name, name)


def _detected(html: bytes, first: int) -> str:
    """Charset of bytes that nobody has named.

    Args:
        html: the payload.
        first: where the bytes begin that are not ASCII.
    """
    sample = html[max(0, first - _CONTEXT_BYTES) :][:_SAMPLE_BYTES]
    found = _known(detect_encoding(sample, max_len=_SAMPLE_BYTES) or "")
    if found is None or found == "utf-8":  # what the detector says when it does not know
        if _is_korean(sample):
            return "cp949"
        found = _WESTERN
    if found in _LATIN and found not in ("iso8859-2", "cp1250"):
        signs = _SIGN_IN_WORD.findall(sample.decode(_WESTERN, "replace"))
        if len(signs) > 1:
            is_windows = any(sign[1] == "\u00b9" for sign in signs) or _CONTROLS.search(sample)
            return "cp1250" if is_windows else "iso8859-2"
    if found in _LATIN and len(_HIGH_BYTES.findall(sample)) < _FEW:
        return _WESTERN
    # Nobody writes Latin-7; the detector takes Polish for it.
    return _windows("iso8859-2" if found == "iso8859-13" else found, sample)


def _windows(charset: str, html: bytes) -> str:
    return _WINDOWS[charset] if charset in _WINDOWS and _CONTROLS.search(html) else charset


def _is_korean(sample: bytes) -> bool:
    """Whether bytes are EUC-KR, which the detector does not know."""
    text = sample.decode("cp949", "replace")
    hangul, high = len(_HANGUL.findall(text)), len(_HIGH.findall(text))
    return hangul >= 4 and hangul > 0.7 * high and text.count("\ufffd") * 50 <= hangul


def _iso_2022_jp(html: bytes) -> str | None:
    """Decode Japanese in seven bits, which is valid ASCII and nothing to read."""
    if b"\x1b$" not in html:
        return None
    try:
        return html.decode("iso2022_jp_ext")
    except UnicodeDecodeError:
        return None


def _is_western(text: str) -> bool:
    """Whether text decoded as Latin-1 may be that: words are ASCII with some accents."""
    prose = _MARKUP.sub(" ", text[: 4 * _SAMPLE_BYTES])
    high = len(_HIGH.findall(prose))
    if len(_SIGN_IN_WORD.findall(prose)) > 1:
        return False
    return high < _FEW or sum(map(len, _FOREIGN_RUN.findall(prose))) < 0.3 * high


def _is_mostly_utf8(html: bytes) -> bool:
    """Whether broken UTF-8 is the best reading: few wrong bytes beside many good sequences."""
    text = html.decode("utf-8", "replace")
    bad = text.count("\ufffd")
    good = sum(1 for _ in _HIGH.finditer(text[:_SAMPLE_BYTES]))
    return good > 4 * bad
