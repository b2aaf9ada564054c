"""The report as one self-contained HTML file: style, pictures and script stand in it."""

from __future__ import annotations

import html
from pathlib import Path
from typing import TYPE_CHECKING

from jobs.report.formulas import markdown, mathml

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from jobs.report.data import Histogram, Program, Report, Sample, Step

_SIGNS = {
    "eq": "=",
    "approx": "≈",
    "equiv": "≡",
    "lt": "<",
    "le": "≤",
    "gt": ">",
    "ge": "≥",
    "ne": "≠",
}
_CLASSES = {"verified": "good", "mismatch": "bad"}
_FOLDER = Path(__file__).parent


def render(report: Report) -> str:
    """Return the whole page."""
    style = (_FOLDER / "style.css").read_text(encoding="utf-8")
    script = (_FOLDER / "script.js").read_text(encoding="utf-8")
    body = "".join(
        (
            _header(report),
            _section("funnel", "From page to program", _funnel(report.funnel)),
            _section("programs", "Programs and verdicts", _verdicts(report)),
            _section("pile", "The pile", _pile(report)),
            _section("documents", "Documents", _browser(report.samples)),
            _section("runs", "Jobs", _runs(report)),
        )
    )
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>MathCode-Pile report</title><style>{style}</style>"
        # Without script every document shows, one below the other.
        "<noscript><style>article{display:block}</style></noscript></head>"
        f"<body>{body}<script>{script}</script></body></html>\n"
    )


def _header(report: Report) -> str:
    cards = "".join(
        f'<div class="card"><b>{_number(count)}</b><span>{name}</span></div>'
        for name, count in report.totals
    )
    links = "".join(
        f'<a href="#{name}">{title}</a>'
        for name, title in (
            ("funnel", "Funnel"),
            ("programs", "Programs"),
            ("pile", "Pile"),
            ("documents", "Documents"),
            ("runs", "Jobs"),
        )
    )
    return (
        f'<header><div class="top"><h1>MathCode-Pile</h1><nav>{links}</nav></div>'
        f'<p class="dim">{_text(report.root)} · {report.made_at:%Y-%m-%d %H:%M} UTC</p>'
        f'<div class="cards">{cards}</div></header>'
    )


def _section(name: str, title: str, body: str) -> str:
    return f'<section id="{name}"><h2>{title}</h2>{body}</section>'


def _funnel(steps: Sequence[Step]) -> str:
    most = max((step.count for step in steps), default=0) or 1
    parts = []
    for step in steps:
        reasons = ""
        if step.reasons:
            listed = "".join(
                f"<li><span>{_reason(name)}</span><b>{_number(count)}</b></li>"
                for name, count in step.reasons
            )
            reasons = f'<ul class="reasons">{listed}</ul>'
        parts.append(
            f'<div class="step"><div class="name"><b>{step.name}</b><span class="dim">{_text(step.note)}</span></div>'
            f'<div class="track"><i style="width:{100 * step.count / most:.2f}%"></i>'
            f"<em>{_number(step.count)} {step.unit}</em></div>{reasons}</div>"
        )
    return f'<div class="funnel">{"".join(parts)}</div>'


def _verdicts(report: Report) -> str:
    total = sum(count for _, count in report.verdicts)
    shares = "".join(
        f'<i class="{_class(name)}" style="flex-grow:{count}" title="{name}: {count:,}"></i>'
        for name, count in report.verdicts
    )
    key = "".join(
        f'<li><i class="{_class(name)}"></i>{_reason(name)} <b>{_number(count)}</b> '
        f'<span class="dim">{100 * count / total:.1f}%</span></li>'
        for name, count in report.verdicts
    )
    translators = _table(
        ("translator", "computations", "programs", "verified"),
        (
            (
                name,
                _number(tried),
                f"{_number(coded)} ({_share(coded, tried)})",
                f"{_number(good)} ({_share(good, coded)})",
            )
            for name, tried, coded, good in report.translators
        ),
    )
    left = _bars(report.left, "Left without a program, by reason")
    if not total:
        return '<p class="dim">No program has been run yet.</p>' + translators
    return (
        f'<div class="shares">{shares}</div><ul class="key">{key}</ul>'
        f'<div class="columns"><div><h3>Translators</h3>{translators}</div><div>{left}</div></div>'
    )


def _pile(report: Report) -> str:
    tokens = sum(row[2] for row in report.components) or 1
    components = _table(
        ("component", "documents", "tokens", "share", "verified programs"),
        (
            (
                name,
                _number(documents),
                _number(count),
                f"{100 * count / tokens:.1f}%",
                _number(programs),
            )
            for name, documents, count, programs in report.components
        ),
    )
    shards = _table(
        ("component", "split", "shards", "documents", "tokens"),
        ((c, s, _number(n), _number(d), _number(t)) for c, s, n, d, t in report.shards),
    )
    leaks = _table(
        ("benchmark", "items found", "documents with all of one", "with most of one"),
        ((name, *map(_number, counts)) for name, *counts in report.leaks),
    )
    kept_out = f"<h3>Benchmarks kept out</h3>{leaks}" if report.leaks else ""
    histograms = "".join(_histogram(one) for one in report.histograms)
    return (
        f'<div class="columns"><div><h3>Components</h3>{components}'
        f"<h3>Megatron shards</h3>{shards}{kept_out}</div>"
        f"<div>{_bars(report.hosts, 'Hosts by documents')}</div></div>"
        f'<div class="histograms">{histograms}</div>'
    )


