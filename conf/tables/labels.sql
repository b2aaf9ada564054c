CREATE TABLE labels (
  doc_id      STRING NOT NULL COMMENT 'documents.doc_id',
  labeller    STRING NOT NULL COMMENT 'Who judged: name and version of a rule set, a model with its prompt version, or a person',
  label       STRING NOT NULL COMMENT 'The judgement: the domain name, or other',
  confidence  DOUBLE          COMMENT 'How sure the labeller is, 0 to 1; NULL when it does not say',
  labelled_at TIMESTAMP NOT NULL COMMENT 'When the judgement was made (UTC)'
) USING DELTA CLUSTER BY (doc_id)
COMMENT 'One judgement of one document, for training a filter';
