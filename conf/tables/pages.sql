CREATE TABLE pages (
  page_id             STRING NOT NULL COMMENT 'Key of the capture: hash of WARC file name, record offset and payload digest',
  file_id             STRING NOT NULL COMMENT 'crawl_files.file_id of the WARC file',
  crawl               STRING          COMMENT 'Crawl the page was captured in, e.g. CC-MAIN-2026-40; NULL when unknown',
  host                STRING          COMMENT 'Host of the URL, lower case, without port; NULL when the URL has none',
  fetch_time          TIMESTAMP       COMMENT 'When the crawler fetched the page (WARC-Date, UTC); NULL when unreadable',
  warc_record_offset  BIGINT NOT NULL COMMENT 'Byte offset of the record in the WARC file; of the inflated stream where the whole file is one gzip stream',
  warc_record_length  BIGINT NOT NULL COMMENT 'Bytes of the record in the WARC file, compressed as stored, or of the inflated stream',
  payload_digest      STRING NOT NULL COMMENT 'SHA-1 of the payload, base32, as in WARC-Payload-Digest',
  content_type        STRING          COMMENT 'HTTP Content-Type header as sent; NULL when there was none',
  robots              STRING          COMMENT 'X-Robots-Tag headers as sent, one a line, and a tdm-reservation header with its name; NULL when there were none',
  html_bytes          BIGINT NOT NULL COMMENT 'Length of html in bytes',
  is_truncated        BOOLEAN NOT NULL COMMENT 'Whether the crawler cut the payload (WARC-Truncated)',
  warc_filename       STRING NOT NULL COMMENT 'File name of the WARC file, without directories',
  url                 STRING NOT NULL COMMENT 'URL of the page (WARC-Target-URI)',
  html                BINARY NOT NULL COMMENT 'Payload as captured, after HTTP transfer and content encoding were undone; any charset'
) USING DELTA CLUSTER BY (file_id)
COMMENT 'One captured HTML page that may hold mathematics';
