"""The encoder that the rest of the service sees, and the windows that let it read long text."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from qa.recent import Recent

if TYPE_CHECKING:
    from qa.encoding.tokenizer import Tokenizer

Floats = NDArray[np.float32]
Integers = NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class Encoding:
    """What an encoder makes of a text of ``n`` tokens, not counting the prompt and the special ones.

    ``vector``: (dimension,), of length one. ``tokens``: (n, dimension), the last layer, as it is.
    ``spans``: (n, 2), the characters of the text that each token stands for.
    """

    vector: Floats
    tokens: Floats
    spans: Integers


@dataclass(frozen=True, slots=True)
class Prompts:
    """What a model wants to stand before a question and before a passage."""

    question: str = ""
    passage: str = ""


class Encoder(Protocol):
    """Text in, vectors out. Questions and passages are told apart, since many models want that."""

    @property
    def fingerprint(self) -> str:
        """Equal for two encoders exactly when their vectors may be compared."""
        ...

    @property
    def dimension(self) -> int: ...

    def encode_questions(self, texts: Sequence[str]) -> list[Encoding]: ...

    def encode_passages(self, texts: Sequence[str]) -> list[Encoding]: ...

    def expect(self, texts: int) -> None:
        """Say that so many texts will be encoded, so that what pays off for many only can be loaded now."""
        ...


# The encodings of the last questions are kept: what was asked is often asked again in a moment, by another document or
# in a conversation that goes on. None with more tokens, of 1.5 kB each: 128 × 300 kB, so 40 MB at most, 4 as a rule.
_KEPT_QUESTIONS, _MOST_TOKENS_KEPT = 128, 200

# Token ids of windows, special tokens included -> of each (token vectors, pooled vector of length one).
Forward = Callable[[list[list[int]]], list[tuple[Floats, Floats]]]


def padded(batch: list[list[int]], padding: int = 0) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Windows as one array, the shorter ones filled up with ``padding``, and which ids are their own (1) or not (0)."""
    ids = np.full((len(batch), max(map(len, batch))), padding, np.int64)
    mask = np.zeros_like(ids)
    for row, window in enumerate(batch):
        ids[row, : len(window)], mask[row, : len(window)] = window, 1
    return ids, mask


class _Read(NamedTuple):
    """A text's token ids, which of them are its own, and the characters that these stand for."""

    ids: NDArray[np.int64]
    places: NDArray[np.intp]
    spans: Integers


class WindowedEncoder:
    """A tokenizer and a network. A processor is given one text at a time, so that no result depends on a batch; with
    ``batch``, for a graphics card, that many passages.

    A text of more than ``max_tokens`` is read in windows, each with the prompt before it; its vector is the
    mean of theirs, weighted by their numbers of tokens, at length one.
    """

    def __init__(
        self,
        tokenizer: Tokenizer,
        forward: Forward,
        prompts: Prompts,
        max_tokens: int,
        dimension: int,
        fingerprint: str,
        batch: int = 1,
    ) -> None:
        self.batch = batch
        self.fingerprint = fingerprint
        self.dimension = dimension
        self.prompts = prompts
        self._tokenizer = tokenizer
        self._forward = forward
        self._max_tokens = max_tokens
        self._kept: Recent[Encoding] = Recent(_KEPT_QUESTIONS)

    def encode_questions(self, texts: Sequence[str]) -> list[Encoding]:
        return [self._encode_question(text) for text in texts]

    def encode_passages(self, texts: Sequence[str]) -> list[Encoding]:
        found: list[Encoding] = []
        for start in range(0, len(texts), self.batch):
            found.extend(self._encode(self.prompts.passage, texts[start : start + self.batch]))
        return found

    def expect(self, texts: int) -> None:
        self._tokenizer.expect(texts)

    def _encode_question(self, text: str) -> Encoding:
        encoding = self._kept.get(text)
        if encoding is None:
            (encoding,) = self._encode(self.prompts.question, [text])
            if len(encoding.tokens) <= _MOST_TOKENS_KEPT:
                self._kept.keep(text, encoding)
        return encoding

    def _encode(self, prompt: str, texts: Sequence[str]) -> list[Encoding]:
        """Those that one window holds all at once."""
        read = [self._read(prompt, text) for text in texts]
        short = [one for one in read if len(one.ids) <= self._max_tokens]
        made = iter(self._forward([one.ids.tolist() for one in short]) if short else ())
        found = []
        for one in read:
            if len(one.ids) <= self._max_tokens:
                tokens, vector = next(made)
                found.append(Encoding(vector, tokens[one.places], one.spans))
            else:
                found.append(self._windows(*one))
        return found

    def _read(self, prompt: str, text: str) -> _Read:
        ids, offsets, special = self._tokenizer.read(prompt + text)
        offsets = offsets - len(prompt)
        # A token may begin with the space that ends the prompt: it is the text's where it ends inside it.
        content = ~special & (offsets[:, 1] > 0) & (offsets[:, 1] > offsets[:, 0])
        places = np.flatnonzero(content)
        spans = np.maximum(offsets[places], 0)
        return _Read(ids, places, spans)

    def _windows(self, ids: NDArray[np.int64], places: NDArray[np.intp], spans: Integers) -> Encoding:
        head, tail = ids[: places[0]], ids[places[-1] + 1 :]
        room = self._max_tokens - len(head) - len(tail)
        tokens: list[Floats] = []
        total = np.zeros(self.dimension, dtype=np.float32)
        for start in range(0, len(places), room):
            window = ids[places[start : start + room]]
            ((found, vector),) = self._forward([[*head.tolist(), *window.tolist(), *tail.tolist()]])
            tokens.append(found[len(head) : len(head) + len(window)])
            total += vector * len(window)
        return Encoding(normalised(total), np.concatenate(tokens), spans)


def normalised(vectors: Floats) -> Floats:
    """Vectors at length one; a zero vector stays zero."""
    lengths = np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-12)
    divided: Floats = np.divide(vectors, lengths, dtype=np.float32)
    return divided
