"""Quality signals of a text."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from udfs.quality import measure


@pytest.mark.parametrize(
    ("text", "count", "chars"),
    [
        ("", 0, 0),
        ("Plain words.", 0, 0),
        ("Let $x$ and $y_1$.", 2, 4),
        ("$$a + b$$", 1, 5),
        ("From $5 to $6 and \\$7.", 0, 0),
        ("`$a$` is code", 0, 0),
        ("```sh\necho $a $b$\n```\nthen $c$", 1, 1),
        ("1. ```sh\n   $a b$\n   ```\n\nthen $c$", 1, 1),
        ("$a \\$ b$", 1, 6),
        ("$\\{1\\}$ $x\\ $", 2, 8),
        ("$$\na\n$$", 1, 3),
        ("open $x and nothing", 0, 0),
    ],
)
def test_formulas_are_counted_outside_code_and_prices(text, count, chars):
    quality = measure(text)
    assert (quality.formula_count, quality.formula_chars) == (count, chars)
    assert quality.char_count == len(text)


def test_symbols_are_counted_outside_formulas():
    assert measure("abc").symbol_ratio == 0
    assert measure("@@@@").symbol_ratio == 1
    assert measure("ab@@").symbol_ratio == 0.5
    assert measure("ab $^^^^^^$").symbol_ratio == 0


def test_repeated_lines_are_all_counted():
    assert measure("aa\nbb\naa\n").repetition_ratio == pytest.approx(4 / 6)
    assert measure("aa\n\n\nbb").repetition_ratio == 0
    assert measure("aa\n aa ").repetition_ratio == 1


def test_items_of_lists_are_counted_by_their_characters():
    assert measure("- aa\n* bb\n10. c").list_ratio == 1
    assert measure("> - aa\naaaaaa").list_ratio == pytest.approx(6 / 12)
    assert measure("-aa\n**b**\n1.5 m\n- ").list_ratio == 0
    assert measure("").list_ratio == 0


@settings(max_examples=200, derandomize=True, deadline=None)
@given(st.text(alphabet="a$\\`{} \n#1", max_size=60))
def test_ratios_stay_in_bounds(text):
    quality = measure(text)
    assert 0 <= quality.symbol_ratio <= 1
    assert 0 <= quality.repetition_ratio <= 1
    assert 0 <= quality.list_ratio <= 1
    assert 0 <= quality.formula_chars <= quality.char_count == len(text)
