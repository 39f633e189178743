"""An encoder whose vectors can be computed by hand, and small helpers around reading."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from qa.encoding.encoder import Encoding, normalised
from qa.encoding.means import LanguageMeans
from qa.encoding.prepared import Card, PreparedModel
from qa.indexing.generation import Generation
from qa.indexing.store import IndexStore
from qa.reading import Source, read_document
from qa.records import Document, Passage

DIMENSION = 64


class WordEncoder:
    """Each new word, small letters, is the next axis; a text is the sum of its words at length one."""

    fingerprint = "words"
    dimension = DIMENSION

    def __init__(self) -> None:
        self.axes: dict[str, int] = {}
        self.encoded: list[str] = []

    def encode_questions(self, texts: Sequence[str]) -> list[Encoding]:
        return [self._encode(text) for text in texts]

    def encode_passages(self, texts: Sequence[str]) -> list[Encoding]:
        self.encoded.extend(texts)
        return [self._encode(text) for text in texts]

    def expect(self, texts: int) -> None:
        """Nothing: there is no vocabulary to load."""

    def _encode(self, text: str) -> Encoding:
        words = list(re.finditer(r"\w+", text))
        tokens = np.zeros((len(words), DIMENSION), dtype=np.float32)
        for row, word in enumerate(words):
            tokens[row, self.axes.setdefault(word[0].lower(), len(self.axes))] = 1
        spans = np.array([word.span() for word in words], dtype=np.int32).reshape(-1, 2)
        return Encoding(normalised(tokens.sum(axis=0)), tokens, spans)


def word_model(folder: Path = Path()) -> PreparedModel:
    """A prepared model over `WordEncoder` that subtracts nothing from its vectors."""
    card = Card("words", "tests", "fake", "words", DIMENSION, 512, "", "", 1.0)
    means = LanguageMeans.from_rows({"en": np.zeros((4, DIMENSION), dtype=np.float32)})
    return PreparedModel(card, WordEncoder(), means, folder)


def read(text: str | bytes, name: str = "essay.txt") -> tuple[Document, tuple[Passage, ...]]:
    data = text if isinstance(text, bytes) else text.encode()
    return read_document(Source(name.rsplit(".", 1)[0], name, data, hashlib.sha256(data).hexdigest()))


def texts(passages: Sequence[Passage]) -> list[str]:
    return [passage.text for passage in passages]


def passage(id_: str, anchor: str, text: str, document: str = "essay", section: str | None = None) -> Passage:
    """A passage that stands alone, for what looks at ids, places and text only."""
    label = f"§{section}" if section else document
    return Passage(
        id=id_, document=document, text=text, start=0, end=len(text), line_start=1, line_end=1, section=section,
        heading=None, item=None, path=(document,), label=label, anchor=anchor, section_anchor="top", kind="paragraph",
        context=None, plain=text, sentences=((0, len(text)),),
    )  # fmt: skip


def publish(store: IndexStore, generation: Generation) -> None:
    """Make a generation live, unchecked."""
    store.stage(generation)
    store.make_live(generation.id)
