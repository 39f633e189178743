"""A generation: one built index on disk, complete and checked, or not there at all.

index/CURRENT                     the id of the live generation
index/generations/<id>/
    manifest.json                 what it is, and a checksum for each file
    manifest.json.sha256          its own
    documents.jsonl               the documents as they were read, their text included
    passages.jsonl                the passages, in the order of all arrays
    dense*, tokens-*.npy          their vectors
    lexical/                      their sequences of letters, for BM25
    words.txt                     their words, for questions typed in other letters
    abbreviations.json            what they spell out
    history.jsonl                 where the passages of earlier generations are now
    held.json                     why it was built but not published, where that is so
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from pathlib import Path

import numpy as np
from pydantic import TypeAdapter

from qa.errors import UnknownDocumentError, UnknownPassageError
from qa.indexing.dense import DenseIndex, Positions
from qa.indexing.history import History
from qa.indexing.layout import Layout
from qa.indexing.lexical import LexicalIndex
from qa.indexing.manifest import Manifest, check_files, read_manifest
from qa.indexing.tokens import TokenStore
from qa.language.abbreviations import Abbreviations
from qa.language.lexicon import Lexicon
from qa.reading.text_fragment import source_url
from qa.records import Citation, Document, Passage

DOCUMENTS, PASSAGES = "documents.jsonl", "passages.jsonl"
DENSE, LEXICAL, WORDS = "dense.faiss", "lexical", "words.txt"
ABBREVIATIONS, HISTORY = "abbreviations.json", "history.jsonl"
# A kilobyte or two each.
_LAYOUTS = 4096

_DOCUMENT = TypeAdapter(Document)
_PASSAGE = TypeAdapter(Passage)


@dataclass(frozen=True)
class Generation:
    """A generation in memory; passages, vectors and tokens share their order."""

    manifest: Manifest
    documents: dict[str, Document]
    passages: Sequence[Passage]
    dense: DenseIndex
    tokens: TokenStore
    lexical: LexicalIndex
    words: Lexicon
    abbreviations: Abbreviations
    history: History

    @classmethod
    def load(cls, folder: Path) -> Generation:
        """Read and check a generation.

        Raises:
            DamagedGenerationError: a file is missing or not the one that the manifest tells of.
            MismatchError: it is of another format.
        """
        manifest = read_manifest(folder)
        check_files(folder, manifest)
        passages = tuple(_PASSAGE.validate_json(line) for line in _json_lines(folder / PASSAGES))
        documents = {}
        for line in _json_lines(folder / DOCUMENTS):
            document = _DOCUMENT.validate_json(line)
            documents[document.id] = document
        return cls(
            manifest=manifest,
            documents=documents,
            passages=passages,
            dense=DenseIndex.load(folder / DENSE),
            tokens=TokenStore.load(folder),
            lexical=LexicalIndex.load(folder / LEXICAL, len(passages)),
            words=Lexicon.load(folder / WORDS),
            abbreviations=Abbreviations.load(folder / ABBREVIATIONS),
            history=History.load(folder / HISTORY),
        )

    def save(self, folder: Path) -> None:
        """Write all files but the manifest."""
        _write_lines(folder / DOCUMENTS, (_DOCUMENT.dump_json(document) for document in self.documents.values()))
        _write_lines(folder / PASSAGES, (_PASSAGE.dump_json(passage) for passage in self.passages))
        self.dense.save(folder / DENSE)
        self.tokens.save(folder)
        self.lexical.save(folder / LEXICAL)
        self.words.save(folder / WORDS)
        self.abbreviations.save(folder / ABBREVIATIONS)
        self.history.save(folder / HISTORY)

    def with_threshold(self, threshold: float) -> Generation:
        """The same, with the confidence from which on a question counts as answered."""
        return replace(self, manifest=self.manifest.model_copy(update={"threshold": threshold}))

    @property
    def id(self) -> str:
        return self.manifest.generation

    def document(self, id_: str) -> Document:
        """The document with an id.

        Raises:
            UnknownDocumentError: there is none.
        """
        try:
            return self.documents[id_]
        except KeyError:
            raise UnknownDocumentError(f"no document has the id {id_!r}; GET /documents lists them") from None

    def passages_of(self, id_: str) -> list[Passage]:
        """The passages of a document, in its order."""
        self.document(id_)
        return [self.passages[position] for position in self.positions([id_])]

    def passage(self, id_: str) -> Passage:
        """The passage with an id.

        Raises:
            UnknownPassageError: there is none now; `now` also knows the former ones.
        """
        try:
            return self._passages[id_]
        except KeyError:
            raise UnknownPassageError(
                f"no passage has the id {id_!r}; GET /documents/{{document_id}}/passages lists them"
            ) from None

    def now(self, id_: str) -> Passage | None:
        """The passage with an id or, where that is a former one, what it became; None where that is gone."""
        return self._passages.get(id_) or self._passages.get(self.history.resolve_id(id_) or "")

    def passage_at(self, document: str, anchor: str) -> Passage | None:
        """What stands under an anchor or, where nothing does, what became of that which last stood there."""
        live = self._by_anchor.get((document, anchor))
        return live or self._passages.get(self.history.resolve_anchor(document, anchor) or "")

    def successor(self, document: str) -> str | None:
        """The document in which most recently a passage of one that is no more was found; None for none."""
        passage = self._passages.get(self.history.successor(document) or "")
        return passage.document if passage else None

    def positions(self, documents: Sequence[str]) -> Positions:
        """The positions of all passages of the documents."""
        for id_ in documents:
            self.document(id_)
        return np.concatenate([self._positions.get(id_, np.empty(0, np.int64)) for id_ in dict.fromkeys(documents)])

    def layout(self, position: int) -> Layout:
        """Which tokens make the words and sentences of a passage; of those that were asked for last it is kept."""
        return self._layouts(position)

    @cached_property
    def _layouts(self) -> Callable[[int], Layout]:
        passages, tokens = self.passages, self.tokens  # not the generation, which is to go when it is let go of

        @lru_cache(_LAYOUTS)
        def layout(position: int) -> Layout:
            return Layout.of(passages[position], tokens.passage(position).spans)

        return layout

    @cached_property
    def _passages(self) -> dict[str, Passage]:
        return {passage.id: passage for passage in self.passages}

    @cached_property
    def _by_anchor(self) -> dict[tuple[str, str], Passage]:
        return {(passage.document, passage.anchor): passage for passage in self.passages}

    @cached_property
    def _positions(self) -> dict[str, Positions]:
        found: dict[str, list[int]] = {}
        for position, passage in enumerate(self.passages):
            found.setdefault(passage.document, []).append(position)
        return {id_: np.asarray(positions, dtype=np.int64) for id_, positions in found.items()}

    def citation(self, passage: Passage) -> Citation:
        document = self.documents[passage.document]
        return Citation(
            document=document.id,
            title=document.title,
            section=passage.section,
            heading=passage.heading,
            item=passage.item,
            path=passage.path,
            label=passage.label,
            start=passage.start,
            end=passage.end,
            line_start=passage.line_start,
            line_end=passage.line_end,
            source_sha256=document.sha256,
            anchor=passage.anchor,
            page=document.page(passage.start),
            page_end=document.page(max(passage.start, passage.end - 1)),
            author="; ".join(document.metadata.authors) or None,
            date=document.metadata.date,
            source_url=source_url(document, passage),
        )


def _json_lines(path: Path) -> list[bytes]:
    return [line for line in path.read_bytes().split(b"\n") if line]


def _write_lines(path: Path, lines: Iterable[bytes]) -> None:
    with path.open("wb") as file:
        for line in lines:
            file.write(line + b"\n")
        file.flush()
        os.fsync(file.fileno())
