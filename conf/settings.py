"""The settings of a run: one validated model, read from a YAML file and `key=value` words."""

from __future__ import annotations

import difflib
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeVar, get_args, get_origin

import yaml
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

CONF = Path(__file__).parent
DEFAULT = CONF / "local.yaml"

Component = Literal["web", "synthetic", "code", "textbook"]
Isolation = Literal[
    "rlimits", "no_new_privs", "seccomp", "landlock", "namespaces", "no_capabilities"
]


class SettingsError(ValueError):
    """A setting that cannot be used; the message names file, key and remedy."""


class _Model(BaseModel):
    model_config = ConfigDict(
        frozen=True, extra="forbid", use_attribute_docstrings=True, allow_inf_nan=False
    )


M = TypeVar("M", bound=_Model)


def _rules(rules: dict[str, str]) -> dict[str, str]:
    from conf import tables  # noqa: PLC0415 - reading SQL is not needed where no rule is given

    for name, condition in rules.items():
        if not re.fullmatch(r"[a-z][a-z0-9_]*", name):
            raise ValueError(f"{name!r}: the name of a rule is a lower-case word")
        if problem := tables.problem_of(condition, tables.DOCUMENTS):
            raise ValueError(f"{name}: {problem}")
    return rules


class Index(_Model):
    """Which captures of a columnar index (Common Crawl's cc-index table) are read.

    Every condition that is not empty must hold. Only the byte ranges of the captures chosen are
    read from their WARC files.
    """

    paths: list[str] = []
    """Parquet files of the index, folders, globs, or lists of them (`*.paths`, `*.paths.gz`, such
    as `cc-index-table.paths.gz`); local, s3:// or http(s)://."""

    subsets: list[str] = ["warc"]
    """Partitions `subset=` that are read; a path that names none is always read."""

    hosts: list[str] = []
    """Hosts, as they stand in `url_host_name`."""

    host_suffixes: list[str] = []
    """Domains with all their hosts: `edu`, `stackexchange.com`."""

    url_pattern: str | None = None
    """Regular expression (RE2) that is looked for in the URL."""

    mime_types: list[str] = ["text/html", "application/xhtml+xml"]
    """Types by content (`content_mime_detected`)."""

    languages: list[str] = []
    """Languages, one of which the page holds (`content_languages`, ISO 639-3: `eng`)."""

    statuses: list[int] = [200]
    """HTTP status codes (`fetch_status`)."""

    limit: int | None = Field(None, ge=1)
    """Most captures that one run lists, spread over all files by a hash; NULL for all."""


class Crawl(_Model):
    """Which WARC files are read, and what of them."""

    paths: list[str] = []
    """WARC files, globs, or lists of them (`*.paths`, `*.paths.gz`); local, s3:// or http(s)://."""

    prefix: str = "https://data.commoncrawl.org/"
    """Put before relative paths of a `*.paths` list or an index: a URL or a folder."""

    index: Index = Index()

    max_html_bytes: int = Field(8 * 2**20, ge=1024)
    """Longest payload that is kept, in bytes; a longer one is counted as `too_large`."""

    files_per_slice: int = Field(64, ge=1)
    """WARC files read between two commits: what a killed run may have to read again."""

    requests_per_second: float = Field(50.0, gt=0)
    """Most requests that the workers of one machine send to one server or bucket; a server that
    says it is busy halves it for a while."""

    connections: int = Field(4, ge=1, le=64)
    """Ranges of one file that a worker asks for at once."""

    tries: int = Field(8, ge=1)
    """How often a request is sent before its file counts as failed until the next run."""

    timeout_seconds: float = Field(60.0, gt=0)
    """How long a server may stay silent, in seconds."""

    s3_endpoint: str | None = None
    """URL of an S3-compatible server; NULL for AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL or Amazon."""

    s3_region: str | None = None
    """Region of the buckets; NULL for AWS_REGION, AWS_DEFAULT_REGION or what the bucket says."""

    s3_anonymous: bool | None = None
    """Whether S3 is asked without keys; NULL for: with keys where there are any."""


