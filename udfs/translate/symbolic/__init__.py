"""The symbolic translator: LaTeX and its conditions into a short program, without a model."""

from udfs.translate.symbolic.translate import VERSION, translate_symbolic

__all__ = ["VERSION", "translate_symbolic"]
