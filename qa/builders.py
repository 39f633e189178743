"""The processes that builds run in. One may stand by with all imported that takes long: half of what an edit takes."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import threading
from collections.abc import Sequence
from contextlib import suppress
from functools import cache

# A service that starts has better use for the cores.
_AFTER_S = 2.0
_LARGEST_MESSAGE = 64 * 1024
_MOST_FILES = 8
_INDEX = (sys.executable, "-m", "qa", "index")

Process = subprocess.Popen[bytes]


class Builders:
    """Starts ``qa index build`` in processes of their own."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._wanted = False
        self._ready: tuple[Process, socket.socket] | None = None

    def start(self, arguments: Sequence[str], output: int, kept: Sequence[int] = ()) -> Process:
        """Start a build that writes to the file ``output`` and holds the files ``kept`` open to its end.

        It may outlive this process.

        Raises:
            OSError: no process can be started.
        """
        process = self._handed_over(arguments, [output, *kept])
        if process is None:
            process = subprocess.Popen(
                build_command(arguments),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
                pass_fds=kept,
            )
        threading.Thread(target=self._follow, args=(process,), name=f"build {process.pid}", daemon=True).start()
        return process

    def stand_by(self) -> None:
        """From now on have a process ready for the next build, in a moment and after each build."""
        self._wanted = True
        timer = threading.Timer(_AFTER_S, self._prepare)
        timer.daemon = True
        timer.start()

    def close(self) -> None:
        """Let the process that stands by go; builds that run go on."""
        with self._lock:
            self._wanted = False
            ready, self._ready = self._ready, None
        if ready is not None:
            process, channel = ready
            channel.close()
            process.kill()
            process.wait()

    def _prepare(self) -> None:
        with self._lock:
            if not self._wanted or self._ready is not None:
                return
            ours, theirs = socket.socketpair()
            # Without one the next build starts as slowly as any.
            with theirs, suppress(OSError):
                process = subprocess.Popen(
                    [*_INDEX, "stand-by", str(theirs.fileno())],
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                    start_new_session=True,
                    pass_fds=(theirs.fileno(),),
                )
                self._ready = process, ours

    def _handed_over(self, arguments: Sequence[str], files: Sequence[int]) -> Process | None:
        """The process that stood by, at work; None where there is none."""
        with self._lock:
            ready, self._ready = self._ready, None
        if ready is None:
            return None
        process, channel = ready
        with channel, suppress(OSError):
            socket.send_fds(channel, [json.dumps(arguments).encode()], files)
            if process.poll() is None:
                return process
        process.kill()
        process.wait()
        return None

    def _follow(self, process: Process) -> None:
        process.wait()
        self._prepare()


@cache
def builders() -> Builders:
    """Those of this process."""
    return Builders()


def awaited(channel: socket.socket) -> tuple[list[str], list[int]] | None:
    """What `Builders` hands over to a process that stands by: arguments and open files; None once it is gone."""
    message, files, _, _ = socket.recv_fds(channel, _LARGEST_MESSAGE, _MOST_FILES)
    return (json.loads(message), list(files)) if message else None


def build_command(arguments: Sequence[str]) -> list[str]:
    """The command line of a builder."""
    return [*_INDEX, "build", *arguments]
