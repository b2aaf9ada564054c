from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from udfs import steps


def cut(text: str) -> list[str]:
    ends = [0, *steps.ends(text)]
    return [text[a:b] for a, b in pairwise(ends)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        ("  \n ", []),
        ("One.", ["One."]),
        ("One. Two.\n", ["One. ", "Two."]),
        ("Is it? Yes! So it is.", ["Is it? ", "Yes! ", "So it is."]),
        (
            "We get $3.5 + 1 = 4.5$. Then $y. Z$ is.",
            ["We get $3.5 + 1 = 4.5$. ", "Then $y. Z$ is."],
        ),
        ("so $x = 5.$ Hence $y = 6.$", ["so $x = 5.$ ", "Hence $y = 6.$"]),
        ("so $x = 5$ Hence", ["so $x = 5$ Hence"]),
        ("See Eq. 3, i.e. $x$, in Fig. 2. Done.", ["See Eq. 3, i.e. $x$, in Fig. 2. ", "Done."]),
        ("By J. Smith. Next.", ["By J. Smith. ", "Next."]),
        ("It is 3.14 or so... maybe. Yes.", ["It is 3.14 or so... maybe. ", "Yes."]),
        ("面积是5。然后是6。", ["面积是5。", "然后是6。"]),
        ("He said (it is 4.) Then 5.", ["He said (it is 4.) ", "Then 5."]),
        # A display belongs to the sentence around it.
        (
            "We get\n$$a = b. C$$\nwhere b is 2. Done.",
            ["We get\n$$a = b. C$$\nwhere b is 2. ", "Done."],
        ),
        ("We get\n\\[a = b.\\]Then \\(c\\).", ["We get\n\\[a = b.\\]", "Then \\(c\\)."]),
        ("We get\n\n$$a = b$$\n\nwhere b is 2.", ["We get\n\n$$a = b$$\n\nwhere b is 2."]),
        ("We get\n\n$$a = b$$\n\nThen", ["We get\n\n$$a = b$$", "\n\nThen"]),
        ("$$a = 1$$\n\n$$b = 2$$", ["$$a = 1$$", "\n\n$$b = 2$$"]),
        (
            "So\n\\begin{align}\na &= b. \\\\\n- c &= d.\n\\end{align}\nHence.",
            ["So\n\\begin{align}\na &= b. \\\\\n- c &= d.\n\\end{align}\n", "Hence."],
        ),
        ("$$\n- a. B\n\n| c |\n$$\nEnd.", ["$$\n- a. B\n\n| c |\n$$\n", "End."]),
        # Blocks that have no inner ends.
        ("# Title. More\nText. End", ["# Title. More", "\nText. ", "End"]),
        ("- One. Two.\n- Three.\n\nEnd.", ["- One. Two.", "\n- Three.", "\n\nEnd."]),
        ("1. One.\n\n   More. Yet.\n2. Two.", ["1. One.\n\n   More. Yet.", "\n2. Two."]),
        (
            "| a. B | c |\n|---|---|\n| 1. D | 2 |\n\nEnd.",
            ["| a. B | c |\n|---|---|\n| 1. D | 2 |", "\n\nEnd."],
        ),
        ("a. B | c\n--- | ---\n1. D | 2\n\nEnd.", ["a. B | c\n--- | ---\n1. D | 2", "\n\nEnd."]),
        ("> Said. So.\n> And.\n\nEnd.", ["> Said. So.\n> And.", "\n\nEnd."]),
        (
            "See\n```python\na. B\n\n# x\n```\nEnd.",
            ["See", "\n```python\na. B\n\n# x\n```", "\nEnd."],
        ),
        ("~~~\nnever. Closed\n\nEnd.", ["~~~\nnever. Closed\n\nEnd."]),
        ("Use `a. B` here. End.", ["Use `a. B` here. ", "End."]),
        # Delimiters without partners are plain characters.
        ("It costs $5. Then more.", ["It costs $5. ", "Then more."]),
        ("It costs \\$5. Then \\$6.", ["It costs \\$5. ", "Then \\$6."]),
        ("One $$ two. Three.", ["One $$ two. ", "Three."]),
        ("One \\[ two. Three.", ["One \\[ two. ", "Three."]),
        ("One \\begin{align} two. Three.", ["One \\begin{align} two. ", "Three."]),
        ("Open $x\n\nClose$ it. End.", ["Open $x", "\n\nClose$ it. ", "End."]),
        ("$ x. Y $ is. End.", ["$ x. Y $ is. ", "End."]),
    ],
)
def test_steps_end_where_a_reader_would_pause(text, expected):
    assert cut(text) == expected


ATOMS = st.sampled_from(
    ["$a. B$", "$$c. D$$", "\\[e. F\\]", "\\(g. H\\)", "`i. J`", "\\begin{align}k. L\\end{align}"]
)
ATOM_CONTENTS = ("a. B", "c. D", "e. F", "g. H", "i. J", "k. L", "m. N\n\no. P", "q. R", "W. X")
SENTENCES = st.lists(
    st.sampled_from(["we", "get", "5", "so", "Then"]) | ATOMS, min_size=1, max_size=6
).map(lambda words: " ".join(words) + ".")
BLOCKS = st.lists(SENTENCES, min_size=1, max_size=4).map(" ".join) | st.sampled_from(
    ["```\nm. N\n\no. P\n```", "| q. R | s |\n| t. U | v |", "# W. X", "- y. Z\n- $a. B$"]
)


@settings(max_examples=300, derandomize=True, deadline=None)
@given(st.lists(BLOCKS, min_size=1, max_size=6).map("\n\n".join))
def test_no_end_cuts_a_formula_code_table_or_item(text):
    pieces = cut(text)
    for atom in ATOM_CONTENTS:
        assert sum(piece.count(atom) for piece in pieces) == text.count(atom), atom


@settings(max_examples=500, derandomize=True, deadline=None)
@given(st.text(alphabet="ab.A $\\[]()`|->#1\n{}~begin") | st.text())
def test_any_text_gives_ascending_ends_that_reach_its_last_character(text):
    ends = steps.ends(text)
    assert ends == sorted(set(ends))
    assert all(0 < end <= len(text) for end in ends)
    assert (ends[-1] if ends else 0) == len(text.rstrip())


@pytest.mark.parametrize(
    "unit",
    [
        "$",
        "$$ ",
        "\\[ ",
        "\\( ",
        "\\begin{a}",
        "\\end{a}",
        "` ",
        "``\n",
        "a. ",
        "- a\n",
        "| ",
        "```\n",
        "\n",
        "$a$. ",
    ],
)
@pytest.mark.timeout(120)  # what is not linear takes hours
def test_hostile_text_comes_to_an_end(unit):
    text = unit * 80_000
    found = steps.ends(text)
    assert found == sorted(set(found))
    assert all(0 <= end <= len(text) for end in found)
