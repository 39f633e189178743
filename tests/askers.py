"""Askers without pause, who compare what they are told with the answers that each generation gave in peace."""

from __future__ import annotations

import http.client
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote

from tests.services import Service

QUESTIONS = ("When did Kazakhstan join the UN?", "ШЫҰ не үшін құрылған?", "How do I bake bread?")

Expected = dict[tuple[str, str], dict[str, Any]]


class Failed(NamedTuple):
    """A question without a whole reply: the client's port of the connection that it was asked over, and why."""

    port: int
    kind: str


class Askers:
    """Each keeps a connection, and makes a new one where that is gone."""

    def __init__(self, service: Service) -> None:
        self.port = int(service.client.base_url.port or 0)
        self.expected: Expected = {}
        self.answered = self.refused = 0
        self.statuses: set[int] = set()
        self.wrong: list[tuple[str, str]] = []
        self.failed: list[Failed] = []
        self._stopped = threading.Event()
        self.learn(service)

    def learn(self, service: Service) -> str:
        """Note what the generation that is live answers: its id."""
        for question in QUESTIONS:
            reply = service.ask_anew(question)
            assert reply.status_code == 200
            self.expected[reply.headers["X-Index-Generation"], question] = _answer(reply.content)
        return reply.headers["X-Index-Generation"]

    @contextmanager
    def asking(self, askers: int = 4) -> Iterator[None]:
        threads = [threading.Thread(target=self._ask) for _ in range(askers)]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            self._stopped.set()
            for thread in threads:
                thread.join()

    def _ask(self) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        while not self._stopped.is_set():
            for question in QUESTIONS:
                self._ask_one(connection, question)
        connection.close()

    def _ask_one(self, connection: http.client.HTTPConnection, question: str) -> None:
        try:
            if connection.sock is None:
                connection.connect()
        except ConnectionRefusedError:
            self.refused += 1
            self._stopped.wait(0.02)
            return
        except OSError as error:
            self.failed.append(Failed(0, repr(error)))
            return
        port = connection.sock.getsockname()[1]
        try:
            connection.request("GET", f"/ask?q={quote(question)}")
            reply = connection.getresponse()
            body = reply.read()
        except (OSError, http.client.HTTPException) as error:
            connection.close()
            self.failed.append(Failed(port, repr(error)))
            return
        self.answered += 1
        self.statuses.add(reply.status)
        generation = reply.headers["X-Index-Generation"]
        if reply.status == 200 and _answer(body) != self.expected.get((generation, question)):
            self.wrong.append((generation, question))


def _answer(body: bytes) -> dict[str, Any]:
    return {**json.loads(body), "took_ms": 0}


def clients_of(pid: int, port: int) -> set[int]:
    """The clients' own ports of the connections to ``port`` that a process holds."""
    sockets = set()
    for link in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(OSError):  # closed meanwhile
            sockets.add(str(link.readlink()).removeprefix("socket:[").removesuffix("]"))
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    held = [row for row in rows if _port(row[1]) == port and row[9] in sockets]
    return {_port(row[2]) for row in held} - {0}


def _port(address: str) -> int:
    return int(address.split(":")[1], 16)
