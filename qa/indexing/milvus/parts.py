"""Strings of bytes by key in a collection of Milvus, each over as many rows as it takes.

Milvus has no type for bytes: a row holds a piece in Base64, which takes 4 bytes for 3. The key of its first row tells
nothing of how many there are; the first row does.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from qa.errors import DamagedGenerationError
from qa.indexing.milvus.connection import STEADY, Connection, layout

# Of the 65,535 bytes that Milvus takes into a VARCHAR, without a remainder in Base64.
_PIECE = 65_532 // 4 * 3
_KEY_LENGTH = 128
# Bytes that are sent at once: a sixteenth of what a server takes by default; and keys that are asked for at once.
_BATCH, _ASKED = 4 * 1024 * 1024, 512
_NOTHING = [0.0, 0.0]  # every collection must have a vector


class Parts:
    """Of one collection. A key is short, and ``#`` is not in it."""

    def __init__(self, connection: Connection, collection: str, consistency: str = "Strong") -> None:
        self._connection, self.collection, self._consistency = connection, collection, consistency

    def create(self) -> None:
        """Make the collection, if it is not there."""
        if self._connection.do("has_collection", self.collection):
            return
        self._connection.create(self.collection, self._consistency, *self._layout(), on_disk=True)

    def _layout(self) -> tuple[Any, Any]:
        schema, indexes, kinds = layout()
        schema.add_field("key", kinds.VARCHAR, max_length=_KEY_LENGTH, is_primary=True)
        schema.add_field("rows", kinds.INT64)
        schema.add_field("data", kinds.VARCHAR, max_length=65_535)
        schema.add_field("nothing", kinds.FLOAT_VECTOR, dim=len(_NOTHING))
        indexes.add_index("nothing", index_type="FLAT", metric_type="L2")
        return schema, indexes

    def put(self, items: Iterable[tuple[str, bytes]]) -> None:
        """Write strings; one that is there under the same key is replaced."""
        batch: list[dict[str, Any]] = []
        size = 0
        for key, data in items:
            for row in _rows(key, data):
                batch.append(row)
                size += len(row["data"])
                if size >= _BATCH:
                    self._connection.do("upsert", self.collection, batch)
                    batch, size = [], 0
        if batch:
            self._connection.do("upsert", self.collection, batch)

    def get(self, keys: Sequence[str], expected: int = 1) -> dict[str, bytes]:
        """The strings under some keys, of those that are there; ``expected`` rows a string are asked for at first."""
        found: dict[str, dict[str, Any]] = {}
        for some in _batches((f"{key}#{number}" for key in keys for number in range(expected)), _ASKED):
            found |= self._rows(some)
        first = {key: found[f"{key}#0"] for key in keys if f"{key}#0" in found}
        more = (f"{key}#{number}" for key, row in first.items() for number in range(expected, row["rows"]))
        for some in _batches(more, _ASKED):
            found |= self._rows(some)
        return {key: self._joined(key, row["rows"], found) for key, row in first.items()}

    def _rows(self, names: Sequence[str]) -> dict[str, dict[str, Any]]:
        asked = self._connection.ask(
            "query",
            self.collection,
            ids=list(names),
            output_fields=["key", "rows", "data"],
            consistency_level=self._consistency,
        )
        return {row["key"]: row for row in asked}

    def _joined(self, key: str, rows: int, found: Mapping[str, dict[str, Any]]) -> bytes:
        try:
            pieces = [found[f"{key}#{number}"]["data"] for number in range(rows)]
        except KeyError:
            raise DamagedGenerationError(
                f"a row of {key} is missing in Milvus ({self.collection}); run qa index build --full"
            ) from None
        return b"".join(map(base64.b64decode, pieces))

    def keys(self, prefix: str) -> list[str]:
        """The keys that begin with a prefix, few in number, sorted."""
        asked = f"key like {json.dumps(prefix + '%')}"
        rows = self._connection.ask("query", self.collection, filter=asked, output_fields=["key"], timeout=STEADY)
        return sorted(row["key"].partition("#")[0] for row in rows if row["key"].endswith("#0"))

    def remove(self, key: str) -> None:
        """Take a string away, if it is there."""
        rows = self._connection.ask("query", self.collection, ids=[f"{key}#0"], output_fields=["rows"])
        names = [f"{key}#{number}" for row in rows for number in range(row["rows"])]
        if names:
            self._connection.do("delete", self.collection, ids=names)


def checksum(data: Iterable[bytes]) -> str:
    """The SHA-256 of strings one after the other."""
    found = hashlib.sha256()
    for one in data:
        found.update(one)
    return found.hexdigest()


def _rows(key: str, data: bytes) -> Iterator[dict[str, Any]]:
    starts = range(0, max(1, len(data)), _PIECE)
    for number, start in enumerate(starts):
        piece = base64.b64encode(data[start : start + _PIECE]).decode()
        yield {"key": f"{key}#{number}", "rows": len(starts), "data": piece, "nothing": _NOTHING}


def _batches(names: Iterable[str], size: int) -> Iterator[list[str]]:
    rest = iter(names)
    while some := list(islice(rest, size)):
        yield some
