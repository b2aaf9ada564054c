"""The document's names as Python names."""

from __future__ import annotations

import keyword
import re

_TAKEN = (
    frozenset(keyword.kwlist)
    | frozenset(["print", "sum", "range", "abs", "max", "min", "pow", "int", "set", "math"])
    | frozenset(["Fraction", "Rational", "Matrix", "Sum", "Product", "Eq", "Abs", "symbols"])
    | frozenset(["solve", "simplify", "expand", "cancel", "diff", "integrate", "limit", "oo"])
    | frozenset(["I", "E", "pi", "sqrt", "sin", "cos", "tan", "log", "exp", "factorial", "rad"])
    | frozenset(["solutions", "solution", "left", "right", "next", "sorted", "binomial", "root"])
    | frozenset(["floor", "ceiling", "gcd", "lcm", "Mod", "conjugate", "re", "im", "arg"])
)


def identifier(name: str) -> str:
    r"""Return a Python identifier for a name: `x_1` stays, `lambda` and `I` get an underscore."""
    cleaned = re.sub(r"\W", "_", name.replace("\\", "").replace("@", "at"))
    if not cleaned or cleaned[0].isdigit() or not cleaned.strip("_"):
        cleaned = "operation" + cleaned.strip("_")
    return cleaned + "_" if cleaned in _TAKEN else cleaned
