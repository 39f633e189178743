"""A database file of milvus-lite, which one process alone can open: it serves the others on this machine.

Whoever opens the file tells in ``<file>.address`` where it listens, on loopback; whoever finds it open goes there. When
the process that has it open ends, the next one that needs it opens it.
"""

from __future__ import annotations

import fcntl
import importlib.util
import os
from contextlib import suppress
from pathlib import Path
from typing import Any

from qa.errors import SettingsError, UnreachableStoreError
from qa.files import replace_file

INSTALL = "install it with pip install 'suraq[milvus]'"


def is_file(uri: str) -> bool:
    """Whether a URI names a file, not a server."""
    return "://" not in uri


def local_address(uri: str) -> str:
    """Where the database in a file is served, by this process if no other one does.

    Raises:
        SettingsError: milvus-lite is not installed, or the file's folder is missing.
        UnreachableStoreError: another process has it open, and does not tell where it serves it.
    """
    if importlib.util.find_spec("milvus_lite") is None:
        raise SettingsError(f"QA_MILVUS_URI is {uri!r}, a file, which needs milvus-lite; {INSTALL}")
    path = Path(uri).absolute()
    if not path.parent.is_dir():
        raise SettingsError(f"QA_MILVUS_URI is {uri!r}, but the folder {path.parent} is missing; make it first")
    address = path.with_name(f"{path.name}.address")
    if not _open_elsewhere(path):
        served: str | None = _manager().start_and_get_uri(str(path))
        if served is not None:
            replace_file(address, served.encode())
            return served
    with suppress(OSError):
        return address.read_text(encoding="ascii").strip()
    raise UnreachableStoreError(f"the database {path.name} is open in another process; end that, or ask again")


def let_go(uri: str) -> None:
    """Close a database that this process has open, for another one to open it."""
    if is_file(uri) and importlib.util.find_spec("milvus_lite") is not None:
        _manager().release_server(str(Path(uri).absolute()))


def _manager() -> Any:
    from milvus_lite.server_manager import server_manager_instance

    return server_manager_instance


def _open_elsewhere(path: Path) -> bool:
    """Whether another process holds milvus-lite's own lock; milvus-lite would log a stack trace."""
    if str(path) in _manager()._servers:
        return False
    try:
        handle = os.open(path / "LOCK", os.O_RDWR)
    except OSError:
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return True
    finally:
        os.close(handle)
    return False
