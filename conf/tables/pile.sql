CREATE TABLE pile (
  pile_id        STRING NOT NULL COMMENT 'Key of the training document: hash of doc_id and form',
  doc_id         STRING NOT NULL COMMENT 'documents.doc_id',
  source_id      STRING          COMMENT 'documents.source_id',
  file_id        STRING NOT NULL COMMENT 'crawl_files.file_id',
  component      STRING NOT NULL COMMENT 'web, synthetic, code or textbook',
  form           STRING NOT NULL COMMENT 'interleaved, plain, code_after or code_only',
  language       STRING          COMMENT 'documents.language',
  crawl          STRING          COMMENT 'documents.crawl',
  host           STRING          COMMENT 'documents.host',
  fetch_time     TIMESTAMP       COMMENT 'documents.fetch_time',
  score          DOUBLE          COMMENT 'scores.score that let the document in; NULL for data sets',
  token_count    BIGINT NOT NULL COMMENT 'Tokens of text, the end-of-document token not counted',
  tokenizer      STRING NOT NULL COMMENT 'Hash of the tokenizer file that counted them',
  weight         DOUBLE NOT NULL COMMENT 'Sampling weight of the document within the blend',
  program_ids    ARRAY<STRING> NOT NULL COMMENT 'programs.program_id of the verified programs in text, in order',
  warc_filename       STRING     COMMENT 'documents.warc_filename',
  warc_record_offset  BIGINT     COMMENT 'documents.warc_record_offset',
  warc_record_length  BIGINT     COMMENT 'documents.warc_record_length',
  url            STRING          COMMENT 'documents.url',
  title          STRING          COMMENT 'documents.title',
  text           STRING NOT NULL COMMENT 'Training text: the document with verified code beside its reasoning step'
) USING DELTA CLUSTER BY (doc_id)
COMMENT 'One training document with all its keys back to the page';
