CREATE VIEW kept_documents
COMMENT 'Documents that may enter the pile: with text, score at or over keep.min_score, kept of their cluster, not contaminated'
AS
SELECT d.*, s.score
FROM documents d
LEFT JOIN (
  SELECT doc_id, max(score) AS score FROM scores WHERE version = :score_version GROUP BY doc_id
) s ON d.doc_id = s.doc_id
WHERE d.rejected_by IS NULL
  AND (d.component != 'web' OR s.score >= :min_score)
  AND (:keep_duplicates OR NOT EXISTS (
    SELECT 1 FROM duplicates u WHERE u.doc_id = d.doc_id AND NOT u.is_kept))
  AND (:keep_contaminated OR NOT EXISTS (
    SELECT 1 FROM contamination c WHERE c.doc_id = d.doc_id));
