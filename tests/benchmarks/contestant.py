"""Runs one contestant in a process of its own, in whichever environment has its packages.

    python -m tests.benchmarks.contestant JOB.json

Standard library alone. The job names the function, the folders, the pipe ends of the clock and
the control group to join, and whether to look up versions; what came out is written to
`result.json` beside it.
"""

from __future__ import annotations

import importlib
import json
import os
import platform
import sys
from importlib import metadata
from pathlib import Path

from tests.benchmarks.case import Clock


def main(job_file: Path) -> None:
    """Run what the job file says."""
    job = json.loads(job_file.read_text(encoding="utf-8"))
    if job["group"]:
        Path(job["group"], "cgroup.procs").write_text(str(os.getpid()), encoding="ascii")
    for end in (job["marks"], job["answers"]):
        os.set_inheritable(end, False)  # what a contestant starts has no business with them
    clock = Clock(job["marks"], job["answers"])
    module, _, name = job["function"].partition(":")
    function = getattr(importlib.import_module(module), name)
    out = Path(job["out"])
    summary = function(Path(job["given"]), out, clock, **job["options"])
    if clock.wall_seconds is None:
        raise RuntimeError(f"{job['function']} did no work within `with clock:`")
    result = {
        "wall_seconds": clock.wall_seconds,
        "summary": summary,
        "versions": loaded_versions() if job["versions"] else {},
    }
    target = job_file.with_name("result.json")
    target.write_text(json.dumps(result), encoding="utf-8")


def loaded_versions() -> dict[str, str]:
    """Return the version of Python and of each distribution of which a module is loaded."""
    loaded = {name.partition(".")[0] for name in list(sys.modules)}
    owners = metadata.packages_distributions()
    names = {owner for module in loaded for owner in owners.get(module, ())}
    found = {name: metadata.version(name) for name in sorted(names, key=str.lower)}
    return {"python": platform.python_version()} | found


if __name__ == "__main__":
    main(Path(sys.argv[1]))
