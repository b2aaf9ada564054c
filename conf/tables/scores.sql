CREATE TABLE scores (
  doc_id     STRING NOT NULL COMMENT 'documents.doc_id',
  model      STRING NOT NULL COMMENT 'Name of the filter model, e.g. math-round1',
  version    STRING NOT NULL COMMENT 'Version of the model: hash of its training rows and settings',
  score      DOUBLE NOT NULL COMMENT 'Probability that the document is of the domain, 0 to 1'
) USING DELTA CLUSTER BY (doc_id)
COMMENT 'One model score of one document';

ALTER TABLE scores ADD CONSTRAINT score_is_probability CHECK (score >= 0 AND score <= 1);
