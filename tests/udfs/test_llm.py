import dataclasses

import pytest

from tests.udfs import llm_server
from tests.udfs.llm_server import Answer
from udfs import llm

ASKED = [llm.Message("system", "Be brief."), llm.Message("user", "What is $1+1$?")]


def client(url, **more):
    chosen = {"timeout_seconds": 10.0, "tries": 3, "wait_seconds": 0.01, "concurrency": 4} | more
    return llm.Client(llm.Server(url, "test-model", **chosen))


def ask(answer, **more):
    """Ask once; return the reply or the reason, and the server."""
    with llm_server.serving(answer) as server:
        try:
            return client(server.url, **more).complete(ASKED, max_tokens=16), server
        except llm.LlmError as error:
            return error.reason, server


def test_a_completion_comes_with_its_token_counts():
    reply, server = ask(lambda _, __: Answer("$2$"))
    assert reply == llm.Reply("$2$", "stop", 12, 3)
    assert server.requests == [
        {
            "path": "/v1/chat/completions",
            "model": "test-model",
            "messages": [dataclasses.asdict(one) for one in ASKED],
            "max_tokens": 16,
            "temperature": 0.0,
        }
    ]


def test_the_key_is_read_from_its_variable(monkeypatch):
    monkeypatch.setenv("A_KEY", "secret")
    _, server = ask(lambda _, __: Answer(), key_variable="A_KEY")
    assert server.keys == ["Bearer secret"]
    monkeypatch.delenv("A_KEY")
    _, server = ask(lambda _, __: Answer(), key_variable="A_KEY")
    assert server.keys == [None]


@pytest.mark.parametrize(
    "trouble",
    [
        Answer(None, status=429, headers={"Retry-After": "0"}),
        Answer(None, status=500, body=b"<html>"),
        Answer(None, status=503),
        Answer("half", is_cut=True),
        Answer(wait_seconds=1.5),
    ],
    ids=["busy", "error", "unavailable", "cut", "slow"],
)
def test_a_passing_trouble_is_outlived(trouble):
    answer = lambda number, _: trouble if number < 2 else Answer("at last")  # noqa: E731
    reply, server = ask(answer, timeout_seconds=0.5)
    assert reply.text == "at last"
    assert len(server.requests) == 3


@pytest.mark.parametrize(
    ("trouble", "reason", "requests"),
    [
        (Answer(None, status=429), "http_429", 3),
        (Answer(None, status=500), "http_500", 3),
        (Answer("half", is_cut=True), "unreachable", 3),
        (Answer(wait_seconds=1.0), "timeout", 3),
        (Answer(None, status=401, body=b'{"error": "no key"}'), "http_401", 1),
        (Answer(None, status=404), "http_404", 1),
        (Answer(None, status=400, body=b"context length"), "http_400", 1),
        (Answer(None, status=302, headers={"Location": "/elsewhere"}), "http_302", 1),
        (Answer(None, body=b"<html>It works!</html>"), "garbled", 1),
        (Answer(None, body=b"\xff\xfe\x00"), "garbled", 1),
        (Answer(None, body=b"[" * 100_000), "garbled", 1),
        (Answer(None, body=b'{"choices": []}'), "garbled", 1),
        (Answer(None, body=b'{"choices": [{"message": {"content": 7}}]}'), "garbled", 1),
        (Answer(None, body=b"null"), "garbled", 1),
        (Answer(None, body=b'{"choices": [{"message": {"content": null}}]}'), "empty", 1),
        (Answer(" \n"), "empty", 1),
    ],
)
def test_a_lasting_trouble_has_a_reason(trouble, reason, requests):
    found, server = ask(lambda _, __: trouble, timeout_seconds=0.3)
    assert found == reason
    assert len(server.requests) == requests


def test_a_server_that_is_not_there_is_unreachable():
    url = f"http://127.0.0.1:{llm_server.free_port()}/v1"
    with pytest.raises(llm.LlmError) as error:
        client(url).complete(ASKED, max_tokens=1)
    assert error.value.reason == "unreachable"
    with pytest.raises(llm.LlmError) as error:
        client("no url at all").complete(ASKED, max_tokens=1)
    assert error.value.reason == "unreachable"


def test_a_dead_server_is_given_up():
    with llm_server.serving(lambda _, __: Answer(None, status=503)) as server:
        asked = client(server.url, tries=1, concurrency=2)
        found = list(asked.complete_all([ASKED] * 50, max_tokens=1))
    assert len(found) == 50
    assert {error.reason for error in found} == {"http_503", "unreachable"}
    assert len(server.requests) < 12


def test_one_answer_shows_that_a_server_lives():
    answer = lambda number, _: Answer(None, status=503) if number % 3 else Answer()  # noqa: E731
    with llm_server.serving(answer) as server:
        found = list(
            client(server.url, tries=1, concurrency=2).complete_all([ASKED] * 30, max_tokens=1)
        )
    assert sum(isinstance(one, llm.Reply) for one in found) == 10
    assert len(server.requests) == 30


def test_answers_come_in_order_from_bounded_requests():
    def answer(number, body):
        return Answer(body["messages"][0]["content"], wait_seconds=0.03 * (3 - number % 3))

    asked = [[llm.Message("user", f"question {i}")] for i in range(24)]
    with llm_server.serving(answer) as server:
        found = list(client(server.url, concurrency=3).complete_all(asked, max_tokens=1))
    assert [one.text for one in found] == [f"question {i}" for i in range(24)]
    assert server.most_at_once <= 3


def test_an_endless_body_is_no_answer():
    found, _ = ask(lambda _, __: Answer("x" * 20_000_000))
    assert found == "garbled"
