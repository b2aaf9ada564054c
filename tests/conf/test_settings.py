"""Settings: one validated model, and errors that name file, key and the nearest right one."""

import pytest

from conf import settings


def test_words_win_over_the_file():
    found = settings.load(words=["root=/data/x", "keep.min_score=0.7", 'crawl.paths=["a", "b"]'])
    assert (found.root, found.keep.min_score, found.crawl.paths) == ("/data/x", 0.7, ["a", "b"])


def test_a_relative_root_becomes_absolute(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    assert settings.load(words=["root=here"]).root == str(tmp_path / "here")


def test_a_url_root_stays_as_it_is():
    assert settings.load(words=["root=s3a://bucket/pile"]).root == "s3a://bucket/pile"


@pytest.mark.parametrize(
    ("word", "message"),
    [
        ("crawl.path=x", "unknown key crawl.path; did you mean crawl.paths?"),
        ("keep.min_scor=1", "did you mean keep.min_score?"),
        ("rot=x", "unknown key rot; did you mean root?"),
        ("keep.min_score=high", "keep.min_score: Input should be a valid number"),
        ("keep.min_score=1.5", "keep.min_score: Input should be less than or equal to 1"),
        ("datasets=[{path: x, component: prose}]", "datasets.0.component"),
        ("datasets=[{path: x, component: web, txt: t}]", "did you mean datasets.0.text?"),
        ("root", "not of the form key=value"),
        ("crawl.paths=[a", "the value is not YAML"),
        ("root.x=1", "root is a value and holds no keys"),
    ],
)
def test_a_wrong_word_is_explained(word, message):
    with pytest.raises(settings.SettingsError, match=None) as error:
        settings.load(words=[word])
    assert message in str(error.value)


def test_an_unknown_key_of_a_file_names_the_file(tmp_path):
    file = tmp_path / "mine.yaml"
    file.write_text("keeps: {min_score: 1}\n")
    with pytest.raises(settings.SettingsError) as error:
        settings.load(file)
    assert str(file) in str(error.value)
    assert "did you mean keep?" in str(error.value)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(settings.SettingsError, match=r"nowhere\.yaml: no such file"):
        settings.load(tmp_path / "nowhere.yaml")


def test_a_file_that_is_no_mapping_is_refused(tmp_path):
    file = tmp_path / "list.yaml"
    file.write_text("- a\n")
    with pytest.raises(settings.SettingsError, match="no mapping"):
        settings.load(file)


@pytest.mark.parametrize("name", ["local", "cluster", "databricks"])
def test_the_shipped_files_are_valid(name):
    assert settings.load(settings.CONF / f"{name}.yaml").domain == "math"


def test_every_key_is_described():
    missing = [name for name, (_, meaning) in settings.fields().items() if not meaning]
    assert missing == []


def test_an_unknown_domain_lists_those_there_are():
    with pytest.raises(settings.SettingsError, match=r"there are .*math"):
        settings.domain("alchemy")


def test_a_file_of_the_settings_is_placed_where_every_process_finds_it(monkeypatch, tmp_path):
    assert settings.place("conf/local.yaml") == str(settings.CONF / "local.yaml")
    assert settings.place("s3://bucket/tokenizer.json") == "s3://bucket/tokenizer.json"
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.json").touch()
    assert settings.place("mine.json") == str(tmp_path / "mine.json")