class Dataset(_Model):
    """One data set to import."""

    path: str
    """JSONL (plain, .gz, .zst, .bz2) or Parquet file, or a glob; local, s3:// or http(s)://."""

    component: Component
    """Component of the pile that its documents belong to."""

    text: str = "text"
    """Column that holds the text."""

    id: str = "id"
    """Column that holds the row's own id."""

    url: str = "url"
    """Column that holds the URL."""


class Extract(_Model):
    """How a page becomes a text."""

    min_formulas: int = Field(1, ge=0)
    """Fewest formulas of a document that is kept."""

    honour_robots_meta: list[str] = ["noai", "tdm-reservation"]
    """Directives of a robots meta tag or X-Robots-Tag header that reject a page as `opted_out`:
    noai, noimageai, noindex, none, noarchive and so on; `tdm-reservation` is the tag or header of
    that name with the value 1."""

    blocked: list[str] = []
    """Block lists: files, plain or .gz, with a host, a domain or the start of a URL a line, which
    reject a page as `blocked_host` or `blocked_url`."""

    cpu_seconds: float = Field(20.0, gt=0)
    """CPU time that one page may take, in seconds; then it is rejected as `timeout`."""

    memory_bytes: int = Field(2 * 2**30, ge=2**28)
    """Memory that one page may take, in bytes; then it is rejected as `memory`."""


class Privacy(_Model):
    """Which personal data are replaced by placeholders in texts; never in formulas or code."""

    mask: list[Literal["email", "phone", "ip"]] = ["email", "phone", "ip"]
    """Kinds that are masked: e-mail addresses, telephone numbers, IP addresses."""

    datasets: bool = False
    """Whether they are masked in imported data sets too."""


class Score(_Model):
    """The filter: a first stage from the domain's seed labels, and a second one from labels."""

    rounds: Literal[1, 2] = 2
    """Stages of the filter; 1 labels nothing and stays with the seed labels."""

    recall: float = Field(0.99, gt=0, le=1)
    """Share of the held-out seed labels of the domain that the first stage must let pass."""

    precision: float = Field(0.95, gt=0, le=1)
    """Share of what passes that must be of the domain, on held-out labels of the second stage."""

    min_labels: int = Field(40, ge=10)
    """Fewest labels, of both kinds together, of which a second stage is trained."""

    dimension: int = Field(32, ge=4)
    """Length of the word vectors."""

    epochs: int = Field(40, ge=1)
    """Passes over the training rows; fewer where they are many."""

    seed: int = 1
    """Seed of the training and of the drawing of documents to label."""


class Label(_Model):
    """Who judges documents for the second stage of the filter, and how many."""

    labeller: Literal["rules", "endpoint"] = "rules"
    """`rules`: by what formulas say, no model; `endpoint`: a language model behind `endpoint`."""

    documents: int = Field(2000, ge=1)
    """Web documents that are judged in all. Once so many are, the filter stays as it is."""

    tries: int = Field(3, ge=1)
    """Runs in which a document without an answer is asked about."""

    prompt: str = "conf/prompts/label.md"
    """Instructions for a language model, with {domain} and {description}."""

    max_chars: int = Field(6000, ge=500)
    """Longest excerpt of a document that a language model is shown, in characters."""


class Endpoint(_Model):
    """An OpenAI-compatible server."""

    url: str = "http://localhost:8000/v1"
    """Address up to and with the version of the protocol."""

    model: str = ""
    """Name of the model, as the server knows it."""

    api_key_variable: str = "MATHCODE_PILE_API_KEY"
    """Environment variable that holds the key; none is sent where it is not set."""

    timeout_seconds: float = Field(120.0, gt=0)
    """How long an answer may take, in seconds."""

    tries: int = Field(5, ge=1)
    """How often a request is sent before its row is left for the next run."""

    concurrency: int = Field(8, ge=1, le=1024)
    """Requests under way at once."""


