"""contexts -> programs: a program for each computation, or the reason each translator left it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, NamedTuple

import pyarrow as pa

from conf import tables
from udfs.keys import key
from udfs.translate.computation import Computation, Translation
from udfs.translate.symbolic import VERSION, translate_symbolic

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

MAX_ROWS = 256
"""Most computations of a slice: the rows of `programs` that are held before they are yielded."""

MAX_CHARS = 8 << 20
"""Most characters of LaTeX in a slice."""


class Translator(NamedTuple):
    """A way to get programs.

    Attributes:
        version: what stands in `programs.translator_version`.
        translate: computations in, as many translations out, in order.
    """

    version: str
    translate: Callable[[Sequence[Computation]], list[Translation]]


def _symbolic(computations: Sequence[Computation]) -> list[Translation]:
    return [guarded(computation) for computation in computations]


def guarded(computation: Computation) -> Translation:
    """Translate by `symbolic`; whatever goes wrong is the reason `failed`."""
    try:
        return translate_symbolic(computation)
    except Exception:  # noqa: BLE001 - one computation must not cost the others of its task
        return Translation(None, "failed")


TRANSLATORS: dict[str, Translator] = {"symbolic": Translator(VERSION, _symbolic)}
"""By the name that conf uses."""


class _Place(NamedTuple):
    context_id: str
    doc_id: str
    computation: Computation


def translate(
    batches: Iterable[pa.RecordBatch], *, translators: Sequence[str]
) -> Iterator[pa.RecordBatch]:
    """Turn the computations of contexts into programs.

    Args:
        batches: rows of `contexts`; reads `context_id`, `doc_id` and `computations`.
        translators: names out of `TRANSLATORS`, tried in order: what one leaves, the next takes.

    Yields:
        Rows of `programs`: for each computation in order, one for each translator that was asked.
        One that left it has `code` NULL and `rejected_by` its reason. Computations that are equal
        but for their place are translated once a slice; `translate_seconds` is then the same.

    Raises:
        ValueError: a name is none of `TRANSLATORS`, or there is none. No computation raises.
    """
    unknown = [name for name in translators if name not in TRANSLATORS]
    if unknown or not translators:
        known = ", ".join(sorted(TRANSLATORS))
        raise ValueError(f"translate.translators: no translator {unknown}; there are {known}")
    # The check above must not wait for the first batch: only what follows is a generator.
    return _translate(batches, tuple(translators))


def _translate(
    batches: Iterable[pa.RecordBatch], translators: tuple[str, ...]
) -> Iterator[pa.RecordBatch]:
    for batch in batches:
        for places in _slices(batch):
            yield _programs(places, translators)


def _slices(batch: pa.RecordBatch) -> Iterator[list[_Place]]:
    places: list[_Place] = []
    chars = 0
    for row in range(batch.num_rows):
        context_id = batch["context_id"][row].as_py()
        doc_id = batch["doc_id"][row].as_py()
        for struct in batch["computations"][row].as_py() or ():
            computation = _computation(struct)
            places.append(_Place(context_id, doc_id, computation))
            chars += len(computation.expression) + len(computation.result)
            chars += sum(map(len, computation.conditions))
            if len(places) >= MAX_ROWS or chars >= MAX_CHARS:
                yield places
                places, chars = [], 0
    if places:
        yield places


def _computation(struct: dict[str, Any]) -> Computation:
    return Computation(
        span_start=struct["span_start"],
        span_end=struct["span_end"],
        relation=struct["relation"],
        expression=struct["expression"],
        result=struct["result"],
        modulus=struct["modulus"],
        conditions=tuple(condition for condition in struct["conditions"] or () if condition),
        sentence=struct["sentence"],
    )


def _asked(computation: Computation) -> tuple[object, ...]:
    """What a translation depends on."""
    return (
        computation.relation,
        computation.expression,
        computation.result,
        computation.modulus,
        computation.conditions,
    )


def _programs(places: list[_Place], translators: tuple[str, ...]) -> pa.RecordBatch:
    distinct: dict[tuple[object, ...], Computation] = {}
    for place in places:
        distinct.setdefault(_asked(place.computation), place.computation)
    answers: dict[tuple[object, ...], list[tuple[str, Translation, float]]] = {
        asked: [] for asked in distinct
    }
    open_ = dict(distinct)
    for name in translators:
        if not open_:
            break
        started = time.perf_counter()
        translations = TRANSLATORS[name].translate(list(open_.values()))
        seconds = (time.perf_counter() - started) / len(open_)
        left = {}
        for (asked, computation), translation in zip(open_.items(), translations, strict=True):
            answers[asked].append((name, translation, seconds))
            if translation.code is None:
                left[asked] = computation
        open_ = left
    rows = [
        _row(place, name, translation, seconds)
        for place in places
        for name, translation, seconds in answers[_asked(place.computation)]
    ]
    return pa.RecordBatch.from_pylist(rows, schema=tables.arrow_schema(tables.PROGRAMS))


def _row(place: _Place, name: str, translation: Translation, seconds: float) -> dict[str, Any]:
    computation = place.computation
    return {
        "program_id": key(
            place.context_id,
            computation.span_start,
            computation.span_end,
            name,
            translation.code,
        ),
        "context_id": place.context_id,
        "doc_id": place.doc_id,
        "span_start": computation.span_start,
        "span_end": computation.span_end,
        "translator": name,
        "translator_version": TRANSLATORS[name].version,
        "prompt_version": None,
        "input_tokens": None,
        "output_tokens": None,
        "rejected_by": translation.reason,
        "relation": computation.relation,
        "modulus": computation.modulus,
        "translate_seconds": seconds,
        "expression": computation.expression,
        "result": computation.result,
        "conditions": list(computation.conditions),
        "code": translation.code,
    }
