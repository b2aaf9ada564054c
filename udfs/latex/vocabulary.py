r"""The words of LaTeX mathematics: letters, functions, and what stands between formulas."""

from __future__ import annotations

LETTERS = frozenset(
    [
        r"\alpha",
        r"\beta",
        r"\gamma",
        r"\delta",
        r"\epsilon",
        r"\varepsilon",
        r"\zeta",
        r"\eta",
        r"\theta",
        r"\vartheta",
        r"\iota",
        r"\kappa",
        r"\lambda",
        r"\mu",
        r"\nu",
        r"\xi",
        r"\rho",
        r"\varrho",
        r"\sigma",
        r"\varsigma",
        r"\tau",
        r"\upsilon",
        r"\phi",
        r"\varphi",
        r"\chi",
        r"\psi",
        r"\omega",
        r"\Gamma",
        r"\Delta",
        r"\Theta",
        r"\Lambda",
        r"\Xi",
        r"\Pi",
        r"\Sigma",
        r"\Upsilon",
        r"\Phi",
        r"\Psi",
        r"\Omega",
        r"\ell",
        r"\hbar",
        r"\imath",
        r"\jmath",
        r"\square",
        r"\Box",
        r"\heartsuit",
        r"\spadesuit",
        r"\clubsuit",
        r"\diamondsuit",
        r"\diamond",
        r"\bigstar",
    ]
)
"""Commands that are symbols of their own."""

NAMES = {r"\Pr": "Pr"}
"""Commands that are letters of a document with another name."""

CONSTANTS = {r"\pi": "pi", r"\infty": "infinity"}

FUNCTIONS = {
    "\\" + name: name
    for name in [
        "sin",
        "cos",
        "tan",
        "cot",
        "sec",
        "csc",
        "sinh",
        "cosh",
        "tanh",
        "coth",
        "log",
        "exp",
        "gcd",
        "lcm",
        "max",
        "min",
        "det",
        "arg",
    ]
} | {
    r"\ln": "ln",
    r"\lg": "log",
    r"\arcsin": "asin",
    r"\arccos": "acos",
    r"\arctan": "atan",
    r"\arccot": "acot",
    r"\Re": "re",
    r"\Im": "im",
    r"\sgn": "sign",
    r"\abs": "abs",
    r"\norm": "norm",
    r"\tr": "trace",
}

FUNCTION_WORDS = {name[1:]: function for name, function in FUNCTIONS.items()} | {
    "GCD": "gcd",
    "GCF": "gcd",
    "gcf": "gcd",
    "LCM": "lcm",
    "lcd": "lcm",
    "Re": "re",
    "Im": "im",
    "sgn": "sign",
    "sign": "sign",
    "arctg": "atan",
    "tg": "tan",
    "ctg": "cot",
    "sh": "sinh",
    "ch": "cosh",
    "arcsinh": "asinh",
    "arccosh": "acosh",
    "arctanh": "atanh",
    "cis": "cis",
    "tr": "trace",
    "rank": "rank",
    "floor": "floor",
    "erf": "erf",
    "Arg": "arg",
}
"""What stands upright in `\\text{}` or `\\operatorname{}` and is a function."""

MANY = frozenset(["gcd", "lcm", "max", "min"])
"""Functions of several arguments."""

INVERSES = {
    "sin": "asin",
    "cos": "acos",
    "tan": "atan",
    "cot": "acot",
    "sinh": "asinh",
    "cosh": "acosh",
    "tanh": "atanh",
}
"""`\\sin^{-1}` is the inverse function, not the reciprocal."""

MATRICES = frozenset(
    ["matrix", "pmatrix", "bmatrix", "Bmatrix", "vmatrix", "Vmatrix", "smallmatrix", "array"]
)

CONJUNCTIONS = frozenset(
    [
        "and",
        "or",
        "if",
        "for",
        "when",
        "where",
        "with",
        "so",
        "then",
        "otherwise",
        "but",
        "is",
        "are",
        "since",
        "because",
        "mod",
        "therefore",
        "thus",
    ]
)
"""Words between two formulas: never a unit or a name."""

RELATIONS = frozenset(
    [
        r"=",
        r"<",
        r">",
        r"\le",
        r"\ge",
        r"\leq",
        r"\geq",
        r"\ne",
        r"\neq",
        r"\approx",
        r"\equiv",
        r"\in",
        r"\notin",
        r"\to",
        r"\implies",
        r"\Rightarrow",
        r"\iff",
        r"\leqslant",
        r"\geqslant",
        r"\subset",
        r"\subseteq",
        r"\cup",
        r"\cap",
        r"\sim",
        r"\simeq",
        r"\cong",
        r"\mid",
        r"\perp",
        r"\parallel",
        r"\propto",
        r"\pmod",
        r"\mapsto",
        r"\Leftrightarrow",
        r"≈",
        r"≤",
        r"≥",
        r"≠",
        r"≡",
        r":",
    ]
)

EVENTS = {
    r"\cap": "and",
    r"\cup": "or",
    r"\mid": "given",
    "|": "given",
    r"\setminus": "without",
    "'": "c",
}
"""What stands between events or sets, by the word for it."""

COMPLEMENTS = frozenset(["c", "C", "'", r"\prime", r"\complement"])

ACCENTS = frozenset(["hat", "tilde", "dot", "ddot", "check", "breve", "acute", "grave", "mathring"])
"""Commands that make another name of a letter."""

SUBSCRIPT_WORDS = {"+": "plus", "-": "minus", "cdot": "dot", "infty": "inf", "'": "prime", ",": "_"}
