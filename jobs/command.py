"""The command line: `mathcode-pile JOB [CONF.yaml] [key=value ...]`, and the jobs' own scripts."""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from conf import settings as conf_settings
from conf import tables
from conf.settings import SettingsError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pyspark.sql import SparkSession

    from conf.settings import Settings

_WORDS = """\
words:
  CONF.yaml      settings file; conf/local.yaml when none is named
  key=value      a setting that wins over the file, e.g. root=/data/pile keep.min_score=0.7
                 crawl.paths='["/crawl/*.warc.gz"]'; `mathcode-pile settings` lists all keys
"""

_EPILOG = """\
examples:
  mathcode-pile run                                     the sample crawl, into ./data
  mathcode-pile run conf/local.yaml root=/data/pile crawl.paths='["/crawl/*.warc.gz"]'
  mathcode-pile sql "SELECT outcome, count(*) FROM verdicts GROUP BY 1" root=/data/pile
  mathcode-pile explain https://example.org/page root=/data/pile
  mathcode-pile try 'If $r = 3$, then $\\pi r^2 = 9\\pi$.'
"""


def cli(arguments: Sequence[str] | None = None) -> int:
    """Run the command line.

    Returns:
        The exit status: 0 done, 1 something failed, 2 the words were not understood.
    """
    parser = _parser()
    known = parser.parse_args(arguments)
    try:
        return known.action(known)
    except SettingsError as error:
        return _fail(str(error), 2)
    except (FileNotFoundError, IsADirectoryError, PermissionError) as error:
        return _fail(str(error), 1)
    except KeyboardInterrupt:
        return _fail("stopped; run the same command again to go on", 130)
    except BrokenPipeError:
        # `mathcode-pile sql ... | head`: the reader has what it wanted.
        sys.stderr.close()
        return 0
    except Exception as error:
        if type(error).__name__ in _EXPECTED:
            return _fail(str(error), 1)
        raise


# By name, so that `try` and `--help` load neither Spark nor Delta.
_EXPECTED = {
    "SessionError",
    "StreamError",
    "RunError",
    "SliceError",
    "ExplainError",
    "QueryError",
    "IsolationError",
}


