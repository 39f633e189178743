"""A file of lines that several processes append to, and that does not grow without end."""

from __future__ import annotations

import errno
import fcntl
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

LARGEST = 10 * 1024 * 1024
_PRIVATE = 0o600


class Journal:
    """Lines, the newest last. A file of ``largest`` bytes is renamed to ``<name>.1``, over the one of before.

    Whoever writes or reads holds the file's lock, and a lock says nothing of a file that has been renamed or removed
    since it was opened: then the one that has the name now is opened.
    """

    def __init__(self, path: Path, largest: int = LARGEST) -> None:
        self.path = path
        self.former = path.with_name(f"{path.name}.1")
        self._largest = largest

    def append(self, line: bytes) -> None:
        """Add a line, whole or not at all; a file that is made is its owner's alone to read.

        Raises:
            OSError: it cannot be written.
        """
        with self._opened(os.O_RDWR | os.O_APPEND | os.O_CREAT, fcntl.LOCK_EX) as handle:
            size = os.fstat(handle).st_size
            # Who was killed while writing has left half a line.
            torn = size and os.pread(handle, 1, size - 1) != b"\n"
            data = (b"\n" if torn else b"") + line + b"\n"
            if os.write(handle, data) != len(data):
                os.ftruncate(handle, size)
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            if size + len(data) >= self._largest:
                self.path.replace(self.former)

    def newest(self, count: int) -> list[bytes]:
        """The last ``count`` lines, the newest first.

        Raises:
            OSError: it cannot be read.
        """
        try:
            with self._opened(os.O_RDONLY, fcntl.LOCK_SH) as handle, os.fdopen(os.dup(handle), "rb") as file:
                lines = _lines(file.read())
                if len(lines) < count:
                    lines = [*self._former_lines(), *lines]
        except FileNotFoundError:
            lines = self._former_lines()
        return lines[::-1][:count]

    def clear(self) -> None:
        """Remove all lines.

        Raises:
            OSError: that cannot be done.
        """
        with self._opened(os.O_RDWR | os.O_CREAT, fcntl.LOCK_EX):
            self.former.unlink(missing_ok=True)
            self.path.unlink()

    def _former_lines(self) -> list[bytes]:
        try:
            return _lines(self.former.read_bytes())
        except FileNotFoundError:
            return []

    @contextmanager
    def _opened(self, flags: int, lock: int) -> Iterator[int]:
        while True:
            # A pipe of that name would keep waiting for somebody at its other end.
            handle = os.open(self.path, flags | os.O_NONBLOCK | os.O_CLOEXEC, _PRIVATE)
            try:
                if not stat.S_ISREG(os.fstat(handle).st_mode):
                    raise OSError(errno.EINVAL, "it is no regular file")
                fcntl.flock(handle, lock)
                if self._has_the_name(handle):
                    yield handle
                    return
            finally:
                os.close(handle)

    def _has_the_name(self, handle: int) -> bool:
        try:
            return os.path.samestat(self.path.stat(), os.fstat(handle))
        except FileNotFoundError:
            return False


def _lines(data: bytes) -> list[bytes]:
    return [line for line in data.split(b"\n") if line]
