"""One Spark session for all tests, and a root of its own for each."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest
from filelock import FileLock
from hypothesis import HealthCheck, settings

from conf import settings as conf_settings
from tests import lake

# The same examples in every run: a failure that only one machine sees helps nobody.
settings.register_profile(
    "stable",
    derandomize=True,
    deadline=None,
    max_examples=60,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
settings.load_profile("stable")

PROJECT = Path(__file__).parent.parent

# Long ones first, so that no worker ends with one of them while the other has nothing left. The
# second needs no undisturbed root, which the first makes in the meantime.
_LONG = (
    "test_a_killed_run",
    "test_an_index_chooses",
    "test_spark_connect",
    "test_spark_submit",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the long tests, then those that need a Spark session (each worker has one)."""
    items.sort(key=_rank)


def _rank(item: pytest.Item) -> int:
    for rank, name in enumerate(_LONG):
        if item.name.startswith(name):
            return rank
    return len(_LONG) + ("spark" not in getattr(item, "fixturenames", ()))


@pytest.fixture(scope="session")
def spark(tmp_path_factory):
    """Return the session that all in-process tests share."""
    from jobs import session

    root = tmp_path_factory.mktemp("spark")
    log = root / "spark.log"
    found = session.start(
        conf_settings.load(
            words=[f"root={root}", "spark.master=local[2]", "spark.driver_memory=2g"]
        ),
        log,
    )
    yield found
    found.stop()


@pytest.fixture(scope="session")
def undisturbed(tmp_path_factory, worker_id) -> Path:
    """Return a root in which `mathcode-pile run` has run once, on the sample; read only."""
    # Workers have folders of their own below one that they share.
    base = tmp_path_factory.getbasetemp()
    shared = base if worker_id == "master" else base.parent
    found = shared / "undisturbed"
    with FileLock(shared / "undisturbed.lock"):
        if not (found / "report.html").exists():
            ended = lake.command("run", f"root={found}")
            assert "verified programs" in ended.stderr
    return found


@pytest.fixture
def root_settings(tmp_path):
    """Return a function that makes settings with a root in this test's folder."""

    def make(*words: str):
        return conf_settings.load(words=[f"root={tmp_path / 'root'}", *words])

    return make


@pytest.fixture(scope="session")
def sample_labels() -> list[dict]:
    """Return the labels of the sample crawl, one a response."""
    text = (PROJECT / "conf/sample/labels.jsonl").read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines()]


@pytest.fixture
def jsonl(tmp_path):
    """Return a function that writes rows to a JSONL file and returns its path."""

    def write(name: str, rows: list[dict]) -> Path:
        path = tmp_path / name
        data = "".join(json.dumps(row) + "\n" for row in rows).encode()
        path.write_bytes(gzip.compress(data, mtime=0) if name.endswith(".gz") else data)
        return path

    return write
