"""One process that reads files that are no text: how it is started, asked, watched and ended."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from qa.reading.converter import ANSWER, REQUEST

LOOK_EVERY = 0.02  # seconds
_LONGEST_ANSWER = 512 * 1024**2  # bytes
# All that Python needs of an environment: what else is there may be secret.
_PASSED_ON = ("PATH", "LANG", "LC_ALL", "LC_CTYPE", "LD_LIBRARY_PATH", "SYSTEMROOT", "TMPDIR", "HOME")
# How native code ends that gets no more memory.
_ABORTED = (-signal.SIGABRT, -signal.SIGTRAP, -signal.SIGILL, -signal.SIGSEGV)


class GoneError(Exception):
    """The process ended, or was ended, before it answered."""


class ConverterProcess:
    """One process; ``answered`` is how many files it has read."""

    def __init__(self) -> None:
        self.answered = 0
        self.timed_out = False
        self._ending = threading.Lock()
        self._most = 0  # bytes of memory that it was seen to take
        self.leave = threading.Timer(0.0, self.end)  # what ends it when it has been idle; not yet begun
        self._process = subprocess.Popen(
            [sys.executable, "-B", "-m", "qa.reading.converter"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=_environment(os.environ),
        )

    def ask(self, question: dict[str, object], data: bytes, seconds: float) -> dict[str, Any]:
        """Have a file read.

        Raises:
            GoneError: it took longer than ``seconds``, or the process ended.
        """
        assert self._process.stdin
        assert self._process.stdout
        asked = json.dumps(question).encode()
        done = threading.Event()
        threading.Thread(target=self._watch, args=(seconds, done), daemon=True).start()
        try:
            self._process.stdin.write(REQUEST.pack(len(asked), len(data)) + asked)
            self._process.stdin.write(data)
            self._process.stdin.flush()
            head = self._process.stdout.read(ANSWER.size)
            length = ANSWER.unpack(head)[0] if len(head) == ANSWER.size else 0
            answer = self._process.stdout.read(length) if 0 < length <= _LONGEST_ANSWER else b""
        except (OSError, ValueError) as error:  # it ended; or its pipes were closed by `end`
            raise GoneError from error
        finally:
            done.set()
        if not answer or len(answer) < length:
            raise GoneError
        self.answered += 1
        found: dict[str, Any] = json.loads(answer)
        return found

    def end(self) -> None:
        """End the process, whatever it does."""
        self.leave.cancel()
        with self._ending:
            self._process.kill()
            self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            with suppress(OSError, ValueError):
                if pipe:
                    pipe.close()

    def overate(self, memory: int) -> bool:
        """Whether the process ended because it got no more memory: native code then aborts."""
        return self._process.returncode in _ABORTED and self._most > memory // 2

    def end_told(self) -> str:
        """How the process ended."""
        code = self._process.returncode
        if code < 0:
            with suppress(ValueError):
                return f"its reader crashed ({signal.Signals(-code).name})"
        return "its reader crashed"

    def _watch(self, seconds: float, done: threading.Event) -> None:
        """See how much memory it takes until ``done``, and end it after so many seconds.

        `resource.getrusage` would tell the most too, but what started the process may have taken more, and that counts
        there: on Linux the high-water mark goes over to what a process becomes.
        """
        until = time.monotonic() + seconds
        while not done.wait(LOOK_EVERY):
            with self._ending:
                if self._process.returncode is not None:
                    return
                self._most = max(self._most, _peak_memory(self._process.pid))
                if time.monotonic() >= until:
                    self.timed_out = True
                    self._process.kill()
                    return


def _peak_memory(process: int) -> int:
    """How many bytes of memory a process has taken at most since it became what it is; 0 where no one tells."""
    try:
        status = Path(f"/proc/{process}/status").read_text(encoding="ascii", errors="replace")
    except OSError:
        return 0
    found = re.search(r"^VmHWM:\s*(\d+) kB$", status, re.MULTILINE)
    return int(found[1]) * 1024 if found else 0


def _environment(of: Mapping[str, str]) -> dict[str, str]:
    """What is passed on of an environment."""
    return {name: value for name, value in of.items() if name in _PASSED_ON or name.startswith("PYTHON")}
