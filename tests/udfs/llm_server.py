"""A server on loopback that speaks the chat completion protocol, and misbehaves as it is told."""

from __future__ import annotations

import contextlib
import json
import socket
import struct
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@dataclass(frozen=True)
class Answer:
    """What one request gets.

    Attributes:
        text: of the completion; None for `body` as it is.
        status: of the response.
        body: instead of a completion.
        headers: further ones.
        is_cut: whether the connection is reset in the middle of the body.
        wait_seconds: before anything is sent.
    """

    text: str | None = "hello"
    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    is_cut: bool = False
    wait_seconds: float = 0.0


@dataclass
class Server:
    """What the server was asked, and how."""

    url: str
    requests: list[dict[str, Any]] = field(default_factory=list)
    keys: list[str | None] = field(default_factory=list)
    most_at_once: int = 0


@contextlib.contextmanager
def serving(answer: Callable[[int, dict[str, Any]], Answer]) -> Iterator[Server]:
    """Serve; `answer` gets the request's number, from 0, and its body."""
    lock = threading.Lock()
    at_once = 0

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *words: object) -> None:
            pass

        def do_POST(self) -> None:
            nonlocal at_once
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            with lock:
                number = len(found.requests)
                found.requests.append({"path": self.path, **body})
                found.keys.append(self.headers["Authorization"])
                at_once += 1
                found.most_at_once = max(found.most_at_once, at_once)
            try:
                self._send(answer(number, body))
            finally:
                with lock:
                    at_once -= 1

        def _send(self, one: Answer) -> None:
            time.sleep(one.wait_seconds)
            data = one.body if one.text is None else completion(one.text)
            with contextlib.suppress(ConnectionError):
                self.send_response(one.status)
                for name, value in one.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(data) + (10 if one.is_cut else 0)))
                self.end_headers()
                self.wfile.write(data)
                self.wfile.flush()
            if one.is_cut:
                # A reset, as of a server that was killed.
                self.connection.setsockopt(
                    socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)
                )
                self.connection.close()
                self.close_connection = True

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    found = Server(f"http://127.0.0.1:{server.server_address[1]}/v1")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield found
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def completion(text: str) -> bytes:
    """Return the body of a completion."""
    return json.dumps(
        {
            "id": "chatcmpl-1",
            "object": "chat.completion",
            "choices": [
                {
                    "index": 0,
                    "message": {"role": "assistant", "content": text},
                    "finish_reason": "stop",
                }
            ],
            "usage": {"prompt_tokens": 12, "completion_tokens": 3, "total_tokens": 15},
        }
    ).encode()


def free_port() -> int:
    """Return a port at which nothing listens."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])
