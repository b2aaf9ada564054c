"""Every reason for which the symbolic translator leaves a computation, in plain words."""

from __future__ import annotations

REASONS = {
    # The text says too little, or nothing is to be computed.
    "undefined_symbol": "a symbol has no value, and no equation in the text determines it",
    "no_condition": "no equations in the text lead to the stated result in a known way",
    "undefined_function": "a function is called that the text does not define",
    "undefined": "it has no value, such as the logarithm of zero",
    "division_by_zero": "it divides by zero",
    "literal": "the left side is a plain number: there is nothing to compute",
    "empty": "a side of the relation is empty",
    # What stands there is no formula, or a damaged one.
    "incomplete": "the formula breaks off",
    "unbalanced": "a bracket is not closed, or closed by another kind",
    "unexpected": "a sign stands where none can be read",
    "prose": "words stand where a quantity should",
    "relation": "a side holds a relation of its own",
    "ragged_matrix": "the rows of a matrix differ in length",
    "numeral": "a line stands over digits as over a name, which has no meaning known here",
    # LaTeX that is not read.
    "unsupported_command": "a LaTeX command that is not known here",
    "unsupported_environment": "an environment that is no matrix and no determinant",
    "unsupported_subscript": "a subscript with a meaning that is not known here",
    "unsupported_variable": "what is differentiated, summed or integrated over is no single symbol",
    "unsupported_cases": "cases of which the conditions are not read",
    "unsupported_series": "a sum or product without bounds that are known here",
    "unsupported_integral": "an integral of which the variable or the bounds are not found",
    "unsupported_bounds": "bounds at an expression in no symbol, or in several",
    "unsupported_relation": "a relation other than =, ≈, ≡, <, ≤, > and ≥",
    "ellipsis": "the dots stand for no progression that is known here, or for several",
    # Understood, and no program is written for it.
    "unsupported_form": "it is understood, but there is no program for this form",
    "unsupported_function": "a function that no program is written for",
    "unsupported_argument": "a function is applied to what it does not take",
    "unsupported_exponent": "a power of a vector or a matrix that has no meaning",
    "unsupported_base": "a power of a tuple or a set",
    "unsupported_modulus": "a modulus that is no positive whole number of moderate size",
    "unsupported_node": "a part of the formula has no program",
    "cases": "a value by cases of a symbol, of which it is not known which case holds",
    "unsupported_derivative": "a derivative of a function of several symbols at a point",
    "inverse_function": "an inverse of a function of several symbols",
    "recursive_function": "a function that is defined by itself",
    "interval": "an interval where a value is asked for",
    "plus_minus": "a plus-minus sign inside of what has to be one value",
    "tuple_arithmetic": "arithmetic with tuples or sets",
    "mixed_units": "terms in units of different kinds are added",
    "mixed_shapes": "numbers and matrices, or matrices of different sizes, are added",
    "bound_name": "a symbol is given a value and also differentiated, summed or integrated over",
    "not_a_number": "a part that has to be a number is none",
    "not_an_integer": "a part that has to be a whole number is none",
    "meaningless": "SymPy finds no meaning in it",
    # Bounds that keep one formula from costing more than it is worth.
    "too_large": "a power, a factorial or a count is too large to be computed",
    "too_long": "the formula is too long",
    "too_deep": "brackets, fractions or powers are nested too deeply",
    "failed": "the translator itself failed: please report the formula",
}
"""By the word in `programs.rejected_by`."""


def explain(reason: str) -> str:
    """Return a reason in plain words; the word itself where it is another translator's."""
    return REASONS.get(reason, reason.replace("_", " "))
