"""Personal data in prose go; numbers of mathematics, formulas and code stay."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from udfs.privacy import KINDS, PLACEHOLDERS, mask

EMAILS = [
    "jane.doe@example.org",
    "j_d+x@sub.example.co.uk",
    "<a@b.de>",
    "müller@straße.de",
    "jane [at] example (dot) com",
    "jane(at)uni-bonn.de",
    "jostrander[at]example[dot]com",
    "mailto:jane@example.org",
]
PHONES = [
    "+49 (0)30 23125 000",
    "+1 555 123 4567",
    "+1-202-555-0143",
    "+33 1 23 45 67 89",
    "+442079460958",
    "(555) 123-4567",
    "555-123-4567",
    "557.555.0158",
    "1-800-555-0199",
    "Tel. 030 901820",
    "Phone: 555 1234",
    "**Phone:** (020) 7946 0958",
    "Phone number: 020 7946 0958",
    "My phone number is 03-4947-8651",
    "Fax 01 23 45 67 89",
    "tel:+442079460958",
    "Тел.: +7 (495) 123-45-67",
    "电话：010-12345678",
    "Tel: 030 - 123456",
]
ADDRESSES = [
    "203.0.113.7",
    "192.168.1.17/24",
    "10.1.2.3:8080",
    "http://192.0.2.1/index.html",
    "ping 8.8.8.8",
    "the address 1.1.1.1",
    "2001:db8::1",
    "2001:0db8:85a3:0000:0000:8a2e:0370:7334",
    "fe80::1ff:fe23:4567:890a",
]
NEITHER = [
    "3.14159265",
    "+1.23456789",
    "1,234,567",
    "1 000 000 000",
    "299 792 458",
    "10-20-30",
    "1 2 3 4 5 6 7 8 9 10",
    "2 3 5 7 11 13 17 19 23",
    "+2 +3 +5 +7 +11 +13",
    "+10000000",
    "1 +1 234 567 8901",
    "x +12345678901",
    "555-123-4567 = 0",
    "1/2/3/4/5/6",
    "1234567890",
    "2026-11-21",
    "21.11.2026",
    "phone of 2020-10-11",
    "ISBN 978-0-306-40615-7",
    "ISBN 0-306-40615-2",
    "ORCID 0000-0002-1825-0097",
    "CAS 7732-18-5",
    "123-45-6789",
    "arXiv:2410.08196",
    "doi:10.1000/182",
    "version 1.2.3.4",
    "v1.2.3.4",
    "nginx-1.2.3.4",
    "requires 0.98.5.3 or higher",
    "Chrome/120.0.60.109",
    "1.2.3.4.5",
    "### 1.2.3.4 The main theorem",
    "Section 1.2.3.4",
    "Theorem 2.1.100.4",
    "127.0.0.1",
    "0.0.0.0",
    "255.255.255.0",
    "10.0.0.0/8",
    "2001:db8::/32",
    "12:30:45",
    "a::b",
    "std::vector",
    "00:1a:2b:3c:4d:5e",
    "@user",
    "A@B.T",
    "x @ y",
    "f(at)",
    "C[C@@H](C(=O)O)N",
    "git+https://host/project@v1",
]


def around(text):
    return f"Before it stands a word. Then comes {text}, and something after it."


@pytest.mark.parametrize(
    ("kind", "text"),
    [("email", text) for text in EMAILS]
    + [("phone", text) for text in PHONES]
    + [("ip", text) for text in ADDRESSES],
)
def test_what_is_personal_is_masked_and_counted(kind, text):
    found = mask(around(text))
    assert found.counts == {kind: 1}
    assert PLACEHOLDERS[kind] in found.text
    assert found.text.endswith(", and something after it.")


@pytest.mark.parametrize("text", NEITHER)
def test_what_only_looks_so_stays(text):
    assert mask(around(text)) == (around(text), {})
    assert mask(text) == (text, {})


@pytest.mark.parametrize("kind", KINDS)
def test_kinds_are_chosen_one_by_one(kind):
    text = "jane@example.org, +49 30 901820, 203.0.113.7"
    found = mask(text, [kind])
    assert found.counts == {kind: 1}
    assert found.text.count("<") == 1
    assert mask(text, ()) == (text, {})


SECRET = "jane@example.org +49 30 901820 203.0.113.7"


@pytest.mark.parametrize(
    "kept",
    [
        f"${SECRET}$",
        f"$$\n{SECRET}\n$$",
        f"\\({SECRET}\\)",
        f"\\[{SECRET}\\]",
        f"\\begin{{align*}}{SECRET}\\end{{align*}}",
        f"`{SECRET}`",
        f"``{SECRET}``",
        f"```\n{SECRET}\n```",
        f"~~~ text\n{SECRET}\n~~~",
        f"> ```python\n> {SECRET}\n> ```",
        f"- item\n\n  ```\n  {SECRET}\n  ```",
        f"```\nnever closed {SECRET}",
    ],
)
def test_formulas_and_code_are_left_alone(kept):
    assert mask(f"Words.\n\n{kept}").text == f"Words.\n\n{kept}"


def test_prose_beside_formulas_is_masked():
    text = (
        "From $x$ write to jane@example.org, and $y@z.org$ stays. It costs $5; call 555-123-4567."
    )
    found = mask(text)
    assert "$y@z.org$" in found.text
    assert found.counts == {"email": 1, "phone": 1}


PIECES = st.sampled_from(
    [*EMAILS, *PHONES, *ADDRESSES, *NEITHER, "word", "$x^2$", "`a@b.org`", "```", "\n", "\n\n", "$"]
)


@given(st.lists(PIECES, max_size=12).map(" ".join))
def test_masking_again_changes_nothing(text):
    once = mask(text).text
    assert mask(once).text == once


@given(st.lists(st.sampled_from([*EMAILS, *ADDRESSES, "x = 1", "\\alpha"]), min_size=1, max_size=5))
def test_a_formula_comes_out_as_it_went_in(parts):
    formula = "$" + " ".join(part.replace("$", "") for part in parts) + "$"
    assert mask(f"See\n\n{formula}\n\nand jane@example.org").text == (
        f"See\n\n{formula}\n\nand <EMAIL_ADDRESS>"
    )


@given(st.text(st.sampled_from("a1@.+-() :/\n`$\\5x["), max_size=80))
def test_any_text_is_masked_or_left(text):
    found = mask(text)
    assert (found.text == text) == (not found.counts)
