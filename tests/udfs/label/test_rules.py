import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conf import settings, tables
from conf.sample.sources import load
from udfs import filters, score
from udfs.label import rules

DOMAIN = settings.domain("math")
TERMS = tuple(DOMAIN.terms)


def label(text):
    return rules.judge(text, domain="math", terms=TERMS)[0]


@pytest.mark.parametrize(
    ("latex", "kind"),
    [
        ("a^2 + b^2 = c^2", "statement"),
        (r"x \in \mathbb{R}", "statement"),
        (r"f : X \to Y", "statement"),
        (r"\frac{1}{2}", "expression"),
        (r"O(n \log n)", "expression"),
        ("f'(x)", "expression"),
        ("2^{10}", "expression"),
        ("n", "symbol"),
        (r"\alpha", "symbol"),
        ("x_i", "symbol"),
        ("12", "symbol"),
        (r"90^\circ", "expression"),
        ("= 3", "symbol"),
        ("1,000 - ", "junk"),
        ("2.5 million", "junk"),
        ("PATH", "junk"),
        ("HOME/bin:", "junk"),
        ("this->name", "junk"),
        ("i == $j", "junk"),
        ("total = 5", "junk"),
        ("if the set is empty", "junk"),
        (r"\LaTeX", "junk"),
        (r"\to", "junk"),
        (r"^\circ", "junk"),
        (r"\text{see below}", "junk"),
        ("", "junk"),
    ],
)
def test_what_a_formula_says(latex, kind):
    assert rules.kind(latex) == kind


# What stands at the border: each of these holds something between dollars.
MATHEMATICS = [
    "Find all primes $p$ for which $p^2 + 2$ is prime. Hint: look at the remainders modulo 3.",
    "# distance.chebyshev\n\nThe Chebyshev distance of two vectors is $\\max_i |u_i - v_i|$. "
    "Parameters: u, v, array_like. Returns: a double.",
    "Why does $0.1 + 0.2 = 0.3$ fail in floating-point arithmetic? The fraction $\\frac{1}{10}$ "
    "has no finite binary expansion.",
    "The heat kernel satisfies $\\partial_t u = \\Delta u$. " + "We sketch its history here. " * 30,
    "Für jede natürliche Zahl $n$ gilt $2^n > n$. Beweis durch vollständige Induktion.",
    "Решите уравнение $x^2 - 5x + 6 = 0$ и найдите сумму корней.",
    "定理：若 $a \\mid bc$ 且 $\\gcd(a, b) = 1$，则 $a \\mid c$。",
    "The rate of a loan: after $n$ years a deposit of $P$ grows to $P(1 + r)^n$. At 5% it doubles "
    "in about 14 years.",
]
OTHERS = [
    "Buy now! Was $19.99, now $9.99. Free shipping over $50, add to cart. $x$ bonus points.",
    "Set $PATH and $HOME before you run the script; $name$ is replaced by your own name.",
    "Each of the $k$ replicas writes to a log of its own. " + "A majority must answer first. " * 20,
    "The editor knows the signs $\\to$, $\\LaTeX$ and $^\\circ$. Click on a sign to insert it.",
    "Write $x$ for text in the line. \\usepackage{amsmath} loads the package, \\newcommand defines "
    "a command and \\begin{tabular} a table.",
    "Revenue rose to $2.3 billion from $2.1 billion, and the dividend to $0.35 a share from $0.30.",
    "Replace `$a` by the file. The build is done in $n$ steps, as the manual of the tool says. "
    + "Install the package, edit the file and start the service again. " * 40,
    "Online casino: free spins, no deposit! Win with probability $p = 0.9$. Click here.",
]


@pytest.mark.parametrize("text", MATHEMATICS)
def test_mathematics_is_told_from_its_border(text):
    assert label(text) == "math"


@pytest.mark.parametrize("text", OTHERS)
def test_stray_formulas_are_told_from_mathematics(text):
    assert label(text) == "other"


def test_the_rules_know_more_at_the_border_than_the_first_stage(tmp_path):
    lines = (Path(tables.FOLDER).parent / "domains/math.seed.jsonl").read_text().splitlines()
    seeds = [filters.Row(row["text"], row["label"], row["text"]) for row in map(json.loads, lines)]
    path = tmp_path / "model.bin"
    trained = filters.first(seeds, path, filters.Training(32, 40, 1), domain="math", recall=0.99)
    first = score.Filter("m", "v", "math", (score.Stage(str(path), trained.threshold),))
    texts = [(text, "math") for text in MATHEMATICS] + [(text, "other") for text in OTHERS]
    by_rules = sum(label(text) == truth for text, truth in texts)
    by_model = sum((score.score(text, first) >= 0.5) == (truth == "math") for text, truth in texts)
    assert by_rules > by_model


def test_the_sample_pages_are_told_apart():
    right = [
        label(f"{page.title}\n\n{page.body}") == ("math" if page.kind == "math" else "other")
        for page in load()
        if page.format not in {"asciimath", "mathml_content"}  # their bodies hold no LaTeX alone
    ]
    assert sum(right) / len(right) >= 0.97


def test_terms_count_where_a_word_begins():
    found = rules.collect("The proof of a theorem. Waterproof, theorems.", ("proof", "theorem"))
    assert found.terms == 2
    assert rules.collect("Waterproof shoes", ("proof",)).terms == 0
    assert rules.collect("这个定理", ("定理",)).terms == 1


@given(st.text(max_size=400))
def test_any_text_has_a_label_and_a_confidence(text):
    found, confidence = rules.judge(text, domain="math", terms=TERMS)
    assert found in {"math", "other"}
    assert 0.5 <= confidence <= 1


@pytest.mark.parametrize(
    "text",
    ["$" * 300_000, "$a " * 100_000, "$a$ " * 100_000, "\\text{" * 50_000, "a = " * 60_000,
     "$" + "x + " * 50_000 + "x$", "f(" * 100_000, "$f(" + "(" * 3_000 + "$", "$2 " * 90_000,
     "$" + "word " * 40_000 + "$", "$$" + "\\text{" * 20_000 + "$$", "1x+" * 66_000],
    ids=range(12),
)  # fmt: skip
def test_hostile_texts_are_judged_in_time(text):
    label(text)


def test_a_longer_page_around_the_same_formula_is_surer_to_be_other():
    odds = [
        rules.log_odds(rules.collect("$x = 1$ " + "the town hall is old " * n, TERMS))
        for n in (0, 100, 1000, 10_000)
    ]
    assert odds == sorted(odds, reverse=True)
    assert odds[0] > 0 > odds[-1]
