"""Finds the computations of a text with the conditions that they rest on."""

from udfs.contexts.extract import EXTRACTOR, extract_contexts
from udfs.contexts.passages import Passage, find_contexts

__all__ = ["EXTRACTOR", "Passage", "extract_contexts", "find_contexts"]
