CREATE TABLE runs (
  run_id         STRING NOT NULL COMMENT 'Key of the run of the job',
  job            STRING NOT NULL COMMENT 'Name of the job',
  outcome        STRING NOT NULL COMMENT 'done or failed; a run that was killed has no row',
  started_at     TIMESTAMP NOT NULL COMMENT 'When the job began (UTC)',
  seconds        DOUBLE NOT NULL COMMENT 'Wall time of the job in seconds',
  rows_in        BIGINT NOT NULL COMMENT 'Rows (or files) that the job took in',
  rows_out       BIGINT NOT NULL COMMENT 'Rows that the job wrote',
  rejected       MAP<STRING, BIGINT> NOT NULL COMMENT 'Of the rows in, those that went no further, by reason',
  versions       MAP<STRING, BIGINT> NOT NULL COMMENT 'Delta version of each table that the job read or wrote, after the job',
  code_version   STRING NOT NULL COMMENT 'Version of this package',
  fingerprint    STRING NOT NULL COMMENT 'Hash of the settings that the job depends on',
  conf           STRING NOT NULL COMMENT 'Settings of the run as JSON',
  error          STRING          COMMENT 'The error that ended a failed run; NULL when done'
) USING DELTA CLUSTER BY (job)
COMMENT 'One run of one job';
