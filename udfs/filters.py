"""seed labels, labels -> filter: train the two stages, and choose their thresholds.

The first stage learns from the seed labels of a domain; its threshold is the highest that keeps the
stated share of the seeds of the domain (recall). The second learns from judged documents beside the
seeds; its threshold is chosen among those at which the stated share of what passes is of the domain
(precision). Both are chosen on scores of rows that the scoring model was not trained on: rows are
dealt into folds by group (the host or title of a document, the kind of a seed), and each fold is
scored by a model of the others, so that copies of one page never stand on both sides.

MathCoder2 (arXiv 2410.08196) filters in the same two rounds.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import fasttext
import numpy as np

from udfs import score
from udfs.keys import key

if TYPE_CHECKING:
    from collections.abc import Sequence

# What a change of the code below means for a filter made of the same rows.
METHOD = "filter-1"

SEED = "seed"
"""`Row.labeller` of the texts that a domain brings along."""

# fastText's learning rate. On few rows, higher rates drive every probability to 0 or 1.
_RATE = 0.1
# Folds of the rows: each is scored by a model of the other four.
_FOLDS = 5
# Passages of a judged document that train: those most like the domain.
_PASSAGES = 4
# Words that one training reads in all, about: fewer passes over more rows.
_WORDS = 10_000_000
# A filter that loses more than half of the domain is of no use, however precise it is.
_LEAST_RECALL = 0.5
# A threshold where nothing could be held out.
_DEFAULT = 0.5
# Raw thresholds stay inside these: beyond them a score is the model's rounding.
_LOWEST, _HIGHEST = 1e-4, 1 - 1e-4


class FilterError(ValueError):
    """Rows that train no filter; the message says what is missing."""


@dataclass(frozen=True, slots=True)
class Row:
    """One labelled text.

    Attributes:
        text: with formulas between `$..$` or `$$..$$`.
        label: the domain's name, or `other`.
        group: rows of one group are never on both sides of a fold.
        labeller: `labels.labeller`, or `seed`.
        doc_id: `labels.doc_id`; None for a seed.
        weight: documents that this one stands for when precision and recall are measured.
    """

    text: str
    label: str
    group: str
    labeller: str = SEED
    doc_id: str | None = None
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class Training:
    """How a stage is trained.

    Attributes:
        dimension: length of the word vectors.
        epochs: passes over the rows, fewer where they are many.
        seed: seed of the random initial vectors.
    """

    dimension: int
    epochs: int
    seed: int


@dataclass(frozen=True, slots=True)
class Held:
    """A row with its fold and the score that a model of the other folds gives it.

    Attributes:
        row: the row.
        lines: the passages of it that train.
        fold: from 0.
        score: raw, 0 to 1; None where the other folds train no model.
    """

    row: Row
    lines: tuple[str, ...]
    fold: int
    score: float | None


@dataclass(frozen=True, slots=True)
class Point:
    """What a raw threshold gives on held-out rows: each share from 0 to 1."""

    threshold: float
    precision: float
    recall: float
    f1: float


@dataclass(frozen=True, slots=True)
class Trained:
    """A stage and how it was come by.

    Attributes:
        threshold: the raw score that was chosen.
        target: what was asked for, as `recall 0.98`.
        is_met: whether the chosen threshold reaches it on held-out rows.
        chosen: the curve at the chosen threshold; None where nothing could be held out.
        curve: precision and recall by threshold, thresholds rising.
        held: every row.
    """

    threshold: float
    target: str
    is_met: bool
    chosen: Point | None
    curve: tuple[Point, ...]
    held: tuple[Held, ...]


def version(rows: Sequence[Row], training: Training, target: str, *earlier: str) -> str:
    """Name a stage by what it is made from, before it is trained.

    Args:
        rows: in training order.
        training: how it is trained.
        target: what the threshold is to reach.
        earlier: versions of the stages before it.

    Returns:
        A key of 32 hexadecimal characters.
    """
    named = [score.METHOD, METHOD, target, *earlier]
    named += [str(value) for value in (training.dimension, training.epochs, training.seed)]
    for row in rows:
        named += [row.text, row.label, row.group, row.labeller, repr(row.weight)]
    return key(*named)


def train(
    lines: Sequence[tuple[str, str]], path: Path, *, dimension: int, epochs: int, seed: int
) -> None:
    """Train a fastText model and write it to a file.

    One thread trains, so the same lines and settings give the same bytes on one machine.

    Args:
        lines: (passage as `score.passages` makes it, label).
        path: file to write; its folder exists. It appears whole or not at all.
        dimension: length of the word vectors.
        epochs: passes over the lines.
        seed: seed of the random initial vectors.

    Raises:
        FilterError: there are fewer than two labels, or a label is empty or has white space.
        OSError: the file cannot be written.
    """
    labels = {label for _, label in lines}
    if len(labels) < 2:
        raise FilterError(f"a filter needs rows of two labels or more, not {sorted(labels)}")
    for label in labels:
        if not label or label.split() != [label]:
            raise FilterError(f"a label is one word, not {label!r}")
    words = sum(line.count(" ") + 1 for line, _ in lines)
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=".train-") as folder:
        rows = Path(folder) / "rows.txt"
        rows.write_text(
            "".join(f"{score.LABEL}{label} {line}\n" for line, label in lines), encoding="utf-8"
        )
        model = fasttext.train_supervised(
            str(rows),
            dim=dimension,
            epoch=max(5, min(epochs, _WORDS // max(words, 1))),
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


def first(
    rows: Sequence[Row], path: Path, training: Training, *, domain: str, recall: float
) -> Trained:
    """Train the first stage on seed labels.

    Args:
        rows: the seeds.
        path: model file to write.
        training: how.
        domain: label that is wanted.
        recall: share of the held-out rows of the domain that must pass, over 0 to 1.

    Raises:
        FilterError: the rows hold no two labels.
        OSError: the file cannot be written.
    """
    lines = [tuple(score.passages(row.text)) for row in rows]
    held = _held_out(rows, lines, path.parent, training, domain)
    _train(held, path, training)
    wanted = f"recall {recall:g}"
    points = curve(_like_documents(held, domain), domain)
    enough = [point for point in points if point.recall >= recall]
    if not enough:
        return Trained(_DEFAULT, wanted, False, None, points, held)
    chosen = enough[-1]
    return Trained(chosen.threshold, wanted, True, chosen, points, held)


def second(
    seeds: Sequence[Row],
    labelled: Sequence[Row],
    path: Path,
    training: Training,
    *,
    earlier: score.Stage,
    domain: str,
    precision: float,
) -> Trained:
    """Train the second stage on judged documents beside the seeds.

    A page of mathematics has prose and menus too: of a document of the domain only the passages
    that the first stage lets pass are taken as such. Of another document those are taken that
    look most like the domain.

    Args:
        seeds: the seeds, which stand for all that the crawl at hand has not.
        labelled: judged documents.
        path: model file to write.
        training: how.
        earlier: the first stage.
        domain: label that is wanted.
        precision: share of what passes that must be of the domain, over 0 to 1. It is measured
            on the judged documents that the first stage lets pass; of the thresholds that reach
            it and keep at least half of the domain, that with the best F1 on all rows is taken;
            where none does, that with the best F1 of all.

    Raises:
        FilterError: the rows hold no two labels.
        FileNotFoundError: there is no first stage at its path.
        OSError: the file cannot be written.
    """
    rows = [*seeds, *_weighed(labelled)]
    lines = [
        tuple(score.passages(row.text)) if row.labeller == SEED else _telling(row, earlier, domain)
        for row in rows
    ]
    held = _held_out(rows, lines, path.parent, training, domain)
    _train(held, path, training)
    wanted = f"precision {precision:g}"
    judged = [one for one in held if one.row.labeller != SEED and one.score is not None]
    everything = curve(_like_documents(held, domain), domain)
    points = curve(judged, domain, [point.threshold for point in everything])
    if not points:
        return Trained(_DEFAULT, wanted, False, None, everything, held)
    pairs = list(zip(points, everything, strict=True))
    precise = [
        pair for pair in pairs if pair[0].precision >= precision and pair[0].recall >= _LEAST_RECALL
    ]
    chosen = max(precise or pairs, key=lambda pair: pair[1].f1)[0]
    return Trained(chosen.threshold, wanted, bool(precise), chosen, points, held)


def curve(
    held: Sequence[Held], domain: str, thresholds: Sequence[float] | None = None
) -> tuple[Point, ...]:
    """Return precision, recall and F1 of held-out rows, by threshold.

    Args:
        held: rows; those without a score count for nothing.
        domain: label that is wanted.
        thresholds: rising; one between each two neighbouring scores when None.

    Returns:
        A point for each threshold; none where no row of the domain has a score.
    """
    scored = [(one.score, one.row) for one in held if one.score is not None]
    values = np.array([value for value, _ in scored], dtype=np.float64)
    weights = np.array([row.weight for _, row in scored], dtype=np.float64)
    is_domain = np.array([row.label == domain for _, row in scored], dtype=bool)
    total = float(weights[is_domain].sum()) if scored else 0.0
    if not total:
        return ()
    if thresholds is None:
        thresholds = _between(values)
    points = []
    for threshold in thresholds:
        passes = values >= threshold
        right = float(weights[passes & is_domain].sum())
        passed = float(weights[passes].sum())
        # Where nothing passes, nothing that passes is wrong.
        precision = right / passed if passed else 1.0
        recall = right / total
        points.append(Point(threshold, precision, recall, 2 * right / (passed + total)))
    return tuple(points)


def auc(held: Sequence[Held], domain: str) -> float | None:
    """Return how often a row of the domain scores over another one; None where one kind lacks."""
    scored = [one for one in held if one.score is not None]
    inside = np.array([one.score for one in scored if one.row.label == domain])
    outside = np.sort([one.score for one in scored if one.row.label != domain])
    if not len(inside) or not len(outside):
        return None
    below = np.searchsorted(outside, inside, "left") + np.searchsorted(outside, inside, "right")
    return float(below.mean() / 2 / len(outside))


def _between(values: np.ndarray) -> list[float]:
    """Return a threshold between each two neighbouring scores, half-way in log odds."""
    clipped = np.unique(np.clip(values, _LOWEST, _HIGHEST))
    odds = np.log(clipped / (1 - clipped))
    middles = (odds[:-1] + odds[1:]) / 2
    return [_LOWEST, *(1 / (1 + np.exp(-middles))).tolist()]


def _weighed(labelled: Sequence[Row]) -> list[Row]:
    """Scale the documents' weights so that they count one each on average, as seeds do."""
    total = sum(row.weight for row in labelled)
    return [replace(row, weight=row.weight * len(labelled) / total) for row in labelled]


