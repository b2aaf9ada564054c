r"""documents -> scores: how likely a document is of a domain, by a fastText model.

The model learns from short labelled texts and reads documents the same way: cut in passages,
each judged by itself. The best passage is the document's score, since a page of mathematics has
its menus and its prose too. So a threshold that was found on short texts holds for long ones.

A filter has one stage or two, as MathCoder2 (arXiv 2410.08196) has it: the first is trained on seed
labels and keeps nearly all that is of the domain, the second on judged documents and is precise.
Each stage has a threshold of its own; scores are shifted so that it stands at 0.5 in all filters.

fastText: Joulin et al., "Bag of Tricks for Efficient Text Classification" (arXiv 1607.01759).
"""

from __future__ import annotations

import math
import re
import tempfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import fasttext
import pyarrow as pa

from conf import tables
from udfs import storage

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

# What a change of the code below means for the scores of the same text.
METHOD = "fasttext-2"

# Words in a passage; the seed texts have some 20 to 60.
_PASSAGE = 96
# Passages that are read of one document, spread evenly over it: a book costs no more than this.
_PASSAGES = 48
# Characters of a document that are looked at; what follows is more of the same.
_CHARS = 400_000
# Raw scores are held this far from 0 and 1, so that their log odds are finite.
_EDGE = 1e-6

# Rows that are held as Python strings at once.
_ROWS = 256

LABEL = "__label__"
"""What fastText's own files put before a label."""

# Code, in which a dollar sign is no formula, and the formulas of documents.text. An inline one
# has no space inside its dollars and no digit after them (pandoc's rule), so prices are none.
_SPAN = re.compile(
    r"(?P<code>```[^`]{0,20000}(?:```|\Z)|`[^`\n]{1,500}`)"
    r"|\$\$(?P<display>[^$]{1,4000})\$\$"
    r"|(?<![\\$])\$(?![\s$])(?P<inline>[^$\n]{1,1000})(?<![\s\\])\$(?![\d$])"
)
# The word that stands for a formula: no text holds it, since words have no colon.
_FORMULA = "tex:"
_TEX = re.compile(r"\\([A-Za-z]+)|([=<>^_]|\\\\)")
# Two words in a row, as in `$PATH or the $`: no formula, unless it holds a command.
_PROSE = re.compile(r"[a-z]{2,}[,.;:]? [a-z]{2,}")
# A word, one character of a script written without spaces, the first digit of a number, or a run
# of telling signs.
_WORD = re.compile(
    r"[\u0e00-\u0e7f\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]|[^\W\d_]+|(?<!\d)\d|[=+<>\\{}$%;|#^~_]+"
)
_NAMES = {"=": "eq", "<": "lt", ">": "gt", "^": "sup", "_": "sub", "\\\\": "row"}


def _tex_words(latex: str) -> list[str]:
    """Name what a formula is made of: its commands and its structure, not its letters."""
    found = [f"tex:{command or _NAMES[sign]}" for command, sign in _TEX.findall(latex[:2000])]
    return [_FORMULA, *found[:24]]


def normalise(text: str) -> str:
    r"""Turn a text into one line of the words that the model knows.

    Words are lower-case; a number becomes its first digit; each formula becomes the word
    `tex:` and the names of its commands and signs (`tex:frac`, `tex:eq`), since which
    letters it uses tells nothing; CJK and Thai characters stand alone.

    Args:
        text: any text, with formulas between `$..$` or `$$..$$`.

    Returns:
        Words joined by single blanks; empty when there are none.
    """
    text = text[:_CHARS].lower()
    words: list[str] = []
    at = 0
    for span in _SPAN.finditer(text):
        words += _WORD.findall(text, at, span.start())
        latex = span["display"] or span["inline"]
        if latex is None or ("\\" not in latex and _PROSE.search(latex)):
            words += _WORD.findall(span[0])
        else:
            words += _tex_words(latex)
        at = span.end()
    words += _WORD.findall(text, at)
    return " ".join(words)


