CREATE TABLE labels (
  doc_id      STRING NOT NULL COMMENT 'documents.doc_id',
  labeller    STRING NOT NULL COMMENT 'Who judged: rules or endpoint with model, and a hash of what they judge by; person-NAME for a person',
  label       STRING          COMMENT 'The judgement: the domain name, or other; NULL when there is none',
  confidence  DOUBLE          COMMENT 'How sure the labeller is, 0 to 1; NULL when it does not say',
  rejected_by STRING          COMMENT 'Why there is no judgement: failed_ and what failed; the next run asks again. NULL with a label',
  score       DOUBLE          COMMENT 'Score of the first filter stage by which the document was drawn, 0 to 1; NULL for a label by a person',
  weight      DOUBLE          COMMENT 'Documents that this one stands for, drawn by score; NULL for a label by a person',
  labelled_at TIMESTAMP NOT NULL COMMENT 'When the judgement was made (UTC)'
) USING DELTA CLUSTER BY (doc_id)
COMMENT 'One judgement of one document, for training a filter';

ALTER TABLE labels ADD CONSTRAINT label_or_reason CHECK ((label IS NULL) = (rejected_by IS NOT NULL));
