"""Where formulas begin and end in the mess that texts are."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from udfs.contexts.formulas import Code, Formula, Heading, scan


def inner(text: str) -> list[str]:
    return [
        text[part.inner_start : part.inner_end] for part in scan(text) if isinstance(part, Formula)
    ]


@pytest.mark.parametrize(
    ("text", "formulas"),
    [
        ("so $a=1$ and $$b=2$$ end", ["a=1", "b=2"]),
        (r"so \(a=1\) and \[b=2\] end", ["a=1", "b=2"]),
        (r"bare \begin{align*} a &= 1 \end{align*} end", [" a &= 1 "]),
        (r"it costs \$5 and $x=5$", ["x=5"]),
        ("it costs $5 for one and $9 for two, $x=5$", ["x=5"]),
        ("we had $20, now we have $15", []),
        (r"price $\$5 + \$6 = \$11$ in all", [r"\$5 + \$6 = \$11"]),
        (r"$x = 1 \text{ if $y$ holds}$ end", [r"x = 1 \text{ if $y$ holds}"]),
        ("a stray $ here\n\nand $x=1$ there", ["x=1"]),
        (r"a stray \[ here and $x=1$ there", ["x=1"]),
        ("a stray \\( here\n\nand \\(x=1\\) there", ["x=1"]),
        ("code `$x=1$` and $y=2$", ["y=2"]),
        ("the word ``one" + '"' + " is $x=1$ and ``two" + '"' + " is $x=2$", ["x=1", "x=2"]),
        ("```\nprice = $x + $y\n```\n$z=3$", ["z=3"]),
        ("[asy] label('$A$'); [/asy] $z=3$", ["z=3"]),
        (r"\[a \\[2pt] = b\] $z=3$", [r"a \\[2pt] = b", "z=3"]),
        ("$a$$b$", ["a", "b"]),
    ],
)
def test_delimiters(text: str, formulas: list[str]) -> None:
    assert inner(text) == formulas


def test_headings_and_code_are_told_apart() -> None:
    parts = list(scan("# One\n\ntext\n\n```\n# no heading\n```\n\n## Two ##\n"))
    assert [part.title for part in parts if isinstance(part, Heading)] == ["One", "Two"]
    assert sum(isinstance(part, Code) for part in parts) == 1


@settings(max_examples=300, derandomize=True, deadline=None)
@given(st.text(alphabet="$\\[]()`~#\nab1=_^{} ", max_size=80))
def test_parts_are_in_order_and_do_not_overlap(text: str) -> None:
    end = 0
    for part in scan(text):
        assert end <= part.start < part.end <= len(text)
        end = part.end


def test_boxes_of_words_without_an_end_are_read_in_one_way() -> None:
    # Each box could be read in two ways: 2**60 of them would never come to an end.
    assert inner("$" + r"\text{if } x " * 60 + "\n\n and $y$") == ["y"]


def test_a_dollar_in_a_box_is_of_the_formula_where_one_ends_behind_it() -> None:
    assert inner(r"$x \text{ if $y$ is even}$") == [r"x \text{ if $y$ is even}"]
    assert inner(r"$\text{cut $ and no more") == [r"\text{cut "]
