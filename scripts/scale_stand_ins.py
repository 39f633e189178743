"""Passages and tokens of a smaller index, where a large one has none of its own: for `scripts/bench_scale`."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, overload

from qa.indexing.dense import DenseIndex
from qa.indexing.generation import DENSE, LEXICAL, Generation
from qa.indexing.lexical import LexicalIndex
from qa.indexing.manifest import read_manifest
from qa.indexing.tokens import TokenStore
from qa.records import Passage


@dataclass(frozen=True)
class Repeated(Sequence[Passage]):
    """``size`` passages: the first ``period`` of a smaller generation again and again."""

    passages: Sequence[Passage]
    period: int
    size: int

    def __len__(self) -> int:
        return self.size

    @overload
    def __getitem__(self, position: int) -> Passage: ...
    @overload
    def __getitem__(self, position: slice) -> Sequence[Passage]: ...
    def __getitem__(self, position: Any) -> Any:
        return self.passages[position % self.period]


@dataclass(frozen=True)
class RepeatedTokens:
    """The tokens of the first ``period`` passages of a smaller generation again and again."""

    tokens: TokenStore
    period: int
    size: int

    def passage(self, position: int) -> Any:
        return self.tokens.passage(position % self.period)

    def __len__(self) -> int:
        return self.size


def loaded(folder: Path, size: int, below: Path | None, real: int) -> Generation:
    """The generation in a folder, of the passages and tokens of another one where it has none of its own."""
    if below is None:
        return Generation.load(folder)
    other = Generation.load(below)
    # What stands in for a passage must come from the same one of the ``real`` passages.
    period = len(other.passages) // real * real
    return replace(
        other,
        manifest=read_manifest(below),
        passages=Repeated(other.passages, period, size),
        tokens=RepeatedTokens(other.tokens, period, size),  # type: ignore[arg-type]
        dense=DenseIndex.load(folder / DENSE),
        lexical=LexicalIndex.load(folder / LEXICAL, size),
    )