class Keep(_Model):
    """What the view `kept_documents` lets through."""

    min_score: float = Field(0.5, ge=0, le=1)
    """Lowest score of a web document; 0.5 is the threshold that meets the filter's target."""

    duplicates: bool = False
    """Whether near-duplicates stay in."""

    contaminated: bool = False
    """Whether documents that overlap with a benchmark stay in."""

    languages: list[Annotated[str, Field(pattern="^([a-z]{2,3}|unknown)$")]] = []
    """Languages that are let through, by ISO 639-1 code (`en`, `de`), and `unknown` for texts with
    too little prose to tell; empty for all."""

    rules: Annotated[dict[str, str], AfterValidator(_rules)] = {
        "no_words": "char_count - formula_chars < 20 AND formula_count < 2",
        "mostly_symbols": "symbol_ratio > 0.6",
        "repetitive": "repetition_ratio > 0.9 AND char_count > 2000",
        "mostly_links": "link_ratio > 0.9",
    }
    """Conditions over the columns of `documents`, by name: a web document for which one holds is
    left out and counted under its name. What is given replaces these."""


class Duplicates(_Model):
    """When two documents are one."""

    jaccard: float = Field(0.8, gt=0, lt=1)
    """Similarity of their shingle sets at which two documents are one."""

    ngram: int = Field(5, ge=1, le=1000)
    """Words or characters in a shingle."""

    shingle: Literal["words", "characters"] = "words"
    """What a shingle is a run of: `characters` for languages that are written without spaces."""

    verify: Literal["jaccard", "signature"] = "jaccard"
    """How pairs that share an LSH band are compared: by the hashes of all their shingles, exact
    for documents of up to 8,192 of them (some 2 kB a document), or by an estimate from 256 MinHash
    values (0.5 kB; standard error 0.03)."""


class Benchmark(_Model):
    """One benchmark that must not leak into the pile."""

    name: str
    """Name in the table `contamination`."""

    path: str
    """JSONL or Parquet file with one item a row."""

    text: list[str] = ["question"]
    """Columns that are looked for, each by itself."""

    id: str = "id"
    """Column with the item's id; the row number is taken where it is missing."""


class Contamination(_Model):
    """When a document overlaps with a benchmark item."""

    benchmarks: list[Benchmark] = []
    """Benchmarks to keep out, beside those that the domain names."""

    ngram: int = Field(13, ge=2, le=1000)
    """Words in an n-gram (MathCoder2, arXiv 2410.08196, takes 13)."""

    jaccard: float = Field(0.6, ge=0, le=1)
    """Jaccard similarity of the n-grams over which an item counts as leaked (same source). 0 is
    the rule of datatrove (with `ngram: 12`): one n-gram in common is enough."""


class Contexts(_Model):
    """How computations and what they rest on are found."""

    earlier_sentences: int = Field(8, ge=0)
    """Sentences before a computation that are searched for its conditions, beside the problem
    statement."""

    cpu_seconds: float = Field(20.0, gt=0)
    """CPU time that one document may take, in seconds."""

    memory_bytes: int = Field(2 * 2**30, ge=2**28)
    """Memory that one document may take, in bytes."""

    documents_per_slice: int = Field(200_000, ge=1)
    """Documents between two commits."""


class Translate(_Model):
    """Who writes the programs."""

    translators: list[Literal["symbolic"]] = ["symbolic"]
    """Translators in order: what one leaves, the next takes."""

    contexts_per_slice: int = Field(200_000, ge=1)
    """Contexts between two commits."""


class Verify(_Model):
    """Limits of one program, and the isolation that is asked for."""

    wall_seconds: float = Field(60.0, gt=0)
    """Wall time, in seconds: a backstop, since a busy machine must not cost good programs."""

    cpu_seconds: float = Field(5.0, gt=0)
    """CPU time, in seconds."""

    memory_bytes: int = Field(512 * 2**20, ge=2**26)
    """Memory over that of the idle sandbox, in bytes."""

    output_bytes: int = Field(64 * 2**10, ge=256)
    """Standard output that is kept, in bytes."""

    require: list[Isolation] = [
        "rlimits",
        "no_new_privs",
        "seccomp",
    ]
    """Isolation layers without which no program is run."""


class Pile(_Model):
    """How a document becomes training text."""

    form: Literal["interleaved", "plain", "code_after", "code_only"] = "interleaved"
    """Where the verified code stands: beside its step, nowhere, at the end, or alone."""

    weights: dict[Component, float] = {}
    """Sampling weight of a component; 1.0 where none is named."""


