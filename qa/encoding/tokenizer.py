"""Text to token ids. A large Unigram vocabulary stays on disk: of it only the pieces that a text could use are read.

The tokenizers library takes 0.7 s to read the 250,000 pieces of a multilingual vocabulary, and 290 MB to hold them.
Yet how a text is best cut into pieces depends on the pieces that occur in it, and on the lowest score of all, from
which the library derives the price of an unknown character. A tokenizer of these alone, a few hundred, therefore
gives the same ids, and is made in a fraction of a millisecond for each word that was not read lately; the library still
does all the cutting.
"""

from __future__ import annotations

import json
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from itertools import accumulate
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import numpy as np
import tokenizers
from numpy.typing import NDArray
from tokenizers.models import Unigram

from qa.encoding.encoder import Integers
from qa.recent import Recent

# In the folder of a prepared model.
TOKENIZER, PIECES, SCORES, IDS = "tokenizer.json", "pieces.npy", "pieces-scores.npy", "pieces-ids.npy"

# How so many of the last words are cut is kept, but for those of a text without spaces.
_KEPT_WORDS, _LONGEST_KEPT = 2048, 32

# From how many texts on it pays to read the whole vocabulary: that takes as long as cutting so many without it.
_MANY = 150


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
        return _tokens(self._tokenizer.encode(text))

    def expect(self, texts: int) -> None:
        """Nothing: the vocabulary is there."""


def _tokens(read: tokenizers.Encoding) -> Tokens:
    return Tokens(
        np.asarray(read.ids, dtype=np.int64),
        np.asarray(read.offsets, dtype=np.int32).reshape(-1, 2),
        np.asarray(read.special_tokens_mask, dtype=bool),
    )


class PagedTokenizer:
    """A Unigram tokenizer whose vocabulary is mapped from the files that `store` wrote."""

    def __init__(self, folder: Path) -> None:
        # All of the tokenizer but its vocabulary, of which it has the unknown piece only.
        self._frame = tokenizers.Tokenizer.from_file(str(folder / TOKENIZER))
        self._pieces = np.load(folder / PIECES, mmap_mode="r")
        self._scores = np.load(folder / SCORES, mmap_mode="r")
        self._ids = np.load(folder / IDS, mmap_mode="r")
        # The first is the unknown piece; the worst of all sets the price of an unknown character.
        self._always = [*self._rows([str(self._frame.id_to_token(0))]), int(np.argmin(self._scores))]
        self._kept: Recent[list[tokenizers.Token]] = Recent(_KEPT_WORDS)
        self._whole: _Cutter | None = None

    def read(self, text: str) -> Tokens:
        if self._whole is not None:
            read = self._whole.tokenizer.read(text)
            # Special tokens come with ids of their own, all others with their place in the cutter's vocabulary.
            own = self._whole.ids[np.where(read.special, 0, read.ids)]
            return read._replace(ids=np.where(read.special, read.ids, own))
        frame, pieces = self._frame, tokenizers.PreTokenizedString(text)
        if frame.normalizer:
            pieces.normalize(frame.normalizer.normalize)
        if frame.pre_tokenizer:
            frame.pre_tokenizer.pre_tokenize(pieces)
        # No piece reaches beyond a word, so each word is cut by itself.
        words = self._cut({word for word, _, _ in pieces.get_splits()})
        pieces.tokenize(words.__getitem__)
        cut = pieces.to_encoding()
        return _tokens(frame.post_processor.process(cut) if frame.post_processor else cut)

    def expect(self, texts: int) -> None:
        if texts >= _MANY and self._whole is None:
            self._whole = self._cutter(range(len(self._pieces)))

    def _cut(self, words: Iterable[str]) -> dict[str, list[tokenizers.Token]]:
        """Each of some words in its pieces, with their ids in the whole vocabulary."""
        known = {word: self._kept.get(word) for word in words}
        found = {word: cut for word, cut in known.items() if cut is not None}
        new = [word for word in known if word not in found]
        if new:
            longest = self._pieces.itemsize
            kept = self._vocabulary(self._rows({part for word in new for part in _substrings(word, longest)}))
            model, ids = self._model(kept), self._ids[kept].tolist()
            for word in new:
                found[word] = [
                    tokenizers.Token(ids[token.id], token.value, token.offsets) for token in model.tokenize(word)
                ]
                if len(word) <= _LONGEST_KEPT:
                    self._kept.keep(word, found[word])
        return found

    def _rows(self, pieces: Iterable[str]) -> list[int]:
        """Where those of ``pieces`` stand that are in the vocabulary."""
        sought = np.array([piece.encode() for piece in pieces], dtype=self._pieces.dtype)
        rows = np.minimum(np.searchsorted(self._pieces, sought), len(self._pieces) - 1)
        found: list[int] = rows[self._pieces[rows] == sought].tolist()
        return found

    def _vocabulary(self, rows: Iterable[int]) -> list[int]:
        return list(dict.fromkeys([*self._always, *rows]))

    def _model(self, rows: Sequence[int]) -> Unigram:
        pieces: list[bytes] = self._pieces[rows].tolist()
        scores: list[float] = self._scores[rows].tolist()
        return Unigram([(piece.decode(), score) for piece, score in zip(pieces, scores, strict=True)], unk_id=0)

    def _cutter(self, rows: Iterable[int]) -> _Cutter:
        kept = self._vocabulary(rows)
        tokenizer = tokenizers.Tokenizer(self._model(kept))
        for part in ("normalizer", "pre_tokenizer", "post_processor"):
            if getattr(self._frame, part):
                setattr(tokenizer, part, getattr(self._frame, part))
        return _Cutter(WholeTokenizer(tokenizer), self._ids[kept].astype(np.int64))


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
