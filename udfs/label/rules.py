r"""A labeller by rules: is this page mathematics, or a page with stray formulas?

It weighs evidence that a person would name, and knows nothing of the models that it judges for:

- formulas by what they say. A statement (`a^2 + b^2 = c^2`) is mathematics, a lone symbol (`$n$`)
  is notation that any manual may use, and much between dollars is none: prices, shell variables,
  words, a degree sign, a logo.
- how much of the page they are, and the page's words for mathematics beside them.
- against it: shops, spam, code and markup shown as such, and much prose around few formulas.

The weights are log odds, set by hand on texts that we wrote; a sum over zero means the domain.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from udfs import quality

if TYPE_CHECKING:
    from collections.abc import Collection

VERSION = 1
"""What a change of the rules means for labels that they gave."""

# Characters of a document that are looked at, and formulas of it that are weighed.
_CHARS = 200_000
_FORMULAS = 2_000

_COMMAND = re.compile(r"\\[A-Za-z]+")
# Text and decoration inside a formula say nothing by themselves.
_WORDING = re.compile(
    r"\\(?:text(?:rm|bf|it|tt|sf)?|mathrm|mathtt|mbox|hbox|label|tag|operatorname)\*?\s*\{[^{}]*\}"
)
_DECORATION = re.compile(
    r"\\(?:LaTeX|TeX|copyright|circledR|trade|bullet|checkmark|star|dagger|ddagger|S|P|degree|circ"
    r"|to|rightarrow|leftarrow|Rightarrow|uparrow|downarrow|quad|qquad|left|right|displaystyle"
    r"|textstyle|limits|[,;:!])(?![A-Za-z])"
)
_RELATION = re.compile(
    r"(?<![<>=!:+*/-])(?:=|<|>)(?![=<>])|:=|\\(?:leq?|geq?|neq?|ll|gg|equiv|cong|sim|simeq|approx"
    r"|propto|in|notin|ni|subset|subseteq|supset|supseteq|mid|parallel|perp|prec|succ|models|vdash"
    r"|mapsto|to|rightarrow|longrightarrow|implies|iff|Leftrightarrow|Rightarrow|triangleq|doteq"
    r"|lt|gt|leqslant|geqslant|coloneqq)(?![A-Za-z])|[≤≥≠≈≡∈⊂⊆→↦⇒⇔∼]"
)
_OPERATION = re.compile(
    r"[+*^]|(?<=[\w)\]}])\s*[-/]\s*(?=[\w(\[{\\])|\\(?:[dt]?frac|sqrt|sum|prod|i{0,3}nt|oint|lim|max|min|sup|inf"
    r"|log|ln|exp|sin|cos|tan|cot|sec|det|dim|ker|gcd|binom|cdot|times|div|pm|mp|otimes|oplus|wedge"
    r"|nabla|partial|over|choose|bmod|pmod|circ|cup|cap|setminus|begin|overline|bar|hat|vec|mathbb"
    r"|mathcal|mathfrak|forall|exists|infty|langle|lVert|lfloor|lceil|Gamma|zeta)(?![A-Za-z])"
    r"|[A-Za-z]'*\s*\([^()]*[A-Za-z\\][^()]*\)|[∑∏∫√∂∇⊗⊕∀∃±×·]"
)
_TWO_WORDS = re.compile(r"(?<![\\A-Za-z])[A-Za-z]{3,}[,.;:]?\s+[A-Za-z]{2,}(?![A-Za-z])")
_MONEY = re.compile(
    r"[\d.,]+\s*(?:[kKmMbB]|USD|million|billion|per\b.*)?(?:\s*(?:-|to|and|or)\s*)?"
)
_SHELL = re.compile(
    r"::|://|&&|\|\||->|;\s*$|\$|[\"`@#]|'\w+'|\[\s*'|={2,}|\b(?:PATH|HOME|USER|echo|cd|sudo|this)\b"
    r"|^[a-z_]{5,}(?:\s*=.*)?$|^[A-Z_]{5,}$"
)

_WORD = re.compile(r"[^\W\d_]{2,}")
_CJK = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
# An equation that was typed without LaTeX: x^2 + 3x = 0, f(x) = 2x - 1.
_PLAIN_EQUATION = re.compile(
    r"(?<![\w$])(?:[a-z](?:\([a-z]\)|\^?\d|²|³)?|\d+[a-z])\s*(?:[-+*/·]\s*(?:\d*[a-z](?:\^?\d|²|³)?|\d+)\s*)*"
    r"(?:=|≤|≥|<=|>=|≠)\s*-?[\da-z√(]"
)
_SPAM = re.compile(
    r"add to (?:cart|basket)|free shipping|in stock|checkout|buy now|order now|discount code"
    r"|promo code|casino|free spins|no deposit|viagra|cialis|payday loan|replica watch"
    r"|click here|per night|money back|essay writing|plagiarism free|place (?:your )?order"
    r"|% off\b|best price",
    re.IGNORECASE,
)
_PRICE = re.compile(r"(?:[$€£¥]|\b(?:USD|EUR|GBP)\s?)\d[\d.,]*(?![\d.,]*\s*[\\=+^_*])")
_TEX_SOURCE = re.compile(
    r"\\(?:documentclass|usepackage|newcommand|renewcommand|newenvironment|def|let|makeatletter"
    r"|begin\{(?:document|itemize|enumerate|tabular|verbatim)|section|subsection|cite|includegraphics)"
)


@dataclass(frozen=True, slots=True)
class Evidence:
    """What was found in one text.

    Attributes:
        statements: distinct formulas that relate two sides.
        expressions: distinct formulas with an operation and no relation.
        symbols: distinct lone symbols and numbers.
        junk: spans between dollars that are no mathematics.
        share: characters of statements and expressions among all characters, 0 to 1.
        terms: distinct words of the domain.
        equations: equations typed without LaTeX.
        words: words of prose, outside formulas and code.
        code: share of the characters that stand in code, 0 to 1.
        spam: distinct phrases and prices of shops and spam.
        tex_source: commands of LaTeX documents outside formulas.
    """

    statements: int
    expressions: int
    symbols: int
    junk: int
    share: float
    terms: int
    equations: int
    words: int
    code: float
    spam: int
    tex_source: int


def kind(latex: str) -> str:
    r"""Return what a formula is: `statement`, `expression`, `symbol` or `junk`.

    Args:
        latex: what stands between the delimiters.
    """
    bare = _WORDING.sub(" ", latex)
    plain = _DECORATION.sub(" ", bare).strip("{}()[]^_ .,;:~*'\n\t")
    if not plain:
        return "junk"
    if "\\" not in bare and (
        _MONEY.fullmatch(plain) or _TWO_WORDS.search(plain) or _SHELL.search(plain)
    ):
        # A number is a symbol where it was set as a formula; an amount has a separator or a unit.
        return "symbol" if re.fullmatch(r"-?\d{1,4}(?:\.\d+)?", latex.strip()) else "junk"
    relation = _RELATION.search(bare)
    if relation and bare[: relation.start()].strip(" {}") and bare[relation.end() :].strip(" {}"):
        return "statement"
    if _OPERATION.search(bare):
        return "expression" if re.search(r"[A-Za-z0-9∞]", plain) else "junk"
    return "symbol"


def collect(text: str, terms: Collection[str]) -> Evidence:
    """Collect the evidence of one text.

    Args:
        text: Markdown with formulas between `$..$` or `$$..$$`.
        terms: words and phrases of the domain, lower case.
    """
    text = text[:_CHARS]
    found: dict[str, set[str]] = {"statement": set(), "expression": set(), "symbol": set()}
    junk = substance = code = seen = 0
    prose: list[str] = []
    at = 0
    for span, start, end in quality.parts(text):
        prose.append(text[at:start])
        at = end
        if span == "code":
            code += end - start
            continue
        seen += 1
        if seen > _FORMULAS:
            continue
        width = 2 if span == "display" else 1
        latex = " ".join(text[start + width : end - width].split())
        what = kind(latex)
        if what == "junk":
            junk += 1
            continue
        found[what].add(latex)
        if what != "symbol":
            substance += len(latex)
    prose.append(text[at:])
    outside = " ".join(prose)
    lowered = outside.lower()
    words = len(_WORD.findall(outside)) + len(_CJK.findall(outside)) // 2
    prices = len(set(_PRICE.findall(outside)))
    phrases = {phrase.lower() for phrase in _SPAM.findall(outside)}
    return Evidence(
        statements=len(found["statement"]),
        expressions=len(found["expression"]),
        symbols=len(found["symbol"]),
        junk=junk,
        share=substance / max(len(text), 1),
        terms=sum(1 for term in terms if _has(lowered, term)),
        equations=len(set(_PLAIN_EQUATION.findall(outside[:50_000]))),
        words=words,
        code=code / max(len(text), 1),
        spam=2 * len(phrases) + prices,
        tex_source=len(_TEX_SOURCE.findall(outside)),
    )


def _has(text: str, term: str) -> bool:
    """Whether a text holds a word or phrase that begins there; endings may follow."""
    at = text.find(term)
    while at >= 0:
        # Scripts without spaces have no beginnings of words.
        if at == 0 or not text[at - 1].isalpha() or _CJK.match(term):
            return True
        at = text.find(term, at + 1)
    return False


def log_odds(evidence: Evidence, *, needs_terms: bool = False) -> float:
    """Weigh evidence: over zero speaks for the domain, and the farther from it the surer.

    Args:
        evidence: of one text.
        needs_terms: whether formulas speak for the domain only beside its words, as those of
            physics do.
    """
    substance = 1.5 * evidence.statements + evidence.expressions
    substance += 0.4 * min(evidence.symbols, 6) + 0.3 * min(evidence.equations, 5)
    formulas = 1.6 * math.log1p(substance) + 3.0 * min(evidence.share * 5, 1.0)
    odds = -1.6
    # Words of the domain alone are a page about mathematicians; beside formulas they count.
    odds += 1.1 * math.log1p(evidence.terms) * min(1.0, 2 * substance)
    if needs_terms:
        # A long page of anything holds some of the words.
        usual = 1 + evidence.words / 400
        odds += min(formulas, 2.0) + 1.5 * math.log1p(evidence.terms / usual) - 2.6
    else:
        odds += formulas
    # One formula in a page of 400 words is part of what it says, in a book it is not.
    odds -= 0.6 * math.log1p(evidence.words / (400 * (1 + substance)))
    odds -= 1.1 * math.log1p(evidence.spam) * (1.0 if evidence.spam > 2 else 0.4)
    odds -= 0.7 * math.log1p(evidence.junk)
    odds -= 1.0 * math.log1p(evidence.tex_source)
    return odds


def judge(
    text: str, *, domain: str, terms: Collection[str], needs_terms: bool = False
) -> tuple[str, float]:
    """Label one text.

    Args:
        text: Markdown with formulas between `$..$` or `$$..$$`.
        domain: label of a text of the domain.
        terms: words and phrases of the domain, lower case.
        needs_terms: whether formulas speak for the domain only beside its words.

    Returns:
        The label, `domain` or `other`, and how sure the rules are of it, 0.5 to 1.
    """
    odds = log_odds(collect(text, terms), needs_terms=needs_terms)
    confidence = 1 / (1 + math.exp(-min(abs(odds), 30.0)))
    return (domain if odds > 0 else "other"), confidence
