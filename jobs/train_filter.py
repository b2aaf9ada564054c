"""labels, documents -> filters: train the filter in two stages, and choose their thresholds.

The first stage learns from the seed labels of the domain, the second from `labels` too; where there
are too few of them, the filter stays with the first and says so. Each stage has a folder under
`models/` with its rows, its curve and its card.
"""

from __future__ import annotations

import dataclasses
import datetime
import json
from functools import cache
from typing import TYPE_CHECKING

from pyspark.sql import functions as F  # noqa: N812 - the name all of Spark's users know

from conf import settings as conf_settings
from conf import tables
from jobs import command, progress, session, slices
from udfs import filters, label, llm, model_card, score
from udfs.keys import key

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from pyspark.sql import DataFrame, SparkSession

    from conf.settings import Settings
    from udfs.model_card import Card

# Characters of a judged document that are fetched: its passages are drawn from them.
_CHARS = 100_000
# A host that holds more of the labels than this cannot be a fold of its own.
_HOST_SHARE = 0.4


def main(spark: SparkSession, settings: Settings) -> None:
    """Train what is missing, and name the filter that the settings ask for in `filters`."""
    cards, note = [first(settings)], None
    if settings.score.rounds == 2:
        rows = labelled(spark, settings)
        counts = [sum(row.label == name for row in rows) for name in (settings.domain, "other")]
        if len(rows) < settings.score.min_labels:
            note = f"{len(rows)} labels, and score.min_labels asks for {settings.score.min_labels}"
        else:
            cards.append(second(settings, cards[0], rows))
        progress.meter().expect(len(rows), "labels")
        progress.meter().advance(len(rows))
        session.note(settings, f"train_filter: {counts[0]} labels of the domain, {counts[1]} other")
    if note:
        session.note(settings, f"train_filter: the first stage alone scores documents: {note}")
    _name(spark, settings, cards, note)


def inputs(settings: Settings) -> str:
    """Return what the filter follows from beside the labels: settings and seed labels."""
    return settings_id(settings)


def labeller(settings: Settings) -> label.Labeller:
    """Return who judges documents."""
    domain = conf_settings.domain(settings.domain)
    if settings.label.labeller == label.RULES:
        return label.Rules(settings.domain, tuple(domain.terms), domain.needs_terms)
    prompt = conf_settings.resolve(settings.label.prompt)
    if not prompt.is_file():
        raise conf_settings.SettingsError(f"label.prompt: {prompt}: no such file")
    if not settings.endpoint.model:
        raise conf_settings.SettingsError("endpoint.model: label.labeller endpoint needs a model")
    chosen = settings.endpoint
    return label.Endpoint(
        llm.Server(
            url=chosen.url,
            model=chosen.model,
            key_variable=chosen.api_key_variable,
            timeout_seconds=chosen.timeout_seconds,
            tries=chosen.tries,
            concurrency=chosen.concurrency,
        ),
        prompt.read_text(encoding="utf-8"),
        settings.domain,
        domain.description or settings.domain,
        settings.label.max_chars,
    )


def first(settings: Settings) -> Card:
    """Return the card of the first stage; train it where it does not exist."""
    rows, version = seed_labels(settings), first_version(settings)
    return model_card.make(
        folder(settings, 1, version),
        lambda path: filters.first(
            rows, path, _training(settings), domain=settings.domain, recall=settings.score.recall
        ),
        model=_model(settings, 1),
        version=version,
        stage=1,
        domain=settings.domain,
    )


def second(settings: Settings, before: Card, rows: Sequence[filters.Row]) -> Card:
    """Return the card of the second stage on these labels; train it where it does not exist."""
    seeds, training = seed_labels(settings), _training(settings)
    precision = settings.score.precision
    version = filters.version(rows, training, f"precision {precision:g}", before.version)
    return model_card.make(
        folder(settings, 2, version),
        lambda path: filters.second(
            seeds,
            rows,
            path,
            training,
            earlier=stage(settings, before),
            domain=settings.domain,
            precision=precision,
        ),
        model=_model(settings, 2),
        version=version,
        stage=2,
        domain=settings.domain,
        labeller=labeller(settings).name,
        earlier=before.version,
    )


def current(spark: SparkSession, settings: Settings) -> score.Filter:
    """Return the filter that the settings ask for: the newest of them, else the first stage."""
    card = first(settings)
    stages = [stage(settings, card)]
    if session.exists(spark, settings, tables.FILTERS):
        newest = (
            session.table(spark, settings, tables.FILTERS)
            .where(f"settings_id = {session.literal(settings_id(settings))}")
            .orderBy("trained_at", "stage", ascending=False)
            .select("stage", "version")
            .first()
        )
        if newest is not None and newest["stage"] == 2:
            found = model_card.read(folder(settings, 2, newest["version"]))
            if found is None:
                raise FileNotFoundError(
                    f"{folder(settings, 2, newest['version'])}: the filter that scores documents "
                    "is gone; run train_filter --full-refresh"
                )
            card = found
            stages.append(stage(settings, card))
    return score.Filter(card.model, card.version, settings.domain, tuple(stages))


