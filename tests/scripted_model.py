"""A small HTTP server on loopback in the place of a language model: each test scripts what it answers."""

from __future__ import annotations

import json
import queue
import select
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple

PATIENCE_S = 20


class Asked(NamedTuple):
    path: str
    headers: dict[str, str]
    body: dict[str, Any]


class Exchange:
    """One request and its reply, which streams until the script ends; only `end` ends it well."""

    def __init__(self, handler: BaseHTTPRequestHandler, model: ScriptedModel) -> None:
        self._handler, self._model = handler, model

    def begin(self, status: int = 200, content_type: str = "text/event-stream") -> None:
        self._handler.send_response(status)
        self._handler.send_header("Content-Type", content_type)
        self._handler.send_header("Transfer-Encoding", "chunked")
        self._handler.end_headers()

    def send(self, data: bytes) -> None:
        self._handler.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))
        self._handler.wfile.flush()

    def choose(self, **choice: Any) -> None:
        body = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [choice]}
        self.send(f"data: {json.dumps(body)}\n\n".encode())

    def say(self, *texts: object) -> None:
        for text in texts:
            self.choose(index=0, delta={"content": text}, finish_reason=None)

    def end(self, reason: str = "stop") -> None:
        self.choose(index=0, delta={}, finish_reason=reason)
        self.send(b"data: [DONE]\n\n")
        self.end_body()

    def end_body(self) -> None:
        self._handler.wfile.write(b"0\r\n\r\n")

    def closed_within(self, seconds: float) -> bool:
        """Whether the other side closes the connection in that time."""
        readable, _, _ = select.select([self._handler.connection], [], [], seconds)
        return bool(readable) and self._handler.connection.recv(1) == b""

    def wait_until_closed(self) -> None:
        if self.closed_within(PATIENCE_S):
            self._model.closed.set()


Script = Callable[[Exchange], None]


def saying(*texts: str) -> Script:
    """A model that writes these deltas and ends well."""

    def script(exchange: Exchange) -> None:
        exchange.begin()
        exchange.say(*texts)
        exchange.end()

    return script


def silent(first: str = "") -> Script:
    """A model that writes ``first`` and then nothing more."""

    def script(exchange: Exchange) -> None:
        exchange.begin()
        if first:
            exchange.say(first)
        exchange.wait_until_closed()

    return script


class ScriptedModel:
    """``script`` answers the next requests; ``asked`` has what was asked, ``closed`` tells of a closed connection."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.script: Script = saying("Nothing.")
        self.asked: queue.SimpleQueue[Asked] = queue.SimpleQueue()
        self.closed = threading.Event()

    def will(self, script: Script) -> None:
        self.script = script
        self.closed.clear()
        while not self.asked.empty():
            self.asked.get()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    model: ScriptedModel

    def handle_error(self, request: object, client_address: object) -> None:
        """Nothing: scripts write into connections that have been closed."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        model = self.server.model
        model.asked.put(Asked(self.path, {name.lower(): value for name, value in self.headers.items()}, body))
        self.close_connection = True
        model.script(Exchange(self, model))

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Nothing."""


@contextmanager
def scripted_model() -> Iterator[ScriptedModel]:
    with _Server(("127.0.0.1", 0), _Handler) as server:
        server.model = ScriptedModel(f"http://127.0.0.1:{server.server_port}/v1")
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield server.model
        finally:
            server.shutdown()
            thread.join()