def run(main: Callable[[SparkSession, Settings], None]) -> NoReturn:
    """Run one job as a script: `spark-submit jobs/JOB.py [CONF.yaml] [key=value ...]`."""
    name = Path(main.__code__.co_filename).stem
    sys.exit(cli([name, *sys.argv[1:]]))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="mathcode-pile",
        description="Turn the web's mathematics into a pile in which every reasoning step stands "
        "beside Python code that was run and proven right.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(metavar="COMMAND", required=True)

    def add(
        name: str, summary: str, action: Callable[[argparse.Namespace], int]
    ) -> argparse.ArgumentParser:
        command = commands.add_parser(
            name,
            help=summary,
            description=summary,
            epilog=_WORDS,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        command.set_defaults(action=action, name=name)
        return command

    def words(command: argparse.ArgumentParser) -> None:
        command.add_argument(
            "words", nargs="*", metavar="CONF.yaml | key=value", help="settings, see below"
        )

    command = add("run", "Run all jobs in order; what is done already is not done again.", _run)
    command.add_argument(
        "--full-refresh",
        metavar="JOB",
        help="first forget the rows of this job and of all that rest on them",
    )
    words(command)
    for name, summary in _JOB_SUMMARIES.items():
        command = add(name, summary, _job)
        command.add_argument(
            "--full-refresh",
            action="store_true",
            help="first forget this job's rows and those of all jobs that rest on them",
        )
        words(command)
    words(add("status", "Show every table's rows, and the last run of every job.", _status))
    command = add("sql", "Answer a query over all tables by their bare names.", _sql)
    command.add_argument("query", help='e.g. "SELECT outcome, count(*) FROM verdicts GROUP BY 1"')
    command.add_argument(
        "--format",
        choices=("table", "jsonl", "csv"),
        default="table",
        help="form of the rows on standard output (default: table)",
    )
    words(command)
    command = add("explain", "Show a document's way through every table.", _explain)
    command.add_argument("document", metavar="DOC_OR_URL", help="doc_id, source_id or URL")
    words(command)
    command = add("try", "Show contexts, programs and verdicts of texts; needs no Spark.", _try)
    command.add_argument("text", nargs="?", help="text with LaTeX, or - to read standard input")
    command.add_argument(
        "--file",
        help="read this file instead, .gz or not: one text, or JSON lines with a field `text`",
    )
    command.add_argument(
        "--format",
        choices=("text", "jsonl"),
        default="text",
        help="for people (default; plain lines in a pipe), or one JSON object a computation",
    )
    words(command)
    command = add("settings", "List every setting with its default and meaning.", _settings)
    command = add("tables", "List every table, or the columns of one.", _tables)
    command.add_argument("table", nargs="?", choices=tables.NAMES, metavar="TABLE")
    return parser


# Written out, so that help needs no Spark; a test holds them against jobs/pipeline.py.
_JOB_SUMMARIES = {
    "list_crawl": "conf -> crawl_files, file_reads: list WARC files and captures.",
    "import_datasets": "conf -> documents, file_reads: import the rows of data sets.",
    "read_crawl": "crawl_files -> pages, file_reads: keep HTML pages that may hold mathematics.",
    "extract_text": "pages -> documents: text with its formulas as LaTeX.",
    "label_documents": "documents -> labels: judge a sample for training the filter.",
    "train_filter": "labels, documents -> filters: train the filter and choose its thresholds.",
    "score_documents": "documents, filters -> scores: how sure the filter is of each document.",
    "find_duplicates": "documents, scores -> signatures, duplicates: near-duplicates.",
    "find_contamination": "documents -> contamination: overlaps with benchmark items.",
    "extract_contexts": "kept_documents -> contexts: passages with computations and conditions.",
    "translate": "contexts -> programs: a Python program for each computation.",
    "verify": "programs -> verdicts: run each program in the sandbox and compare.",
    "build_pile": "kept_documents, programs, verdicts -> pile: text beside verified code.",
    "write_shards": "pile -> shards: Megatron .bin/.idx pairs.",
    "report": "all tables -> report.html: the run on one page.",
}


def _load(words: Sequence[str]) -> Settings:
    files = [word for word in words if "=" not in word]
    if len(files) > 1:
        raise SettingsError(f"one settings file, not {len(files)}: {' '.join(files)}")
    return conf_settings.load(files[0] if files else None, [word for word in words if "=" in word])


def _run(known: argparse.Namespace) -> int:
    from jobs import display, pipeline, progress, runner, session  # noqa: PLC0415 - loads Spark

    settings = _load(known.words)
    refresh = pipeline.job(known.full_refresh) if known.full_refresh else None
    started = time.monotonic()
    with session.locked(settings) as log:
        if refresh is None and runner.nothing_is_due(settings):
            progress.console.print(f"Nothing new; all is in {settings.root}")
            return 0
        progress.console.print(f"Starting Spark; its log goes to {log or 'standard error'}")
        with session.running(settings, log) as spark:
            if refresh is not None:
                names = runner.refresh(spark, settings, refresh)
                progress.console.print(f"Forgot the rows of {', '.join(names)}")
            last = runner.last_runs(spark, settings)
            outcomes = []
            for job in pipeline.JOBS:
                outcomes.append(runner.run(spark, settings, job, last.get(job.name)))
                display.outcome(outcomes[-1])
            display.end(spark, settings, outcomes, time.monotonic() - started)
    return 0


def _job(known: argparse.Namespace) -> int:
    from jobs import display, pipeline, runner, session  # noqa: PLC0415 - loads Spark

    settings = _load(known.words)
    job = pipeline.job(known.name)
    with session.locked(settings) as log, session.running(settings, log) as spark:
        if known.full_refresh:
            runner.refresh(spark, settings, job)
        display.outcome(runner.run(spark, settings, job))
    return 0


def _status(known: argparse.Namespace) -> int:
    from jobs import display, session  # noqa: PLC0415 - loads Spark

    settings = _load(known.words)
    with session.running(settings, session.reader_log(settings)) as spark:
        display.status(spark, settings)
    return 0


def _sql(known: argparse.Namespace) -> int:
    from jobs import query, session  # noqa: PLC0415 - loads Spark

    settings = _load(known.words)
    with session.running(settings, session.reader_log(settings)) as spark:
        query.answer(spark, settings, known.query, known.format)
    return 0


def _explain(known: argparse.Namespace) -> int:
    from jobs import explain, session  # noqa: PLC0415 - loads Spark

    settings = _load(known.words)
    with session.running(settings, session.reader_log(settings)) as spark:
        explain.show(spark, settings, known.document)
    return 0


def _try(known: argparse.Namespace) -> int:
    from jobs import try_text  # noqa: PLC0415 - loads what it needs

    words = list(known.words)
    if known.file is not None and known.text is not None:
        words.insert(0, known.text)  # with a file there is no text: it is a setting
    elif known.file is None and known.text is None:
        return _fail("try: give a text, - for standard input, or --file FILE", 2)
    settings = _load(words)
    text = known.text if known.file is None else None
    try_text.show(try_text.read(text, known.file), settings, known.format)
    return 0


def _settings(known: argparse.Namespace) -> int:  # noqa: ARG001 - takes no words
    for name, (default, meaning) in conf_settings.fields().items():
        print(f"{name} = {default}\n    {meaning}")
    return 0


def _tables(known: argparse.Namespace) -> int:
    if known.table is None:
        for name in tables.NAMES:
            print(f"{name:<16} {tables.table(name).comment}")
        return 0
    found = tables.table(known.table)
    print(found.comment)
    for column in found.columns:
        null = "" if column.is_nullable else ", never NULL"
        print(f"  {column.name}: {column.sql_type}{null}\n      {column.comment}")
    if found.query is not None:
        print(found.query)
    return 0


def _fail(message: str, status: int) -> int:
    print(f"mathcode-pile: {message}", file=sys.stderr)
    return status


if __name__ == "__main__":
    sys.exit(cli())