class Shards(_Model):
    """How the pile becomes Megatron shards."""

    tokenizer: str = "conf/tokenizers/sample.json"
    """A `tokenizer.json`."""

    eod: str | None = None
    """Token that ends each document; found by its usual names when not given."""

    tokens_per_shard: int = Field(1_000_000_000, ge=1000)
    """Tokens in a shard, about."""

    validation_share: float = Field(0.01, ge=0, lt=1)
    """Share of the documents that goes into the validation split."""


class Spark(_Model):
    """The Spark session that is started where none is running."""

    master: str = "local[*]"
    """Spark master."""

    remote: str | None = None
    """Spark Connect: `local[2]` or `sc://host:port`; NULL for a classic session."""

    driver_memory: str = "3g"
    """Heap of the driver, which is also the executor under a local master."""

    shuffle_partitions: int = Field(2, ge=1)
    """Partitions of a shuffle; two or three times the cores of the cluster."""

    bytes_per_batch: str = "1g"
    """Input of one micro-batch, as Delta's maxBytesPerTrigger takes it."""

    conf: dict[str, str] = {}
    """Further Spark settings, by their own names."""


def _local(path: str) -> str:
    return path if is_url(path) else str(Path(path).absolute())


class Settings(_Model):
    """All settings of a run."""

    root: Annotated[str, AfterValidator(_local)] = "./data"
    """Where tables, checkpoints, models, shards and the report live; a path or a URL."""

    catalog: str | None = None
    """`catalog.schema` of Unity Catalog that holds the tables; NULL for tables under `root`."""

    domain: str = "math"
    """Name of a file of conf/domains."""

    crawl: Crawl = Crawl()
    datasets: list[Dataset] = []
    """Data sets to import."""
    extract: Extract = Extract()
    privacy: Privacy = Privacy()
    score: Score = Score()
    label: Label = Label()
    endpoint: Endpoint = Endpoint()
    keep: Keep = Keep()
    duplicates: Duplicates = Duplicates()
    contamination: Contamination = Contamination()
    contexts: Contexts = Contexts()
    translate: Translate = Translate()
    verify: Verify = Verify()
    pile: Pile = Pile()
    shards: Shards = Shards()
    spark: Spark = Spark()


class Domain(_Model):
    """What makes a domain: conf/domains/NAME.yaml."""

    name: str
    """Name of the domain: the label that the filter model gives its documents."""

    extends: str | None = None
    """Domain whose markers stand before these."""

    markers: list[Any]
    """What the raw bytes of a page of the domain hold; see udfs/markers.py."""

    description: str = ""
    """What belongs to it, as a language model that labels documents is told."""

    terms: list[str] = []
    """Words and beginnings of words that documents of the domain use, lower case: evidence for
    the labeller by rules, where formulas stand beside them."""

    needs_terms: bool = False
    """Whether formulas speak for the domain only beside its terms, to the labeller by rules."""

    seed_labels: list[str] = []
    """JSONL files of {text, label} that train the first stage of the filter; `group` keeps rows
    together that are alike."""

    benchmarks: list[Benchmark] = []
    """Benchmarks to keep out of the pile."""


def load(path: str | Path | None = None, words: Iterable[str] = ()) -> Settings:
    """Read settings from a YAML file and `key=value` words, which win.

    Args:
        path: YAML file; conf/local.yaml when None. A relative path that is not found from the
            working directory is looked for beside this package.
        words: each `key=value`, the key dotted (`crawl.paths`), the value YAML.

    Raises:
        SettingsError: a file that is missing or no YAML, an unknown key, a wrong type.
    """
    file = resolve(path) if path is not None else DEFAULT
    if not file.is_file():
        raise SettingsError(f"{file}: no such file; conf/local.yaml is one to start from")
    values = _read_yaml(file)
    for word in words:
        _set(values, word)
    return _validate(Settings, values, str(path or "conf/local.yaml"))


def domain(name: str) -> Domain:
    """Read conf/domains/NAME.yaml.

    Raises:
        SettingsError: there is no such domain, or its file is not valid.
    """
    file = CONF / "domains" / f"{name}.yaml"
    if not file.is_file():
        known = sorted(path.stem for path in file.parent.glob("*.yaml"))
        raise SettingsError(f"domain: no {file.name} in conf/domains; there are {', '.join(known)}")
    found = _validate(Domain, _read_yaml(file), f"conf/domains/{file.name}")
    if found.extends is None:
        return found
    if found.extends == name:
        raise SettingsError(f"conf/domains/{file.name}: extends: a domain does not extend itself")
    base = domain(found.extends)
    return found.model_copy(update={"markers": [*base.markers, *found.markers]})


