# Databricks notebook source
# MAGIC %md
# MAGIC # How does a sentence become verified code?
# MAGIC One document on its way: computations with what they rest on, a program for each, its run in
# MAGIC the sandbox, the verdict, and the text with code beside its steps. Needs neither Spark nor
# MAGIC tables: `.venv/bin/python notebooks/translate_step_by_step.py`, or open it as a notebook.

# COMMAND ----------

import sys
from collections import Counter

from conf import settings as conf_settings
from conf.sample import sources
from jobs import try_text
from jobs.report import picture
from udfs.contexts.passages import OPERATORS, find_contexts
from udfs.pile import FORMS, VerifiedProgram, interleave
from udfs.translate import translate_symbolic
from udfs.translate.kinds import KINDS, kind
from udfs.translate.reasons import explain
from udfs.verify.sandbox import Limits, Sandbox
from udfs.verify.trial import trials

# Databricks and the tests hand over words such as verify.cpu_seconds=2; a bare notebook has none.
settings = conf_settings.load(words=[word for word in sys.argv[1:] if "=" in word])

# Two slips are in it: can you find them before the programs do?
TEXT = r"""# A garden pond

A round pond has the radius $r = 3$ metres and is $h = 1.2$ metres deep. Its surface is
$\pi r^2 = 9\pi \approx 28.27$ square metres, so it holds $\pi r^2 h \approx 33.93$ cubic metres of
water. At 2.15 euros for each of them the water costs $33.93 \cdot 2.15 = 72.59$ euros.

For a fence around it we need $2 \pi r = 6\pi$ metres. One of 18 metres takes $n$ posts of 0.3
metres and as many gaps of 1.2 metres: $0.3n + 1.2n = 18$. Solving gives $n = 12$.

Three of eight kinds of plants are chosen in $\binom{8}{3} = 65$ ways. In its $k$-th year each lily
has $2k + 1$ flowers, in ten years $\sum_{k=1}^{10} (2k + 1) = 120$. A path with the width $x$ takes
$(r + x)^2 - r^2 = x^2 + 6x$ times $\pi$ of the ground.
"""

# COMMAND ----------

# MAGIC %md
# MAGIC ## What is computed, and what does it rest on?
# MAGIC `extract_contexts` finds relations between formulas, and for each the definitions, values
# MAGIC and equations in the text before it. Offsets are characters of the document.

# COMMAND ----------

passages = find_contexts(TEXT, earlier_sentences=settings.contexts.earlier_sentences)
computations = [one for passage in passages for one in passage.computations]
for passage in passages:
    print(f"\n{passage.section}, characters {passage.start} to {passage.end}")
    for one in passage.computations:
        sign = OPERATORS.get(one.relation, one.relation)
        print(f"  {one.expression}  {sign}  {one.result}")
        print(f"      rests on: {'; '.join(one.conditions) or 'nothing'}")

# COMMAND ----------

# MAGIC %md
# MAGIC ## What would a teacher write?
# MAGIC The symbolic translator turns expression and conditions into a short program. The stated
# MAGIC result does not go into it. What it cannot do it leaves, with a reason.

# COMMAND ----------

for one in computations:
    translation = translate_symbolic(one)
    print(f"# {one.expression}")
    print(translation.code or f"# left ({translation.reason}): {explain(translation.reason)}\n")

# COMMAND ----------

# MAGIC %md
# MAGIC ## Where do programs run?
# MAGIC Each in a confined child of a warm interpreter. The layers are those that this machine
# MAGIC grants; `verify.require` names those without which nothing is run. Two programs that mean
# MAGIC harm show it.

# COMMAND ----------

limits = Limits(
    wall_seconds=settings.verify.wall_seconds,
    cpu_seconds=settings.verify.cpu_seconds,
    memory_bytes=settings.verify.memory_bytes,
    output_bytes=settings.verify.output_bytes,
)
sandbox = Sandbox(require=frozenset(settings.verify.require))
print("isolation:", sandbox.isolation.replace("+", ", "))
for code in (
    "import socket\nsocket.create_connection(('192.0.2.1', 80), 1)",
    "print(open('/etc/passwd').read())",
):
    ended = sandbox.run(code, limits)
    print(f"{code.splitlines()[-1]:<52} {ended.kind}: {ended.error}")

# COMMAND ----------

# MAGIC %md
# MAGIC ## What came of it?
# MAGIC A verdict compares by meaning: `28.274` agrees with `9\pi`, and `n = 12` with the list of
# MAGIC solutions. Green is verified, red a mismatch: there are the two slips.

# COMMAND ----------

found = trials(computations, sandbox, limits)
picture.show(
    *picture.marked(
        TEXT,
        [
            (one.computation.span_start, one.computation.span_end, one.outcome or "left")
            for one in found
        ],
    )
)
for one in found:
    if one.outcome == "mismatch":
        print(f"{try_text.text_of(one)}: the program prints {one.run.stdout.strip()}")

# COMMAND ----------

# MAGIC %md
# MAGIC ## What does a model read?
# MAGIC The document with its verified programs, each after the step that it belongs to; the setting
# MAGIC `pile.form` chooses among four forms.

# COMMAND ----------

verified = [
    VerifiedProgram(
        program_id=f"{number:02}",
        span_start=one.computation.span_start,
        span_end=one.computation.span_end,
        expression=one.computation.expression,
        result=one.computation.result,
        conditions=one.computation.conditions,
        code=one.translation.code,
        output=one.run.stdout,
    )
    for number, one in enumerate(found)
    if one.outcome == "verified"
]
print(interleave(TEXT, verified, settings.pile.form).text)
for form in FORMS:
    print(f"{form:<12} {len(interleave(TEXT, verified, form).text):>6,} characters")

# COMMAND ----------

# MAGIC %md
# MAGIC ## Which kinds go well?
# MAGIC The same for the pages of the sample crawl: outcomes by kind of notation.

# COMMAND ----------

every = [
    one
    for page in sources.load()
    for passage in find_contexts(page.body, earlier_sentences=settings.contexts.earlier_sentences)
    for one in passage.computations
]
counts = {name: Counter() for name in KINDS}
for one in trials(every, sandbox, limits):
    counts[kind(one.computation)][one.outcome or "left"] += 1
sandbox.close()
picture.show(*picture.shares({name: group for name, group in counts.items() if group}))
