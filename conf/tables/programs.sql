CREATE TABLE programs (
  program_id         STRING NOT NULL COMMENT 'Key of the program: hash of context, span, translator and code',
  context_id         STRING NOT NULL COMMENT 'contexts.context_id',
  doc_id             STRING NOT NULL COMMENT 'documents.doc_id',
  span_start         BIGINT NOT NULL COMMENT 'First character in documents.text of the relation that the program computes',
  span_end           BIGINT NOT NULL COMMENT 'Character after that relation in documents.text',
  translator         STRING NOT NULL COMMENT 'Translator that was asked: symbolic, vllm or endpoint',
  translator_version STRING NOT NULL COMMENT 'Version of the translator; model and revision for an LLM',
  prompt_version     STRING          COMMENT 'Version of the prompt; NULL for symbolic',
  input_tokens       BIGINT          COMMENT 'Prompt tokens; NULL for symbolic',
  output_tokens      BIGINT          COMMENT 'Generated tokens; NULL for symbolic',
  rejected_by        STRING          COMMENT 'Why the translator left the computation without code; NULL when there is code',
  relation           STRING NOT NULL COMMENT 'eq, approx, equiv, lt, le, gt, ge',
  modulus            STRING          COMMENT 'LaTeX of the modulus of a congruence, else NULL',
  translate_seconds  DOUBLE NOT NULL COMMENT 'Time of the translation in seconds',
  expression         STRING NOT NULL COMMENT 'LaTeX of what is computed',
  result             STRING NOT NULL COMMENT 'LaTeX of what the text says the result is',
  conditions         ARRAY<STRING> NOT NULL COMMENT 'LaTeX of the conditions that the program rests on',
  code               STRING          COMMENT 'Python source that prints the result; NULL when rejected'
) USING DELTA CLUSTER BY (doc_id)
COMMENT 'One Python program for one computation, or the reason a translator left it';

ALTER TABLE programs ADD CONSTRAINT code_or_reason CHECK ((code IS NULL) = (rejected_by IS NOT NULL));
