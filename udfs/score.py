r"""documents -> scores: how likely a document is of a domain, by a fastText model.

The model learns from short labelled texts and reads documents the same way: cut in passages,
each judged by itself. The best passage says whether a document is of the domain, since a page of
mathematics has its menus and its prose too; the mean of all says how much of it is.

fastText: Joulin et al., "Bag of Tricks for Efficient Text Classification" (arXiv 1607.01759).
"""

from __future__ import annotations

import re
import tempfile
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import fasttext
import pyarrow as pa

from conf import tables
from udfs.keys import key

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

# What a change of the code below means for the scores of the same text.
METHOD = "fasttext-1"

# Words in a passage; the seed texts have some 20 to 60.
_PASSAGE = 96
# Passages that are read of one document, spread evenly over it: a book costs no more than this.
_PASSAGES = 48
# Characters of a document that are looked at; what follows is more of the same.
_CHARS = 400_000
# Weight of the best passage in the score; the rest is the weight of the mean passage.
_BEST = 0.7

# fastText's learning rate. On few rows, higher rates drive every probability to 0 or 1.
_RATE = 0.1

# Rows that are held as Python strings at once.
_ROWS = 256

_LABEL = "__label__"

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


def _with_density(words: list[str]) -> str:
    """Join words, with a word for the share of formulas among them in every eight."""
    formulas = words.count(_FORMULA)
    density = "dense:" + str(0 if not formulas else 1 + (24 * formulas // len(words)).bit_length())
    marked: list[str] = []
    for start in range(0, len(words), 8):
        marked += words[start : start + 8]
        marked.append(density)
    return " ".join(marked)


def version(rows: Sequence[tuple[str, str]], settings: Mapping[str, int | float | str]) -> str:
    """Name a model by what it is made from, before it is trained.

    Args:
        rows: (text, label) pairs in training order.
        settings: the training settings by name.

    Returns:
        A key of 32 hexadecimal characters.
    """
    named = [part for name in sorted(settings) for part in (name, repr(settings[name]))]
    return key(METHOD, *named, "rows", *[part for row in rows for part in row])


def train(
    rows: Sequence[tuple[str, str]],
    path: Path,
    *,
    dimension: int,
    epochs: int,
    seed: int,
) -> None:
    """Train a model and write it to a file.

    One thread trains, so the same rows and settings give the same bytes.

    Args:
        rows: (text, label) pairs; labels are domain names and `other`.
        path: file to write; its folder exists. It appears whole or not at all.
        dimension: length of the word vectors.
        epochs: passes over the rows.
        seed: seed of the random initial vectors.

    Raises:
        ValueError: there are fewer than two labels, or a label is empty or has white space.
        OSError: the file cannot be written.
    """
    labels = {label for _, label in rows}
    if len(labels) < 2:
        raise ValueError(f"a filter needs rows of two labels or more, not {sorted(labels)}")
    for label in labels:
        if not label or label.split() != [label]:
            raise ValueError(f"a label is one word, not {label!r}")
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=".train-") as folder:
        lines = Path(folder) / "rows.txt"
        # Long texts are cut as documents are, and every piece keeps its label.
        lines.write_text(
            "".join(f"{_LABEL}{label} {part}\n" for text, label in rows for part in passages(text)),
            encoding="utf-8",
        )
        model = fasttext.train_supervised(
            str(lines),
            dim=dimension,
            epoch=epochs,
            lr=_RATE,
            minCount=1,
            # Word and character n-grams gained nothing on held-out pages, and their table is
            # most of what a model file weighs.
            wordNgrams=1,
            minn=0,
            maxn=0,
            bucket=0,
            loss="softmax",
            seed=seed,
            thread=1,
            verbose=0,
        )
        written = Path(folder) / "model.bin"
        model.save_model(str(written))
        written.replace(path)


@cache
def _model(path: str) -> Any:
    """Load a model, once a process."""
    if not Path(path).is_file():
        raise FileNotFoundError(f"{path}: no such model")
    return fasttext.load_model(path)


def score(text: str, *, model_path: str, domain: str) -> float:
    """Score one text.

    Args:
        text: any text, with formulas between `$..$` or `$$..$$`.
        model_path: file that `train` wrote.
        domain: label whose probability is wanted.

    Returns:
        How likely the text is of the domain, 0 to 1.

    Raises:
        FileNotFoundError: there is no such model.
        ValueError: the file is no model, or it does not know the label `domain`.
    """
    model = _model(model_path)
    labels = model.get_labels()
    wanted = _LABEL + domain
    if wanted not in labels:
        raise ValueError(f"{model_path} knows {', '.join(labels)}, not {wanted}")
    judged = []
    found_labels, found = model.predict(passages(text), k=len(labels), on_unicode_error="replace")
    for names, values in zip(found_labels, found, strict=True):
        # A softmax in single precision may pass 1 by a rounding error.
        judged.append(min(1.0, float(values[list(names).index(wanted)])))
    return _BEST * max(judged) + (1 - _BEST) * sum(judged) / len(judged)


def score_documents(
    batches: Iterable[pa.RecordBatch],
    *,
    model_path: str,
    model: str,
    version: str,
    domain: str,
) -> Iterator[pa.RecordBatch]:
    """Score documents.

    Args:
        batches: rows of `documents` with text; reads `doc_id` and `text`.
        model_path: file that `train` wrote.
        model: name of the model.
        version: version of the model.
        domain: label whose probability is the score.

    Yields:
        Rows of `scores`, one a document, in order.

    Raises:
        FileNotFoundError: there is no such model.
        ValueError: the file is no model, or it does not know `domain`. No single text raises.
    """
    schema = tables.arrow_schema(tables.SCORES)
    for whole in batches:
        for start in range(0, whole.num_rows, _ROWS):
            batch = whole.slice(start, _ROWS)
            scores = [
                score(text, model_path=model_path, domain=domain)
                for text in batch.column("text").to_pylist()
            ]
            count = len(scores)
            columns = {
                "doc_id": batch.column("doc_id"),
                "model": pa.array([model] * count, pa.string()),
                "version": pa.array([version] * count, pa.string()),
                "score": pa.array(scores, pa.float64()),
            }
            yield pa.RecordBatch.from_arrays(
                [columns[name].cast(schema.field(name).type) for name in schema.names],
                schema=schema,
            )