def labelled(spark: SparkSession, settings: Settings) -> list[filters.Row]:
    """Return the judged documents, a person's judgement before the labeller's."""
    name = session.literal(labeller(settings).name)
    found = _judged(spark, settings, name)
    # As many rows as label.documents says: few enough for the driver, which trains on them.
    documents = session.table(spark, settings, tables.DOCUMENTS).where("rejected_by IS NULL")
    rows = (
        documents.selectExpr("doc_id", "host", "title", f"left(text, {_CHARS}) AS text")
        .join(F.broadcast(found), on="doc_id", how="inner")
        .collect()
    )
    rows.sort(key=lambda row: row["doc_id"])
    hosts: dict[str | None, int] = {}
    for row in rows:
        hosts[row["host"]] = hosts.get(row["host"], 0) + 1
    by_host = bool(rows) and max(hosts.values()) <= _HOST_SHARE * len(rows)
    return [
        filters.Row(
            row["text"],
            row["label"] if row["label"] == settings.domain else "other",
            (row["host"] if by_host else row["title"]) or row["doc_id"],
            row["labeller"],
            row["doc_id"],
            row["weight"],
        )
        for row in rows
    ]


def _judged(spark: SparkSession, settings: Settings, name: str) -> DataFrame:
    """Return (doc_id, label, labeller, weight), a row a document."""
    return spark.sql(
        f"""
        SELECT doc_id, last.label, last.labeller, coalesce(last.weight, 1.0D) AS weight FROM (
          SELECT doc_id, max_by(
            struct(label, labeller, weight), struct(labeller LIKE 'person%', labelled_at)
          ) AS last
          FROM {session.table_name(settings, tables.LABELS)}
          WHERE label IS NOT NULL AND (labeller = {name} OR labeller LIKE 'person%')
          GROUP BY doc_id)
        """
    )


def folder(settings: Settings, stage: int, version: str) -> str:
    """Return the folder of a stage."""
    return f"{session.model_folder(settings)}/{_model(settings, stage)}-{version}"


def settings_id(settings: Settings) -> str:
    """Return what tells filters of other settings, domains or seed labels apart."""
    chosen = settings.score
    parts = [chosen.rounds, settings.label.documents, chosen.min_labels]
    name = labeller(settings).name if chosen.rounds == 2 else ""
    return key(first_version(settings), f"{chosen.precision:g}", name, *parts)


def first_version(settings: Settings) -> str:
    """Return the version of the first stage that the settings ask for, trained or not."""
    target = f"recall {settings.score.recall:g}"
    return filters.version(seed_labels(settings), _training(settings), target)


def seed_labels(settings: Settings) -> tuple[filters.Row, ...]:
    """Return the domain's seed labels.

    Raises:
        SettingsError: a file is missing or a line of it is no {text, label}.
    """
    rows: list[filters.Row] = []
    for name in conf_settings.domain(settings.domain).seed_labels:
        file = conf_settings.resolve(name)
        if not file.is_file():
            raise conf_settings.SettingsError(f"conf/domains: seed_labels: {file}: no such file")
        rows += _seeds(file, file.stat().st_mtime_ns)
    return tuple(rows)


@cache
def _seeds(file: Path, changed: int) -> tuple[filters.Row, ...]:  # noqa: ARG001 - of the cache's key
    rows = []
    for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), start=1):
        try:
            row = json.loads(line)
            rows.append(filters.Row(row["text"], row["label"], row.get("group") or row["text"]))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise conf_settings.SettingsError(
                f"{file}:{number}: not a JSON object with text and label: {error}"
            ) from error
    return tuple(rows)


def stage(settings: Settings, card: Card) -> score.Stage:
    """Return a stage that has been trained, as documents are scored by it."""
    path = f"{folder(settings, card.stage, card.version)}/{model_card.MODEL}"
    return score.Stage(path, card.threshold)


def _model(settings: Settings, stage: int) -> str:
    return f"{settings.domain}-round{stage}"


def _training(settings: Settings) -> filters.Training:
    chosen = settings.score
    return filters.Training(chosen.dimension, chosen.epochs, chosen.seed)


def _name(spark: SparkSession, settings: Settings, cards: Sequence[Card], note: str | None) -> None:
    """Append the stages to `filters`, unless its newest rows of these settings say the same."""
    asked = settings_id(settings)
    known = {
        (row["version"], row["note"])
        for row in session.table(spark, settings, tables.FILTERS)
        .where(f"settings_id = {session.literal(asked)}")
        .select("version", "note")
        .collect()
    }
    if known and (cards[-1].version, note) in known:
        return
    now = datetime.datetime.now(datetime.UTC)
    names = [column.name for column in tables.table(tables.FILTERS).columns]
    rows = []
    for card in cards:
        if card is not cards[-1] and (card.version, None) in known:
            continue
        values = dataclasses.asdict(card) | {
            "settings_id": asked,
            "note": note,
            "path": folder(settings, card.stage, card.version),
            "trained_at": now,
        }
        rows.append(tuple(values[name] for name in names))
    frame = spark.createDataFrame(rows, session.ddl(tables.FILTERS)).coalesce(1)
    slices.add(spark, settings, job="train_filter", target=tables.FILTERS, rows=frame)


if __name__ == "__main__":
    command.run(main)
