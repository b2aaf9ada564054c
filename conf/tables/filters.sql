CREATE TABLE filters (
  model          STRING NOT NULL COMMENT 'Name of the filter: the domain and its last stage, e.g. math-round2',
  version        STRING NOT NULL COMMENT 'Version: hash of its training rows and settings; names its folder in models/ too',
  settings_id    STRING NOT NULL COMMENT 'Hash of the settings and seed labels that asked for it; the newest row of an id scores documents',
  stage          INT NOT NULL    COMMENT '1: trained on seed labels, for recall; 2: trained on labels too, for precision',
  target         STRING NOT NULL COMMENT 'What its threshold was chosen for, e.g. precision 0.95',
  is_met         BOOLEAN NOT NULL COMMENT 'Whether the threshold reaches the target on held-out labels',
  threshold      DOUBLE NOT NULL COMMENT 'Raw score of the stage that became 0.5 in scores, 0 to 1',
  precision      DOUBLE          COMMENT 'Share of what passes that is of the domain, on held-out labels; NULL when none could be held out',
  recall         DOUBLE          COMMENT 'Share of the domain that passes, on held-out labels; NULL when none could be held out',
  f1             DOUBLE          COMMENT 'Harmonic mean of precision and recall; NULL when none could be held out',
  domain_rows    BIGINT NOT NULL COMMENT 'Training texts of the domain, seeds and labels',
  other_rows     BIGINT NOT NULL COMMENT 'Training texts of the label other, seeds and labels',
  label_rows     BIGINT NOT NULL COMMENT 'Training texts that come from labels',
  labeller       STRING          COMMENT 'labels.labeller of its labels; NULL for the first stage',
  earlier        STRING          COMMENT 'Version of the first stage that a document must pass before; NULL for the first stage',
  note           STRING          COMMENT 'Why a second stage was not trained; NULL when it was, or was not asked for',
  path           STRING NOT NULL COMMENT 'Folder of model.bin, rows.parquet, curve.json, curve.svg and card.md',
  trained_at     TIMESTAMP NOT NULL COMMENT 'When it was trained (UTC)'
) USING DELTA CLUSTER BY (settings_id)
COMMENT 'One trained filter, with its threshold and what it reaches';
