"""One text through contexts, translator, sandbox and comparison: what `mathcode-pile try` shows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from udfs.contexts.passages import find_contexts
from udfs.translate.stage import guarded
from udfs.verify.judging import UNJUDGED, Question, judge_all
from udfs.verify.sandbox import Limits, Run, Sandbox

if TYPE_CHECKING:
    from collections.abc import Iterator

    from udfs.translate.computation import Computation, Translation

PARALLEL = 2  # programs that run at a time


@dataclass(frozen=True, slots=True)
class Trial:
    """One computation of a text and what came of it.

    Attributes:
        computation: where it stands and what it rests on.
        translation: its program, or why there is none.
        run: how the program ended; None without a program.
        outcome: as `verdicts.outcome`: verified, mismatch, trivial, no_result, error, timeout,
            memory or blocked; None without a program.
        method: as `verdicts.method`.
    """

    computation: Computation
    translation: Translation
    run: Run | None
    outcome: str | None
    method: str | None


def trial(
    text: str,
    *,
    limits: Limits | None = None,
    earlier_sentences: int = 8,
    sandbox: Sandbox | None = None,
    require: frozenset[str] = frozenset(),
) -> list[Trial]:
    """Find the computations of a text, translate, run and judge them.

    Args:
        text: Markdown with formulas as LaTeX.
        limits: what one program may use; None for the sandbox's own.
        earlier_sentences: how far conditions may stand before a computation.
        sandbox: where programs run; None starts one and closes it again.
        require: isolation layers that a sandbox started here must have.

    Returns:
        One for each computation, in text order.

    Raises:
        IsolationError: the machine lacks a required layer.
        ValueError: a setting is out of range.
    """
    passages = find_contexts(text, earlier_sentences=earlier_sentences)
    found = [item for passage in passages for item in passage.computations]
    if sandbox is not None:
        return trials(found, sandbox, limits or Limits())
    if not found:
        return []
    with Sandbox(require=require) as own:
        return trials(found, own, limits or Limits())


def trials(found: list[Computation], sandbox: Sandbox, limits: Limits) -> list[Trial]:
    """Translate, run and judge computations that were found."""
    translations = [guarded(computation) for computation in found]
    codes = [translation.code for translation in translations if translation.code is not None]
    runs = sandbox.run_many(codes, limits=limits, parallel=PARALLEL)
    tried = [
        (computation, translation, next(runs) if translation.code is not None else None)
        for computation, translation in zip(found, translations, strict=True)
    ]
    questions = [
        Question(
            translation.code,
            run.stdout,
            computation.result,
            computation.relation,
            computation.modulus,
            computation.conditions,
            computation.expression,
        )
        for computation, translation, run in tried
        if translation.code is not None and run is not None and run.kind == "ok"
    ]
    judgements = judge_all(questions)
    return [
        Trial(computation, translation, run, *_outcome(run, judgements))
        for computation, translation, run in tried
    ]


def _outcome(
    run: Run | None, judgements: Iterator[tuple[str, str | None]]
) -> tuple[str | None, str | None]:
    if run is None:
        return None, None
    return next(judgements) if run.kind == "ok" else (UNJUDGED[run.kind], None)
