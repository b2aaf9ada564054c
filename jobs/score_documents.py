"""documents -> scores: how sure the filter model is that a document is of the domain."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from conf import settings as conf_settings
from conf import tables
from jobs import command, session, stream
from udfs import score

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

    from conf.settings import Settings


def main(spark: SparkSession, settings: Settings) -> None:
    """Score new documents; train the model first where this version of it does not exist."""
    version = model_version(settings)
    path = Path(session.model_folder(settings), f"{model_name(settings)}-{version}.bin")
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        score.train(seed_labels(settings), path, **_training(settings))
    stream.append(
        spark,
        settings,
        job="score_documents",
        source=tables.DOCUMENTS,
        where="rejected_by IS NULL",
        columns=("doc_id", "text"),
        function=partial(
            score.score_documents,
            model_path=str(path),
            model=model_name(settings),
            version=version,
            domain=settings.domain,
        ),
        target=tables.SCORES,
        checkpoint=version,
    )


def model_name(settings: Settings) -> str:
    """Return the name of the filter model, as `scores.model` holds it."""
    return f"{settings.domain}-{settings.score.model}"


def model_version(settings: Settings) -> str:
    """Return the version of the filter model that the settings ask for, trained or not."""
    return score.version(seed_labels(settings), _training(settings))


def seed_labels(settings: Settings) -> list[tuple[str, str]]:
    """Return the domain's seed labels: (text, label).

    Raises:
        SettingsError: a file is missing or a line of it is no {text, label}.
    """
    rows = []
    for name in conf_settings.domain(settings.domain).seed_labels:
        file = conf_settings.resolve(name)
        if not file.is_file():
            raise conf_settings.SettingsError(f"conf/domains: seed_labels: {file}: no such file")
        for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), start=1):
            try:
                row = json.loads(line)
                rows.append((row["text"], row["label"]))
            except (ValueError, KeyError, TypeError) as error:
                raise conf_settings.SettingsError(
                    f"{file}:{number}: not a JSON object with text and label: {error}"
                ) from error
    return rows


def _training(settings: Settings) -> dict[str, int]:
    chosen = settings.score
    return {"dimension": chosen.dimension, "epochs": chosen.epochs, "seed": chosen.seed}


if __name__ == "__main__":
    command.run(main)
