r"""Masks e-mail addresses, telephone numbers and IP addresses in texts.

Each becomes a placeholder that says what stood there. The names are those of Dolma
(`EMAIL_ADDRESS`, `PHONE_NUMBER`, `IP_ADDRESS`: arXiv 2402.00159, section 5.3; Presidio calls them
the same) between the angle brackets of Presidio and StarCoder (arXiv 2305.06161): Dolma's own
`|||` would end the cells of a Markdown table. What is one follows FineWeb's formatter
(datatrove, `PIIFormatter`) for mail and IP addresses; telephone numbers it leaves alone.

Mathematics is full of numbers and its formulas of `@`, so precision goes before recall. Formulas
and code are never touched. A number is a telephone number only by its international prefix, by
the North American form `555-123-4567`, or by a word before it (`Tel.`). Four numbers with dots
are an address only where they are not a version or the number of a section.
"""

from __future__ import annotations

import ipaddress
import re
from collections import Counter
from typing import TYPE_CHECKING, Literal, NamedTuple, get_args

from udfs.contexts.formulas import Heading, scan

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

Kind = Literal["email", "phone", "ip"]

KINDS: tuple[Kind, ...] = get_args(Kind)

PLACEHOLDERS: Mapping[Kind, str] = {
    "email": "<EMAIL_ADDRESS>",
    "phone": "<PHONE_NUMBER>",
    "ip": "<IP_ADDRESS>",
}
"""What stands for a masked piece of text."""


class Masked(NamedTuple):
    """A text after masking.

    Attributes:
        text: the text with placeholders.
        counts: how many pieces were masked, by kind; kinds with none are left out.
    """

    text: str
    counts: dict[str, int]


def mask(text: str, kinds: Collection[str] = KINDS) -> Masked:
    r"""Mask personal data in the prose of a text.

    Linear in the length of the text: each pattern has bounded repetitions. A text without
    candidates, which is nearly every one, is only searched.

    Args:
        text: Markdown; formulas between `$..$`, `$$..$$`, `\(..\)`, `\[..\]` or in a LaTeX
            environment, code in backquotes or fences.
        kinds: what is masked, of `KINDS`.

    Returns:
        The text and what was masked. Masking it again changes nothing.
    """
    found: list[tuple[int, int, Kind]] = []
    if "email" in kinds:
        found += [(*span, "email") for span in _emails(text)]
    if "ip" in kinds or "phone" in kinds:
        numbers = list(_NUMBER.finditer(text))
        if "ip" in kinds:
            found += [(*span, "ip") for span in _addresses(text, numbers)]
        if "phone" in kinds:
            found += [(*span, "phone") for span in _phones(text, numbers)]
    if not found:
        return Masked(text, {})
    protected = _protected(text)
    parts: list[str] = []
    counts: Counter[str] = Counter()
    position = place = 0
    for start, end, kind in sorted(found):
        while place < len(protected) and protected[place][1] <= start:
            place += 1
        if start < position or (place < len(protected) and protected[place][0] < end):
            continue
        parts += (text[position:start], PLACEHOLDERS[kind])
        counts[kind] += 1
        position = end
    if not counts:
        return Masked(text, {})
    parts.append(text[position:])
    return Masked("".join(parts), dict(counts))


# A block of code inside quotations and lists, which `scan` takes for running text; one that is
# never closed goes on to the end.
_FENCED = re.compile(
    r"^(?:[ >]|(?:[-*+]|\d{1,9}[.)]|\[\^\w{1,99}\]:)[ ])*+(?P<fence>`{3,}|~{3,})[^`\n]*\n.*?"
    r"(?:^[ >]*+(?P=fence)[`~]*+[ ]*$|\Z)",
    re.DOTALL | re.MULTILINE,
)
# What `scan` may take for prices, by Pandoc's rule: no blank inside, no digit behind.
_DOLLARS = re.compile(
    r"\\.|\$\$(?:\\.|[^\\$]|\$(?!\$))+?\$\$"
    r"|\$(?![\s$])(?:\\.|[^\\$\n])*?(?:\\.|[^\\$\s])\$(?!\d)",
    re.DOTALL,
)