def _like_documents(held: Sequence[Held], domain: str) -> list[Held]:
    """Leave out seeds of the domain without a formula: pages without one are no documents.

    They train, and teach the words of the domain; what they score would pull the threshold down
    to where prose about anything passes.
    """
    return [
        one
        for one in held
        if one.row.label != domain or any(score.has_formula(line) for line in one.lines)
    ]


def _telling(row: Row, earlier: score.Stage, domain: str) -> tuple[str, ...]:
    """Return the passages of a judged document that train."""
    lines = score.passages(row.text)
    judged = score.judge(lines, path=earlier.path, domain=domain)
    order = sorted(range(len(lines)), key=lambda i: (-judged[i], i))[:_PASSAGES]
    if row.label == domain:
        order = [i for i in order if judged[i] >= earlier.threshold] or order[:1]
    return tuple(lines[i] for i in sorted(order))


def _held_out(
    rows: Sequence[Row],
    lines: Sequence[tuple[str, ...]],
    folder: Path,
    training: Training,
    domain: str,
) -> tuple[Held, ...]:
    folds = [int(key("fold", row.group)[:8], 16) % _FOLDS for row in rows]
    found: list[float | None] = [None] * len(rows)
    for fold in range(_FOLDS):
        inside = [i for i, one in enumerate(folds) if one != fold]
        labels = {rows[i].label for i in inside}
        if len(labels) < 2 or domain not in labels or fold not in folds:
            continue
        with tempfile.TemporaryDirectory(dir=folder, prefix=".fold-") as place:
            path = Path(place, "model.bin")
            train(
                [(line, rows[i].label) for i in inside for line in lines[i]],
                path,
                dimension=training.dimension,
                epochs=training.epochs,
                seed=training.seed,
            )
            for i, one in enumerate(folds):
                if one == fold:
                    passages = score.passages(rows[i].text)
                    judged = score.judge(passages, path=str(path), domain=domain)
                    found[i] = max(judged)
    return tuple(
        Held(row, part, fold, value)
        for row, part, fold, value in zip(rows, lines, folds, found, strict=True)
    )


def _train(held: Sequence[Held], path: Path, training: Training) -> None:
    train(
        [(line, one.row.label) for one in held for line in one.lines],
        path,
        dimension=training.dimension,
        epochs=training.epochs,
        seed=training.seed,
    )
