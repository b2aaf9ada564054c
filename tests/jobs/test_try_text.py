"""`mathcode-pile try`: what a person sees, what a pipe gets, and each outcome in plain words."""

from __future__ import annotations

import gzip
import json
import os
import pty
import re
import subprocess
import sys
from pathlib import Path

import pytest

from conf import tables
from jobs import try_text
from tests import lake
from udfs.translate import Computation, Translation
from udfs.translate.reasons import REASONS
from udfs.verify.sandbox import Run
from udfs.verify.trial import Trial

TEXT = (
    "# Circles\n\nThe radius is $r = 3$, so the area is $\\pi r^2 = 9\\pi$, and $2 + 2 = 5$.\n"
    "Nobody knows $q_7 + 1 = 12$.\n"
)
FRAME = re.compile(r"[─-╿]")


def test_a_pipe_gets_plain_lines_with_reasons_and_a_summary():
    said = lake.command("try", TEXT)
    assert not FRAME.search(said.stdout)
    assert "\x1b" not in said.stdout
    parts = re.split(r"\n\n(?=\[\d|\d+ computations)", said.stdout)
    first, second, third, summary = parts
    assert first.startswith("[1] \\pi r^2 = 9\\pi\n    line 3, Circles\n    conditions: r = 3\n")
    assert "verified (number): it prints 28.27" in first
    assert first.endswith("        r = 3\n        print(math.pi * r**2)")
    assert "mismatch (number): it prints 4, but the text states 5" in second
    assert f"no program (undefined_symbol): {REASONS['undefined_symbol']}" in third
    assert "3 computations: 1 without a program, 1 mismatch, 1 verified; " in summary
    assert re.search(r"^isolation: rlimits, .*seccomp", summary, re.MULTILINE)


def test_a_terminal_gets_colours_and_frames():
    pid, terminal = pty.fork()
    if pid == 0:
        os.environ.update(TERM="xterm-256color", COLUMNS="80")
        os.execv(lake.COMMAND, [lake.COMMAND, "try", "We add: $2 + 2 = 4$."])
    shown = b""
    while True:
        try:
            chunk = os.read(terminal, 4096)
        except OSError:  # the other end is closed
            break
        if not chunk:
            break
        shown += chunk
    _, status = os.waitpid(pid, 0)
    os.close(terminal)
    text = shown.decode()
    assert os.waitstatus_to_exitcode(status) == 0, text
    assert FRAME.search(text)
    assert "\x1b[32m" in text  # green
    plain = re.sub(r"\x1b\[[0-9;]*m", "", text)
    assert "verified (number)" in plain
    assert "1 computation: 1 verified" in plain


def test_json_lines_in_and_out(tmp_path):
    rows = [
        {"id": "first", "text": "We have $3 \\cdot 4 = 12$ and $q_7 = 2$."},
        {"text": "Nothing here."},
        {"text": "Line one\u2028goes on.\nOf course $7^2 = 49$."},
    ]
    path = tmp_path / "texts.jsonl.gz"
    path.write_bytes(
        gzip.compress("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode())
    )
    said = lake.command("try", "--file", str(path), "--format", "jsonl")
    found = [json.loads(line) for line in said.stdout.splitlines()]
    assert [(one["text_id"], one["line"]) for one in found if one["code"]] == [
        ("first", 1),
        ("3", 2),
    ]
    for one in found:
        text = rows[0 if one["text_id"] == "first" else 2]["text"]
        assert one["expression"] in text[one["span_start"] : one["span_end"]]
        assert (one["outcome"] is None) == (one["rejected_by"] is not None)
    assert "isolation: " in said.stderr
    columns = {
        column.name
        for name in (tables.PROGRAMS, tables.VERDICTS, tables.CONTEXTS)
        for column in tables.table(name).columns
    }
    assert set(found[0]) - columns == {"text_id", "line", "explanation"}


@pytest.mark.parametrize(
    ("words", "status", "message"),
    [
        (["try"], 2, "give a text, - for standard input, or --file FILE"),
        (["try", "--file", "/nowhere/text.md"], 1, "/nowhere/text.md"),
        (
            ["try", "no formula at all"],
            0,
            "No computation found: a relation in $..$, $$..$$, \\(..\\) or \\[..\\]",
        ),
    ],
)
def test_what_cannot_be_tried_is_told_in_a_line(words, status, message):
    ended = subprocess.run([lake.COMMAND, *words], capture_output=True, text=True, timeout=120)
    assert (ended.returncode, ended.stdout) == (status, "")
    assert message in ended.stderr
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize("content", ["Of course $1 + 1 = 2$.\n", '{"a": 1}\n', '{"text": 3}\n', ""])
def test_a_file_that_is_no_json_lines_is_one_text(content, tmp_path):
    path = tmp_path / "text.md"
    path.write_text(content)
    assert list(try_text.read(None, str(path))) == [(None, content)]


def tried(outcome: str | None, **run: object) -> try_text.Tried:
    ended = {
        "kind": "ok",
        "stdout": "42\n",
        "error": None,
        "exit_code": 0,
        "wall_seconds": 0.1,
        "cpu_seconds": 0.1,
        "memory_bytes": 0,
    }
    found = Trial(
        Computation(0, 9, "eq", "6 + 36", "42"),
        Translation("print(6 + 36)", None) if outcome else Translation(None, "literal"),
        Run(**(ended | run)) if outcome else None,
        outcome,
        None,
    )
    return try_text.Tried(None, 1, None, found)


def test_every_outcome_is_told_in_words_of_its_own():
    (comment,) = [c.comment for c in tables.table(tables.VERDICTS).columns if c.name == "outcome"]
    outcomes = re.findall(r"(\w+)(?: \([^)]*\))?(?:, |$)", comment)
    assert {"verified", "trivial", "blocked"} <= set(outcomes)
    said = [try_text.explanation(tried(outcome)) for outcome in [None, *outcomes]]
    assert len(set(said)) == len(outcomes) + 1
    assert said[0] == REASONS["literal"]
    refused = try_text.explanation(tried("blocked", error="system call socket"))
    assert refused.endswith("refuses: system call socket")


def test_long_output_is_cut_in_words_and_whole_in_json():
    one = tried("verified", stdout="7" * 500 + "\n")
    assert len(try_text.explanation(one)) < 120
    assert try_text.record(one)["output"] == "7" * 500 + "\n"


def test_a_congruence_is_written_with_its_modulus():
    computation = Computation(0, 9, "equiv", "7^5", "7", modulus="30")
    found = Trial(computation, Translation(None, "literal"), None, None, None)
    assert try_text.text_of(found) == r"7^5 \equiv 7 \pmod{30}"


def test_a_missing_layer_is_told_in_the_summary():
    said = try_text.summary({"verified": 2, "left": 1}, 1.0, 0.1, "rlimits+seccomp")
    assert "3 computations: 2 verified, 1 without a program; 1.00 s" in said
    assert "isolation: rlimits, seccomp; MISSING: no_new_privs, landlock, " in said
    assert try_text.summary({"left": 1}, 1.0, 0.1, "").endswith("isolation: no program was run")


def test_starting_loads_neither_spark_nor_delta():
    code = (
        "import sys; from jobs import command, try_text; "
        "print(sorted({'pyspark', 'delta', 'deltalake', 'sympy'} & set(sys.modules)))"
    )
    ended = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        cwd=Path(__file__).parents[2],
        timeout=120,
    )
    assert ended.stdout == "[]\n", ended.stderr
