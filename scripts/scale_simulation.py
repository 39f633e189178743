"""As many passages as one wants, made from real ones: for `scripts/bench_scale`.

Passage i has the words of a real one; each word is dropped with the chance `DROPPED` and exchanged with the chance
`EXCHANGED` for one of the Kazakh language, drawn by how common it is. So no two are the same, and rare words stay rare,
though less so than in real text, whose vocabulary grows.

Its vector is m + √(1-s²)·(v-m) + s·z, at length one: v the real passage's, m the mean of all, z drawn with their
covariance. That leaves mean and covariance as they are, for any s. With s `NOISE`, 950 simulated passages of KazQAD are
on average as near to their nearest as the real ones (a cosine of 0.60). With less, each question's neighbours would be
copies of one passage; with s = 1 there would be no topics at all, and nothing to be near to.

Its token vectors are the real passage's: those of dropped words left out, those of exchanged words some of another
passage's, all of them with a noise of a tenth of their length.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np

from qa.indexing.array_writer import ArrayWriter
from qa.indexing.generation import Generation
from qa.indexing.tokens import PassageTokens
from qa.language.lexicon import Lexicon
from qa.records import Document, Passage

DROPPED, EXCHANGED, NOISE, TOKEN_NOISE = 0.1, 0.15, 0.65, 0.1
PER_DOCUMENT = 100
_BLOCK = 16_384
_WORD = re.compile(r"\S+")


@dataclass(frozen=True)
class Simulation:
    """Passages made from those of ``real``; what passage ``i`` is depends on nothing but ``i``."""

    real: Generation
    noise: float = NOISE

    def passage(self, position: int) -> tuple[Passage, PassageTokens]:
        origin = position % len(self.real.passages)
        passage, tokens = self.real.passages[origin], self.real.tokens.passage(origin)
        middles = tokens.spans.mean(axis=1)
        # The rows of what becomes of each word, negative for an exchanged one, and where it stands then.
        words, rows, spans, length = [], [], [], 0
        for word, written in zip(_WORD.finditer(passage.text), self._words_of(position), strict=True):
            if written is None:
                continue
            own = np.flatnonzero((middles >= word.start()) & (middles < word.end()))
            words.append(written)
            rows.append(own if written == word[0] else -own - 1)
            spans.append(np.full((len(own), 2), (length, length + len(written)), np.int32))
            length += len(written) + 1
        text = " ".join(words)
        made = replace(
            passage,
            id=f"{position:020x}",
            document=f"simulated-{position // PER_DOCUMENT}",
            text=text,
            plain=text,
            anchor=f"s1.p{position % PER_DOCUMENT}",
            sentences=tuple(_sentences(text)),
        )
        return made, self._tokens(position, tokens, rows, spans)

    def text(self, position: int) -> str:
        return " ".join(word for word in self._words_of(position) if word is not None)

    def _words_of(self, position: int) -> list[str | None]:
        """What becomes of each word of the real passage, None of those that are dropped."""
        real = self._split[position % len(self._split)]
        words, cumulated = self._words
        fates, draws = np.random.default_rng(position).random((2, len(real)))
        others = np.searchsorted(cumulated, draws * cumulated[-1], side="right").tolist()
        return [
            None if fate < DROPPED else words[other] if fate < DROPPED + EXCHANGED else word
            for word, fate, other in zip(real, fates.tolist(), others, strict=True)
        ]

    @cached_property
    def _split(self) -> list[list[str]]:
        return [_WORD.findall(passage.text) for passage in self.real.passages]

    @cached_property
    def _words(self) -> tuple[list[str], np.ndarray]:
        counts = Lexicon.general().counts
        return list(counts), np.cumsum(list(counts.values()))

    def _tokens(
        self, position: int, tokens: PassageTokens, rows: Sequence[np.ndarray], spans: Sequence[np.ndarray]
    ) -> PassageTokens:
        chance = np.random.default_rng(position)
        taken = np.concatenate([*rows, np.empty(0, np.int64)])
        if not len(taken):
            return tokens
        kept = np.maximum(taken, 0)
        vectors = tokens.vectors[kept].astype(np.float32)
        foreign = np.flatnonzero(taken < 0)
        store = self.real.tokens
        vectors[foreign] = store.vectors[chance.integers(len(store.vectors), size=len(foreign))]
        lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
        vectors += TOKEN_NOISE * lengths / vectors.shape[1] ** 0.5 * chance.standard_normal(vectors.shape, np.float32)
        vectors /= np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-6)
        return PassageTokens.of(vectors, np.concatenate(spans))

    def write_vectors(self, path: Path, count: int) -> None:
        """(count, dimension), as `numpy.save` would."""
        real = np.stack([self.real.dense.vector(position) for position in range(len(self.real.passages))])
        mean = real.mean(axis=0)
        values, axes = np.linalg.eigh(np.cov(real.T))
        spread = (axes * np.sqrt(np.maximum(values, 0))).T.astype(np.float32)
        chance = np.random.default_rng(0)
        writer = ArrayWriter(path, np.float32, real.shape[1])
        for start in range(0, count, _BLOCK):
            own = np.empty((min(_BLOCK, count - start), real.shape[1]), np.float32)
            origins = np.arange(start, start + len(own)) % len(real)
            drawn = chance.standard_normal(own.shape, np.float32) @ spread
            own[:] = mean + np.float32((1 - self.noise**2) ** 0.5) * (real[origins] - mean) + self.noise * drawn
            own /= np.linalg.norm(own, axis=1, keepdims=True)
            writer.add(own)
        writer.close()

    def documents(self, passages: Sequence[Passage]) -> dict[str, Document]:
        """Documents of `PER_DOCUMENT` passages each; all are in Kazakh, as what they are made from."""
        some = next(iter(self.real.documents.values()))
        found = {}
        for start in range(0, len(passages), PER_DOCUMENT):
            own = passages[start : start + PER_DOCUMENT]
            text = "\n\n".join(passage.text for passage in own)
            id_ = own[0].document
            found[id_] = replace(some, id=id_, name=f"{id_}.txt", text=text, language="kk", sections=(), dropped=())
        return found


def placed(passages: Iterable[Passage]) -> Iterator[Passage]:
    """The same at their places in the documents of `Simulation.documents`."""
    start = 0
    for position, passage in enumerate(passages):
        start = 0 if position % PER_DOCUMENT == 0 else start
        end = start + len(passage.text)
        yield replace(passage, start=start, end=end)
        start = end + 2


def _sentences(text: str) -> Iterator[tuple[int, int]]:
    start = 0
    for found in re.finditer(r"[.!?]\s", text):
        yield start, found.start() + 1
        start = found.end()
    yield start, len(text)


def bytes_under(path: Path) -> int:
    """What a file, or all files of a folder, take on the disk."""
    files = [path] if path.is_file() else [one for one in path.rglob("*") if one.is_file()]
    return sum(one.stat().st_size for one in files)
