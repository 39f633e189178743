"""All that is known of a passage, as one string of bytes: what a replica needs to compare it and to show it."""

from __future__ import annotations

import struct
import zlib
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import TypeAdapter

from qa.encoding.encoder import Floats
from qa.errors import DamagedGenerationError
from qa.indexing.tokens import PassageTokens
from qa.records import Passage

PASSAGE = TypeAdapter(Passage)
# The bytes of the passage, the vectors' dimension, and the numbers of terms in the body, in the headings, of tokens.
_HEAD = struct.Struct("<5I")
_CHECKSUM = struct.Struct("<I")

Terms = NDArray[np.uint32]


class Weights(NamedTuple):
    """A sparse vector: ``terms`` (n,), ascending, and the weight of each, (n,)."""

    terms: Terms
    weights: Floats

    def as_mapping(self) -> dict[int, float]:
        return dict(zip(self.terms.tolist(), self.weights.tolist(), strict=True))


class Row(NamedTuple):
    """``passage`` is JSON; ``vector`` (dimension,) that of the whole passage; ``body`` and ``headings`` are BM25."""

    passage: bytes
    vector: Floats
    body: Weights
    headings: Weights
    tokens: PassageTokens

    def pack(self) -> bytes:
        head = _HEAD.pack(
            len(self.passage), len(self.vector), len(self.body.terms), len(self.headings.terms), len(self.tokens.scales)
        )
        arrays: tuple[NDArray[np.generic], ...] = (
            self.vector.astype("<f4"), *_packed(self.body), *_packed(self.headings),
            self.tokens.scales.astype("<f4"), self.tokens.spans.astype("<i4"), self.tokens.vectors,
        )  # fmt: skip
        data = b"".join([head, *(np.ascontiguousarray(one).tobytes() for one in arrays), self.passage])
        return _CHECKSUM.pack(zlib.crc32(data)) + data

    @classmethod
    def unpack(cls, data: bytes, what: str) -> Row:
        """Read what `pack` made; its arrays are views of ``data``.

        Raises:
            DamagedGenerationError: it is not what was packed; ``what`` names it.
        """
        whole = len(data) >= _CHECKSUM.size + _HEAD.size
        if not whole or _CHECKSUM.unpack_from(data)[0] != zlib.crc32(memoryview(data)[_CHECKSUM.size :]):
            raise DamagedGenerationError(f"{what} is damaged in Milvus; run qa index build --full")
        passage, dimension, body, headings, tokens = _HEAD.unpack_from(data, _CHECKSUM.size)
        reader = _Reader(data, _CHECKSUM.size + _HEAD.size)
        vector = reader.floats(dimension)
        of_body = Weights(reader.terms(body), reader.floats(body))
        of_headings = Weights(reader.terms(headings), reader.floats(headings))
        scales = reader.floats(tokens)
        spans = reader.array("<i4", 2 * tokens).reshape(-1, 2)
        vectors = reader.array("i1", tokens * dimension).reshape(-1, dimension)
        text = data[reader.at : reader.at + passage]
        return cls(text, vector, of_body, of_headings, PassageTokens(vectors, scales, spans))


class _Reader:
    def __init__(self, data: bytes, at: int) -> None:
        self.data, self.at = data, at

    def array(self, kind: str, count: int) -> Any:
        found = np.frombuffer(self.data, kind, count, self.at)
        self.at += found.nbytes
        return found

    def floats(self, count: int) -> Floats:
        found: Floats = self.array("<f4", count)
        return found

    def terms(self, count: int) -> Terms:
        found: Terms = self.array("<u4", count)
        return found


def _packed(weights: Weights) -> tuple[NDArray[np.generic], NDArray[np.generic]]:
    return weights.terms.astype("<u4"), weights.weights.astype("<f4")
