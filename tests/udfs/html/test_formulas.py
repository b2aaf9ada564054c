"""Facts about formulas: pages in the markup that software emits, and all formulas they hold.

Each file in `formulas/` is one family of markup. A case is

    === name
    the page
    --->
    $inline$ $$display$$    every formula of the page, in order, and no other
    + words                 that the text must hold
    - words                 that it must not hold

Formulas are compared token by token: white space between tokens says nothing in mathematics.
"""

import re
from dataclasses import dataclass
from pathlib import Path

import pytest

from udfs.html.extract import extract

FOLDER = Path(__file__).parent / "formulas"
FORMULA = re.compile(r"(?<!\\)\$\$(.+?)(?<!\\)\$\$|(?<!\\)\$((?:[^$\\]|\\.)+?)(?<!\\)\$", re.DOTALL)
CODE = re.compile(
    r"^[> \d.-]*(`{3,})[^`\n]*\n.*?\n[> ]*\1|(?<![`\\])(`+)(?!`)(?:(?!\2).)+\2",
    re.DOTALL | re.MULTILINE,
)
TOKEN = re.compile(r"\\[a-zA-Z]+|\\.|\S", re.DOTALL)


@dataclass(frozen=True)
class Case:
    name: str
    page: str
    formulas: tuple[tuple[str, ...], ...]
    present: tuple[str, ...]
    absent: tuple[str, ...]


def tokens(latex):
    return tuple(" " if each in ("\\\n", "\\ ") else each for each in TOKEN.findall(latex))


def formulas_of(text):
    found = []
    for match in FORMULA.finditer(text):
        display, inline = match.groups()
        found.append(("display" if inline is None else "inline", *tokens(display or inline)))
    return tuple(found)


def read(path):
    cases = []
    for part in re.split(r"^=== ", path.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]:
        name, rest = part.split("\n", 1)
        page, facts = rest.split("--->\n", 1) if "--->\n" in rest else rest.split("--->", 1)
        lines = facts.split("\n")
        present = tuple(line[2:] for line in lines if line.startswith("+ "))
        absent = tuple(line[2:] for line in lines if line.startswith("- "))
        wanted = "\n".join(line for line in lines if not line.startswith(("+ ", "- ")))
        cases.append(Case(name, page, formulas_of(wanted), present, absent))
    return cases


CASES = [
    pytest.param(case, id=f"{path.stem}: {case.name}")
    for path in sorted(FOLDER.glob("*.txt"))
    for case in read(path)
]


@pytest.mark.parametrize("case", CASES)
def test_page_holds_these_formulas_and_no_others(case):
    found = extract(
        case.page.encode(), url="https://example.org/", content_type="text/html; charset=utf-8"
    )
    text = found.text or ""
    assert formulas_of(CODE.sub(" ", text)) == case.formulas, text
    for words in case.present:
        assert words in text
    for words in case.absent:
        assert words not in text


def test_the_corpus_is_large():
    facts = sum(
        len(case.formulas) + len(case.present) + len(case.absent) + (not case.formulas)
        for case in (each.values[0] for each in CASES)
    )
    assert facts >= 600
