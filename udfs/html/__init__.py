"""HTML pages to text: Markdown with every formula as LaTeX between `$..$` or `$$..$$`."""

from udfs.html.stage import EXTRACTOR, REASONS, extract_text

__all__ = ["EXTRACTOR", "REASONS", "extract_text"]
