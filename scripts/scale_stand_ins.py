"""Token vectors of a smaller index, where a large one has none of its own: for `scripts/bench_scale`."""

from dataclasses import dataclass
from pathlib import Path

from numpy.typing import NDArray

from qa.encoding.encoder import Integers
from qa.indexing.generation import Generation
from qa.indexing.manifest import read_manifest
from qa.indexing.tokens import PassageTokens, Tokens


@dataclass(frozen=True)
class RepeatedTokens:
    """The tokens of the first ``period`` passages of a smaller generation again and again."""

    stored: Tokens
    period: int
    size: int

    def passage(self, position: int) -> PassageTokens:
        return self.stored.passage(position % self.period)

    def spans_of(self, position: int) -> Integers:
        return self.stored.spans_of(position % self.period)

    def several(self, positions: NDArray) -> list[PassageTokens]:
        return self.stored.several(positions % self.period)

    @property
    def tokens(self) -> int:
        return self.stored.tokens

    def __len__(self) -> int:
        return self.size


def loaded(folder: Path, below: Path | None, real: int) -> Generation:
    """The generation in a folder, with the tokens of another one where it has none of its own."""
    if below is None:
        return Generation.load(folder)
    other = Generation.load(below)
    # What stands in for a passage must come from the same one of the ``real`` passages.
    period = len(other.passages) // real * real
    stored = RepeatedTokens(other.tokens, period, read_manifest(folder).counts.passages)
    return Generation.opened(folder, read_manifest(folder), stored)
