CREATE TABLE scores (
  doc_id     STRING NOT NULL COMMENT 'documents.doc_id',
  model      STRING NOT NULL COMMENT 'Name of the filter: the domain and its last stage, e.g. math-round2',
  version    STRING NOT NULL COMMENT 'filters.version',
  score      DOUBLE NOT NULL COMMENT 'How sure the filter is, 0 to 1; its threshold stands at 0.5'
) USING DELTA CLUSTER BY (doc_id)
COMMENT 'One model score of one document';

ALTER TABLE scores ADD CONSTRAINT score_is_probability CHECK (score >= 0 AND score <= 1);
