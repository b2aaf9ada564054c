"""The folder of a trained filter stage: model, training rows, curve, and a page that tells of it.

`model.bin` is fastText's file. `rows.parquet` holds every training text with the passages that
trained, its fold and its held-out score; `curve.json` what the stage is and reaches, by threshold;
`curve.svg` draws it; `card.md` is for people.
"""

from __future__ import annotations

import dataclasses
import json
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq
from pyarrow import fs

from udfs import filters, storage

if TYPE_CHECKING:
    from collections.abc import Callable

MODEL = "model.bin"
_CURVE = "curve.json"
# Points of the curve that are stored: enough to draw it, whatever the number of rows.
_POINTS = 400


@dataclass(frozen=True, slots=True)
class Card:
    """What a filter stage is and reaches; the columns of the table `filters` of the same names.

    Attributes:
        model: e.g. `math-round1`.
        version: hash of training rows and settings.
        stage: 1 or 2.
        target: what the threshold was chosen for.
        is_met: whether it is reached on held-out rows.
        threshold: raw score that became 0.5.
        precision: on held-out rows; None when none could be held out.
        recall: on held-out rows; None when none could be held out.
        f1: on held-out rows; None when none could be held out.
        auc: of all held-out rows; None when one kind lacks.
        domain_rows: training texts of the domain.
        other_rows: training texts of the label `other`.
        label_rows: training texts that are judged documents.
        labeller: who judged them; None for the first stage.
        earlier: version of the stage before; None for the first stage.
    """

    model: str
    version: str
    stage: int
    target: str
    is_met: bool
    threshold: float
    precision: float | None
    recall: float | None
    f1: float | None
    auc: float | None
    domain_rows: int
    other_rows: int
    label_rows: int
    labeller: str | None
    earlier: str | None


def read(folder: str) -> Card | None:
    """Return the card of a stored stage; None where there is none."""
    try:
        stored = json.loads(storage.read_bytes(f"{folder}/{_CURVE}"))
    except FileNotFoundError:
        return None
    return Card(**{field.name: stored[field.name] for field in dataclasses.fields(Card)})


def make(
    folder: str,
    train: Callable[[Path], filters.Trained],
    *,
    model: str,
    version: str,
    stage: int,
    domain: str,
    labeller: str | None = None,
    earlier: str | None = None,
) -> Card:
    """Return the card of a stage; train it first where its folder does not exist.

    The folder appears whole or not at all.

    Args:
        folder: of the stage; a path or a URL.
        train: trains the model into the file it is given.
        model: name of the model.
        version: version of the model.
        stage: 1 or 2.
        domain: label that is wanted.
        labeller: who judged the documents among its rows.
        earlier: version of the stage before it.

    Raises:
        filters.FilterError: the rows train no filter.
        OSError: the folder cannot be written.
    """
    found = read(folder)
    if found is not None:
        return found
    filesystem, inner = storage.locate(folder)
    is_local = isinstance(filesystem, fs.LocalFileSystem)
    parent = Path(inner).parent if is_local else None
    if parent is not None:
        parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=parent, prefix=".making-") as place:
        work = Path(place, "stage")
        work.mkdir()
        trained = train(work / MODEL)
        rows = [one.row for one in trained.held]
        chosen = trained.chosen
        card = Card(
            model=model,
            version=version,
            stage=stage,
            target=trained.target,
            is_met=trained.is_met,
            threshold=trained.threshold,
            precision=chosen.precision if chosen else None,
            recall=chosen.recall if chosen else None,
            f1=chosen.f1 if chosen else None,
            auc=filters.auc(trained.held, domain),
            domain_rows=sum(row.label == domain for row in rows),
            other_rows=sum(row.label != domain for row in rows),
            label_rows=sum(row.labeller != filters.SEED for row in rows),
            labeller=labeller,
            earlier=earlier,
        )
        _write(work, card, trained)
        if is_local:
            target = Path(inner)
            # What stands there without a card is the rest of a run that was killed.
            shutil.rmtree(target, ignore_errors=True)
            work.replace(target)
        else:
            # The card is last: its presence says that the folder is whole.
            for file in sorted(work.iterdir(), key=lambda file: file.name == _CURVE):
                storage.upload(file, filesystem, f"{inner}/{file.name}")
    return card


