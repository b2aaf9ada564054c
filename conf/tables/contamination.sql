CREATE TABLE contamination (
  doc_id      STRING NOT NULL COMMENT 'documents.doc_id',
  benchmark   STRING NOT NULL COMMENT 'Name of the benchmark in conf',
  item_id     STRING NOT NULL COMMENT 'Id of the benchmark item; its row number when it has none',
  rule        STRING NOT NULL COMMENT 'substring (the whole normalised item stands in the text) or ngram (13-gram Jaccard over the limit)',
  overlap     DOUBLE NOT NULL COMMENT 'Jaccard similarity of the 13-grams for rule ngram, 1.0 for substring',
  benchmark_version STRING NOT NULL COMMENT 'Hash of the benchmark file',
  span_start  BIGINT NOT NULL COMMENT 'First character of the match in documents.text',
  span_end    BIGINT NOT NULL COMMENT 'Character after the match in documents.text',
  matched     STRING NOT NULL COMMENT 'The matched span as it stands in documents.text, first 1,000 characters'
) USING DELTA CLUSTER BY (doc_id)
COMMENT 'One overlap of one document with one benchmark item';

ALTER TABLE contamination ADD CONSTRAINT rule_known CHECK (rule IN ('substring', 'ngram'));
