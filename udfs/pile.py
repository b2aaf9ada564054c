"""Documents and their verified programs -> pile: the training text, code beside its step."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from conf import tables
from udfs import steps, tokens
from udfs.keys import key

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

INTERLEAVED = "interleaved"
PLAIN = "plain"
CODE_AFTER = "code_after"
CODE_ONLY = "code_only"
FORMS = (INTERLEAVED, PLAIN, CODE_AFTER, CODE_ONLY)

OUTSIDE_TEXT = "outside_text"
REPEATED = "repeated"
SKIPPED = (OUTSIDE_TEXT, REPEATED)
"""Why a program is not in the text: its span is not in the document, or the same computation
with the same code stands at the same place already."""

# Rows and bytes of text that are held as Python strings at once.
_ROWS = 256
_BYTES = 8 * 2**20

# Columns of `pile` that a row brings along as they are.
_CARRIED = (
    "doc_id",
    "source_id",
    "file_id",
    "component",
    "language",
    "crawl",
    "host",
    "fetch_time",
    "score",
    "weight",
    "warc_filename",
    "warc_record_offset",
    "warc_record_length",
    "url",
    "title",
)

_BARE_DOLLAR = re.compile(r"(?<!\\)(?:\\\\)*\$")
_ALIGNMENT = re.compile(r"(?<!\\)&")
_BACKTICKS = re.compile(r"`{3,}")


@dataclass(frozen=True)
class VerifiedProgram:
    """A program that computed what the text states.

    Attributes:
        program_id: its key.
        span_start: first character of the relation in the document's text.
        span_end: the character after the relation.
        expression: LaTeX of what is computed.
        result: LaTeX of what the text says it is.
        conditions: LaTeX of what the program rests on, in text order.
        code: Python source.
        output: what it printed; None when nothing. Not part of any form, since it says in other
            notation what `result` says (MathCoder2 leaves it out, too).
    """

    program_id: str
    span_start: int
    span_end: int
    expression: str
    result: str
    conditions: tuple[str, ...]
    code: str
    output: str | None


@dataclass(frozen=True)
class PileText:
    """A training text and what was put into it.

    Attributes:
        text: the training text.
        program_ids: keys of the programs in `text`, in order.
        insertions: (start, end) in characters of `text` of what was put in, ascending. Without
            them `text` is the document, except under `code_only`.
        skipped: (program_id, one of `SKIPPED`) of programs that are not in `text`.
    """

    text: str
    program_ids: tuple[str, ...]
    insertions: tuple[tuple[int, int], ...] = ()
    skipped: tuple[tuple[str, str], ...] = ()


def interleave(text: str, programs: Sequence[VerifiedProgram], form: str = INTERLEAVED) -> PileText:
    """Put verified programs into a text.

    A program stands after the reasoning step that ends its relation, as in MathCoder2 (Lu et al.
    2024, arXiv 2410.08196, section 2): the step's own words, then conditions, expression, result
    and the code. Programs of one step follow one another in the order of their spans; spans may
    overlap or nest. The result does not depend on the order of `programs`.

    Args:
        text: Markdown with formulas as LaTeX.
        programs: in any order.
        form: `interleaved`; `plain` (the text alone); `code_after` (the text, then all code);
            `code_only` (the steps that have code, and their code; empty without programs).

    Raises:
        ValueError: no such form. A program whose span is not in the text is skipped and reported.
    """
    if form not in FORMS:
        raise ValueError(f"pile.form: no form {form!r}; there are {', '.join(FORMS)}")
    if form == PLAIN or not programs:
        return PileText("" if form == CODE_ONLY else text, ())
    skipped = []
    placed: dict[int, list[VerifiedProgram]] = {}
    seen = set()
    ends = steps.ends(text)
    end = ends[-1] if ends else 0
    for program in sorted(programs, key=lambda p: (p.span_start, p.span_end, p.program_id)):
        if not 0 <= program.span_start < program.span_end <= len(text) or not ends:
            skipped.append((program.program_id, OUTSIDE_TEXT))
            continue
        index = len(ends) - 1 if form == CODE_AFTER else bisect_left(ends, program.span_end)
        place = ends[min(index, len(ends) - 1)]
        block = _render(program)
        if (place, block) in seen:
            skipped.append((program.program_id, REPEATED))
            continue
        seen.add((place, block))
        placed.setdefault(place, []).append(program)
    if form == CODE_ONLY:
        return _code_only(text, placed, ends, tuple(skipped))
    parts: list[str] = []
    insertions = []
    done = length = 0
    for place, group in sorted(placed.items()):
        block = _spaced(text, end, place, "\n\n".join(map(_render, group)))
        parts += (text[done:place], block)
        length += place - done
        insertions.append((length, length + len(block)))
        length += len(block)
        done = place
    parts.append(text[done:])
    ids = tuple(p.program_id for _, group in sorted(placed.items()) for p in group)
    return PileText("".join(parts), ids, tuple(insertions), tuple(skipped))


def build(
    batches: Iterable[pa.RecordBatch], *, form: str, tokenizer_path: str
) -> Iterator[pa.RecordBatch]:
    """Turn documents with their verified programs into training documents.

    Args:
        batches: rows with the columns of `documents` that `pile` carries (ids, component,
            language, crawl, host, fetch_time, WARC columns, url, title), `text`, `score` (NULL for
            data sets), `weight`, and `programs`: a list, in any order, of structs of
            `VerifiedProgram`'s fields; NULL or empty for a document without code.
        form: one of `FORMS`.
        tokenizer_path: path or URL of the `tokenizer.json` that counts the tokens.

    Yields:
        Rows of `pile`, in order, at most 256 a batch. A document without text gives none, nor,
        under `code_only`, one without code: there is nothing to train on.

    Raises:
        ValueError: no such form, or no tokenizer. No single row raises.
        FileNotFoundError: the tokenizer is missing.
    """
    if form not in FORMS:
        raise ValueError(f"pile.form: no form {form!r}; there are {', '.join(FORMS)}")
    tokenizer = tokens.load(tokenizer_path)
    schema = tables.arrow_schema(tables.PILE)
    for batch in batches:
        for rows in _slices(batch):
            found = [
                interleave(text or "", [_program(p) for p in programs or () if p], form)
                for text, programs in zip(
                    rows["text"].to_pylist(), rows["programs"].to_pylist(), strict=True
                )
            ]
            is_kept = [bool(pile_text.text) for pile_text in found]
            kept = rows.filter(pa.array(is_kept, pa.bool_()))
            if kept.num_rows == 0:
                continue
            found = [pile_text for pile_text in found if pile_text.text]
            texts = [pile_text.text for pile_text in found]
            columns: dict[str, Any] = {name: kept[name] for name in _CARRIED}
            columns |= {
                "pile_id": [key(doc_id, form) for doc_id in kept["doc_id"].to_pylist()],
                "form": [form] * len(texts),
                "token_count": tokenizer.count(texts),
                "tokenizer": [tokenizer.fingerprint] * len(texts),
                "program_ids": [pile_text.program_ids for pile_text in found],
                "text": texts,
            }
            arrays = [_array(columns[field.name], field.type) for field in schema]
            yield pa.RecordBatch.from_arrays(arrays, schema=schema)


def _code_only(
    text: str,
    placed: dict[int, list[VerifiedProgram]],
    ends: list[int],
    skipped: tuple[tuple[str, str], ...],
) -> PileText:
    """Keep the steps that have code: from the step in which their first relation begins."""
    parts: list[str] = []
    insertions = []
    ids: list[str] = []
    length = done = 0
    for place, group in sorted(placed.items()):
        index = bisect_right(ends, min(p.span_start for p in group)) - 1
        step = text[max(done, ends[index] if index >= 0 else 0) : place].strip()
        block = "\n\n".join(map(_render, group))
        lead = ("\n\n" if parts else "") + (f"{step}\n\n" if step else "")
        insertions.append((length + len(lead), length + len(lead) + len(block)))
        parts += (lead, block)
        length += len(lead) + len(block)
        ids += [p.program_id for p in group]
        done = place
    return PileText("".join(parts), tuple(ids), tuple(insertions), skipped)


def _render(program: VerifiedProgram) -> str:
    lines = []
    if program.conditions:
        lines.append("Conditions: " + ", ".join(map(_formula, program.conditions)))
    lines.append(f"Expression: {_formula(program.expression)}")
    lines.append(f"Result: {_formula(program.result)}")
    code = program.code.strip("\n")
    # A fence must be longer than any run of backticks in what it holds.
    fence = max([2, *(len(run) for run in _BACKTICKS.findall(code))]) + 1
    return "\n".join(lines) + f"\n\n{'`' * fence}python\n{code}\n{'`' * fence}"


def _formula(latex: str) -> str:
    """Write LaTeX as one inline formula; as it is where it holds dollars of its own."""
    latex = " ".join(latex.split())
    if _BARE_DOLLAR.search(latex):
        return latex
    if r"\begin" not in latex:
        latex = " ".join(_ALIGNMENT.sub(" ", latex).split())
    return f"${latex}$"


def _spaced(text: str, end: int, place: int, block: str) -> str:
    """Give a block the line breaks that set it apart at `place`; the text ends at `end`."""
    begin = place
    while begin > 0 and text[begin - 1].isspace():
        begin -= 1
    lead = "\n" * max(0, 2 - text.count("\n", begin, place)) if begin else ""
    following = 0 if not text.startswith("\n", place) else 1 + text.startswith("\n", place + 1)
    return lead + block + ("\n" * (2 - following) if place < end else "")


def _program(row: dict[str, Any]) -> VerifiedProgram:
    return VerifiedProgram(
        program_id=row["program_id"],
        # A span that is missing lies outside any text.
        span_start=-1 if row["span_start"] is None else row["span_start"],
        span_end=-1 if row["span_end"] is None else row["span_end"],
        expression=row["expression"] or "",
        result=row["result"] or "",
        conditions=tuple(condition for condition in row["conditions"] or () if condition),
        code=row["code"] or "",
        output=row["output"],
    )


def _slices(batch: pa.RecordBatch) -> Iterator[pa.RecordBatch]:
    """Cut a batch where rows or bytes of text reach their bound."""
    sizes = pc.binary_length(batch["text"]).to_pylist()
    start = held = 0
    for stop, size in enumerate(sizes, 1):
        held += size or 0
        if stop == batch.num_rows or stop - start == _ROWS or held >= _BYTES:
            yield batch.slice(start, stop - start)
            start, held = stop, 0


def _array(values: Any, kind: pa.DataType) -> pa.Array:
    if not isinstance(values, pa.Array):
        return pa.array(values, kind)
    return values if values.type == kind else values.cast(kind)
