CREATE TABLE duplicates (
  doc_id      STRING NOT NULL COMMENT 'documents.doc_id',
  cluster_id  STRING NOT NULL COMMENT 'doc_id of the member that names the cluster: the first of the earliest crawl when it was found; stays when documents join; of clusters that become one the earlier name stays',
  is_kept     BOOLEAN NOT NULL COMMENT 'Whether this is the one document of the cluster that is kept: earliest crawl, then best score, then smallest key',
  kept_id     STRING NOT NULL COMMENT 'doc_id of the kept document of the cluster',
  rule        STRING NOT NULL COMMENT 'Strongest tie to the cluster: text (equal normalised text), url (equal canonical URL) or minhash',
  jaccard     DOUBLE NOT NULL COMMENT 'Jaccard similarity of the shingles to those of the kept document, 0 to 1',
  cluster_size BIGINT NOT NULL COMMENT 'Documents in the cluster'
) USING DELTA CLUSTER BY (doc_id)
COMMENT 'The cluster of one document that has near-duplicates; a document without any has no row';