def resolve(path: str | Path) -> Path:
    """Find a file named in settings: from the working directory, else beside this package."""
    found = Path(path)
    return found if found.exists() or found.is_absolute() else CONF.parent / found


def place(path: str) -> str:
    """Return a file named in settings as every process finds it: absolute, or the URL it is.

    Workers of a Spark Connect server do not run where the command line was typed.
    """
    return path if is_url(path) else str(resolve(path).absolute())


def benchmarks(settings: Settings) -> list[Benchmark]:
    """Return the benchmarks that are kept out: the domain's, then those of the settings."""
    return [*domain(settings.domain).benchmarks, *settings.contamination.benchmarks]


def is_url(path: str) -> bool:
    """Whether a path names a file of a server or a shared store, and none of this machine."""
    return "://" in path or path.startswith("dbfs:")


def dump(settings: Settings) -> str:
    """Return settings as one line of JSON with sorted keys."""
    return json.dumps(settings.model_dump(mode="json"), sort_keys=True, ensure_ascii=False)


def fields(model: type[BaseModel] = Settings, prefix: str = "") -> dict[str, tuple[str, str]]:
    """Return every key with its default (as JSON) and its description, for help and docs."""
    found: dict[str, tuple[str, str]] = {}
    for name, field in model.model_fields.items():
        kind: Any = field.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            found |= fields(kind, f"{prefix}{name}.")
        else:
            default = json.dumps(field.get_default(call_default_factory=True), default=str)
            found[prefix + name] = (default, " ".join((field.description or "").split()))
    return found


def _read_yaml(file: Path) -> dict[str, Any]:
    try:
        values = yaml.safe_load(file.read_text(encoding="utf-8")) or {}
    except yaml.YAMLError as error:
        raise SettingsError(f"{file}: not YAML: {error}") from error
    if not isinstance(values, dict):
        raise SettingsError(f"{file}: holds no mapping of keys to values")
    return values


def _set(values: dict[str, Any], word: str) -> None:
    name, equals, text = word.partition("=")
    if not equals or not name:
        raise SettingsError(f"{word!r}: not of the form key=value, e.g. root=./data")
    try:
        value = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise SettingsError(f"{word!r}: the value is not YAML: {error}") from error
    *parents, leaf = name.split(".")
    for parent in parents:
        inner = values.setdefault(parent, {})
        if not isinstance(inner, dict):
            raise SettingsError(f"{word!r}: {parent} is a value and holds no keys")
        values = inner
    values[leaf] = value


def _validate(model: type[M], values: Mapping[str, Any], source: str) -> M:
    try:
        return model.model_validate(values)
    except ValidationError as error:
        lines = [_explain(model, dict(item), source) for item in error.errors()]
        raise SettingsError("\n".join(lines)) from None


def _explain(model: type[BaseModel], error: dict[str, Any], source: str) -> str:
    place = ".".join(str(part) for part in error["loc"])
    if error["type"] != "extra_forbidden":
        return f"{source}: {place}: {error['msg']} (given: {error['input']!r})"
    here = _model_at(model, error["loc"][:-1])
    unknown = str(error["loc"][-1])
    names = list(here.model_fields) if here else []
    near = difflib.get_close_matches(unknown, names, n=1, cutoff=0.5)
    if near:
        parent = place.rpartition(".")[0]
        remedy = f"did you mean {'.'.join(filter(None, [parent, near[0]]))}?"
    else:
        remedy = f"known here: {', '.join(names)}"
    return f"{source}: unknown key {place}; {remedy}"


def _model_at(model: type[BaseModel], place: tuple[Any, ...]) -> type[BaseModel] | None:
    here: Any = model
    for part in place:
        if isinstance(part, int):
            continue
        here = here.model_fields[part].annotation
        if get_origin(here) is list:
            here = get_args(here)[0]
    return here if isinstance(here, type) and issubclass(here, BaseModel) else None
