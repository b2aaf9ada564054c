CREATE TABLE documents (
  doc_id              STRING NOT NULL COMMENT 'Key of the document: page_id for the web; hash of file name, row number, own id and text for a data set',
  source_id           STRING          COMMENT 'Id the imported row came with; pages.page_id for the web; NULL when a data set row has none',
  file_id             STRING NOT NULL COMMENT 'crawl_files.file_id of the file the document comes from',
  component           STRING NOT NULL COMMENT 'Component of the pile: web, synthetic, code or textbook',
  crawl               STRING          COMMENT 'Crawl of the page; NULL for data sets',
  host                STRING          COMMENT 'Host of the URL; NULL when there is no URL',
  fetch_time          TIMESTAMP       COMMENT 'When the page was fetched (UTC); NULL for data sets',
  rejected_by         STRING          COMMENT 'Why there is no text; NULL for a document with text',
  language            STRING          COMMENT 'ISO 639-1 code of the text without its formulas; NULL when unknown',
  licence             STRING          COMMENT 'Creative Commons licence that the page claims for itself, e.g. cc-by-sa-4.0 or cc0-1.0; a hint; NULL when it claims none, or several, and for data sets',
  char_count          BIGINT          COMMENT 'Characters (Unicode code points) in text; NULL when rejected',
  formula_count       BIGINT          COMMENT 'Formulas in text ($..$ and $$..$$); NULL when rejected',
  formula_chars       BIGINT          COMMENT 'Characters of text inside formulas, delimiters not counted; NULL when rejected',
  symbol_ratio        DOUBLE          COMMENT 'Share of characters outside formulas that are neither letters, digits, white space nor common punctuation, 0 to 1',
  repetition_ratio    DOUBLE          COMMENT 'Share of characters in lines that occur more than once, 0 to 1',
  list_ratio          DOUBLE          COMMENT 'Share of characters in first lines of list items, 0 to 1',
  link_ratio          DOUBLE          COMMENT 'Share of text characters that came from inside links, 0 to 1; NULL for data sets',
  masked              MAP<STRING, BIGINT> COMMENT 'Personal data replaced by placeholders in text and title, by kind (email, phone, ip); empty when none was found; NULL when rejected or not looked for',
  extractor           STRING NOT NULL COMMENT 'Name and version of what made the text, e.g. html-2 or import-1',
  warc_filename       STRING          COMMENT 'pages.warc_filename; file name of the data set file for an import',
  warc_record_offset  BIGINT          COMMENT 'pages.warc_record_offset; row number from 0 for an import',
  warc_record_length  BIGINT          COMMENT 'pages.warc_record_length; NULL for an import',
  url                 STRING          COMMENT 'URL of the document; NULL when it has none',
  title               STRING          COMMENT 'Title of the document; NULL when it has none',
  text                STRING          COMMENT 'Text in Markdown with formulas as LaTeX between $..$ or $$..$$; NULL when rejected'
) USING DELTA CLUSTER BY (doc_id)
COMMENT 'One text with its formulas as LaTeX, or the reason there is none';

ALTER TABLE documents ADD CONSTRAINT text_or_reason CHECK ((text IS NULL) = (rejected_by IS NOT NULL));
ALTER TABLE documents ADD CONSTRAINT component_known CHECK (component IN ('web', 'synthetic', 'code', 'textbook'));
