import hashlib
import json
import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import AddedToken, Tokenizer, models, pre_tokenizers, processors

from conf.tokenizers import build
from udfs import tokens

SAMPLE = str(build.TARGET)


def saved(tmp_path: Path, tokenizer: Tokenizer) -> str:
    path = tmp_path / "tokenizer.json"
    tokenizer.save(str(path))
    return str(path)


def byte_level(*special: str) -> Tokenizer:
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    tokenizer = Tokenizer(models.BPE({c: i for i, c in enumerate(alphabet)}, []))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.add_special_tokens(list(special))
    return tokenizer


@settings(max_examples=300, derandomize=True, deadline=None)
@given(st.text() | st.text(alphabet="\\{}$^_ \n\t\r0123456789abcxyz+=<|>/é漢🙂\x00"))
def test_sample_tokenizer_gives_any_text_back(text):
    tokenizer = tokens.load(SAMPLE)
    (ids,) = tokenizer.encode([text])
    assert tokenizer.decode(ids) == text


def test_sample_tokenizer_is_small_and_has_what_shards_need():
    tokenizer = tokens.load(SAMPLE)
    assert tokenizer.vocab_size == build.VOCAB_SIZE
    assert tokenizer.tokenizer.token_to_id(build.EOD) == tokenizer.eod_id() == 0
    assert build.TARGET.stat().st_size < 400_000


def test_sample_tokenizer_spends_fewer_tokens_than_bytes_on_mathematics():
    text = r"We get $x = \frac{-b + \sqrt{b^2 - 4ac}}{2a}$, so `from math import sqrt` helps."
    assert tokens.load(SAMPLE).count([text])[0] < len(text.encode()) / 2


def test_training_is_deterministic():
    texts = ["the sum of two numbers", r"$\frac{1}{2} + \frac{1}{3}$", "def area(r): return r"] * 9
    first = build.train(texts, 280).to_str()
    assert build.train(reversed(texts), 280).to_str() == first
    assert Tokenizer.from_str(first).get_vocab_size() == 280


@pytest.mark.parametrize("name", tokens.USUAL_EOD)
def test_eod_is_found_by_its_usual_names(tmp_path, name):
    tokenizer = tokens.load(saved(tmp_path, byte_level("<pad>", name)))
    assert tokenizer.eod_id() == 257
    assert tokenizer.eod_id("<pad>") == 256


def test_missing_eod_names_file_and_remedy(tmp_path):
    path = saved(tmp_path, byte_level("<stop>"))
    with pytest.raises(ValueError, match=r"tokenizer\.json: no usual .* shards\.eod \(<stop>\)"):
        tokens.load(path).eod_id()
    with pytest.raises(ValueError, match=r"no token '</s>'"):
        tokens.load(path).eod_id("</s>")


@pytest.mark.parametrize("name", tokens.USUAL_EOD)
def test_text_that_spells_a_special_token_yields_plain_tokens(tmp_path, name):
    tokenizer = tokens.load(saved(tmp_path, byte_level(name)))
    (ids,) = tokenizer.encode([f"ends with {name} here"])
    assert tokenizer.eod_id() not in ids
    assert len(ids) == len(f"ends with {name} here".encode())


def test_no_bos_is_added(tmp_path):
    raw = byte_level("<s>", "</s>")
    raw.post_processor = processors.TemplateProcessing("<s> $A", special_tokens=[("<s>", 256)])
    tokenizer = tokens.load(saved(tmp_path, raw))
    assert [len(ids) for ids in tokenizer.encode(["ab"])] == [2]
    assert tokenizer.count(["ab"]) == [2]


def test_truncation_and_padding_of_the_file_are_switched_off(tmp_path):
    raw = byte_level("</s>")
    raw.enable_truncation(4)
    raw.enable_padding(length=16)
    tokenizer = tokens.load(saved(tmp_path, raw))
    assert tokenizer.count(["", "ab", "abcdefgh"]) == [0, 2, 8]


def test_vocabulary_counts_holes_and_added_tokens(tmp_path):
    raw = Tokenizer(models.WordLevel({"a": 0, "[UNK]": 70000}, unk_token="[UNK]"))
    raw.add_tokens([AddedToken("</s>", special=True)])
    tokenizer = tokens.load(saved(tmp_path, raw))
    assert tokenizer.vocab_size == 70001


def test_fingerprint_is_the_hash_of_the_file(tmp_path):
    path = saved(tmp_path, byte_level("</s>"))
    digest = hashlib.sha256(Path(path).read_bytes()).hexdigest()
    assert tokens.load(path).fingerprint == digest[:32]
    assert tokens.load(f"file://{path}").fingerprint == digest[:32]


def test_a_tokenizer_is_loaded_once():
    assert tokens.load(SAMPLE) is tokens.load(SAMPLE)


def test_encoding_in_chunks_equals_encoding_one_by_one():
    texts = ["", "short", "x = 1\n" * 60_000, "  ", r"\frac{1}{2}" * 30_000, "end"]
    tokenizer = tokens.load(SAMPLE)
    apart = [tokenizer.tokenizer.encode(text, add_special_tokens=False).ids for text in texts]
    assert list(tokenizer.encode(texts)) == apart
    assert tokenizer.count(texts) == [len(ids) for ids in apart]


def test_encoding_uses_one_thread(monkeypatch):
    monkeypatch.setenv("TOKENIZERS_PARALLELISM", "true")
    tokens.load(SAMPLE).count(["x"])
    assert os.environ["TOKENIZERS_PARALLELISM"] == "false"


def test_missing_file_is_named():
    with pytest.raises(FileNotFoundError, match=r"no-such\.json: no such tokenizer"):
        tokens.load("no-such.json")


@pytest.mark.parametrize("content", [b"", b"{}", b"\xff\xfe", json.dumps({"model": 3}).encode()])
def test_a_file_of_another_kind_is_refused(tmp_path, content):
    path = tmp_path / "other.json"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"other\.json: not a tokenizer\.json"):
        tokens.load(str(path))
