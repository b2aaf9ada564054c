from itertools import pairwise

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from conf import settings as conf_settings
from conf import tables
from tests.udfs import llm_server
from tests.udfs.llm_server import Answer
from udfs import llm
from udfs.label import Endpoint, Rules, label_documents
from udfs.label.stage import excerpt, parse

RULES = Rules("math", ("equation", "theorem"))


def documents(texts):
    count = len(texts)
    return pa.RecordBatch.from_pydict(
        {
            "doc_id": [f"doc{i:03}" for i in range(count)],
            "text": pa.array(texts, pa.string()),
            "score": pa.array([0.9] * count, pa.float64()),
            "weight": pa.array([2.0] * count, pa.float64()),
        }
    )


def rows(batches, labeller):
    found = [
        row for batch in label_documents(batches, labeller=labeller) for row in batch.to_pylist()
    ]
    for row in found:
        assert row.pop("labelled_at")
    return found


def endpoint(url, **more):
    server = llm.Server(url, "judge", tries=2, wait_seconds=0.01, timeout_seconds=5, concurrency=4)
    prompt = "Is it {domain}, that is {description}?"
    return Endpoint(server, prompt, "math", "sums and proofs", 100, **more)


def test_rules_label_each_document():
    texts = ["Solve $x^2 = 4$: the equation has two roots.", "A chair.", ""]
    [batch] = label_documents([documents(texts)], labeller=RULES)
    assert batch.schema == tables.arrow_schema(tables.LABELS)
    found = batch.to_pylist()
    assert [row["label"] for row in found] == ["math", "other", "other"]
    assert {row["labeller"] for row in found} == {RULES.name}
    assert all(0.5 <= row["confidence"] <= 1 for row in found)
    assert [(row["score"], row["weight"], row["rejected_by"]) for row in found] == [
        (0.9, 2.0, None)
    ] * 3


@given(st.lists(st.integers(0, 9), max_size=4))
def test_result_does_not_depend_on_batching(cuts):
    whole = documents([f"Page {i}: $x_{i} = {i}$. " * (i % 4) for i in range(9)])
    edges = sorted({0, 9, *cuts})
    parts = [whole.slice(a, b - a) for a, b in pairwise(edges)]
    assert rows(parts, RULES) == rows([whole], RULES)


def test_a_labeller_is_named_by_what_it_judges_by():
    url = "http://localhost/v1"
    names = {
        RULES.name,
        Rules("math", ("equation",)).name,
        Rules("physics", ("equation", "theorem")).name,
        endpoint(url).name,
        Endpoint(llm.Server(url, "judge"), "Another prompt", "math", "x", 100).name,
        Endpoint(llm.Server(url, "other"), "Another prompt", "math", "x", 100).name,
    }
    assert len(names) == 6
    # Where the server stands changes no judgement.
    assert endpoint(url).name == endpoint("https://elsewhere/v1").name


def test_a_model_is_asked_with_prompt_and_excerpt():
    def answer(_, body):
        label = "math" if "$" in body["messages"][1]["content"] else "other"
        return Answer(f'{{"label": "{label}", "confidence": 0.75}}')

    with llm_server.serving(answer) as server:
        found = rows([documents(["$x = 1$", "a chair"])], endpoint(server.url))
    assert [(row["label"], row["confidence"]) for row in found] == [("math", 0.75), ("other", 0.75)]
    said = server.requests[0]["messages"]
    assert said[0] == {"role": "system", "content": "Is it math, that is sums and proofs?"}
    assert said[1]["role"] == "user"


def test_a_document_without_an_answer_is_a_row_with_a_reason():
    def answer(_, body):
        text = body["messages"][1]["content"]
        return {
            "good": Answer('{"label": "math"}'),
            "chatty": Answer("Sure! The label is math."),
            "busy": Answer(None, status=429),
            "broken": Answer(None, body=b"<html>"),
        }[text]

    with llm_server.serving(answer) as server:
        found = rows(
            [documents(["good", "chatty", "busy", "broken", "good"])], endpoint(server.url)
        )
    assert [(row["label"], row["rejected_by"]) for row in found] == [
        ("math", None),
        (None, "failed_answer"),
        (None, "failed_http_429"),
        (None, "failed_garbled"),
        ("math", None),
    ]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('{"label": "math", "confidence": 0.9}', ("math", 0.9)),
        (' {"label": "other"}\n', ("other", None)),
        ('{"label": "other", "confidence": null}', ("other", None)),
        ('```json\n{"label": "math", "confidence": 1}\n```', ("math", 1.0)),
        ('{"label": "Math"}', None),
        ('{"label": "physics"}', None),
        ('{"label": "math", "confidence": 2}', None),
        ('{"label": "math", "confidence": true}', None),
        ('{"label": "math", "confidence": NaN}', None),
        ('{"label": ["math"]}', None),
        ('{"label": "math", "why": "formulas"}', None),
        ('{"confidence": 0.5}', None),
        ('The label is {"label": "math"}', None),
        ('[{"label": "math"}]', None),
        ("math", None),
        ("", None),
        ("[" * 100_000, None),
    ],
)
def test_an_answer_is_read_strictly(text, found):
    judged = parse(text, "math")
    if found is None:
        assert (judged.label, judged.reason) == (None, "failed_answer")
    else:
        assert (judged.label, judged.confidence, judged.reason) == (*found, None)


@given(st.text(max_size=300), st.integers(10, 200))
def test_an_excerpt_is_no_longer_than_asked_and_begins_as_the_text(text, most):
    cut = excerpt(text, most)
    assert len(cut) <= most + len("\n[...]\n")
    assert text.startswith(cut[: most // 2])
    if len(text) <= most:
        assert cut == text


def test_the_stored_prompt_names_what_it_is_given():
    prompt = conf_settings.resolve(conf_settings.Label().prompt).read_text(encoding="utf-8")
    assert "{domain}" in prompt
    assert "{description}" in prompt
    assert '"label"' in prompt
    assert conf_settings.domain("math").description
