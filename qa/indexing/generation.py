"""A generation: one built index on disk, complete and checked, or not there at all.

index/CURRENT                     the id of the live generation
index/generations/<id>/
    manifest.json                 what it is, and a checksum for each file
    manifest.json.sha256          its own
    documents.jsonl               the documents as they were read, their text included
    passages.jsonl                the passages, in the order of all arrays
    places/                       where each of many stands in these two: see `qa.indexing.on_disk`
    dense*, tokens*               their vectors
    lexical/                      their sequences of letters, for BM25
    words.txt                     their words, for questions typed in other letters
    abbreviations.json            what they spell out
    history.jsonl                 where the passages of earlier generations are now
    held.json                     why it was built but not published, where that is so
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from pathlib import Path

import numpy as np

from qa.errors import UnknownDocumentError, UnknownPassageError
from qa.indexing.dense import DenseIndex, Positions
from qa.indexing.documents import Documents, DocumentsInMemory, Summary
from qa.indexing.history import History
from qa.indexing.layout import Layout
from qa.indexing.legs import Dense, Lexical
from qa.indexing.lexical import LexicalIndex
from qa.indexing.manifest import Manifest, check_soon, read_manifest
from qa.indexing.on_disk import DOCUMENT, DOCUMENTS, PASSAGE, PASSAGES, PLACES, DocumentsOnDisk, PassagesOnDisk
from qa.indexing.passages import Passages, PassagesInMemory
from qa.indexing.places import CorpusWriter
from qa.indexing.reduced_tokens import ReducedTokens
from qa.indexing.tokens import Tokens, TokenStore
from qa.language.abbreviations import Abbreviations
from qa.language.lexicon import Lexicon
from qa.reading.text_fragment import source_url
from qa.records import Citation, Document, Passage

DENSE, LEXICAL, WORDS = "dense.faiss", "lexical", "words.txt"
ABBREVIATIONS, HISTORY = "abbreviations.json", "history.jsonl"
# A kilobyte or two each.
_LAYOUTS = 4096


@dataclass(frozen=True)
class Generation:
    """A generation that can be asked; passages, vectors and tokens share their order."""

    manifest: Manifest
    documents: Documents
    passages: Passages
    dense: Dense
    tokens: Tokens
    lexical: Lexical
    words: Lexicon
    abbreviations: Abbreviations
    history: History

    @classmethod
    def load(cls, folder: Path, *, checked: bool = False) -> Generation:
        """Read a generation and, unless its files were ``checked`` before, check it as far as `check_soon` does.

        Raises:
            DamagedGenerationError: a file is missing or not the one that the manifest tells of.
            MismatchError: it is of another format.
        """
        manifest = read_manifest(folder)
        if not checked:
            check_soon(folder, manifest)
        return cls.opened(folder, manifest)

    @classmethod
    def opened(cls, folder: Path, manifest: Manifest, tokens: Tokens | None = None) -> Generation:
        """Read the files of a generation, whatever its manifest says of them; ``tokens`` may be kept elsewhere."""
        documents, passages = read_documents(folder)
        return cls(
            manifest=manifest,
            documents=documents,
            passages=passages,
            dense=DenseIndex.load(folder / DENSE),
            tokens=tokens or read_tokens(folder),
            lexical=LexicalIndex.load(folder / LEXICAL, len(passages)),
            words=Lexicon.load(folder / WORDS),
            abbreviations=Abbreviations.load(folder / ABBREVIATIONS),
            history=History.load(folder / HISTORY),
        )

    def save(self, folder: Path) -> None:
        """Write all files but the manifest, of a generation that is not kept elsewhere."""
        assert isinstance(self.dense, DenseIndex)
        assert isinstance(self.lexical, LexicalIndex)
        writer = CorpusWriter(folder)
        for document in self.documents.values():
            writer.add(document, self.passages.several(self.passages.of(document.id)))
        writer.close()
        self.dense.save(folder / DENSE)
        assert isinstance(self.tokens, TokenStore)  # those of many passages are written as they come
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

    @property
    def document_ids(self) -> Iterator[str]:
        """The ids of all documents, in their order; none is read."""
        return (source.id for source in self.manifest.sources)

    def document(self, id_: str) -> Document:
        """The document with an id.

        Raises:
            UnknownDocumentError: there is none.
        """
        document = self.documents.get(id_)
        if document is None:
            raise _unknown(id_)
        return document

    def summary(self, id_: str) -> Summary:
        """What is told of a document without its text. Raises as `document` does."""
        if id_ not in self.documents:
            raise _unknown(id_)
        return self.documents.summary(id_)

    def passages_of(self, id_: str) -> list[Passage]:
        """The passages of a document, in its order. Raises as `document` does."""
        return self.passages.several(self.positions([id_]))

    def passage(self, id_: str) -> Passage:
        """The passage with an id.

        Raises:
            UnknownPassageError: there is none now; `now` also knows the former ones.
        """
        found = self._with_id(id_)
        if found is None:
            raise UnknownPassageError(
                f"no passage has the id {id_!r}; GET /documents/{{document_id}}/passages lists them"
            )
        return found

    def now(self, id_: str) -> Passage | None:
        """The passage with an id or, where that is a former one, what it became; None where that is gone."""
        return self._with_id(id_) or self._with_id(self.history.resolve_id(id_))

    def passage_at(self, document: str, anchor: str) -> Passage | None:
        """What stands under an anchor or, where nothing does, what became of that which last stood there."""
        live = self.passages.under(document, anchor)
        if live is not None:
            return self.passages[live]
        return self._with_id(self.history.resolve_anchor(document, anchor))

    def successor(self, document: str) -> str | None:
        """The document in which most recently a passage of one that is no more was found; None for none."""
        passage = self._with_id(self.history.successor(document))
        return passage.document if passage else None

    def positions(self, documents: Sequence[str]) -> Positions:
        """The positions of all passages of the documents. Raises as `document` does."""
        for id_ in documents:
            if id_ not in self.documents:
                raise _unknown(id_)
        return np.concatenate([self.passages.of(id_) for id_ in dict.fromkeys(documents)])

    def language(self, document: str) -> str | None:
        """The language of a document that is there."""
        return self.documents.summary(document).about.language

    def _with_id(self, id_: str | None) -> Passage | None:
        position = None if id_ is None else self.passages.find(id_)
        return None if position is None else self.passages[position]

    def layout(self, position: int) -> Layout:
        """Which tokens make the words and sentences of a passage; of those that were asked for last it is kept."""
        return self._layouts(position)

    @cached_property
    def _layouts(self) -> Callable[[int], Layout]:
        passages, tokens = self.passages, self.tokens  # not the generation, which is to go when it is let go of

        @lru_cache(_LAYOUTS)
        def layout(position: int) -> Layout:
            return Layout.of(passages[position], tokens.spans_of(position))

        return layout

    def citation(self, passage: Passage) -> Citation:
        document = self.documents.summary(passage.document).about
        # Whether words occur once on the author's own page is found in the text.
        searched = document if document.metadata.url is None else self.document(document.id)
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
            source_url=source_url(searched, passage),
        )


def read_tokens(folder: Path) -> Tokens:
    """The tokens of a generation, as they are or reduced."""
    return ReducedTokens(folder) if ReducedTokens.is_in(folder) else TokenStore.load(folder)


def _unknown(id_: str) -> UnknownDocumentError:
    return UnknownDocumentError(f"no document has the id {id_!r}; GET /documents lists them")


def read_documents(folder: Path) -> tuple[Documents, Passages]:
    """Documents and passages: few are read into memory, of many where they stand."""
    if (folder / PLACES).is_dir():
        on_disk = DocumentsOnDisk(folder)
        return on_disk, PassagesOnDisk(folder, on_disk)
    documents = {one.id: one for one in map(DOCUMENT.validate_json, _json_lines(folder / DOCUMENTS))}
    passages = tuple(map(PASSAGE.validate_json, _json_lines(folder / PASSAGES)))
    return DocumentsInMemory(documents), PassagesInMemory(passages, documents)


def _json_lines(path: Path) -> list[bytes]:
    return [line for line in path.read_bytes().split(b"\n") if line]
