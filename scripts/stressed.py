"""A service of its own to put under stress, and a client that costs far less than the service it asks."""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import random
import re
import resource
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
QA = [sys.executable, "-m", "qa"]


class Reply(NamedTuple):
    status: int
    seconds: float
    generation: str
    body: bytes


class Connection:
    """One connection that is kept open: a client that costs far less than the service it asks."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def ask(self, question: str) -> Reply:
        return await self.send("POST /ask", json.dumps({"question": question}).encode())

    async def send(self, line: str, body: bytes = b"") -> Reply:
        """Send a method and a path, with a body of JSON if any."""
        if self.streams is None:
            self.streams = await asyncio.open_connection("127.0.0.1", self.port)
        reader, writer = self.streams
        fields = f"Host: stress\r\nContent-Type: application/json\r\nContent-Length: {len(body)}"
        started = time.perf_counter()
        writer.write(f"{line} HTTP/1.1\r\n{fields}\r\n\r\n".encode() + body)
        status, *lines = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        told = dict(line.lower().split(": ", 1) for line in lines if line)
        found = await reader.readexactly(int(told["content-length"]))
        seconds = time.perf_counter() - started
        if told.get("connection") == "close":
            self.close()
        return Reply(int(status.split()[1]), seconds, told.get("x-index-generation", ""), found)

    def close(self) -> None:
        if self.streams is not None:
            self.streams[1].close()
            self.streams = None


class Memory(NamedTuple):
    """Of all processes of a service, in MB; ``own``: without the pages of files, which are read as they are needed."""

    rss: float
    own: float


class Service(NamedTuple):
    process: subprocess.Popen[bytes]
    port: int
    env: dict[str, str]
    corpus: Path
    log: Path

    def pids(self) -> list[int]:
        return descendants(self.process.pid)

    def memory(self) -> Memory:
        rss = shared = 0
        for pid in self.pids():
            try:
                pages = Path(f"/proc/{pid}/statm").read_text().split()
            except OSError:  # one that has just ended
                continue
            rss, shared = rss + int(pages[1]), shared + int(pages[2])
        return Memory(*(count * resource.getpagesize() / 1e6 for count in (rss, rss - shared)))


def descendants(pid: int) -> list[int]:
    """A process and all that it started, by whichever of its threads, as far as they still run."""
    try:
        threads = [thread.read_text() for thread in Path(f"/proc/{pid}/task").glob("*/children")]
    except OSError:  # it has just ended
        return []
    return [pid, *(one for told in threads for child in told.split() for one in descendants(int(child)))]


def sizes(pid: int) -> dict[str, float]:
    """What the kernel tells of a process's memory, in MB: ``Rss``, ``Pss``, ``Private_Dirty`` …"""
    told = Path(f"/proc/{pid}/smaps_rollup").read_text()
    found = re.findall(r"^(\w+): +(\d+) kB", told, re.MULTILINE)
    return {name: int(size) * 1024 / 1e6 for name, size in found}


@contextmanager
def service(workers: int) -> Iterator[Service]:
    with tempfile.TemporaryDirectory(prefix="stress-") as folder:
        corpus = Path(folder) / "corpus"
        shutil.copytree(ROOT / "corpus", corpus)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        kept = {name: value for name, value in os.environ.items() if not name.startswith("QA_") or "CACHE" in name}
        env = {**kept, "QA_CORPUS_DIR": str(corpus), "QA_INDEX_DIR": f"{folder}/index", "HF_HUB_OFFLINE": "1"}
        command = [*QA, "serve", "--port", str(port), "--workers", str(workers)]
        log = Path(folder) / "log"
        with log.open("wb") as out, subprocess.Popen(command, env=env, cwd=ROOT, stderr=out) as process:  # noqa: S603
            try:
                yield Service(process, port, env, corpus, log)
            finally:
                process.terminate()
                process.wait(30)


async def until_ready(served: Service) -> None:
    asker = Connection(served.port)
    for _ in range(1200):
        if served.process.poll() is not None:
            sys.exit(f"the service ended with {served.process.returncode}: {served.log.read_text(encoding='utf-8')}")
        try:
            if (await asker.ask("Is anybody there?")).status == 200:
                return asker.close()
        except (OSError, asyncio.IncompleteReadError):
            asker.close()
        await asyncio.sleep(0.1)
    sys.exit("the service was not ready in two minutes")


def variants(path: Path) -> Iterator[str]:
    """Questions without end, no two alike."""
    lines = path.read_text(encoding="utf-8").splitlines()
    base = [json.loads(line)["question"] for line in lines if line.strip()]
    random.Random(0).shuffle(base)  # noqa: S311
    for number, question in enumerate(itertools.cycle(base)):
        yield question if number < len(base) else f"{question} ({number})"


def percentile(seconds: list[float], hundredth: int) -> float:
    """In milliseconds."""
    return sorted(seconds)[min(len(seconds) - 1, len(seconds) * hundredth // 100)] * 1000


async def ask_for(port: int, askers: int, goes_on: Callable[[], bool], next_: Callable[[], str]) -> list[Reply]:
    async def one() -> list[Reply]:
        connection, replies = Connection(port), []
        while goes_on():
            replies.append(await connection.ask(next_()))
        connection.close()
        return replies

    return [reply for replies in await asyncio.gather(*(one() for _ in range(askers))) for reply in replies]
