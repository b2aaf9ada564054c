"""Pages in the manner of common generators and sites: what must be in their text, and what not.

`facts/NAME.html` stands beside `facts/NAME.yaml` with two lists. `must` holds pieces of the text,
formulas and code with their delimiters; they stand there in this order (white space at line ends
aside). `must_not` holds words of menus, widgets and notices.
"""

from pathlib import Path

import pytest
import yaml

from udfs.html.extract import extract

FOLDER = Path(__file__).parent / "facts"
NAMES = sorted(path.stem for path in FOLDER.glob("*.html"))


def test_every_page_has_its_facts():
    assert len(NAMES) >= 40
    assert sorted(path.stem for path in FOLDER.glob("*.yaml")) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_content_stays_and_templates_go(name):
    facts = yaml.safe_load((FOLDER / f"{name}.yaml").read_text(encoding="utf-8"))
    page = (FOLDER / f"{name}.html").read_bytes()
    text = extract(page, url=f"https://example.org/{name}", content_type="text/html").text
    assert text is not None
    assert facts["must"]
    assert facts["must_not"]
    at = 0
    for piece in facts["must"]:
        found = text.find(piece.strip("\n"), at)
        assert found >= 0, f"missing, or out of order: {piece!r}\n\n{text}"
        at = found
    for piece in facts["must_not"]:
        assert piece not in text, f"left: {piece!r}\n\n{text}"
