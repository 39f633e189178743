"""Text to token ids. A large Unigram vocabulary stays on disk: of it only the pieces that a text could use are read.

The tokenizers library takes 0.7 s to read the 250,000 pieces of a multilingual vocabulary, and 290 MB to hold them.
Yet how a text is best cut into pieces depends on the pieces that occur in it, and on the lowest score of all, from
which the library derives the price of an unknown character. A tokenizer of these alone, a few hundred, therefore
gives the same ids, and is made in a fraction of a millisecond; the library still does all the cutting.
"""

from __future__ import annotations

import json
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import accumulate, chain
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import numpy as np
import tokenizers
from numpy.typing import NDArray
from tokenizers.models import Unigram

from qa.encoding.encoder import Integers

# In the folder of a prepared model.
TOKENIZER, PIECES, SCORES, IDS = "tokenizer.json", "pieces.npy", "pieces-scores.npy", "pieces-ids.npy"

# The pieces of so many of the last words are kept: some dozens each, so not those of a text without spaces.
_KEPT_WORDS, _LONGEST_KEPT = 2048, 32

# From how many texts on it pays to read the whole vocabulary: that takes as long as cutting so many without it.
_MANY = 150


# A piece, its score and its id in the whole vocabulary.
_Entry = tuple[str, float, int]


class Tokens(NamedTuple):
    """A text as a network reads it, special tokens included: ``ids`` (n,), where each stands in the text as
    ``offsets`` (n, 2) in characters, and whether it is ``special`` (n,), not of the text.
    """

    ids: NDArray[np.int64]
    offsets: Integers
    special: NDArray[np.bool_]


class Tokenizer(Protocol):
    """Cuts texts into tokens; may be used by several threads at once."""

    def read(self, text: str) -> Tokens: ...

    def expect(self, texts: int) -> None:
        """Say that so many texts follow, so that what pays off for many only can be read now."""
        ...


class WholeTokenizer:
    """A tokenizer of the library, as it is."""

    def __init__(self, tokenizer: tokenizers.Tokenizer) -> None:
        tokenizer.no_padding()
        tokenizer.no_truncation()
        tokenizer.encode_special_tokens = True  # "</s>" in a question is text, not the end of it
        self._tokenizer = tokenizer

    def read(self, text: str) -> Tokens:
        read = self._tokenizer.encode(text)
        return Tokens(
            np.asarray(read.ids, dtype=np.int64),
            np.asarray(read.offsets, dtype=np.int32).reshape(-1, 2),
            np.asarray(read.special_tokens_mask, dtype=bool),
        )

    def expect(self, texts: int) -> None:
        """Nothing: the vocabulary is there."""


