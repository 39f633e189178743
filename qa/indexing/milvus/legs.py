"""Search in Milvus: by vector, and by sequences of letters. What is found is compared by its own rows."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from qa.encoding.encoder import Floats, Integers
from qa.indexing.dense import Positions
from qa.indexing.milvus.connection import Connection
from qa.indexing.milvus.row import Weights
from qa.indexing.milvus.rows import Rows
from qa.indexing.milvus.terms import asked, products
from qa.indexing.tokens import PassageTokens

# Milvus gives at most so many.
_MOST = 16_384
# Of equal passages the first count; which of those at the end of a list are equal is seen in so many more.
_MORE = 32
# How many places of the graph are looked at, for each passage that is asked for: see `docs/milvus.md`.
_LOOKED_AT, _FEWEST_LOOKED_AT = 4, 256
# Passages that are scattered over more stretches are named one by one: Milvus reads a long "or" slowly, or not at all.
_STRETCHES = 64


@dataclass(frozen=True)
class Vectors:
    """The collection that is searched; the passages of the i-th document have the positions ``bounds[i]`` to
    ``bounds[i + 1]``.
    """

    connection: Connection
    collection: str
    documents: Sequence[str]
    bounds: NDArray[np.int64]

    def search(
        self, field: str, vector: Any, count: int, among: Positions | None, parameters: Mapping[str, Any]
    ) -> tuple[Positions, Floats]:
        """The ``count`` passages with the highest product, best first, of equal ones the first."""
        size = int(self.bounds[-1]) if among is None else len(among)
        count = min(count, size, _MOST)
        if count == 0:
            return np.empty(0, np.int64), np.empty(0, np.float32)
        (hits,) = self.connection.ask(
            "search",
            self.collection,
            data=[vector],
            anns_field=field,
            limit=min(count + _MORE, size, _MOST),
            filter="" if among is None else self.condition(among),
            search_params={"metric_type": "IP", "params": dict(parameters)},
            output_fields=["position"],
        )
        positions = np.array([hit["position"] for hit in hits], np.int64)
        scores = np.array([hit["distance"] for hit in hits], np.float32)
        best = np.lexsort((positions, -scores))[:count]
        return positions[best], scores[best]

    def condition(self, among: Positions) -> str:
        """Passages as Milvus's expression: by their documents where these are whole, which are the partitions' key."""
        chosen = np.unique(among)
        numbers = np.unique(np.searchsorted(self.bounds, chosen, side="right") - 1)
        if len(chosen) == int((self.bounds[numbers + 1] - self.bounds[numbers]).sum()):
            names = [self.documents[number] for number in numbers.tolist()]
            return f"document in {json.dumps(names, ensure_ascii=False)}"
        breaks = np.flatnonzero(np.diff(chosen) != 1) + 1
        if len(breaks) >= _STRETCHES:
            return f"position in {chosen.tolist()}"
        stretches = [(int(chosen[a]), int(chosen[b - 1])) for a, b in pairwise([0, *breaks.tolist(), len(chosen)])]
        return " or ".join(f"(position >= {first} and position <= {last})" for first, last in stretches)


@dataclass(frozen=True)
class MilvusDense:
    """See `qa.indexing.dense.DenseIndex`."""

    vectors: Vectors
    rows: Rows
    dimension: int

    def __len__(self) -> int:
        return len(self.rows)

    def search(self, vector: Floats, count: int, among: Positions | None = None) -> tuple[Positions, Floats]:
        looked_at = min(_MOST, max(_FEWEST_LOOKED_AT, _LOOKED_AT * (count + _MORE)))
        return self.vectors.search("dense", vector.astype(np.float32), count, among, {"ef": looked_at})

    def vector(self, position: int) -> Floats:
        return self.rows.one(position).vector

    def cosines(self, vector: Floats, positions: Positions) -> Floats:
        rows = self.rows.several(positions)
        found: Floats = np.stack([row.vector for row in rows]) @ vector if rows else np.empty(0, np.float32)
        return found


@dataclass(frozen=True)
class MilvusTokens:
    """See `qa.indexing.tokens.Tokens`."""

    rows: Rows
    tokens: int

    def __len__(self) -> int:
        return len(self.rows)

    def passage(self, position: int) -> PassageTokens:
        return self.rows.one(position).tokens

    def spans_of(self, position: int) -> Integers:
        return self.rows.one(position).tokens.spans

    def several(self, positions: Positions) -> list[PassageTokens]:
        return [row.tokens for row in self.rows.several(positions)]


@dataclass(frozen=True)
class MilvusMatches:
    """See `qa.indexing.postings.Matches`."""

    field: Literal["body", "headings"]
    question: Weights
    vectors: Vectors
    rows: Rows

    def at(self, positions: Positions) -> Floats:
        weights: list[Weights] = [getattr(row, self.field) for row in self.rows.several(positions)]
        return products(self.question, weights)

    def most(self, count: int, among: Positions | None = None) -> Positions:
        if not len(self.question.terms):
            return np.empty(0, np.int64)
        positions, scores = self.vectors.search(self.field, self.question.as_mapping(), count, among, {})
        return positions[scores > 0]


@dataclass(frozen=True)
class MilvusLexical:
    """See `qa.indexing.lexical.LexicalIndex`; ``others`` are terms whose number is not that of their hash."""

    vectors: Vectors
    rows: Rows
    others: Mapping[str, int]

    def matches(self, question: str) -> tuple[MilvusMatches, MilvusMatches]:
        terms = asked(question, self.others)
        return (
            MilvusMatches("body", terms, self.vectors, self.rows),
            MilvusMatches("headings", terms, self.vectors, self.rows),
        )