def _protected(text: str) -> list[tuple[int, int]]:
    """Where formulas and code stand, in order, without overlap."""
    spans = [(part.start, part.end) for part in scan(text) if not isinstance(part, Heading)]
    spans += [match.span() for match in _FENCED.finditer(text)]
    spans += [match.span() for match in _DOLLARS.finditer(text) if match.group()[0] == "$"]
    joined: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if joined and start < joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return joined


# --- e-mail addresses

# From the `@` outwards, so that a text without one costs nothing. Lengths: RFC 5321, 4.5.3.1.
_AT = re.compile("@")
_SPELT_AT = re.compile(r"[ ]?[\[(][ ]?(?:at|AT)[\])][ ]?")
_SPELT_ENDS = ("at)", "at]", "(AT)")
_LOCAL = re.compile(r"[\w.!#%&'*+/=?^{|}~-]{1,64}\Z")
_DOMAIN = re.compile(
    r"(?:[^\W_](?:[\w-]{0,61}[^\W_])?(?:\.|[ ]?[\[(][ ]?(?:dot|DOT|\.)[ ]?[\])][ ]?)){1,8}"
    r"([^\W\d_]{2,24}|xn--[a-z0-9-]{2,59})(?![\w@]|\.\w*@)"
)
# What ends like a host name and is a file, or code: user@array.shape, script@name.py.
_NOT_TLD = frozenset(
    str.split(
        """
        append array conj copy cpp csv data dll dot dtype exe flatten gif grad gz hpp htm html inv
        ipynb item jl jpeg jpg js json matrix mean ndim pdf php png real reshape shape sum svg tar
        tex transpose ts txt values vector xml yaml yml zip
        """
    )
)
_STRIPPED = ".!#%&'*+/=?^{|}~-"


def _emails(text: str) -> Iterator[tuple[int, int]]:
    if "@" in text:
        yield from _emails_at(text, _AT)
    if any(end in text for end in _SPELT_ENDS):
        yield from _emails_at(text, _SPELT_AT)


def _emails_at(text: str, pattern: re.Pattern[str]) -> Iterator[tuple[int, int]]:
    before = 0
    for at in pattern.finditer(text):
        start = at.start()
        local = _LOCAL.search(text, max(before, start - 64), start)
        domain = _DOMAIN.match(text, at.end())
        if local is None or domain is None or domain.group(1).lower() in _NOT_TLD:
            continue
        name = local.group().rpartition("/")[2].lstrip(_STRIPPED)
        if not name or name[-1] == "." or ".." in name or not any(map(str.isalnum, name)):
            continue
        before = domain.end()
        start -= len(name)
        # The angle brackets of an address in a header go with it.
        if text[start - 1 : start] == "<" and text[before : before + 1] == ">":
            start, before = start - 1, before + 1
        yield start, before


# --- numbers

# One scan finds what may be a telephone number or an IPv4 address.
_NUMBER = re.compile(r"[0-9][0-9 ().\-/\u2013\u00a0\u2011]{4,}[0-9]")


# --- IP addresses

