"""Every format and every pitfall as a pair of files: a page and the text expected of it."""

import pytest

from tests.udfs.html import golden


@pytest.mark.parametrize("page", golden.pages(), ids=lambda page: page.stem)
def test_page_gives_the_expected_text(page):
    assert golden.text_of(page) == page.with_suffix(".md").read_text(encoding="utf-8")


def test_every_page_has_its_text_and_every_text_its_page():
    texts = {path.stem for path in golden.FOLDER.glob("*.md")}
    assert texts == {path.stem for path in golden.pages()}
    assert len(texts) >= 40
