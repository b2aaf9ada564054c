CREATE VIEW kept_documents
COMMENT 'Documents that may enter the pile: with text, in one of keep.languages, score at or over keep.min_score, none of keep.rules, kept of their cluster, not contaminated'
AS
SELECT d.*, s.score
FROM (
  SELECT * FROM documents WHERE rejected_by IS NULL AND (component != 'web' OR NOT (:rules))
) d
LEFT JOIN current_scores s ON d.doc_id = s.doc_id
WHERE (:any_language OR coalesce(d.language, 'unknown') IN (:languages))
  AND (d.component != 'web' OR s.score >= :min_score)
  AND (:keep_duplicates OR NOT EXISTS (
    SELECT 1 FROM duplicates u WHERE u.doc_id = d.doc_id AND NOT u.is_kept))
  AND (:keep_contaminated OR NOT EXISTS (
    SELECT 1 FROM contamination c WHERE c.doc_id = d.doc_id));
