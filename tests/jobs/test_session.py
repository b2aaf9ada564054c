"""Starting: the right pair, the right Java, one driver a root."""

from __future__ import annotations

import subprocess
import sys

import pytest

from jobs import session


def test_a_pair_that_was_not_built_together_is_refused(monkeypatch):
    monkeypatch.setattr(
        session,
        "installed_version",
        lambda name: {"pyspark": "4.0.0", "delta-spark": "4.4.0"}[name],
    )
    with pytest.raises(session.SessionError, match="with delta-spark 4"):
        session.check_pair()


def _java_home(folder, version):
    (folder / "bin").mkdir(parents=True)
    (folder / "bin" / "java").touch()
    (folder / "release").write_text(f'JAVA_VERSION="{version}"\n')
    return str(folder)


def test_java_home_is_taken_when_its_version_serves(monkeypatch, tmp_path):
    home = _java_home(tmp_path / "jdk", "21.0.4")
    monkeypatch.setenv("JAVA_HOME", home)
    assert session.find_java() == home


def test_an_old_java_home_is_passed_over_for_one_on_the_path(monkeypatch, tmp_path):
    monkeypatch.setenv("JAVA_HOME", _java_home(tmp_path / "old", "11.0.2"))
    home = _java_home(tmp_path / "new", "17.0.1")
    monkeypatch.setenv("PATH", f"{home}/bin")
    (tmp_path / "new/bin/java").chmod(0o755)
    assert session.find_java() == home


def test_no_java_is_one_line_that_says_what_to_type(monkeypatch, tmp_path):
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(session, "_JAVA_FOLDERS", (str(tmp_path),))
    with pytest.raises(session.SessionError, match="make setup"):
        session.find_java()


def test_a_second_driver_at_a_root_waits_and_then_says_so(root_settings):
    settings = root_settings()
    held = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import sys, time\nfrom conf import settings\nfrom jobs import session\n"
            f"with session.locked(settings.load(words=['root={settings.root}'])):\n"
            "    print('held', flush=True)\n    time.sleep(60)\n",
        ],
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert held.stdout is not None
        assert held.stdout.readline().strip() == "held"
        with (
            pytest.raises(session.SessionError, match="another run is at work here"),
            session.locked(settings, wait_seconds=0.5),
        ):
            pass
    finally:
        held.kill()
        held.wait()
    with session.locked(settings, wait_seconds=5):
        pass


def test_tables_are_read_without_spark(spark, root_settings):
    from deltalake import DeltaTable

    settings = root_settings()
    from conf import tables

    for name in tables.NAMES:
        if tables.table(name).is_view:
            continue
        session.create(spark, settings, name)
        found = DeltaTable(session.table_path(settings, name))
        wanted = [column.name for column in tables.table(name).columns]
        assert found.schema().to_arrow().names == wanted
        assert found.protocol().min_reader_version == 1
