# Databricks notebook source
# MAGIC %md
# MAGIC # What would a whole crawl cost?
# MAGIC Takes a finished root, measures what one core does in each stage on that root's rows, and
# MAGIC multiplies. `make run` first, or a run on WARC files of your own; then
# MAGIC `.venv/bin/python notebooks/plan_scale.py root=... warcs=90000 marked=0.01 cores=1000`.

# COMMAND ----------

import sys

from conf import settings as conf_settings
from jobs import scale, session, train_filter

# One Common Crawl snapshot: some 90,000 WARC files, 2.5 billion captures, 75 TB
# (arXiv 2404.09770, section 1). `marked` is the share of captures that hold marks of mathematics:
# an assumption; ask `file_reads` of your own first hundred files.
asked = {"warcs": 90_000.0, "captures": 2.5e9, "bytes": 75e12, "marked": 0.01, "cores": 1000.0}
words = [word for word in sys.argv[1:] if "=" in word]
mine = [word for word in words if word.partition("=")[0] in asked]
asked |= {name: float(value) for name, _, value in (word.partition("=") for word in mine)}
settings = conf_settings.load(words=[word for word in words if word not in mine])
spark = session.start(settings, session.reader_log(settings))
model = train_filter.current(spark, settings)

# COMMAND ----------

# MAGIC %md
# MAGIC ## What the root holds
# MAGIC Documents and tokens for each 1,000 captures, and how many programs were proven right.

# COMMAND ----------

counted = scale.counts(settings)
captures = max(counted["captures"], 1)
print(f"captures          {counted['captures']:>12,}")
for name in ("pages", "documents", "kept", "tokens"):
    print(f"{name:<17} {counted[name]:>12,}   {1000 * counted[name] / captures:>12,.1f} per 1,000")
print(f"programs          {counted['programs']:>12,}")
print(f"verified          {counted['verified']:>12,}")

# COMMAND ----------

# MAGIC %md
# MAGIC ## What one core does, and what the crawl takes
# MAGIC The stages' Arrow functions, one process each; Spark's own part is not in them.

# COMMAND ----------

rates = scale.measure(settings, model)
costs = scale.plan(
    rates, counted, crawl_bytes=asked["bytes"], pages=asked["marked"] * asked["captures"]
)
print("| stage | a core does, a second | the crawl has | core hours | hours on the cluster |")
print("|---|---:|---:|---:|---:|")
for cost in costs:
    print(
        f"| `{cost.rate.stage}` | {cost.rate.per_second:,.1f} {cost.rate.unit} "
        f"| {cost.units:,.3g} | {cost.core_hours:,.0f} "
        f"| {cost.core_hours / asked['cores']:,.1f} |"
    )
total = sum(cost.core_hours for cost in costs)
print(f"| all | | | {total:,.0f} | {total / asked['cores']:,.1f} |")

# COMMAND ----------

# MAGIC %md
# MAGIC ## What the tables take

# COMMAND ----------

stored = scale.row_bytes(settings)
units = {cost.rate.stage: cost.units for cost in costs}
expected = {
    "pages": units["extract_text"],
    "documents": units["extract_text"],
    "scores": units["score_documents"],
    "signatures": units["find_duplicates"],
    "contexts": units["translate"],
    "programs": units["verify"],
    "verdicts": units["verify"],
    "pile": units["extract_contexts"],
}
print("| table | bytes a row | rows | GB |")
print("|---|---:|---:|---:|")
for name, number in expected.items():
    if name in stored:
        size = stored[name]
        print(f"| `{name}` | {size:,.0f} | {number:,.3g} | {size * number / 1e9:,.1f} |")
