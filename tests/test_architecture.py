"""Imports go one way, and everything a user meets is documented."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from conf import settings as conf_settings
from jobs import command, pipeline

PROJECT = Path(__file__).parent.parent
LAYERS = ("conf", "udfs", "jobs")
MODULES = [path for layer in LAYERS for path in sorted((PROJECT / layer).rglob("*.py"))]


def _imports(path: Path) -> set[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {name.name.split(".")[0] for name in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module.split(".")[0])
    return found


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PROJECT)))
def test_imports_go_one_way(path):
    layer = path.relative_to(PROJECT).parts[0]
    later = set(LAYERS[LAYERS.index(layer) + 1 :]) | {"tests", "notebooks"}
    assert _imports(path) & later == set()
    if layer != "jobs":
        assert "pyspark" not in _imports(path)


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PROJECT)))
def test_every_module_says_what_it_is(path):
    text = path.read_text(encoding="utf-8")
    if path.name != "__init__.py" and text.strip():
        assert ast.get_docstring(ast.parse(text))


def test_a_job_says_from_where_to_where():
    for job in pipeline.JOBS:
        assert re.match(r"[\w, ]+ -> [\w., ]+: \S", job.summary), job.summary


def test_the_command_line_knows_every_job():
    assert list(command._JOB_SUMMARIES) == [job.name for job in pipeline.JOBS]
    for job in pipeline.JOBS:
        said = command._JOB_SUMMARIES[job.name]
        assert said.split(":")[0] == job.summary.split(":")[0]


def test_a_job_reads_what_an_earlier_one_writes():
    written: set[str] = set()
    for job in pipeline.JOBS:
        assert {name for name in job.reads if name not in written} <= {
            "labels",
            "current_scores",
            "evaluations",
            "kept_documents",
        }, job.name
        written |= set(job.writes)


def test_no_job_touches_rdds_or_the_jvm():
    for path in sorted((PROJECT / "jobs").rglob("*.py")):
        names = {
            node.attr
            for node in ast.walk(ast.parse(path.read_text()))
            if isinstance(node, ast.Attribute)
        }
        assert names & {"rdd", "sparkContext", "_jvm", "_jsparkSession", "_sc"} == set(), path


@pytest.mark.parametrize(
    "name", ["run", "sql", "explain", "try", "status", *command._JOB_SUMMARIES]
)
def test_help_reads_well(name):
    said = subprocess.run(
        [sys.executable, "-m", "jobs.command", name, "--help"],
        capture_output=True,
        text=True,
        timeout=60,
        cwd=PROJECT,
    ).stdout
    assert "CONF.yaml" in said
    assert "key=value" in said


def test_the_bundle_runs_the_same_jobs_in_their_order():
    bundle = yaml.safe_load((PROJECT / "conf/databricks/pipeline.yml").read_text())
    tasks = bundle["resources"]["jobs"]["mathcode_pile"]["tasks"]
    assert [task["task_key"] for task in tasks] == [job.name for job in pipeline.JOBS]
    for task in tasks:
        words = task["python_wheel_task"]["parameters"]
        assert words[0] == task["task_key"]
        assert {dep["task_key"] for dep in task.get("depends_on", [])} <= set(
            command._JOB_SUMMARIES
        )
    root = yaml.safe_load((PROJECT / "databricks.yml").read_text())
    assert (PROJECT / root["variables"]["conf"]["default"]).is_file()
    conf_settings.load(PROJECT / root["variables"]["conf"]["default"])


def test_make_lists_its_targets():
    said = subprocess.run(
        ["make", "help"], capture_output=True, text=True, cwd=PROJECT, timeout=60
    ).stdout
    for target in ("setup", "run", "test", "bench", "lint"):
        assert re.search(rf"^{target}\s+\S", said, re.MULTILINE)


def test_the_readme_names_files_and_commands_that_exist():
    text = (PROJECT / "README.md").read_text(encoding="utf-8")
    for name in re.findall(r"jobs/\w+\.py|conf/\w+\.yaml|databricks\.yml|[A-Z]+\.md", text):
        assert (PROJECT / name).exists(), name
    for name in re.findall(r"mathcode-pile (\w+)", text):
        assert name in {
            "run",
            "sql",
            "explain",
            "try",
            "settings",
            "tables",
            *command._JOB_SUMMARIES,
        }, name
