"""The words for reasons are those that the code can give, all of them and no others."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from udfs.translate import Computation, translate_symbolic
from udfs.translate.reasons import REASONS, explain

if TYPE_CHECKING:
    from collections.abc import Iterator

PROJECT = Path(__file__).parents[3]
# The reason is what the call gets at this place.
_GIVES = {"LatexError": 0, "Translation": 1}


def given_reasons(tree: ast.Module) -> Iterator[str]:
    """Words that end as a reason: of an error, of a translation, of a variable of that name."""
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Name(id=name), args=arguments) if name in _GIVES:
                found = arguments[_GIVES[name] : _GIVES[name] + 1]
            case ast.Assign(targets=[ast.Name(id="reason")], value=value):
                found = [value]
            case _:
                continue
        for expression in found:
            # Of `"a" if x == "b" else "c"` the words that are compared are none.
            parts = [expression]
            while parts:
                part = parts.pop()
                match part:
                    case ast.Constant(value=str(word)):
                        yield word
                    case ast.IfExp(body=body, orelse=orelse):
                        parts += [body, orelse]
                    case ast.BoolOp(values=values):
                        parts += values


def test_every_reason_in_the_code_has_words_and_no_others_have():
    found = {
        word
        for package in ("latex", "translate")
        for path in sorted((PROJECT / "udfs" / package).rglob("*.py"))
        for word in given_reasons(ast.parse(path.read_text(encoding="utf-8")))
    }
    assert found - set(REASONS) == set(), "reasons without words in udfs/translate/reasons.py"
    assert set(REASONS) - found == set(), "words for reasons that nothing gives any more"


def test_the_documentation_lists_every_reason_with_the_same_words():
    text = (PROJECT / "docs" / "translation.md").read_text(encoding="utf-8")
    listed = dict(re.findall(r"^\| `(\w+)` \| (.+?) \|", text, re.MULTILINE))
    assert {word: listed.get(word) for word in REASONS} == REASONS


@pytest.mark.parametrize(
    ("expression", "reason"),
    [
        ("q_7 + 3", "undefined_symbol"),
        (r"\frac{1}{2", "unbalanced"),
        (r"\star 3", "unsupported_command"),
        ("9^{9^{9^9}}", "too_large"),
        ("12", "literal"),
        (r"\text{if}", "prose"),
    ],
)
def test_a_formula_is_left_for_the_reason_that_is_told(expression, reason):
    found = translate_symbolic(Computation(0, 1, "eq", expression, "12"))
    assert (found.code, found.reason) == (None, reason)
    assert explain(reason) == REASONS[reason]


def test_a_word_of_another_translator_is_shown_as_it_is():
    assert explain("no_answer") == "no answer"
