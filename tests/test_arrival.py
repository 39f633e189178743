"""How a request arrives: what is too long, too slow or packed, by sockets and with real services."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import anyio
import httpx
import pytest
from starlette.types import Message, Receive, Scope, Send

from qa.serving.arrival import LARGEST_HEAD, Arrival
from tests.conftest import environment, eventually, serving
from tests.openai_clients import JSON, QUESTION
from tests.test_service import problem

ASK: dict[str, Any] = {"question": QUESTION, "top_k": 1}
PATIENCE_S = 1.5


@pytest.fixture(scope="module")
def impatient(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    with serving(environment(tmp_path_factory.mktemp("arrival"), QA_REQUEST_TIMEOUT=str(PATIENCE_S))) as client:
        yield client


class Connection(NamedTuple):
    """A socket to a service, for what no client sends."""

    socket: socket.socket

    def send(self, *parts: bytes) -> None:
        for part in parts:
            self.socket.sendall(part)

    def trickle(self, part: bytes) -> bytes:
        """What the service replies to one who sends ``part`` again and again; nothing if it only closes."""
        self.socket.settimeout(0.1)
        until = time.monotonic() + 10 * PATIENCE_S
        while time.monotonic() < until:
            try:
                self.socket.sendall(part)
                return self._rest(self.socket.recv(65536))
            except TimeoutError:
                continue
            except OSError:
                return b""
        raise AssertionError("the service goes on to listen")

    def until(self, said: bytes) -> None:
        received = b""
        while said not in received:
            more = self.socket.recv(65536)
            assert more, received
            received += more

    def rest(self) -> bytes:
        """All until the service closes the connection."""
        self.socket.settimeout(10 * PATIENCE_S)
        return self._rest(b"")

    def _rest(self, received: bytes) -> bytes:
        try:
            while more := self.socket.recv(65536):
                received += more
        except ConnectionResetError:
            pass
        return received


@contextmanager
def connected(service: httpx.Client) -> Iterator[Connection]:
    with socket.create_connection(("127.0.0.1", service.base_url.port or 0), timeout=10) as connection:
        yield Connection(connection)


def parsed(reply: bytes) -> tuple[int, dict[str, str], str]:
    head, _, body = reply.partition(b"\r\n\r\n")
    status, *lines = head.decode().split("\r\n")
    headers = dict(line.lower().split(": ", 1) for line in lines)
    return int(status.split()[1]), headers, body.decode()


def head_of(path: str, length: int, *more: str) -> bytes:
    lines = [
        f"POST {path} HTTP/1.1",
        "Host: essay",
        "Content-Type: application/json",
        f"Content-Length: {length}",
        *more,
    ]
    return "\r\n".join([*lines, "", ""]).encode()


@pytest.mark.parametrize(
    ("path", "where"),
    [
        ("/ask", ["detail"]),
        ("/index/rebuild", ["detail"]),
        ("/v1/chat/completions", ["error", "message"]),
        ("/mcp", ["error", "message"]),
        ("/retrieval", ["error_msg"]),
        ("/chat/ui", None),
    ],
)
def test_a_body_that_trickles_is_a_408_in_the_protocols_own_form(
    impatient: httpx.Client, path: str, where: list[str] | None
) -> None:
    with connected(impatient) as connection:
        began = time.monotonic()
        connection.send(head_of(path, 5000))
        status, headers, body = parsed(connection.trickle(b"{"))
        assert PATIENCE_S <= time.monotonic() - began < 8 * PATIENCE_S
    assert (status, headers["connection"]) == (408, "close")
    if where is not None:
        told: Any = json.loads(body)
        for name in where:
            told = told[name]
        body = told
    assert body.startswith("the body did not arrive in 1.5 s")


def test_a_body_that_comes_in_parts_and_in_time_is_answered(impatient: httpx.Client) -> None:
    body = json.dumps(ASK).encode()
    reply = impatient.post("/ask", content=iter([body[:9], body[9:]]), headers=JSON)
    assert reply.json()["question"] == QUESTION


@pytest.mark.parametrize("already", [b"", b"GET /livez HTTP/1.1\r\nHost: essay\r\n\r\n"])
def test_a_head_that_trickles_is_a_408_on_a_new_connection_and_a_used_one(
    impatient: httpx.Client, already: bytes
) -> None:
    with connected(impatient) as connection:
        if already:
            connection.send(already)
            connection.until(b'"alive"')
        connection.send(b"GET /livez HTTP/1.1\r\nX-Slow: ")
        status, headers, body = parsed(connection.trickle(b"a"))
    assert (status, headers["connection"]) == (408, "close")
    assert body == "The head of the request did not arrive in 1.5 s."


@pytest.mark.parametrize("sent", [b"", b"\r\n"])
def test_a_connection_that_sends_no_request_is_closed(impatient: httpx.Client, sent: bytes) -> None:
    with connected(impatient) as connection:
        assert (connection.trickle(sent) if sent else connection.rest()) == b""


def test_a_body_that_goes_on_after_its_reply_holds_no_connection(impatient: httpx.Client) -> None:
    with connected(impatient) as connection:
        connection.send(head_of("/index/rebuild", 30_000).replace(b"POST /index/rebuild", b"PUT /documents/tea"))
        assert connection.socket.recv(65536).startswith(b"HTTP/1.1 403")
        assert connection.trickle(b"a") == b""


def test_a_head_without_end_is_a_431_long_before_it_fills_the_memory(impatient: httpx.Client) -> None:
    with connected(impatient) as connection:
        connection.send(b"GET /livez HTTP/1.1\r\nX-Long: ")
        status, _, body = parsed(connection.trickle(b"a" * 16_384))
    assert (status, body) == (431, f"The head of the request has more than {LARGEST_HEAD} bytes.")


def test_trailers_without_end_close_the_connection(impatient: httpx.Client) -> None:
    head = head_of("/ask", 0).replace(b"Content-Length: 0", b"Transfer-Encoding: chunked")
    with connected(impatient) as connection:
        connection.send(head, b"2\r\n{}\r\n0\r\n")
        assert connection.trickle(b"X-More: " + b"a" * 32_768 + b"\r\n") == b""


def test_headers_that_are_too_long_are_a_431_in_the_protocols_own_form(service: httpx.Client) -> None:
    long = {"X-Long": "a" * LARGEST_HEAD}
    reply = service.post("/ask", json=ASK, headers=long)
    assert "the headers have more than 32768 bytes" in problem(reply, 431)["detail"]
    assert service.get("/v1/models", headers=long).json()["error"]["message"].startswith("the headers have")
    assert service.post("/ask", json=ASK, headers={"X-Long": "a" * (LARGEST_HEAD - 1000)}).status_code == 200


def test_an_address_that_is_too_long_is_a_414(service: httpx.Client) -> None:
    assert "the address has more than" in problem(service.get("/ask", params={"q": "a" * 33_000}), 414)["detail"]
    assert len(problem(service.get("/read/" + "a" * 33_000), 414)["instance"]) < 1000
    with connected(service) as connection:
        connection.send(b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\nHost: essay\r\n\r\n")
        status, _, body = parsed(connection.rest())
    assert (status, body) == (414, "The address has more than 32768 bytes.")
    emoji = service.get("/ask", params={"q": "😀" * 1000})
    assert emoji.status_code == 200


@pytest.mark.parametrize("encoding", ["gzip", "br", "identity, gzip", "GZIP"])
def test_a_packed_body_is_refused_unread(service: httpx.Client, encoding: str) -> None:
    reply = service.post("/ask", content=b"\x1f\x8b", headers={**JSON, "Content-Encoding": encoding})
    assert f"the body is packed ({encoding})" in problem(reply, 415)["detail"]
    assert reply.headers["accept-encoding"] == "identity"
    assert service.post("/ask", json=ASK, headers={"Content-Encoding": "identity"}).status_code == 200


def test_a_client_that_reads_nothing_is_let_go_of(impatient: httpx.Client) -> None:
    request = b"GET /static-offline-docs/swagger-ui-bundle.js HTTP/1.1\r\nHost: essay\r\n\r\n"
    with socket.socket() as reader:
        reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        reader.settimeout(10 * PATIENCE_S)
        reader.connect(("127.0.0.1", impatient.base_url.port))
        reader.sendall(request * 20)
        began = time.monotonic()
        # Only an end that the service makes is seen without a byte being read.
        eventually(lambda: _is_reset(reader), timeout=10 * PATIENCE_S)
        assert time.monotonic() - began > PATIENCE_S


def _is_reset(connection: socket.socket) -> bool:
    return connection.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) != 0


def test_the_bodies_of_all_requests_together_are_bounded() -> None:
    replies: list[int] = []
    arrived: list[int] = []

    async def route(scope: Scope, receive: Receive, send: Send) -> None:
        while (await receive())["more_body"]:
            pass
        arrived.append(arrival.held)
        await anyio.sleep_forever()

    async def request(size: int) -> None:
        async def receive() -> Message:
            return {"type": "http.request", "body": b"a" * size, "more_body": False}

        async def send(message: Message) -> None:
            if message["type"] == "http.response.start":
                replies.append(message["status"])

        await arrival({"type": "http", "method": "POST", "path": "/v1/x", "headers": []}, receive, send)

    async def run() -> None:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(request, 600)
            await anyio.wait_all_tasks_blocked()
            await request(600)
            tasks.start_soon(request, 400)
            await anyio.wait_all_tasks_blocked()
            tasks.cancel_scope.cancel()

    arrival = Arrival(route, 60, most=1000)
    anyio.run(run)
    assert (replies, arrived, arrival.held) == ([503], [600, 1000], 0)