_OCTET = r"(?:25[0-5]|2[0-4]\d|1?\d?\d)"
_IPV4 = re.compile(r"(?<![\w.+\-])" + _OCTET + r"(?:\." + _OCTET + r"){3}(?![\w+]|[.\-]\w)")
# Every address in use begins so: global unicast 2000::/3, local fc00::/7, link-local fe80::/10
# (RFC 4291, RFC 4193). `a::b` is a name of C++, 12:30:45 a time.
_IPV6 = re.compile(
    r"(?<![\w:.])(?:[23][0-9a-fA-F]{3}|[fF][cdCD][0-9a-fA-F]{2}|[fF][eE][89abAB][0-9a-fA-F])"
    r":(?:[0-9a-fA-F]{0,4}:){1,6}[0-9a-fA-F]{0,4}(?![\w:]|\.\w)"
)
_COLONS = re.compile(":[0-9a-fA-F]{0,4}:")
_VERSION = re.compile(
    r"(?:\b(?:v|ver|vers|versi[oó]n|versão|version|versione|release|rel|build|firmware|driver|patch"
    r"|update|upgrade|requires?|needs|since|section|sect|sec|chapter|ch|theorem|thm|lemma"
    r"|proposition|prop|corollary|cor|definition|def|example|ex|exercise|remark|figure|fig|table"
    r"|tab|equation|eq|algorithm|problem|question|item|step|part|paragraph|para|appendix|clause"
    r"|rule|oid|node|level|case|abschnitt|kapitel|satz|théorème|chapitre|глава|раздел|теорема)s?"
    r"|§|[\w)\]]/|[\w\]]-|==|>=|<=|~=|\^|#|版本|バージョン)[.:]?[ (\[]{0,2}\Z",
    re.IGNORECASE,
)
_VERSION_AFTER = re.compile(
    r"[)\]]?,? (?:or|and) (?:higher|later|newer|above|older|earlier|up|lower)\b|[)\]]? release",
    re.IGNORECASE,
)
_NETWORK = re.compile(
    r"\b(?:ips?|ipv4|address(?:es)?|addr|adresse|hosts?|hostname|servers?|dns|ping|gateway|router"
    r"|proxy|client|login|logged|subnet|network|port|ssh|telnet|nameserver|peer|visitor)\b|://|@",
    re.IGNORECASE,
)
_SUFFIX = re.compile(r"/(\d{1,3})(?!\d)|:\d{1,5}(?!\d)")
# Numbers of sections stay below; an address of four smaller ones needs a word beside it.
_SECTIONS = 64


def _addresses(text: str, numbers: list[re.Match[str]]) -> Iterator[tuple[int, int]]:
    for run in numbers:
        if run.group().count(".") >= 3:
            for match in _IPV4.finditer(text, run.start(), run.end() + 4):
                if _is_address(text, *match.span()):
                    yield match.span()
    done = 0
    for colons in _COLONS.finditer(text):
        start = colons.start() - 4
        found = _IPV6.match(text, start) if start >= done else None
        if found is not None and _is_address6(found.group()):
            done = found.end()
            yield found.span()


def _is_address6(text: str) -> bool:
    """Whether hexadecimal numbers with colons are the address of a machine, not of a network."""
    try:
        return int(ipaddress.IPv6Address(text)) & 0xFFFF_FFFF_FFFF_FFFF != 0
    except ValueError:
        return False


def _is_address(text: str, start: int, end: int) -> bool:
    """Whether four numbers with dots are the address of a machine."""
    try:
        address = ipaddress.IPv4Address(text[start:end])
    except ValueError:  # a leading zero
        return False
    if address.is_loopback or address.packed[0] == 0 or address.packed[0] >= 0xE0:
        return False  # this machine, any machine, many machines, or a mask
    before = text[max(0, start - 60) : start]
    if _VERSION.search(before) or _VERSION_AFTER.match(text, end):
        return False
    suffix = _SUFFIX.match(text, end)
    if suffix is not None and suffix.group(1) is not None:
        length = int(suffix.group(1))
        # 10.0.0.0/8 is a network, and of such are the exercises.
        return length >= 32 or int(address) & ((1 << (32 - length)) - 1) != 0
    if suffix is not None or max(address.packed) >= _SECTIONS:
        return True
    return _NETWORK.search(before.rpartition("\n")[2]) is not None


# --- telephone numbers

