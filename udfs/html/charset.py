"""The characters of a page, from bytes whose sender may be wrong about them."""

from __future__ import annotations

import codecs
import re

from resiliparse.parse.encoding import detect_encoding, map_encoding_to_html5

_BOMS = ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be"))
_HEADER = re.compile(r"charset\s*=\s*[\"']?\s*([^\s\"';,]+)", re.IGNORECASE)
_META = re.compile(rb"<meta\b[^>]*?charset\s*=\s*[\"']?\s*([^\s\"'/>;]+)", re.IGNORECASE)
# The standard looks at 1,024 bytes; long comments and scripts push the tag further down.
_META_BYTES = 8192
_SAMPLE_BYTES = 65536


def decode(html: bytes, content_type: str | None) -> str:
    """Decode a page.

    A byte-order mark is believed first. Text that is valid UTF-8 and not plain ASCII is UTF-8,
    whatever header and meta tag say: other charsets hardly ever form valid UTF-8 by accident.
    Then the header, then the meta tag, each if the bytes can be decoded so, then detection.

    Args:
        html: the payload.
        content_type: HTTP header as sent, None when there was none.

    Returns:
        The text; bytes that no charset explains become U+FFFD.
    """
    for mark, name in _BOMS:
        if html.startswith(mark):
            return html[len(mark) :].decode(name, "replace")
    try:
        return html.decode("utf-8")
    except UnicodeDecodeError as error:
        is_cut_at_end = error.start > len(html) - 4
    declared = []
    if content_type and (match := _HEADER.search(content_type)):
        declared.append(match.group(1))
    if match_meta := _META.search(html[:_META_BYTES]):
        declared.append(match_meta.group(1).decode("ascii", "replace"))
    if is_cut_at_end:
        return html.decode("utf-8", "replace")
    for label in declared:
        known = _known(label)
        if known is None:
            continue
        if known != "utf-8":
            text = html.decode(known, "replace")
        elif _is_mostly_utf8(html):
            return html.decode("utf-8", "replace")
        else:
            continue
        # A lying label of a multi-byte charset shows itself by undecodable sequences.
        if text.count("\ufffd") * 100 <= len(text):
            return text
    if _is_mostly_utf8(html):
        return html.decode("utf-8", "replace")
    detected = _known(detect_encoding(html, max_len=_SAMPLE_BYTES))
    if detected is None or detected == "utf-8":  # what the detector says when it does not know
        detected = "cp1252"
    return html.decode(detected, "replace")


def _known(label: str | None) -> str | None:
    """Python's name for a web charset label, None for one that nobody knows."""
    label = (label or "").strip().lower()
    if label.startswith("utf-16") or label == "":
        return "utf-8"  # the label was read from ASCII-compatible bytes, so it is wrong
    mapped = map_encoding_to_html5(label, fallback_utf8=False)
    return codecs.lookup(mapped).name if mapped else None


def _is_mostly_utf8(html: bytes) -> bool:
    """Whether broken UTF-8 is the best reading: few wrong bytes beside many good sequences."""
    text = html.decode("utf-8", "replace")
    bad = text.count("\ufffd")
    good = sum(1 for _ in re.finditer("[\u0080-\ufffc]", text[:_SAMPLE_BYTES]))
    return good > 4 * bad