def passages(text: str) -> list[str]:
    """Cut a text in the passages that are judged.

    Args:
        text: any text, with formulas between `$..$` or `$$..$$`.

    Returns:
        At most 48 lines of at most 104 words, spread evenly over the text; one empty line for
        a text without words. A passage also says how dense its formulas are.
    """
    words = normalise(text).split(" ")
    starts = list(range(0, len(words), _PASSAGE))
    if len(starts) > _PASSAGES:
        starts = [starts[i * len(starts) // _PASSAGES] for i in range(_PASSAGES)]
    return [_with_density(words[start : start + _PASSAGE]) for start in starts]


def has_formula(line: str) -> bool:
    """Return whether a passage, as `passages` makes it, holds a formula."""
    return _FORMULA in line.split(" ")


def _with_density(words: list[str]) -> str:
    """Join words, with a word for the share of formulas among them in every eight."""
    formulas = words.count(_FORMULA)
    density = "dense:" + str(0 if not formulas else 1 + (24 * formulas // len(words)).bit_length())
    marked: list[str] = []
    for start in range(0, len(words), 8):
        marked += words[start : start + 8]
        marked.append(density)
    return " ".join(marked)


@dataclass(frozen=True, slots=True)
class Stage:
    """One model of a filter.

    Attributes:
        path: model file; a local path or a URL.
        threshold: raw score from which a text passes, over 0 and under 1.
    """

    path: str
    threshold: float


@dataclass(frozen=True, slots=True)
class Filter:
    """What scores documents.

    Attributes:
        model: its name in `scores`.
        version: its version in `scores`.
        domain: label whose probability is the score.
        stages: in their order; a text that fails one never gets 0.5 or more.
    """

    model: str
    version: str
    domain: str
    stages: tuple[Stage, ...]


@cache
def _model(path: str) -> Any:
    """Load a model, once a process."""
    try:
        if "://" not in path:
            if not Path(path).is_file():
                raise FileNotFoundError
            return fasttext.load_model(path)
        with tempfile.TemporaryDirectory() as folder:
            # fastText reads local files alone.
            copy = Path(folder, "model.bin")
            copy.write_bytes(storage.read_bytes(path))
            return fasttext.load_model(str(copy))
    except FileNotFoundError:
        raise FileNotFoundError(f"{path}: no such model; run train_filter") from None


def judge(lines: Sequence[str], *, path: str, domain: str) -> list[float]:
    """Return how likely each passage is of the domain, 0 to 1.

    Args:
        lines: what `passages` made.
        path: model file.
        domain: label whose probability is wanted.

    Raises:
        FileNotFoundError: there is no such model.
        ValueError: the file is no model, or it does not know the label `domain`.
    """
    model = _model(path)
    labels = model.get_labels()
    wanted = LABEL + domain
    if wanted not in labels:
        raise ValueError(f"{path} knows {', '.join(labels)}, not {wanted}")
    judged = []
    found_labels, found = model.predict(list(lines), k=len(labels), on_unicode_error="replace")
    for names, values in zip(found_labels, found, strict=True):
        # A softmax in single precision may pass 1 by a rounding error.
        judged.append(min(1.0, float(values[list(names).index(wanted)])))
    return judged


def calibrate(raw: float, threshold: float) -> float:
    """Shift a raw score so that the threshold stands at 0.5.

    The shift is one of log odds: it keeps the order, 0 and 1.

    Args:
        raw: 0 to 1.
        threshold: over 0 and under 1.
    """
    if raw in {0.0, 1.0}:
        return raw
    shifted = _logit(raw) - _logit(threshold)
    # A score at the threshold passes, whatever rounding says.
    return 0.5 if shifted == 0 else 1 / (1 + math.exp(-shifted))


def _logit(value: float) -> float:
    value = min(max(value, _EDGE), 1 - _EDGE)
    return math.log(value / (1 - value))


def score(text: str, model: Filter) -> float:
    """Score one text.

    Args:
        text: any text, with formulas between `$..$` or `$$..$$`.
        model: the filter.

    Returns:
        0 to 1; at least 0.5 where every stage of the filter lets the text pass.

    Raises:
        FileNotFoundError: a model file is missing.
        ValueError: a file is no model, or it does not know the filter's domain.
    """
    lines = passages(text)
    found = 0.0
    lowest = 1.0
    for stage in model.stages:
        raw = max(judge(lines, path=stage.path, domain=model.domain))
        found = calibrate(raw, stage.threshold)
        lowest = min(lowest, found)
        if lowest < 0.5:
            return lowest
    return found


def score_documents(
    batches: Iterable[pa.RecordBatch], *, model: Filter
) -> Iterator[pa.RecordBatch]:
    """Score documents.

    Args:
        batches: rows of `documents` with text; reads `doc_id` and `text`.
        model: the filter.

    Yields:
        Rows of `scores`, one a document, in order.

    Raises:
        FileNotFoundError: a model file is missing.
        ValueError: a file is no model, or it does not know the domain. No single text raises.
    """
    schema = tables.arrow_schema(tables.SCORES)
    for whole in batches:
        for start in range(0, whole.num_rows, _ROWS):
            batch = whole.slice(start, _ROWS)
            scores = [score(text, model) for text in batch.column("text").to_pylist()]
            count = len(scores)
            columns = {
                "doc_id": batch.column("doc_id"),
                "model": pa.array([model.model] * count, pa.string()),
                "version": pa.array([model.version] * count, pa.string()),
                "score": pa.array(scores, pa.float64()),
            }
            yield pa.RecordBatch.from_arrays(
                [columns[name].cast(schema.field(name).type) for name in schema.names],
                schema=schema,
            )