# Country calling codes: ITU-T E.164, list of assigned codes.
_COUNTRY = (
    r"(?:1|7|2(?:0|7|[1-689]\d)|3(?:[0-469]|[578]\d)|4(?:[013-9]|2\d)|5(?:[1-8]|[09]\d)"
    r"|6(?:[0-6]|[789]\d)|8(?:[1246]|[0358]\d)|9(?:[0-58]|[679]\d))"
)
_GAP = r"(?:[ .\u00a0\u2011\u2013/-]|[ ]?\(|\)[ ]?[-.]?)?"
# No part of a longer number, of a date, a decimal, a percentage or a relation.
_END = r"(?![\w%]|[.,:^-]\d|[ ]?[=<>*^])"
# +49 (0)30 123456, +1-202-555-0143. After a letter or a number, a plus is an operator.
_WORLD = re.compile(
    r"(?<![\w+.,)\]}^=<>*/\\-])(?<![\d)\]}=<>] )(?<!\b[^\W\d_] )"
    r"\+(?P<number>" + _COUNTRY + r"(?:" + _GAP + r"\d){6,13})" + _END
)
# (555) 123-4567, 555-123-4567, 1-800-555-0199, 555.123.4567.
_AMERICAN = re.compile(
    r"(?<![\w.,+=<>*/^(-])(?<![\d+=<>*/-] )(?:\+?1[-. ])?"
    r"(?:\(\d{3}\)[ -]?\d{3}[-. ]\d{4}|[2-9]\d\d-\d{3}-\d{4}|[2-9]\d\d\.\d{3}\.\d{4})" + _END
)
_LABELS = frozenset(
    str.split(
        """
        call dial tel tel# tél tlf tfno phone phones telephone téléphone telefon telefono
        teléfono teléfonos telefone telefax fax faks mobile mobil mob cell cellphone handy móvil
        celular cellulare whatsapp hotline ph тел телефон факс моб
        电话 電話 手机 传真 傳真 ☎ ☏ ✆ 📞 📱
        """
    )
)
_BETWEEN_LABEL = frozenset(
    str.split("at is n° no nr num number numbers numero numéro número nummer номер №")
)
_LABELLED = re.compile(r"(?:\+[ ]?)?\(?\d(?:" + _GAP + r"\d){5,14}" + _END)
_LABELLED_WIDE = re.compile(
    r"(?:\+[ ]?)?\(?\d(?:[ ]?[-/\u2013][ ]?|"
    + _GAP
    + r")\d(?:(?:[ ]?[-/\u2013][ ]?|"
    + _GAP
    + r")\d){4,13}"
    + _END
)
_MORE = re.compile(r"[ ]?(?:[-/,;\u2013]|or|and|oder|und|et|y|ou|или|и)[ ]")
_DATE = re.compile(r"(?:19|20)\d\d[-./]\d\d?[-./]\d\d?\Z|\d\d?[-./]\d\d?[-./](?:19|20)\d\d\Z")
_DECIMAL = re.compile(r"\d+\.\d+\Z")
_ALONE = re.compile(r"(?<!\d)\d(?!\d)")


def _phones(text: str, numbers: list[re.Match[str]]) -> Iterator[tuple[int, int]]:
    done = 0
    for run in numbers:
        start, end = run.span()
        if end <= done:
            continue
        number = run.group()
        head = text[max(done, start - 3) : start]
        begin = max(done, start - 2)
        if "+" in head:
            for match in _WORLD.finditer(text, begin, end + 4):
                if _is_grouped(match["number"]):
                    done = match.end()
                    yield match.span()
        if done < end and len(number) >= 12 and ("-" in number or "." in number):
            for match in _AMERICAN.finditer(text, max(done, begin), end + 4):
                done = match.end()
                yield match.span()
        if done < end and _has_label(text[max(0, start - 30) : start]):
            while text[begin] not in "+(0123456789":
                begin += 1
            place: int | None = max(done, begin)
            while place is not None:
                match_here = _LABELLED.match(text, place) or _LABELLED_WIDE.match(text, place)
                if match_here is None or _DATE.match(match_here.group()):
                    break
                done = match_here.end()
                yield match_here.span()
                more = _MORE.match(text, done)
                place = more.end() if more else None


def _has_label(before: str) -> bool:
    """Whether the words before a number say that it is a telephone number."""
    words = before.lower().replace("*", " ").replace("_", " ").split()
    for word in reversed(words[-3:]):
        plain = word.strip("()[]+.,:：#/|")
        if plain in _LABELS or plain.rpartition("/")[2] in _LABELS:
            return True
        if plain and plain not in _BETWEEN_LABEL:
            # CJK labels stand without blanks.
            return plain.endswith(("电话", "電話", "手机", "传真", "傳真"))
    return False


def _is_grouped(number: str) -> bool:
    """Whether what follows a plus is written as telephone numbers are."""
    digits = sum(map(str.isdigit, number))
    if digits == len(number):
        return digits >= 10
    return _DECIMAL.match(number) is None and len(_ALONE.findall(number)) <= 2
