"""Computations into programs: one interface, translators tried in order."""

from udfs.translate.computation import Computation, Translation
from udfs.translate.stage import TRANSLATORS, translate
from udfs.translate.symbolic import translate_symbolic

__all__ = ["TRANSLATORS", "Computation", "Translation", "translate", "translate_symbolic"]
