"""Bytes to characters, whatever their sender says."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

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


WORLD = {
    "de": "Größe und Maß: eine natürliche Zahl heißt gerade, wenn sie durch zwei teilbar ist.",
    "fr": "La dérivée d'une fonction à valeurs réelles, où elle existe, est notée ainsi.",
    "pl": "Udowodnij, że suma liczb nieparzystych jest kwadratem. Sprawdź, być może źle.",
    "cs": "Dokažte, že součet prvních lichých čísel je čtverec. Najděte všechna řešení.",
    "ru": "Докажите, что сумма первых нечётных чисел является квадратом.",
    "uk": "Доведіть, що сума перших непарних чисел є квадратом. Її знайдіть.",
    "el": "Αποδείξτε ότι το άθροισμα των πρώτων περιττών αριθμών είναι τετράγωνο.",
    "he": "הוכיחו כי סכום המספרים הראשונים הוא ריבוע.",
    "ar": "أثبت أن مجموع أول الأعداد هو مربع كامل.",
    "tr": "İlk tek sayıların toplamının bir kare olduğunu gösteriniz. Değişken çarpımı.",
    "zh": "设数列的前项和为平方数，证明其通项公式。",
    "tw": "設數列的前項和為平方數，證明其通項公式。",
    "ja": "最初の奇数の和が平方数であることを証明せよ。①",
    "ko": "처음 홀수의 합이 제곱수임을 증명하시오. 똠방각하",
}
CHARSETS = [
    ("de", "windows-1252"),
    ("de", "iso-8859-15"),
    ("fr", "windows-1252"),
    ("pl", "windows-1250"),
    ("pl", "iso-8859-2"),
    ("cs", "windows-1250"),
    ("cs", "iso-8859-2"),
    ("ru", "windows-1251"),
    ("ru", "koi8-r"),
    ("ru", "iso-8859-5"),
    ("ru", "cp866"),
    ("uk", "windows-1251"),
    ("uk", "koi8-u"),
    ("el", "windows-1253"),
    ("el", "iso-8859-7"),
    ("he", "windows-1255"),
    ("ar", "windows-1256"),
    ("tr", "windows-1254"),
    ("zh", "gb18030"),
    ("zh", "gbk"),
    ("tw", "big5"),
    ("ja", "cp932"),
    ("ja", "euc-jp"),
    ("ko", "cp949"),
]
# Python's names that are no labels of the web.
LABELS = {"cp932": "shift_jis", "cp949": "euc-kr", "gbk": "gb2312"}


def _page(language, charset, meta):
    words = WORLD[language]
    if charset == "euc-jp":
        words = words.replace("①", "")
    if charset == "cp949":
        words = words.replace("똠", "가") if meta is None else words
    tag = f'<meta http-equiv="Content-Type" content="text/html; charset={meta}">' if meta else ""
    body = "".join(f"<p>{words} \\(x^2={number}\\)</p>" for number in range(4))
    return words, f"<html><head>{tag}<title>x</title></head><body>{body}</body></html>".encode(
        charset
    )


@pytest.mark.parametrize(("language", "charset"), CHARSETS)
@pytest.mark.parametrize(
    ("header", "meta"),
    [
        ("right", None),
        (None, "right"),
        (None, None),
        ("utf-8", None),
        ("utf-8", "right"),
        ("iso-8859-1", "right"),
        ("right", "utf-8"),
        (None, "utf-16"),
        ("nonsense", None),
        ("utf-7", "utf-7"),
    ],
)
def test_charsets_declared_silent_and_lied_about(language, charset, header, meta):
    label = LABELS.get(charset, charset)
    header, meta = (label if name == "right" else name for name in (header, meta))
    words, page = _page(language, charset, meta)
    assert words in decode(page, f"text/html; charset={header}" if header else "text/html")


@pytest.mark.parametrize(
    ("language", "charset"),
    [(language, charset) for language, charset in CHARSETS if language not in "de fr cs tr"],
)
def test_latin_1_is_not_believed_of_other_scripts(language, charset):
    words, page = _page(language, charset, None)
    assert words in decode(page, "text/html; charset=ISO-8859-1")


@pytest.mark.parametrize("charset", ["utf-16-le", "utf-16-be"])
@pytest.mark.parametrize(
    "header", ["text/html", "text/html; charset=utf-16", "text/html; charset=x"]
)
def test_utf_16_without_a_mark(charset, header):
    page = f"<html><body><p>{WORDS} 数学の問題</p></body></html>".encode(charset)
    assert decode(page, header) == page.decode(charset)


def test_utf_7_is_refused():
    page = b"<p>+ADw-script+AD4-alert(1)+ADw-/script+AD4- \xe9</p>"
    text = decode(page, "text/html; charset=utf-7")
    assert "+ADw-script" in text
    assert "<script" not in text


def test_a_meta_tag_in_a_comment_or_beyond_the_start_is_none():
    tag = '<meta charset="windows-1251">'
    words = "Größe und naïve Maße à la carte"
    assert words in decode(f"<!-- {tag} --><p>{words}</p>".encode("cp1252"), None)
    assert words in decode(f"<p>{words}</p>{' ' * 9000}{tag}".encode("cp1252"), None)


def test_an_xml_declaration_names_the_charset():
    page = '<?xml version="1.0" encoding="windows-1251"?><html><p>Теорема о среднем</p></html>'
    assert "Теорема" in decode(page.encode("cp1251"), "application/xhtml+xml")


def test_japanese_in_seven_bits():
    words = "奇数の和は平方数である。"
    assert words in decode(f"<p>{words}</p>".encode("iso2022_jp"), "text/html; charset=iso-2022-jp")
    assert words in decode(f"<p>{words}</p>".encode("iso2022_jp"), None)


@given(st.binary(max_size=300), st.one_of(st.none(), st.text(max_size=40)))
def test_any_bytes_are_decoded(page, content_type):
    assert isinstance(decode(page, content_type), str)
