"""A site of somebody else: a real server on loopback, at an origin of its own, that answers what a test tells it to."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import NamedTuple
from urllib.parse import urlsplit


class Reply(NamedTuple):
    """What is sent; not before ``after`` is set, where that is given."""

    body: str
    status: int = 200
    headers: dict[str, str] = {}  # noqa: RUF012 - nothing writes to it
    after: threading.Event | None = None


class Site:
    """``replies`` holds what each path is answered with, the last one again and again.

    ``asked`` tells what was asked for, and ``sent`` the bodies that came with it, in the same order.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self.replies: dict[str, list[Reply]] = {}
        self.asked: list[str] = []
        self.sent: list[str] = []

    def page(self, html: str, path: str = "/", **headers: str) -> str:
        """Puts a page at a path, and gives its address; of a header's name ``_`` is ``-``."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.replies[path] = [Reply(html, headers={"Content-Type": "text/html; charset=utf-8", **named})]
        return self.url + path


class _Server(ThreadingHTTPServer):
    daemon_threads = False  # closing waits for what is being answered


class _Handler(BaseHTTPRequestHandler):
    timeout = 5  # browsers connect ahead of requests that never come

    def do_GET(self) -> None:
        site: Site = self.server.site  # type: ignore[attr-defined]
        path = urlsplit(self.path).path
        site.sent.append(self.rfile.read(int(self.headers.get("Content-Length", 0))).decode())
        site.asked.append(f"{self.command} {self.path}")
        replies = site.replies.get(path, [Reply("", 204 if path == "/favicon.ico" else 404)])
        reply = replies.pop(0) if len(replies) > 1 else replies[0]
        if reply.after:
            reply.after.wait(30)
        body = reply.body.encode()
        self.send_response(reply.status)
        for name, value in {"Content-Length": str(len(body)), **reply.headers}.items():
            self.send_header(name, value)
        with suppress(ConnectionError):  # a page that was left waits for nothing
            self.end_headers()
            self.wfile.write(body)

    do_POST = do_OPTIONS = do_GET  # noqa: N815

    def log_message(self, format: str, *_: object) -> None:  # noqa: A002
        """Nothing: the test tells what was asked."""


@contextmanager
def site() -> Iterator[Site]:
    with _Server(("127.0.0.1", 0), _Handler) as server:
        server.site = Site(f"http://127.0.0.1:{server.server_port}")  # type: ignore[attr-defined]
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield server.site  # type: ignore[attr-defined]
        finally:
            server.shutdown()
            thread.join()
