CREATE TABLE duplicates (
  doc_id      STRING NOT NULL COMMENT 'documents.doc_id',
  cluster_id  STRING NOT NULL COMMENT 'Smallest doc_id of the cluster',
  is_kept     BOOLEAN NOT NULL COMMENT 'Whether this is the one document of the cluster that is kept: earliest crawl, then best score, then smallest key',
  kept_id     STRING NOT NULL COMMENT 'doc_id of the kept document of the cluster',
  rule        STRING NOT NULL COMMENT 'Strongest tie to the cluster: text (equal normalised text), url (equal canonical URL) or minhash',
  jaccard     DOUBLE NOT NULL COMMENT 'Estimated Jaccard similarity to the kept document, 0 to 1',
  cluster_size BIGINT NOT NULL COMMENT 'Documents in the cluster'
) USING DELTA CLUSTER BY (doc_id)
COMMENT 'The cluster of one document that has near-duplicates; a document without any has no row';
