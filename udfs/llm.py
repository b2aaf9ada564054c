"""A client of OpenAI-compatible servers: messages in, text and token counts out.

Everything that asks a model over HTTP goes through it. It outlives busy servers and cut
connections: a request is sent again after 408, 425, 429 and 5xx, refused and cut connections, after
a growing wait with jitter or as long as `Retry-After` says. What is left is an `LlmError` with a
reason in one word, so that a caller can write it into a row. A server that fails again and again is
given up, so that a dead one costs a job some requests and not one for each row.

Protocol: OpenAI API reference, "Create chat completion"; retries: urllib3's `Retry`.
"""

from __future__ import annotations

import json
import os
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import urllib3

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

# Statuses after which the same request may succeed.
_RETRIED = (408, 425, 429, 500, 502, 503, 504, 529)
# Statuses that every further request would meet too: no key, no right, no such address.
_HOPELESS = (401, 403, 404)
_CONNECT_SECONDS = 10.0
# Longest wait between two tries, in seconds, whatever the server asks for.
_LONGEST_WAIT = 120
# A model's answer is short; a server that sends more is no model.
_MOST_BYTES = 16 * 2**20

UNREACHABLE = "unreachable"
"""Reason of a request that met no server, or one that was given up."""


class LlmError(RuntimeError):
    """A request that got no answer.

    Attributes:
        reason: one word: `unreachable`, `timeout`, `http_STATUS`, `garbled`, `empty`.
    """

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(f"{reason}: {message}")
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Server:
    """An OpenAI-compatible server.

    Attributes:
        url: up to and with its version, e.g. `http://localhost:8000/v1`.
        model: name of the model, as the server knows it.
        key_variable: environment variable that holds the key; none is sent where it is not set.
        timeout_seconds: how long an answer may take, in seconds.
        tries: how often a request is sent, at least 1.
        wait_seconds: wait before the second try, in seconds; it doubles with each.
        concurrency: requests under way at once, at least 1.
    """

    url: str
    model: str
    key_variable: str = ""
    timeout_seconds: float = 120.0
    tries: int = 5
    wait_seconds: float = 1.0
    concurrency: int = 8


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a conversation.

    Attributes:
        role: `system`, `user` or `assistant`.
        content: its text.
    """

    role: str
    content: str


@dataclass(frozen=True, slots=True)
class Reply:
    """What a model answered.

    Attributes:
        text: of the answer.
        finish: why it ended: `stop`, `length` and so on; empty when the server does not say.
        prompt_tokens: of the request; None when the server does not say.
        completion_tokens: of the answer; None when the server does not say.
    """

    text: str
    finish: str
    prompt_tokens: int | None
    completion_tokens: int | None


class Client:
    """Asks one server; safe for threads, which share its connections."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self._pool = urllib3.PoolManager(
            num_pools=1,
            maxsize=server.concurrency,
            block=True,
            timeout=urllib3.Timeout(connect=_CONNECT_SECONDS, read=server.timeout_seconds),
            retries=urllib3.Retry(
                total=server.tries - 1,
                redirect=0,
                # None means any: a completion may be asked for twice.
                allowed_methods=None,
                status_forcelist=_RETRIED,
                backoff_factor=server.wait_seconds,
                backoff_jitter=server.wait_seconds,
                backoff_max=_LONGEST_WAIT,
                retry_after_max=_LONGEST_WAIT,
                raise_on_status=False,
                raise_on_redirect=False,
            ),
        )
        self._lock = threading.Lock()
        self._failures = 0

    def complete(
        self, messages: Sequence[Message], *, max_tokens: int, temperature: float = 0.0
    ) -> Reply:
        """Ask for one completion.

        Args:
            messages: the conversation so far.
            max_tokens: longest answer, in tokens.
            temperature: 0 for the likeliest answer.

        Raises:
            LlmError: there is no answer; its `reason` says why.
        """
        with self._lock:
            if self._failures > 2 * self.server.concurrency:
                raise LlmError(
                    UNREACHABLE, f"{self.server.url}: given up after {self._failures} failures"
                )
        try:
            found = self._ask(messages, max_tokens, temperature)
        except LlmError as error:
            hopeless = {UNREACHABLE, "timeout", *(f"http_{status}" for status in _HOPELESS)}
            with self._lock:
                if error.reason in hopeless or error.reason.startswith("http_5"):
                    self._failures += 1
            raise
        with self._lock:
            self._failures = 0
        return found

    def complete_all(
        self,
        conversations: Iterable[Sequence[Message]],
        *,
        max_tokens: int,
        temperature: float = 0.0,
    ) -> Iterator[Reply | LlmError]:
        """Ask for many completions, `concurrency` at once.

        Args:
            conversations: each a list of messages.
            max_tokens: longest answer, in tokens.
            temperature: 0 for the likeliest answer.

        Yields:
            Each one's answer, or why there is none, in order.
        """

        def one(messages: Sequence[Message]) -> Reply | LlmError:
            try:
                return self.complete(messages, max_tokens=max_tokens, temperature=temperature)
            except LlmError as error:
                return error

        with ThreadPoolExecutor(self.server.concurrency) as threads:
            yield from threads.map(one, conversations)

    def _ask(self, messages: Sequence[Message], max_tokens: int, temperature: float) -> Reply:
        server = self.server
        headers = {"Content-Type": "application/json", "Accept": "application/json"}
        key = os.environ.get(server.key_variable) if server.key_variable else None
        if key:
            headers["Authorization"] = f"Bearer {key}"
        body = json.dumps(
            {
                "model": server.model,
                "messages": [{"role": one.role, "content": one.content} for one in messages],
                "max_tokens": max_tokens,
                "temperature": temperature,
            }
        ).encode("utf-8")
        url = f"{server.url.rstrip('/')}/chat/completions"
        try:
            response = self._pool.request("POST", url, body=body, headers=headers)
        except urllib3.exceptions.MaxRetryError as error:
            cause = error.reason
            is_slow = isinstance(cause, urllib3.exceptions.ReadTimeoutError)
            raise LlmError("timeout" if is_slow else UNREACHABLE, f"{url}: {cause}") from error
        except (urllib3.exceptions.HTTPError, ValueError) as error:
            raise LlmError(UNREACHABLE, f"{url}: {error}") from error
        if response.status != 200:
            said = response.data[:300].decode("utf-8", "replace")
            raise LlmError(f"http_{response.status}", f"{url}: {said}")
        return _read(response.data, url)


def _read(data: bytes, url: str) -> Reply:
    """Read the body of an answer.

    Raises:
        LlmError: it is no chat completion, or one without text.
    """
    if len(data) > _MOST_BYTES:
        raise LlmError("garbled", f"{url}: {len(data):,} bytes are no answer")
    try:
        answer: Any = json.loads(data)
        choice = answer["choices"][0]
        text = choice["message"]["content"]
        usage = answer.get("usage") or {}
        if not isinstance(text, str) and text is not None:
            raise TypeError(f"content is {type(text).__name__}")
        counts = [usage.get(name) for name in ("prompt_tokens", "completion_tokens")]
    except (ValueError, KeyError, IndexError, TypeError, AttributeError, RecursionError) as error:
        said = data[:200].decode("utf-8", "replace")
        raise LlmError("garbled", f"{url}: no chat completion ({error!r}): {said}") from error
    if not text or not text.strip():
        raise LlmError("empty", f"{url}: an answer without text")
    prompt, completion = (value if isinstance(value, int) else None for value in counts)
    return Reply(text, str(choice.get("finish_reason") or ""), prompt, completion)
