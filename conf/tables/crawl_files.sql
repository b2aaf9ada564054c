CREATE TABLE crawl_files (
  file_id        STRING NOT NULL COMMENT 'Key of the file: hash of its path, and of what of it is read',
  kind           STRING NOT NULL COMMENT 'Format of the file: warc, jsonl or parquet; index for a Parquet file that lists captures',
  crawl          STRING          COMMENT 'Crawl the file belongs to, e.g. CC-MAIN-2026-40, taken from its path; NULL when the path tells none',
  component      STRING NOT NULL COMMENT 'Component its documents belong to: web for a crawl; web, synthetic, code or textbook for a data set',
  file_bytes     BIGINT          COMMENT 'Size of the file in bytes when it was listed; NULL when unknown',
  text_column    STRING          COMMENT 'Column of a data set that holds the text; NULL for WARC files',
  id_column      STRING          COMMENT 'Column of a data set that holds its own row id; NULL for WARC files',
  url_column     STRING          COMMENT 'Column of a data set that holds the URL; NULL for WARC files',
  spans          ARRAY<STRUCT<offset: BIGINT, length: BIGINT>> COMMENT 'Byte ranges of a WARC file that are read, one a record, in order (from an index); NULL for the whole file',
  listed_at      TIMESTAMP NOT NULL COMMENT 'When the file was first listed (UTC)',
  path           STRING NOT NULL COMMENT 'Path or URL of the file, as a worker opens it'
) USING DELTA CLUSTER BY (file_id)
COMMENT 'One file to read: a WARC file of a crawl or byte ranges of one, an index of a crawl, or a file of a data set';

ALTER TABLE crawl_files ADD CONSTRAINT kind_known CHECK (kind IN ('warc', 'jsonl', 'parquet', 'index'));
