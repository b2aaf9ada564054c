CREATE TABLE evaluations (
  checkpoint    STRING NOT NULL COMMENT 'Path of the checkpoint that answered',
  benchmark     STRING NOT NULL COMMENT 'Name of the benchmark',
  item_id       STRING NOT NULL COMMENT 'Id of the benchmark item',
  is_correct    BOOLEAN NOT NULL COMMENT 'Whether the answer agrees with the item',
  answer        STRING          COMMENT 'Answer taken from the generation; NULL when none was found',
  generation    STRING NOT NULL COMMENT 'What the model wrote'
) USING DELTA CLUSTER BY (checkpoint)
COMMENT 'One benchmark item answered by one checkpoint';
