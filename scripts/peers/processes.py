"""What a service's processes take: started, asked until it answers, weighed, ended."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import NamedTuple

from scripts.peers.services import TOP_K, Material, Peer
from scripts.stressed import ROOT, Connection, Reply, descendants, sizes

_LONGEST_START_S, _EVERY_S = 180, 0.02


class Memory(NamedTuple):
    """Of all processes of a service, in MB; ``pss``: with what they share divided among them."""

    rss: float
    pss: float


class Running(NamedTuple):
    """A service that answers; ``start_s``: from its command to its first answer."""

    peer: Peer
    port: int
    process: subprocess.Popen[bytes]
    start_s: float

    async def ask(self, connection: Connection, question: str, top_k: int = TOP_K) -> Reply:
        return await connection.send(*self.peer.request(question, top_k))

    def memory(self) -> Memory:
        told = [sizes(pid) for pid in descendants(self.process.pid)]
        return Memory(sum(one["Rss"] for one in told), sum(one["Pss"] for one in told))


def build(peer: Peer, given: Material) -> float:
    """Seconds from the command to an index on the disk."""
    given.indexes.mkdir(parents=True, exist_ok=True)
    # txtai's settings are a file; JSON is YAML. An index at ``path`` is loaded with the settings that it was built by.
    settings = {"path": str(given.indexes / "txtai"), "embeddings": {"path": str(given.model), "content": True}}
    (given.indexes / "txtai.yml").write_text(json.dumps(settings), encoding="utf-8")
    started = time.perf_counter()
    done = subprocess.run(  # noqa: S603
        [peer.python, *peer.build], env=peer.env(given), cwd=ROOT, capture_output=True, text=True, check=False
    )
    if done.returncode:
        sys.exit(f"{peer.title} could not build its index: {done.stderr[-2000:]}")
    return time.perf_counter() - started


@asynccontextmanager
async def running(peer: Peer, given: Material, question: str) -> AsyncIterator[Running]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    runner = [] if peer.serve[0].startswith("/") else [str(peer.python)]
    log = given.indexes / f"{peer.name}.log"
    started = time.perf_counter()
    with log.open("wb") as out:
        process = subprocess.Popen(  # noqa: S603
            [*runner, *peer.serve, str(port)], env=peer.env(given), cwd=ROOT, stdout=out, stderr=out,
            start_new_session=True,
        )  # fmt: skip
    try:
        service = Running(peer, port, process, 0.0)
        await _first_answer(service, question, log)
        yield service._replace(start_s=time.perf_counter() - started)
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGTERM)
            process.wait(30)


async def _first_answer(service: Running, question: str, log: Path) -> None:
    connection = Connection(service.port)
    until = time.perf_counter() + _LONGEST_START_S
    while time.perf_counter() < until:
        if service.process.poll() is not None:
            break
        try:
            reply = await service.ask(connection, question)
            if reply.status == 200:
                return connection.close()
        except (OSError, asyncio.IncompleteReadError):
            connection.close()
        await asyncio.sleep(_EVERY_S)
    sys.exit(f"{service.peer.title} did not answer: {log.read_text(encoding='utf-8')[-2000:]}")
