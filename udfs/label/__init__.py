"""Labelling documents: who judges, which documents are judged, and the stage that asks."""

from udfs.label.sample import Candidate, Drawn, draw
from udfs.label.stage import ENDPOINT, RULES, Endpoint, Labeller, Rules, label_documents

__all__ = [
    "ENDPOINT",
    "RULES",
    "Candidate",
    "Drawn",
    "Endpoint",
    "Labeller",
    "Rules",
    "draw",
    "label_documents",
]
