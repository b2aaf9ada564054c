CREATE TABLE file_reads (
  file_id        STRING NOT NULL COMMENT 'crawl_files.file_id',
  kind           STRING NOT NULL COMMENT 'crawl_files.kind',
  attempt        INT NOT NULL COMMENT 'How often the file had been tried, this time included; from 1',
  outcome        STRING NOT NULL COMMENT 'complete, damaged (read to its end around broken records) or failed (could not be read: tried again by the next run)',
  records        BIGINT NOT NULL COMMENT 'Records (WARC responses, rows of a data set or an index) seen, broken ones included',
  rows_out       BIGINT NOT NULL COMMENT 'Rows that went on to pages, documents or, from an index, captures to read',
  rejected       MAP<STRING, BIGINT> NOT NULL COMMENT 'Records that did not go on, by reason; values sum to records - rows_out',
  read_bytes     BIGINT NOT NULL COMMENT 'Bytes of the file that were read',
  requests       BIGINT          COMMENT 'Requests sent to its server, repeated ones included; NULL for files that no request of ours reads',
  read_at        TIMESTAMP NOT NULL COMMENT 'When the reading ended (UTC)',
  read_seconds   DOUBLE NOT NULL COMMENT 'Wall time of the reading in seconds',
  error          STRING          COMMENT 'What went wrong: exception and place in the file; NULL when nothing did'
) USING DELTA CLUSTER BY (file_id)
COMMENT 'What one reading of one file gave, and what was left and why';

ALTER TABLE file_reads ADD CONSTRAINT outcome_known CHECK (outcome IN ('complete', 'damaged', 'failed'));
