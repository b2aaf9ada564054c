CREATE TABLE contexts (
  context_id    STRING NOT NULL COMMENT 'Key of the passage: hash of document and offsets',
  doc_id        STRING NOT NULL COMMENT 'documents.doc_id',
  context_start BIGINT NOT NULL COMMENT 'First character of the passage in documents.text',
  context_end   BIGINT NOT NULL COMMENT 'Character after the passage in documents.text',
  rejected_by   STRING          COMMENT 'Why the document gave no passage (no_computation, timeout, memory, crashed, error): one such row stands for the whole document; NULL for a passage',
  extractor     STRING NOT NULL COMMENT 'Name and version of what found the passage, e.g. contexts-1',
  title         STRING          COMMENT 'documents.title',
  section       STRING          COMMENT 'Headings over the passage, outermost first, joined by " > "; NULL when there is none',
  computations  ARRAY<STRUCT<
    span_start: BIGINT COMMENT 'First character of the relation in documents.text',
    span_end: BIGINT COMMENT 'Character after the relation in documents.text',
    relation: STRING COMMENT 'eq, approx, equiv (congruent), lt, le, gt, ge',
    expression: STRING COMMENT 'LaTeX of what is computed: the left side, or the right one where the left is a number (51 = 3 * 17)',
    result: STRING COMMENT 'LaTeX of what the text says it is: the other side',
    modulus: STRING COMMENT 'LaTeX of the modulus of a congruence, else NULL',
    conditions: ARRAY<STRING> COMMENT 'LaTeX of the definitions, values and equations it rests on, in text order',
    sentence: STRING COMMENT 'The sentence around it'
  >> NOT NULL COMMENT 'The computations of the passage in text order; empty when rejected',
  passage       STRING          COMMENT 'The passage: documents.text from context_start to context_end; NULL when rejected'
) USING DELTA CLUSTER BY (doc_id)
COMMENT 'One passage with its computations and the conditions they rest on';
