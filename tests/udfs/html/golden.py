"""Golden pairs: `tests/golden/html/NAME.html` and the text that is expected of it, `NAME.md`.

`python -m tests.udfs.html.golden` writes the texts anew; the difference is then reviewed.
"""

from pathlib import Path

from udfs.html.extract import extract

FOLDER = Path(__file__).parents[2] / "golden" / "html"


def pages() -> list[Path]:
    """The pages, by name."""
    return sorted(FOLDER.glob("*.html"))


def text_of(page: Path) -> str:
    """What the extractor makes of a page, or its reason to reject it."""
    found = extract(
        page.read_bytes(), url=f"https://example.org/{page.name}", content_type="text/html"
    )
    return f"{found.text}\n" if found.text is not None else f"rejected: {found.rejected_by}\n"


def rewrite() -> list[Path]:
    """Write every expected text; return those that changed."""
    changed = []
    for page in pages():
        target = page.with_suffix(".md")
        text = text_of(page)
        if not target.exists() or target.read_text(encoding="utf-8") != text:
            target.write_text(text, encoding="utf-8")
            changed.append(target)
    return changed


if __name__ == "__main__":
    for path in rewrite():
        print(path.relative_to(FOLDER.parents[2]))
