"""The encoder that the rest of the service sees, and the windows that let it read long text."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

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

# Token ids of one window, special tokens included -> (token vectors, pooled vector of length one).
Forward = Callable[[list[int]], tuple[Floats, Floats]]


class WindowedEncoder:
    """A tokenizer and a network, one text at a time, so that no result depends on a batch.

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
    ) -> None:
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
        return [self._encode(self.prompts.passage, text) for text in texts]

    def expect(self, texts: int) -> None:
        self._tokenizer.expect(texts)

    def _encode_question(self, text: str) -> Encoding:
        encoding = self._kept.get(text)
        if encoding is None:
            encoding = self._encode(self.prompts.question, text)
            if len(encoding.tokens) <= _MOST_TOKENS_KEPT:
                self._kept.keep(text, encoding)
        return encoding

    def _encode(self, prompt: str, text: str) -> Encoding:
        ids, offsets, special = self._tokenizer.read(prompt + text)
        offsets = offsets - len(prompt)
        # A token may begin with the space that ends the prompt: it is the text's where it ends inside it.
        content = ~special & (offsets[:, 1] > 0) & (offsets[:, 1] > offsets[:, 0])
        places = np.flatnonzero(content)
        spans = np.maximum(offsets[places], 0)
        if len(ids) <= self._max_tokens:
            tokens, vector = self._forward(ids.tolist())
            return Encoding(vector, tokens[places], spans)
        return self._windows(ids, places, spans)

    def _windows(self, ids: NDArray[np.int64], places: NDArray[np.intp], spans: Integers) -> Encoding:
        head, tail = ids[: places[0]], ids[places[-1] + 1 :]
        room = self._max_tokens - len(head) - len(tail)
        tokens: list[Floats] = []
        total = np.zeros(self.dimension, dtype=np.float32)
        for start in range(0, len(places), room):
            window = ids[places[start : start + room]]
            found, vector = self._forward([*head.tolist(), *window.tolist(), *tail.tolist()])
            tokens.append(found[len(head) : len(head) + len(window)])
            total += vector * len(window)
        return Encoding(normalised(total), np.concatenate(tokens), spans)


def normalised(vectors: Floats) -> Floats:
    """Vectors at length one; a zero vector stays zero."""
    lengths = np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-12)
    divided: Floats = np.divide(vectors, lengths, dtype=np.float32)
    return divided
