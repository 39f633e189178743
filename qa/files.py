"""Files that a reader finds whole: the old one or the new one, whatever happens meanwhile."""

from __future__ import annotations

import os
import tempfile
from contextlib import suppress
from pathlib import Path

NEW = ".new-"  # what the name of a file begins with while it is written
_READABLE = 0o644


def replace_file(path: Path, data: bytes, *, durable: bool = True) -> None:
    """Write a file beside ``path`` under a hidden name, then put it in its place; ``durable``: power cuts included.

    Raises:
        OSError: it cannot be written; what was there stays.
    """
    handle, name = tempfile.mkstemp(prefix=NEW, dir=path.parent)
    written = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            if durable:
                os.fsync(file.fileno())
        written.chmod(path.stat().st_mode & 0o777 if path.is_file() else _READABLE)
        written.replace(path)
    except BaseException:
        written.unlink(missing_ok=True)
        raise
    if durable:
        sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Have the names in a folder reach the disk, where its file system can do that: what was done stays done."""
    with suppress(OSError):
        sync(folder)


def sync(path: Path) -> None:
    """Have a file's content, or the names in a folder, reach the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
