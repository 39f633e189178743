"""A connection to Milvus: opened when it is first used, mended when it broke. The only file that imports pymilvus.

What is told of a failure names the address without its secrets. Errors that may pass by themselves are tried again,
after a time that doubles and differs at random, so that many replicas do not come back at the same moment.
"""

from __future__ import annotations

import importlib.util
import logging
import random
import threading
import time
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from qa.errors import GenerationError, MissingCollectionError, SettingsError, UnreachableStoreError, first_line
from qa.indexing.milvus.local import INSTALL, is_file, let_go, local_address

# In seconds: how long a question waits, how long a builder does, and where the server has to move data.
QUICK, STEADY, LONG = 3.0, 20.0, 600.0
# A builder tries so often, and waits so long between, in seconds.
_ATTEMPTS, _FIRST_WAIT = 6, 0.5
# Codes of gRPC that tell of the way to the server, not of what was asked.
_PASSING = frozenset({"UNAVAILABLE", "DEADLINE_EXCEEDED", "ABORTED", "CANCELLED"})
# Milvus's own: no such collection, no such alias; and a collection that is not in the server's memory.
_MISSING_CODES = frozenset({100, 1600})
_NOT_LOADED = 101
_UNAVAILABLE = 2


class _NotLoadedError(GenerationError):
    """A collection that is there, but not in the server's memory."""


class Connection:
    """To one address; any number of threads may use it at once."""

    def __init__(self, uri: str, token: str = "") -> None:
        self._uri, self._token = uri, token
        self._client: Any = None
        self._lock = threading.Lock()
        self.problem: str | None = None  # why the last call failed, where that was the way to the server
        self.shown = Path(uri).name if is_file(uri) else _without_secrets(uri)

    def ask(self, method: str, *arguments: Any, timeout: float = QUICK, **named: Any) -> Any:
        """What a method of pymilvus's client gives, tried once more at most; for questions.

        Raises:
            UnreachableStoreError: the server does not answer.
            MissingCollectionError: there is no such collection or alias.
            GenerationError: Milvus refuses.
        """
        try:
            return self._attempt(method, *arguments, timeout=timeout, **named)
        except UnreachableStoreError:
            if not is_file(self._uri):
                raise  # of a file, another process may be the one that serves it now
        except _NotLoadedError:
            self._attempt("load_collection", arguments[0], timeout=LONG)
        return self._attempt(method, *arguments, timeout=timeout, **named)

    def do(self, method: str, *arguments: Any, timeout: float = STEADY, **named: Any) -> Any:
        """The same, tried several times; for builders. What is done twice must be the same as once."""
        for attempt in range(_ATTEMPTS - 1):
            try:
                return self._attempt(method, *arguments, timeout=timeout, **named)
            except UnreachableStoreError:
                time.sleep(_FIRST_WAIT * 2**attempt * random.uniform(0.5, 1.5))  # noqa: S311 - no secret
        return self._attempt(method, *arguments, timeout=timeout, **named)

    def create(self, collection: str, consistency: str, schema: Any, indexes: Any, *, on_disk: bool = False) -> None:
        """Make a collection, and have it kept ready to be asked: ``on_disk``, not in the server's memory."""
        properties = {"mmap.enabled": on_disk}
        self.do("create_collection", collection, schema=schema, consistency_level=consistency, properties=properties)
        # There is nothing to wait for yet: pymilvus would for half a second each.
        self.do("create_index", collection, indexes, sync=False)
        self.do("load_collection", collection, timeout=LONG)

    def close(self) -> None:
        """Let go of the server and, of a file that this process has open, of the file."""
        with self._lock:
            client, self._client = self._client, None
        if client is not None:
            with suppress(Exception):
                client.close()
        let_go(self._uri)

    def _attempt(self, method: str, *arguments: Any, **named: Any) -> Any:
        client = None
        try:
            client = self._connected(min(named["timeout"], STEADY))
            found = getattr(client, method)(*arguments, **named)
        except (SettingsError, UnreachableStoreError):
            raise
        except Exception as error:
            raise self._told(error, method, client) from error
        self.problem = None
        return found

    def _connected(self, timeout: float) -> Any:
        with self._lock:
            if self._client is None:
                if importlib.util.find_spec("pymilvus") is None:
                    raise SettingsError(f"QA_STORE is 'milvus', which needs pymilvus; {INSTALL}")
                from pymilvus import MilvusClient

                # Their own lines tell with a stack trace what is told here, or is no failure.
                for name in ("pymilvus", "milvus_lite", "grpc"):
                    logging.getLogger(name).setLevel(logging.CRITICAL + 1)
                address = local_address(self._uri) if is_file(self._uri) else self._uri
                self._client = MilvusClient(address, token=self._token, timeout=timeout, dedicated=True)
            return self._client

    def _told(self, error: Exception, method: str, client: Any) -> GenerationError:
        """What went wrong, as an error of ours; after one of the way to the server the connection is made anew."""
        said = _said(error)
        if _is_missing(error):
            self.problem = None
            return MissingCollectionError(f"Milvus at {self.shown} has no such collection ({said})")
        if client is not None and not _passes(error):
            self.problem = None
            if _code(error) == _NOT_LOADED:
                return _NotLoadedError(f"Milvus at {self.shown} has not loaded what {method} needs: {said}")
            return GenerationError(f"Milvus at {self.shown} refuses {method}: {said}")
        with self._lock:
            if client is self._client:
                self._client = None
        self.problem = (
            f"Milvus at {self.shown} does not answer ({said}); see that it runs and that QA_MILVUS_URI names it"
        )
        return UnreachableStoreError(self.problem)


@cache
def connection(uri: str, token: str) -> Connection:
    """The connection of this process to an address."""
    return Connection(uri, token)


def layout() -> tuple[Any, Any, Any]:
    """A schema without fields, of rows with a primary key of ours; no indexes; and the types that there are."""
    from pymilvus import DataType, MilvusClient

    schema = MilvusClient.create_schema(auto_id=False, enable_dynamic_field=False)
    return schema, MilvusClient.prepare_index_params(), DataType


def _without_secrets(uri: str) -> str:
    parts = urlsplit(uri)
    return f"{parts.scheme}://{parts.hostname or ''}" + (f":{parts.port}" if parts.port else "")


def _code(error: Exception) -> Any:
    code = getattr(error, "code", None)
    return code() if callable(code) else code


def _is_missing(error: Exception) -> bool:
    return type(error).__module__.startswith("pymilvus") and _code(error) in _MISSING_CODES


def _passes(error: Exception) -> bool:
    """Whether an error may pass by itself."""
    code = _code(error)
    name = getattr(code, "name", "")
    if type(error).__name__ in {"ConnectError", "MilvusUnavailableException", "ConnectionNotExistException"}:
        return True
    if name in _PASSING or getattr(error, "retriable", False):
        return True
    # pymilvus gives the first of them where it cannot connect anew, the second where its own patience is at its end.
    return code == _UNAVAILABLE or "Retry timeout" in str(error) or isinstance(error, OSError)


def _said(error: Exception) -> str:
    return first_line(Exception(getattr(error, "message", "") or error))
