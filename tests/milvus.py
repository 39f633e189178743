"""milvus-lite as a server of its own, which several processes ask, and which can be taken away."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.conftest import eventually, free_port

_SERVE = "from milvus_lite.cmdline import main; main()"


class MilvusServer:
    """Started and stopped at will, always on the same port and over the same files."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.port = folder, free_port()
        self.uri = f"http://127.0.0.1:{self.port}"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        arguments = ["server", "--data-dir", str(self.folder), "--host", "127.0.0.1", "--port", str(self.port)]
        with (self.folder.parent / "milvus.log").open("ab") as log:
            self._process = subprocess.Popen([sys.executable, "-c", _SERVE, *arguments], stdout=log, stderr=log)
        eventually(self._listens, 60)

    def stop(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait(20)
            self._process = None

    def _listens(self) -> bool:
        with suppress(OSError), socket.create_connection(("127.0.0.1", self.port), timeout=1):
            return True
        return False


@contextmanager
def milvus_server(folder: Path) -> Iterator[MilvusServer]:
    server = MilvusServer(folder / "server.db")
    server.start()
    try:
        yield server
    finally:
        server.stop()
