# Databricks notebook source
# MAGIC %md
# MAGIC # What is in the pile, and why is a page not in it?
# MAGIC The tables are asked by their bare names. On a laptop: `make run` first, then
# MAGIC `.venv/bin/python notebooks/explore_pile.py` or open it as a notebook.

# COMMAND ----------

import sys

from conf import settings as conf_settings
from jobs import session

# Databricks and the tests hand over words such as root=/Volumes/...; a bare notebook has none.
words = [word for word in sys.argv[1:] if "=" in word]
settings = conf_settings.load(words=words)
spark = session.start(settings, session.reader_log(settings))
session.register(spark, settings)

# COMMAND ----------

# MAGIC %md
# MAGIC ## What is the pile made of?
# MAGIC Tokens by component, and how many verified programs stand beside the text.

# COMMAND ----------

components = spark.sql(
    """
    SELECT component, count(*) AS documents, sum(token_count) AS tokens,
           sum(size(program_ids)) AS programs
    FROM pile GROUP BY component ORDER BY tokens DESC
    """
).toPandas()
print(components.to_string(index=False))

# COMMAND ----------

# MAGIC %md
# MAGIC ## Where do pages go?
# MAGIC Every page that was read is either a document or counted under a reason.

# COMMAND ----------

reasons = spark.sql(
    """
    SELECT 'read_crawl' AS job, reason, sum(count) AS rows
    FROM (SELECT explode(rejected) AS (reason, count) FROM file_reads) GROUP BY reason
    UNION ALL
    SELECT 'extract_text', rejected_by, count(*) FROM documents
    WHERE rejected_by IS NOT NULL GROUP BY rejected_by
    ORDER BY job, rows DESC
    """
).toPandas()
print(reasons.to_string(index=False))

# COMMAND ----------

# MAGIC %md
# MAGIC ## Why is this page not in the pile?
# MAGIC One join answers it: rejected, below the score, a near-duplicate, or a leaked benchmark.

# COMMAND ----------

missing = spark.sql(
    """
    SELECT d.url, d.rejected_by, s.score, u.kept_id AS duplicate_of, c.benchmark
    FROM documents d
    LEFT JOIN current_scores s ON d.doc_id = s.doc_id
    LEFT JOIN duplicates u ON d.doc_id = u.doc_id AND NOT u.is_kept
    LEFT JOIN contamination c ON d.doc_id = c.doc_id
    LEFT ANTI JOIN pile p ON d.doc_id = p.doc_id
    ORDER BY d.url LIMIT 20
    """
).toPandas()
print(missing.to_string(index=False))

# COMMAND ----------

# MAGIC %md
# MAGIC ## What do verdicts say about the web's computations?
# MAGIC A `mismatch` is either an error of the page or one of ours: both are worth a look.

# COMMAND ----------

verdicts = spark.sql(
    """
    SELECT v.outcome, count(*) AS programs, round(avg(v.wall_seconds) * 1000, 1) AS mean_ms
    FROM verdicts v GROUP BY v.outcome ORDER BY programs DESC
    """
).toPandas()
print(verdicts.to_string(index=False))

mismatches = spark.sql(
    """
    SELECT p.expression, p.result AS stated, v.output AS computed
    FROM programs p JOIN verdicts v ON p.program_id = v.program_id
    WHERE v.outcome = 'mismatch' ORDER BY p.program_id LIMIT 10
    """
).toPandas()
print(mismatches.to_string(index=False))

# COMMAND ----------

# MAGIC %md
# MAGIC ## How long are documents?
# MAGIC Powers of two, since lengths spread over orders of magnitude.

# COMMAND ----------

lengths = spark.sql(
    """
    SELECT CAST(pow(2, floor(log2(token_count + 1))) AS BIGINT) AS tokens_from,
           count(*) AS documents
    FROM pile GROUP BY 1 ORDER BY 1
    """
).toPandas()
most = max(lengths["documents"], default=1)
for row in lengths.itertuples():
    print(f"{row.tokens_from:>8,} {'█' * round(40 * row.documents / most)} {row.documents}")