class PagedTokenizer:
    """A Unigram tokenizer whose vocabulary is mapped from the files that `store` wrote."""

    def __init__(self, folder: Path) -> None:
        # All of the tokenizer but its vocabulary, of which it has the unknown piece only.
        self._frame = tokenizers.Tokenizer.from_file(str(folder / TOKENIZER))
        self._pieces = np.load(folder / PIECES, mmap_mode="r")
        self._scores = np.load(folder / SCORES, mmap_mode="r")
        self._ids = np.load(folder / IDS, mmap_mode="r")
        # The first is the unknown piece; the worst of all sets the price of an unknown character.
        self._always = [*self._found([str(self._frame.id_to_token(0))]), *self._entries([int(np.argmin(self._scores))])]
        self._kept = lru_cache(_KEPT_WORDS)(self._possible)
        self._whole: _Cutter | None = None

    def read(self, text: str) -> Tokens:
        cutter = self._whole or self._cutter_for(text)
        read = cutter.tokenizer.read(text)
        # Special tokens come with ids of their own, all others with their place in the cutter's vocabulary.
        return read._replace(ids=np.where(read.special, read.ids, cutter.ids[np.where(read.special, 0, read.ids)]))

    def expect(self, texts: int) -> None:
        if texts >= _MANY and self._whole is None:
            self._whole = self._cutter(self._entries(range(len(self._pieces))))

    def _words(self, text: str) -> set[str]:
        """What no piece reaches beyond."""
        frame = self._frame
        normalised = frame.normalizer.normalize_str(text) if frame.normalizer else text
        if not frame.pre_tokenizer:
            return {normalised}
        return {word for word, _ in frame.pre_tokenizer.pre_tokenize_str(normalised)}

    def _possible(self, word: str) -> list[_Entry]:
        """The pieces that a word could be cut into."""
        return self._found(_substrings(word, self._pieces.itemsize))

    def _found(self, pieces: Iterable[str]) -> list[_Entry]:
        """Those of ``pieces`` that are in the vocabulary."""
        sought = np.array([piece.encode() for piece in pieces], dtype=self._pieces.dtype)
        rows = np.minimum(np.searchsorted(self._pieces, sought), len(self._pieces) - 1)
        return self._entries(rows[self._pieces[rows] == sought].tolist())

    def _entries(self, rows: Sequence[int]) -> list[_Entry]:
        pieces: list[bytes] = self._pieces[rows].tolist()
        scores: list[float] = self._scores[rows].tolist()
        ids: list[int] = self._ids[rows].tolist()
        return [(piece.decode(), score, id_) for piece, score, id_ in zip(pieces, scores, ids, strict=True)]

    def _cutter_for(self, text: str) -> _Cutter:
        words = self._words(text)
        possible = (self._kept(word) if len(word) <= _LONGEST_KEPT else self._possible(word) for word in words)
        return self._cutter(chain.from_iterable(possible))

    def _cutter(self, entries: Iterable[_Entry]) -> _Cutter:
        kept = list(dict.fromkeys([*self._always, *entries]))
        tokenizer = tokenizers.Tokenizer(Unigram([(piece, score) for piece, score, _ in kept], unk_id=0))
        for part in ("normalizer", "pre_tokenizer", "post_processor"):
            if getattr(self._frame, part):
                setattr(tokenizer, part, getattr(self._frame, part))
        return _Cutter(WholeTokenizer(tokenizer), np.array([id_ for _, _, id_ in kept], dtype=np.int64))


class _Cutter(NamedTuple):
    """A tokenizer over some of the pieces, and the ids that these have in the whole vocabulary."""

    tokenizer: WholeTokenizer
    ids: NDArray[np.int64]


def _substrings(word: str, longest: int) -> set[str]:
    """All substrings of at most ``longest`` bytes in UTF-8."""
    ends = [0, *accumulate(len(character.encode()) for character in word)]
    return {
        word[start:end]
        for start in range(len(word))
        for end in range(start + 1, bisect_right(ends, ends[start] + longest))
    }


def store(tokenizer: tokenizers.Tokenizer, folder: Path) -> None:
    """Write a tokenizer so that `load` reads it: in one file or, if it is Unigram, with its vocabulary aside."""
    model: dict[str, Any] = (read := json.loads(tokenizer.to_str()))["model"]
    special = all(token["special"] for token in read["added_tokens"])
    pieces = [piece.encode() for piece, _ in model["vocab"]] if model["type"] == "Unigram" else []
    if not pieces or model["byte_fallback"] or not special or len(set(pieces)) < len(pieces):
        tokenizer.save(str(folder / TOKENIZER))
        return
    order = sorted(range(len(pieces)), key=pieces.__getitem__)
    np.save(folder / PIECES, np.array([pieces[id_] for id_ in order]))
    np.save(folder / SCORES, np.array([model["vocab"][id_][1] for id_ in order]))
    np.save(folder / IDS, np.array(order, dtype=np.int32))
    # Special tokens are put in by the template alone, never found in a text.
    read |= {"added_tokens": [], "model": model | {"vocab": [model["vocab"][model["unk_id"]]], "unk_id": 0}}
    (folder / TOKENIZER).write_text(json.dumps(read, ensure_ascii=False), encoding="utf-8")


def load(folder: Path) -> Tokenizer:
    """The tokenizer that `store` wrote.

    Raises:
        Exception: a file is missing or damaged; the library raises nothing narrower.
    """
    if (folder / PIECES).exists():
        return PagedTokenizer(folder)
    return WholeTokenizer(tokenizers.Tokenizer.from_file(str(folder / TOKENIZER)))
