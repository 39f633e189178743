"""What a build has encoded so far, noted down: where it is killed, the next one goes on from there.

index/encoded.journal   a line of JSON, which tells what the vectors belong to, then a record for each passage

A record names its passage by a hash of all that its vectors depend on, the model apart, and ends with a checksum: what
was half written when a build was killed or the power failed is dropped. Nothing is synced to the disk, since what is
lost is encoded again. The lock of the index folder's builder is the journal's too.
"""

from __future__ import annotations

import errno
import hashlib
import json
import mmap
import os
import struct
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import numpy as np
from pydantic import BaseModel, ConfigDict, ValidationError

from qa.encoding.encoder import Floats, Integers
from qa.indexing.encoded import Encoded
from qa.indexing.manifest import FORMAT_VERSION
from qa.indexing.tokens import PassageTokens
from qa.language import NORMALISER_VERSION

FILE = "encoded.journal"
_VERSION = 1
# A mark, the number of tokens, the key.
_HEAD = struct.Struct("<4sI32s")
_MARK = b"enc\x01"
_LONGEST_LINE = 1000
_CHECKSUM_SIZE = hashlib.sha256().digest_size


class _Shape(NamedTuple):
    """The length of a passage's vector, and that of a token's in bytes."""

    dimension: int
    token: int

    def record(self, tokens: int) -> int:
        """How many bytes the record of so many tokens has before its checksum."""
        return _HEAD.size + 4 * self.dimension + tokens * (4 + 8 + self.token)


class Origin(BaseModel):
    """What a journal's vectors belong to: ``model`` is the fingerprint. ``full``: it was begun by a build that was to
    encode everything; ``newest`` is the newest generation that there was then. ``token_bytes``: what a token takes, if
    it is not a byte a dimension.
    """

    model_config = ConfigDict(frozen=True)

    model: str
    dimension: int
    token_bytes: int | None = None
    full: bool = False
    newest: str = ""
    version: int = _VERSION
    format: int = FORMAT_VERSION
    normaliser: int = NORMALISER_VERSION

    @property
    def shape(self) -> _Shape:
        return _Shape(self.dimension, self.token_bytes or self.dimension)

    def takes_over(self, other: Origin) -> bool:
        """Whether what ``other`` began is of use now: of the same kind, no build has ended since, and a build that is
        to encode everything takes over only from such a one.
        """
        same = self.model_copy(update={"full": other.full, "newest": other.newest}) == other
        return same and self.newest <= other.newest and (other.full or not self.full)


class _Place(NamedTuple):
    start: int
    tokens: int


