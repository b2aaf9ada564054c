"""Mathematical characters and their LaTeX names, for the converters that start from characters."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_NAMES = """
α alpha β beta γ gamma δ delta ϵ epsilon ε varepsilon ζ zeta η eta θ theta ϑ vartheta ι iota
κ kappa λ lambda μ mu µ mu ν nu ξ xi π pi ϖ varpi ρ rho ϱ varrho σ sigma ς varsigma τ tau
υ upsilon ϕ phi φ varphi χ chi ψ psi ω omega Γ Gamma Δ Delta Θ Theta Λ Lambda Ξ Xi Π Pi
Σ Sigma Υ Upsilon Φ Phi Ψ Psi Ω Omega ∂ partial ∇ nabla ∞ infty ∅ emptyset ℏ hbar ℓ ell ℜ Re
ℑ Im ℘ wp ℵ aleph ℶ beth ı imath ȷ jmath ∀ forall ∃ exists ∄ nexists ¬ neg ∧ wedge ∨ vee
∩ cap ∪ cup ⊂ subset ⊃ supset ⊆ subseteq ⊇ supseteq ⊊ subsetneq ⊄ not\\subset ∈ in ∉ notin ∋ ni
∖ setminus × times ÷ div ± pm ∓ mp · cdot ⋅ cdot ∗ ast ⋆ star ∘ circ ∙ bullet • bullet ⊕ oplus
⊖ ominus ⊗ otimes ⊘ oslash ⊙ odot † dagger ‡ ddagger ≤ le ≥ ge ≠ ne ≡ equiv ≢ not\\equiv ≈ approx
≅ cong ≃ simeq ∼ sim ≁ nsim ∝ propto ≪ ll ≫ gg ≺ prec ≻ succ ⪯ preceq ⪰ succeq ≼ preceq ≽ succeq
⩽ leqslant ⩾ geqslant ≲ lesssim ≳ gtrsim ⊥ perp ∥ parallel ∦ nparallel ∣ mid ∤ nmid ⊢ vdash
⊣ dashv ⊨ models ⊤ top ∴ therefore ∵ because → to ⟶ longrightarrow ← leftarrow ⟵ longleftarrow
↔ leftrightarrow ⟷ longleftrightarrow ⇒ Rightarrow ⟹ Longrightarrow ⇐ Leftarrow ⟸ Longleftarrow
⇔ Leftrightarrow ⟺ Longleftrightarrow ↦ mapsto ⟼ longmapsto ↑ uparrow ↓ downarrow ↕ updownarrow
⇑ Uparrow ⇓ Downarrow ↗ nearrow ↘ searrow ↙ swarrow ↖ nwarrow ↪ hookrightarrow ↩ hookleftarrow
⇀ rightharpoonup ↼ leftharpoonup ⇌ rightleftharpoons ↠ twoheadrightarrow ⇝ rightsquigarrow
∑ sum ∏ prod ∐ coprod ∫ int ∬ iint ∭ iiint ∮ oint ⋂ bigcap ⋃ bigcup ⋁ bigvee ⋀ bigwedge
⨁ bigoplus ⨂ bigotimes ⨀ bigodot ⨄ biguplus ⊎ uplus ⊓ sqcap ⊔ sqcup ⊏ sqsubset ⊑ sqsubseteq
… ldots ⋯ cdots ⋮ vdots ⋱ ddots ∠ angle ∡ measuredangle △ triangle ▵ triangle □ square ◻ square
◊ diamond ⋄ diamond ♯ sharp ♭ flat ♮ natural ⟨ langle ⟩ rangle 〈 langle 〉 rangle ⌈ lceil
⌉ rceil ⌊ lfloor ⌋ rfloor ‖ | ∎ blacksquare ⋉ ltimes ⋊ rtimes ⊲ triangleleft ⊳ triangleright
⊴ trianglelefteq ⊵ trianglerighteq ≜ triangleq ≐ doteq ∔ dotplus ≍ asymp ⋈ bowtie ∁ complement
ð eth ℧ mho ★ bigstar ⟂ perp ⌢ frown ⌣ smile § S ¶ P £ pounds
"""
_words = _NAMES.split()
LATEX = dict(zip(_words[::2], ("\\" + name for name in _words[1::2]), strict=True))
"""LaTeX by character."""
LATEX.update(
    {
        "−": "-",
        "‐": "-",
        "‑": "-",
        "–": "-",
        "—": "-",
        "′": "'",
        "″": "''",
        "‴": "'''",
        "’": "'",
        "∕": "/",
        "⁄": "/",
        "∶": ":",
        "≔": ":=",
        "√": "\\sqrt{}",
        "ℎ": "h",
        "\U0001d6a4": "\\imath",
        "\U0001d6a5": "\\jmath",
        "°": "^\\circ",
        "#": "\\#",
        "%": "\\%",
        "&": "\\&",
        "$": "\\$",
        "_": "\\_",
        "{": "\\{",
        "}": "\\}",
        "\\": "\\backslash",
        "~": "\\sim",
        "\u00a0": "\\ ",
        "\u2003": "\\quad ",
        "\u2002": "\\enspace ",
        "\u2009": "\\,",
        "\u200a": "\\,",
        "\u2005": "\\:",
        "\u2004": "\\;",
        # Invisible: function application, times, separator, plus; joiners and direction marks.
        **dict.fromkeys("\u2061\u2062\u2063\u2064\u200b\u200c\u200d\u2060\ufeff\u00ad", ""),
        "½": "\\frac{1}{2}",
        "¼": "\\frac{1}{4}",
        "¾": "\\frac{3}{4}",
    }
)

FUNCTIONS = frozenset(
    str.split(
        """
        sin cos tan cot sec csc arcsin arccos arctan sinh cosh tanh coth log ln lg exp lim
        limsup liminf max min sup inf det dim ker gcd deg arg hom Pr mod
        """
    )
)
"""Names of functions that LaTeX sets upright by a command of their own (`mod` by none)."""

ACCENTS = {
    "^": "hat",
    "ˆ": "hat",
    "̂": "hat",
    "~": "tilde",
    "˜": "tilde",
    "∼": "tilde",
    "̃": "tilde",
    "¯": "bar",
    "ˉ": "bar",
    "–": "overline",
    "—": "overline",
    "−": "overline",
    "‾": "overline",
    "_": "overline",
    "―": "overline",
    "̅": "overline",
    "→": "vec",
    "⃗": "vec",
    "⇀": "vec",
    "˙": "dot",
    ".": "dot",
    "̇": "dot",
    "¨": "ddot",
    "..": "ddot",
    "̈": "ddot",
    "⃛": "dddot",
    "ˇ": "check",
    "̌": "check",
    "˘": "breve",
    "´": "acute",
    "`": "grave",
    "⏞": "overbrace",
    "︷": "overbrace",
    "←": "overleftarrow",
    "↔": "overleftrightarrow",
    "°": "mathring",
    "˚": "mathring",
    "⏜": "overset{\\frown}",
}
"""Accent commands by the character that stands above."""

BELOW = {
    "⏟": "underbrace",
    "︸": "underbrace",
    "_": "underline",
    "–": "underline",
    "—": "underline",
    "−": "underline",
    "¯": "underline",
    "̲": "underline",
    "―": "underline",
    "‾": "underline",
}
"""Commands by the character that stands below."""

_ENDS_IN_COMMAND = re.compile(r"\\[a-zA-Z]+$")
_STYLES = (
    ("DOUBLE-STRUCK", "mathbb"),
    ("BOLD SCRIPT", "mathcal"),
    ("SCRIPT", "mathcal"),
    ("BOLD FRAKTUR", "mathfrak"),
    ("FRAKTUR", "mathfrak"),
    ("BLACK-LETTER", "mathfrak"),
    ("SANS-SERIF", "mathsf"),
    ("MONOSPACE", "mathtt"),
    ("BOLD", "mathbf"),
)


def join(parts: Iterable[str]) -> str:
    """Concatenate LaTeX so that no command runs into the letter after it."""
    out: list[str] = []
    last = ""
    for part in parts:
        if not part:
            continue
        if last and part[0].isalnum() and last[-1].isalpha() and _ENDS_IN_COMMAND.search(last):
            out.append(" ")
        out.append(part)
        last = part
    return "".join(out)


def from_characters(text: str) -> str:
    """LaTeX of mathematical characters, one after the other."""
    if text.isascii() and text.isalnum():
        return text
    return join(character(each) for each in text)


def character(each: str) -> str:
    """LaTeX of one character; what has no name stays itself."""
    if each in LATEX:
        return LATEX[each]
    if each.isascii():
        return each
    name = unicodedata.name(each, "")
    if "DOUBLE-STRUCK" in name or name.startswith(
        ("MATHEMATICAL ", "SCRIPT CAPITAL", "BLACK-LETTER")
    ):
        # One step: a second one would make `ϕ` (phi) `φ` (varphi).
        steps = unicodedata.decomposition(each).split()
        base = chr(int(steps[-1], 16)) if steps else each
        base = LATEX.get(base, base)
        for style, command in _STYLES:
            if style in name:
                return f"\\{command}{{{base}}}"
        return base
    if name.startswith(("SUPERSCRIPT ", "SUBSCRIPT ")):
        plain = unicodedata.normalize("NFKC", each).replace("−", "-")
        return ("^" if name.startswith("SUPER") else "_") + f"{{{plain}}}"
    return each


def text(words: str) -> str:
    """Words inside a formula."""
    escaped = re.sub(
        r"([#%&_$])", r"\\\1", words.replace("\\", "").replace("{", "").replace("}", "")
    )
    return f"\\text{{{escaped}}}" if escaped.strip() else ("\\ " if escaped else "")


def group(latex: str) -> str:
    """LaTeX as an argument: in braces."""
    return f"{{{latex}}}"
