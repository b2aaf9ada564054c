"""Mathematical characters as the commands that LaTeX has for them."""

from __future__ import annotations

import re
from unicodedata import decomposition

_GREEK = {
    letter: command
    for letters, commands in [
        (
            "αβγδεζηθικλμνξπρστυφχψω",
            "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi pi rho sigma"
            " tau upsilon phi chi psi omega",
        ),
        (
            "ϵϑϕϱςΓΔΘΛΞΠΣΦΨΩ",
            "epsilon vartheta phi varrho varsigma Gamma Delta Theta Lambda Xi Pi"
            " Sigma Phi Psi Omega",
        ),
    ]
    for letter, command in zip(letters, commands.split(), strict=True)
}
_SIGNS = {
    "∂": "partial",
    "∑": "sum",
    "∏": "prod",
    "∫": "int",
    "∪": "cup",
    "∩": "cap",
    "∣": "mid",
    "→": "to",
    "√": "sqrt",
    "∞": "infty",
    "ℓ": "ell",
}
_TABLE = str.maketrans(
    {sign: f"\\{command} " for sign, command in (_GREEK | _SIGNS).items()}
    | {"′": "'", "’": "'", "″": "''", "\N{NO-BREAK SPACE}": "~", "\N{THIN SPACE}": "~"}
    | {"\N{ZERO WIDTH SPACE}": "", "\N{FUNCTION APPLICATION}": "", "\N{INVISIBLE TIMES}": " "}
)
_RAISED = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻ⁿ", "0123456789+-n")
_LOWERED = str.maketrans("₀₁₂₃₄₅₆₇₈₉", "0123456789")
_ROOT = re.compile(r"√\s*(\d+(?:\.\d+)?)")
_SCRIPT = re.compile(
    "(?P<raised>[⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻ⁿ]+)|(?P<lowered>[₀₁₂₃₄₅₆₇₈₉]+)|(?P<fraction>[¼½¾⅐-⅞])"
)


def as_commands(latex: str) -> str:
    r"""Return a formula with Greek letters, signs, scripts and fractions as commands.

    `√2π` becomes `\sqrt{2}\pi`, `x²` becomes `x^{2}` and `½` becomes `\frac{1}{2}`.
    """
    latex = _ROOT.sub(r"\\sqrt{\1}", latex)
    return _SCRIPT.sub(_script, latex).translate(_TABLE)


def _script(match: re.Match[str]) -> str:
    if match["raised"]:
        return "^{" + match["raised"].translate(_RAISED) + "}"
    if match["lowered"]:
        return "_{" + match["lowered"].translate(_LOWERED) + "}"
    # "<fraction> 0031 2044 0032": numerator, fraction slash, denominator.
    above, below = (
        "".join(chr(int(code, 16)) for code in part.split())
        for part in decomposition(match["fraction"]).removeprefix("<fraction> ").split("2044")
    )
    return rf"\frac{{{above}}}{{{below}}}"