class Journal:
    """The journal of an index folder, for the builder that holds its lock.

    What cannot be noted down is simply not in it: an error of the disk is never raised.
    """

    def __init__(self, folder: Path, origin: Origin) -> None:
        """Open what an earlier build left, if it is of use to this one, else begin anew."""
        self.path = folder / FILE
        self._origin = origin
        self._places: dict[bytes, _Place] = {}
        self._file: int | None = None
        self._end = 0
        self._failed = False
        self._view = memoryview(b"")
        if not self._take_over():
            self.begin_anew()

    def __len__(self) -> int:
        return len(self._places)

    def __contains__(self, key: bytes) -> bool:
        return key in self._places

    def __getitem__(self, key: bytes) -> Encoded:
        """What is noted down for a key, mapped from the file; it stays when the journal is removed."""
        start, tokens = self._places[key]
        if len(self._view) < self._end:
            self._map()
        return _read(self._view, start, tokens, self._origin.shape)

    def read(self, key: bytes) -> Encoded:
        """The same, read from the file, so that nothing of it stays mapped.

        Raises:
            OSError: it cannot be read.
        """
        start, tokens = self._places[key]
        size = self._origin.shape.record(tokens)
        assert self._file is not None
        data = os.pread(self._file, size, start)
        if len(data) != size:
            raise OSError(errno.EIO, f"{self.path.name} has been cut short")
        return _read(memoryview(data), 0, tokens, self._origin.shape)

    def add(self, key: bytes, encoded: Encoded) -> bool:
        """Note down what a passage is encoded as; whether it was. After a failure nothing more is."""
        if self._file is None or self._failed:
            return False
        record = _record(key, encoded)
        try:
            _write(self._file, record, self._end)
        except OSError:  # what was written of it is dropped by whoever opens it next
            self._failed = True
            return False
        self._places[key] = _Place(self._end, len(encoded.tokens.scales))
        self._end += len(record)
        return True

    def begin_anew(self) -> None:
        """Forget all that is in it."""
        self.remove()
        line = self._origin.model_dump_json().encode() + b"\n"
        with suppress(OSError):
            self._file = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o644)
            self._end, self._failed = len(line), True
            _write(self._file, line, 0)
            self._failed = False

    def remove(self) -> bool:
        """Remove it; whether there was one."""
        self.close()
        self._places.clear()
        with suppress(OSError):
            self.path.unlink()  # not emptied, since it may be mapped
            return True
        return False

    def close(self) -> None:
        """Leave it to the next build."""
        self._view = memoryview(b"")
        if self._file is not None:
            os.close(self._file)
        self._file = None

    def _take_over(self) -> bool:
        try:
            self._file = os.open(self.path, os.O_RDWR)
            line, ended, _ = os.pread(self._file, _LONGEST_LINE, 0).partition(b"\n")
            if not ended or not self._origin.takes_over(Origin.model_validate_json(line)):
                return False
            self._end = os.fstat(self._file).st_size
            self._map()
        except (OSError, ValidationError):
            return False
        self._places, self._end = _whole_records(self._view, len(line) + 1, self._origin.shape)
        self._view = memoryview(b"")
        return True

    def _map(self) -> None:
        assert self._file is not None
        self._view = memoryview(mmap.mmap(self._file, self._end, access=mmap.ACCESS_READ))


def _record(key: bytes, encoded: Encoded) -> bytes:
    tokens = encoded.tokens
    parts = ((encoded.vector, "<f4"), (tokens.scales, "<f4"), (tokens.spans, "<i4"), (tokens.vectors, "i1"))
    body = b"".join([_HEAD.pack(_MARK, len(tokens.scales), key), *(np.asarray(*part).tobytes() for part in parts)])
    return body + _checksum(body)


def _read(view: memoryview, start: int, tokens: int, shape: _Shape) -> Encoded:
    """The record of so many tokens that begins at ``start``; its arrays are parts of ``view``."""
    at = start + _HEAD.size
    vector: Floats = np.frombuffer(view, "<f4", shape.dimension, at)
    at += vector.nbytes
    scales: Floats = np.frombuffer(view, "<f4", tokens, at)
    at += scales.nbytes
    spans: Integers = np.frombuffer(view, "<i4", 2 * tokens, at).reshape(tokens, 2)
    vectors = np.frombuffer(view, np.int8, shape.token * tokens, at + spans.nbytes).reshape(tokens, shape.token)
    return Encoded(vector, PassageTokens(vectors, scales, spans))


def _whole_records(view: memoryview, start: int, shape: _Shape) -> tuple[dict[bytes, _Place], int]:
    """The records from ``start`` on as far as they are whole, by key, and where the last one of them ends."""
    places: dict[bytes, _Place] = {}
    while len(view) >= start + _HEAD.size:
        mark, tokens, key = _HEAD.unpack_from(view, start)
        checksum = start + shape.record(tokens)
        end = checksum + _CHECKSUM_SIZE
        if mark != _MARK or end > len(view) or _checksum(view[start:checksum]) != view[checksum:end]:
            break
        places[key] = _Place(start, tokens)
        start = end
    return places, start


def _checksum(body: bytes | memoryview) -> bytes:
    return hashlib.sha256(body).digest()


def _write(file: int, data: bytes, at: int) -> None:
    """Write all of it, which the system may do in parts."""
    written = 0
    while written < len(data):
        written += os.pwrite(file, data[written:], at + written)


def content_key(content: tuple[str | None, ...]) -> bytes:
    """What a record is found by: the SHA-256 of all that a passage's vectors depend on."""
    return hashlib.sha256(json.dumps(content).encode()).digest()
