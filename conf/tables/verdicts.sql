CREATE TABLE verdicts (
  program_id       STRING NOT NULL COMMENT 'programs.program_id',
  doc_id           STRING NOT NULL COMMENT 'documents.doc_id',
  outcome          STRING NOT NULL COMMENT 'verified, mismatch, trivial (only restates the result), no_result (nothing to compare), error, timeout, memory, blocked',
  method           STRING          COMMENT 'How output and stated result were compared: number, rounded, exact, symbolic, numeric, set, tuple, interval, matrix, boolean, modular, equation; NULL when they were not',
  verifier         STRING NOT NULL COMMENT 'Name and version of the verifier, e.g. verify-1',
  isolation        STRING NOT NULL COMMENT 'Isolation layers in force, joined by +, e.g. rlimits+no_new_privs+seccomp+namespaces',
  exit_code        INT             COMMENT 'Exit status of the program; negative is the signal that ended it, 86 memory, 87 refused by the sandbox; NULL when it was not started',
  wall_seconds     DOUBLE NOT NULL COMMENT 'Wall time of the run in seconds',
  cpu_seconds      DOUBLE NOT NULL COMMENT 'CPU time of the run in seconds',
  memory_bytes     BIGINT NOT NULL COMMENT 'Peak resident memory of the run in bytes, over that of the idle sandbox',
  output           STRING          COMMENT 'Standard output, first 64 KiB; NULL when none',
  error            STRING          COMMENT 'Last line of the traceback, or what the sandbox refused; NULL when nothing went wrong'
) USING DELTA CLUSTER BY (program_id)
COMMENT 'What happened when one program was run';

ALTER TABLE verdicts ADD CONSTRAINT outcome_known CHECK (outcome IN ('verified', 'mismatch', 'trivial', 'no_result', 'error', 'timeout', 'memory', 'blocked'));
