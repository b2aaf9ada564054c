"""Damaged and invented pages for `extract_text`, the same ones for the same seed."""
