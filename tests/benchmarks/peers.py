"""Private environments for the peers, so that theirs and ours never mix.

They lie in `.bench/` at the root of the repository, are made when first needed, and can be
deleted at any time. Packages come from the index that uv is set up for.
"""

from __future__ import annotations

import hashlib
import re
import shutil
import subprocess
import sys
from pathlib import Path

PROJECT = Path(__file__).parent.parent.parent
FOLDER = PROJECT / ".bench"
INSTALL_SECONDS = 600.0


class PeerError(Exception):
    """A peer's environment could not be made; the message says why."""


def python_for(packages: tuple[str, ...], folder: Path = FOLDER) -> Path:
    """Return the interpreter of an environment with exactly these packages.

    Args:
        packages: requirements; none for the environment that this runs in.
        folder: where the environments lie.

    Raises:
        PeerError: there is no uv, or it cannot install them.
    """
    if not packages:
        return Path(sys.executable)
    digest = hashlib.sha256(repr((sys.version, packages)).encode()).hexdigest()[:8]
    name = re.sub(r"[^\w.=-]+", "-", packages[0]).strip("-.")
    home = folder / f"{name}-{digest}"
    python = home / "bin" / "python"
    done = home / "complete"
    if done.exists() and python.exists():
        return python
    uv = _find_uv()
    folder.mkdir(parents=True, exist_ok=True)
    (folder / ".gitignore").write_text("*\n", encoding="ascii")
    shutil.rmtree(home, ignore_errors=True)
    _run([uv, "venv", "--quiet", "--python", sys.executable, str(home)])
    _run(
        [uv, "pip", "install", "--quiet", "--compile-bytecode", "--python", str(python), *packages]
    )
    done.touch()
    return python


def _find_uv() -> str:
    beside = Path(sys.executable).parent / "uv"
    found = str(beside) if beside.exists() else shutil.which("uv")
    if found is None:
        raise PeerError("there is no uv to install it with")
    return found


def _run(command: list[str]) -> None:
    try:
        subprocess.run(command, check=True, capture_output=True, text=True, timeout=INSTALL_SECONDS)
    except subprocess.TimeoutExpired as error:
        raise PeerError(f"{' '.join(command[1:3])} took over {INSTALL_SECONDS:g} s") from error
    except (OSError, subprocess.CalledProcessError) as error:
        said = " ".join((getattr(error, "stderr", "") or str(error)).split())
        raise PeerError(f"{' '.join(command[1:3])} failed: {said[:300]}") from error