def _write(folder: Path, card: Card, trained: filters.Trained) -> None:
    held = trained.held
    table = pa.table(
        {
            "doc_id": pa.array([one.row.doc_id for one in held], pa.string()),
            "labeller": pa.array([one.row.labeller for one in held], pa.string()),
            "label": pa.array([one.row.label for one in held], pa.string()),
            "group": pa.array([one.row.group for one in held], pa.string()),
            "weight": pa.array([one.row.weight for one in held], pa.float64()),
            "fold": pa.array([one.fold for one in held], pa.int32()),
            "held_out_score": pa.array([one.score for one in held], pa.float64()),
            "passages": pa.array([list(one.lines) for one in held], pa.list_(pa.string())),
        }
    )
    pq.write_table(table, folder / "rows.parquet", compression="zstd")
    points = _thin(trained.curve)
    stored = dataclasses.asdict(card) | {"points": [dataclasses.asdict(one) for one in points]}
    (folder / _CURVE).write_text(json.dumps(stored, indent=1) + "\n", encoding="utf-8")
    (folder / "curve.svg").write_text(svg(points, trained.chosen), encoding="utf-8")
    (folder / "card.md").write_text(markdown(card), encoding="utf-8")


def _thin(points: tuple[filters.Point, ...]) -> list[filters.Point]:
    if len(points) <= _POINTS:
        return list(points)
    last = len(points) - 1
    return [points[i * last // (_POINTS - 1)] for i in range(_POINTS)]


def markdown(card: Card) -> str:
    """Write the page that tells what a stage is."""

    def share(value: float | None) -> str:
        return "not measured" if value is None else f"{value:.4f}"

    reached = "reached" if card.is_met else "**not reached**"
    judged = (
        f"{card.label_rows:,} documents judged by `{card.labeller}`, the rest seed labels"
        if card.labeller
        else "all of them seed labels"
    )
    before = (
        f"A document must pass the first stage `{card.earlier}` before.\n\n" if card.earlier else ""
    )
    return f"""# {card.model}, version {card.version}

Stage {card.stage} of a fastText filter. Trained on {card.domain_rows:,} texts of the domain and
{card.other_rows:,} others: {judged}. `rows.parquet` holds them.

{before}| on held-out rows | |
| --- | --- |
| target | {card.target}, {reached} |
| threshold (raw score) | {card.threshold:.6f} |
| precision | {share(card.precision)} |
| recall | {share(card.recall)} |
| F1 | {share(card.f1)} |
| area under the ROC curve | {share(card.auc)} |

Scores are shifted in log odds so that the threshold stands at 0.5:
`score = sigmoid(logit(raw) - logit(threshold))`. Each row was scored by a model that was trained
on the other folds, and rows of one group are in one fold.

![Precision and recall by threshold](curve.svg)
"""


def svg(points: list[filters.Point], chosen: filters.Point | None) -> str:
    """Draw precision (y) over recall (x), each from 0 to 1, with the chosen point."""

    def at(point: filters.Point) -> str:
        return f"{40 + 320 * point.recall:.1f},{340 - 320 * point.precision:.1f}"

    line = " ".join(at(point) for point in points)
    ticks = "".join(
        f'<text x="{40 + 64 * i}" y="356" text-anchor="middle">{i / 5:g}</text>'
        f'<text x="34" y="{344 - 64 * i}" text-anchor="end">{i / 5:g}</text>'
        f'<path d="M40 {340 - 64 * i}H360M{40 + 64 * i} 20V340" stroke="#ddd"/>'
        for i in range(6)
    )
    mark = ""
    if chosen is not None:
        x, y = at(chosen).split(",")
        mark = f'<circle cx="{x}" cy="{y}" r="4" fill="#c22"/>'
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 380 380" '
        'font-family="sans-serif" font-size="11">'
        f'<rect width="380" height="380" fill="#fff"/>{ticks}'
        f'<polyline points="{line}" fill="none" stroke="#26c" stroke-width="1.5"/>{mark}'
        '<text x="200" y="374" text-anchor="middle">recall</text>'
        '<text x="12" y="180" text-anchor="middle" transform="rotate(-90 12 180)">precision</text>'
        "</svg>\n"
    )
