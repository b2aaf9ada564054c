CREATE TABLE shards (
  path           STRING NOT NULL COMMENT 'Path of the pair without .bin and .idx, as Megatron takes it',
  component      STRING NOT NULL COMMENT 'web, synthetic, code or textbook',
  split          STRING NOT NULL COMMENT 'train or validation',
  documents      BIGINT NOT NULL COMMENT 'Documents in the pair',
  tokens         BIGINT NOT NULL COMMENT 'Tokens in the pair, end-of-document tokens included',
  bin_bytes      BIGINT NOT NULL COMMENT 'Size of the .bin file in bytes',
  idx_bytes      BIGINT NOT NULL COMMENT 'Size of the .idx file in bytes',
  dtype          STRING NOT NULL COMMENT 'uint16 or int32, by vocabulary size',
  vocab_size     BIGINT NOT NULL COMMENT 'Vocabulary size of the tokenizer',
  eod_id         BIGINT NOT NULL COMMENT 'Token id that ends each document',
  tokenizer      STRING NOT NULL COMMENT 'Hash of the tokenizer file',
  pile_version   BIGINT NOT NULL COMMENT 'Delta version of pile that was read',
  sha256         STRING NOT NULL COMMENT 'SHA-256 of the .bin file, hex',
  idx_sha256     STRING NOT NULL COMMENT 'SHA-256 of the .idx file, hex'
) USING DELTA CLUSTER BY (path)
COMMENT 'One Megatron .bin/.idx pair';

ALTER TABLE shards ADD CONSTRAINT split_known CHECK (split IN ('train', 'validation'));
