"""A file server on this machine that fails as told, over HTTP and as a bucket of S3."""

import contextlib
import http.server
import re
import threading
import time
import urllib.parse
from collections import Counter
from xml.sax.saxutils import escape


@contextlib.contextmanager
def serving():
    """Run a `Server` for the body."""
    running = Server()
    thread = threading.Thread(target=running.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield running
    finally:
        running.is_closing.set()
        running.shutdown()
        running.server_close()
        thread.join()


class Server(http.server.ThreadingHTTPServer):
    """A file server that fails as told.

    Attributes:
        contents: bytes by path.
        faults: for each path the faults of its next requests: a status code, "cut" (half of
            what is due, then the connection ends), "no range" (the whole file instead), "wrong
            range" (one that begins later), "slow" (a byte, then silence), "busy" (503 with
            Retry-After: 1) or "changed" (from now on another version of the file).
        asked: (method, path, Range header) of each request.
        began: when each request came, in seconds of the monotonic clock.
    """

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.contents = {}
        self.faults = {}
        self.asked = []
        self.began = []
        self.versions = Counter()
        self.is_closing = threading.Event()
        self.url = f"http://127.0.0.1:{self.server_port}"


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def do_HEAD(self):
        self.answer(with_body=False)

    def do_GET(self):
        self.answer(with_body=True)

    def answer(self, with_body):
        path, _, query = self.path.partition("?")
        wanted = self.headers.get("Range", "")
        self.server.asked.append((self.command, path, wanted))
        self.server.began.append(time.monotonic())
        if "list-type=2" in query:
            self.list_bucket(path.strip("/"), urllib.parse.parse_qs(query))
            return
        faults = self.server.faults.get(path, [])
        fault = faults.pop(0) if faults else None
        data = self.server.contents.get(path)
        if fault == "changed":
            self.server.versions[path] += 1
        if isinstance(fault, int) or data is None:
            self.send(fault or 404, b"")
            return
        if fault == "busy":
            self.send(503, b"<Code>SlowDown</Code>", extra={"Retry-After": "1"})
            return
        span = re.fullmatch(r"bytes=(\d+)-(\d*)", wanted)
        status, extra = 200, {"Accept-Ranges": "bytes", "ETag": f'"{self.server.versions[path]}"'}
        body = data
        known = self.headers.get("If-Match")
        if known and known != extra["ETag"]:
            self.send(412, b"")
            return
        if span and int(span[1]) >= len(data):
            self.send(416, b"")
            return
        if span and fault != "no range":
            begin = int(span[1]) + (7 if fault == "wrong range" else 0)
            end = min(int(span[2]) + 1, len(data)) if span[2] else len(data)
            body = data[begin:end]
            status = 206
            extra["Content-Range"] = f"bytes {begin}-{end - 1}/{len(data)}"
        sent = body[: {"cut": len(body) // 2, "slow": 1}.get(fault, len(body))]
        self.send(status, sent if with_body else b"", length=len(body), extra=extra)
        if fault == "slow":
            self.wfile.flush()
            self.server.is_closing.wait(30)
        if fault in ("cut", "slow"):
            self.close_connection = True

    def list_bucket(self, bucket, query):
        prefix = query.get("prefix", [""])[0]
        found = [
            (path.removeprefix(f"/{bucket}/"), data)
            for path, data in sorted(self.server.contents.items())
            if path.startswith(f"/{bucket}/{prefix}")
        ]
        items = "".join(
            f"<Contents><Key>{escape(key)}</Key><Size>{len(data)}</Size>"
            "<LastModified>2026-10-01T00:00:00.000Z</LastModified></Contents>"
            for key, data in found
        )
        body = (
            '<?xml version="1.0"?><ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
            f"<Name>{bucket}</Name><Prefix>{escape(prefix)}</Prefix><IsTruncated>false</IsTruncated>"
            f"<KeyCount>{len(found)}</KeyCount>{items}</ListBucketResult>"
        ).encode()
        self.send(200, body, extra={"Content-Type": "application/xml"})

    def send(self, status, body, length=None, extra=None):
        self.send_response(status)
        self.send_header("Content-Length", str(len(body) if length is None else length))
        for name, value in (extra or {}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)
