"""Bytes to characters, whatever their sender says."""

import pytest

from udfs.html.charset import decode

WORDS = "Größe, naïve, école, àéîõü: ça et là."


@pytest.mark.parametrize(
    ("charset", "header", "meta"),
    [
        ("utf-8", None, None),
        ("utf-8", "text/html; charset=ISO-8859-1", "iso-8859-1"),
        ("cp1252", "text/html; charset=iso-8859-1", None),
        ("cp1252", "text/html", "windows-1252"),
        ("cp1252", "text/html; charset=utf-8", "iso-8859-1"),
        ("cp1252", "text/html; charset=nonsense", None),
    ],
)
def test_header_and_meta_are_believed_where_the_bytes_agree(charset, header, meta):
    tag = f'<meta charset="{meta}">' if meta else ""
    assert WORDS in decode((tag + f"<p>{WORDS}</p>" * 5).encode(charset), header)


@pytest.mark.parametrize(
    "charset", ["shift_jis", "euc-jp", "gb18030", "koi8-r", "utf-16", "utf-8-sig"]
)
def test_declared_charsets_of_the_world(charset):
    words = {"koi8-r": "Теорема о среднем"}.get(charset, "数学の問題")
    page = f"<p>{words}</p>".encode(charset)
    assert words in decode(page, f"text/html; charset={charset.removesuffix('-sig')}")


def test_broken_bytes_cost_themselves_alone():
    page = ("<p>" + WORDS * 3).encode() + b"\xff\xfe" + b" end</p>"
    assert decode(page, "text/html; charset=utf-8").startswith("<p>" + WORDS)


def test_a_page_cut_inside_a_character_stays_utf8():
    assert decode(("x" * 20 + "é").encode()[:-1], "text/html; charset=latin1").startswith("x" * 20)