def _histogram(histogram: Histogram) -> str:
    most = max((count for _, count in histogram.bars), default=0) or 1
    bars = "".join(
        f'<div title="{count:,}"><b>{_number(count) if count else ""}</b>'
        f'<i style="height:{90 * count / most:.1f}px"></i><span>{name}</span></div>'
        for name, count in histogram.bars
    )
    return (
        f"<figure><figcaption><b>{histogram.title}</b>"
        f'<span class="dim">{_text(histogram.note)}</span></figcaption>'
        f'<div class="bins">{bars or "<p>no documents</p>"}</div></figure>'
    )


def _bars(counts: Sequence[tuple[str, int]], title: str) -> str:
    if not counts:
        return ""
    most = max(count for _, count in counts) or 1
    bars = "".join(
        f'<li><span>{_reason(name)}</span><div class="track thin">'
        f'<i style="width:{100 * count / most:.2f}%"></i></div><b>{_number(count)}</b></li>'
        for name, count in counts
    )
    return f'<h3>{title}</h3><ul class="bars">{bars}</ul>'


def _browser(samples: Sequence[Sample]) -> str:
    if not samples:
        return '<p class="dim">The pile is empty.</p>'
    links = "".join(
        f'<li><a href="#doc-{number}" data-outcomes="{" ".join(sorted({p.outcome for p in one.programs}))}">'
        f"{_text(one.title[:90])}<span class=dim>{one.component} · {_tally(one.programs)}</span></a></li>"
        for number, one in enumerate(samples)
    )
    documents = "".join(_document(number, one) for number, one in enumerate(samples))
    return (
        f'<p class="dim">{len(samples)} documents of the pile, those with the most kinds of verdicts first. '
        "Numbers in the text lead to the program beside it.</p>"
        '<div class="browser"><aside><input type="search" placeholder="Filter by title, component or outcome" '
        f'aria-label="Filter documents"><ul>{links}</ul></aside><div class="sheets">{documents}</div></div>'
    )


def _document(number: int, sample: Sample) -> str:
    marks: dict[int, str] = {}
    cards = []
    for index, program in enumerate(sample.programs, start=1):
        start, end = program.span
        if end > len(sample.text):
            continue
        anchor = f"p{number}-{index}"
        # The mark stands at the relation's last character, inside the formula's delimiters.
        place = max(start, end - 1)
        marks[place] = marks.get(place, "") + (
            f'<a class="mark {_class(program.outcome)}" href="#{anchor}">{index}</a>'
        )
        cards.append(_program(anchor, index, program))
    source = (
        f'<a href="{_text(sample.url)}" rel="noreferrer">{_text(sample.url)}</a>'
        if sample.url
        else ""
    )
    score = f" · score {sample.score:.2f}" if sample.score is not None else ""
    cut = '<p class="dim">… cut here; the table holds the rest.</p>' if sample.is_cut else ""
    return (
        f'<article id="doc-{number}"><h3>{_text(sample.title)}</h3><p class="dim">{sample.component}{score} · '
        f"{sample.tokens:,} tokens · <code>{sample.doc_id}</code><br>{source}</p>"
        f'<div class="pair"><div class="text">{markdown(sample.text, marks)}{cut}</div>'
        f'<div class="code">{"".join(cards) or "<p class=dim>No computation found.</p>"}</div></div></article>'
    )


def _program(anchor: str, index: int, program: Program) -> str:
    stated = (
        f"{mathml(program.expression)} {_SIGNS.get(program.relation, '=')} {mathml(program.result)}"
    )
    conditions = ""
    if program.conditions:
        listed = ", ".join(mathml(one) for one in program.conditions)
        conditions = f'<p class="dim">with {listed}</p>'
    code = f"<pre><code>{_text(program.code)}</code></pre>" if program.code else ""
    output = (
        f'<p class="out">prints <code>{_text(program.output.strip()[:400])}</code></p>'
        if program.output
        else ""
    )
    error = f'<p class="out">{_text(program.error[:400])}</p>' if program.error else ""
    return (
        f'<div class="program" id="{anchor}"><p><b>{index}</b> {stated}'
        f'<span class="badge {_class(program.outcome)}">{_reason(program.outcome)}</span></p>'
        f"{conditions}{code}{output}{error}</div>"
    )


def _runs(report: Report) -> str:
    return _table(
        ("job", "outcome", "seconds", "in", "out"),
        (
            (name, outcome, f"{seconds:.1f}", _number(rows_in), _number(rows_out))
            for name, outcome, seconds, rows_in, rows_out in report.runs
        ),
    )


def _table(names: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    head = "".join(f"<th>{_text(name)}</th>" for name in names)
    body = "".join(
        f"<tr>{''.join(f'<td>{_text(value)}</td>' for value in row)}</tr>" for row in rows
    )
    return f'<div class="scroll"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'


def _tally(programs: Sequence[Program]) -> str:
    good = sum(program.outcome == "verified" for program in programs)
    return f"{good} of {len(programs)} verified" if programs else "no computation"


def _class(outcome: str) -> str:
    return _CLASSES.get(outcome, "other")


def _share(part: int, whole: int) -> str:
    return f"{100 * part / whole:.0f}%" if whole else "-"


def _reason(name: str) -> str:
    return _text(str(name).replace("_", " "))


def _number(count: int) -> str:
    return f"{count:,}"


def _text(text: object) -> str:
    return html.escape(str(text))
