CREATE TABLE signatures (
  doc_id       STRING NOT NULL COMMENT 'documents.doc_id',
  method       STRING NOT NULL COMMENT 'Normal form, shingles, bands and rows, and kind of the signature; only equal methods are compared',
  crawl        STRING          COMMENT 'documents.crawl: the earliest crawl of a cluster keeps its document',
  shingles     BIGINT NOT NULL COMMENT 'Distinct shingles of the document',
  text_hash    STRING NOT NULL COMMENT 'Hash of the text in normal form (case, white space and spelling of formulas aside): equal for exact duplicates',
  url_hash     STRING          COMMENT 'Hash of the canonical URL of a capture; NULL without one, and for imported rows, which may name one URL for many texts',
  bands        ARRAY<BIGINT> NOT NULL COMMENT 'Hash of each LSH band, in band order; equal bands at different places differ; empty for a text without words',
  signature    BINARY NOT NULL COMMENT 'By method, little-endian: the distinct hashes of the shingles, uint32, ascending, at most the 8,192 smallest; or the low 16 bits of the MinHash values, uint16, bands * rows of them; empty for a text without words'
) USING DELTA CLUSTER BY (doc_id)
COMMENT 'MinHash signature of one document, so that later crawls are compared without its text';
