CREATE VIEW current_scores
COMMENT 'The score of each document by the filter that the settings ask for, in its newest version; 0.5 is where its target is met'
AS
SELECT s.doc_id, min(s.model) AS model, min(s.version) AS version, max(s.score) AS score
FROM scores s
WHERE s.version = coalesce(
  (SELECT max_by(version, struct(trained_at, stage)) FROM filters WHERE settings_id = :filter_settings),
  :first_version)
GROUP BY s.doc_id;
