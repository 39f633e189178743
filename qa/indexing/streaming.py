"""From a large corpus to a generation on the disk, with little of it in memory at a time.

Documents are read, cut and written one after the other; then their passages are gone through. Those that neither an
earlier generation nor the journal has are encoded into the journal, vectors and tokens are written in the passages'
order, and what is found by words is made last. A build that is killed reads the documents again, but encodes nothing
twice. The same corpus gives the same files as `qa.indexing.builder` makes, as far as that keeps them likewise.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from qa.encoding.encoder import Integers
from qa.encoding.prepared import PreparedModel
from qa.errors import IndexFolderError
from qa.indexing.array_writer import ArrayWriter
from qa.indexing.builder import Content, Progress, content_of, manifest_of, source_of, spoken, vectors_serve
from qa.indexing.dense import DenseIndex
from qa.indexing.encoded import Encoded
from qa.indexing.encoding import Task, encode
from qa.indexing.generation import ABBREVIATIONS, DENSE, HISTORY, LEXICAL, WORDS, Generation, read_documents
from qa.indexing.history import History
from qa.indexing.journal import Journal, content_key
from qa.indexing.keys import Keys
from qa.indexing.lexical import LexicalIndex
from qa.indexing.manifest import Counts, Manifest, SourceEntry
from qa.indexing.passages import Passages
from qa.indexing.places import CorpusWriter
from qa.indexing.reduced_tokens import REDUCED_FROM, ReducedTokens, ReducedTokensWriter, packed, reduced
from qa.indexing.tokens import PassageTokens, TokensWriter
from qa.language.abbreviations import Abbreviations
from qa.language.lexicon import Lexicon
from qa.reading import CorpusStream

_BLOCK = 4096  # passages of which the longest are encoded first
# What a journal is opened with: the bytes of a token, if it is not a byte a dimension.
OpenJournal = Callable[[int | None], Journal]


@dataclass(frozen=True, slots=True)
class Streamed:
    """The manifest of a generation whose other files are written, how many of its passages had to be encoded, how many
    the journal had already, and the journal.
    """

    manifest: Manifest
    encoded: int
    resumed: int
    journal: Journal


class StreamingBuild:
    """One build into ``folder``, which is there and empty; the rest as for `qa.indexing.builder.build`."""

    def __init__(
        self, folder: Path, model: PreparedModel, previous: Generation | None, progress: Progress, workers: int
    ) -> None:
        self._folder, self._model, self._previous = folder, model, previous
        self._progress, self._workers = progress, workers

    def run(self, id_: str, corpus: CorpusStream, ancestor: Generation | None, open_journal: OpenJournal) -> Streamed:
        """Read, encode and write all but the manifest.

        Raises:
            CorpusError: no document could be read.
            IndexFolderError: what is encoded cannot be noted down.
            OSError: something else cannot be written.
        """
        now = datetime.now(UTC)
        sources = self._read(corpus)
        _, passages = read_documents(self._folder)
        work = _Vectors(self._folder, self._model, self._previous, passages)
        journal = open_journal(work.token_bytes)
        missing = work.missing(journal)
        resumed = work.count_new - len(missing)
        if not resumed and len(journal):
            journal.begin_anew()
        self._encode(work, missing, journal)
        tokens = work.write(journal)
        self._write_words(passages)
        self._write_history(passages, ancestor or self._previous)
        counts = Counts(documents=len(sources), passages=len(passages), tokens=tokens)
        manifest = manifest_of(id_, now, self._model.card, counts, sources, corpus.skipped)
        return Streamed(manifest, len(missing), resumed, journal)

    def _read(self, corpus: CorpusStream) -> list[SourceEntry]:
        writer = CorpusWriter(self._folder)
        sources = []
        for document, own in corpus:
            writer.add(document, own)
            sources.append(source_of(document, len(own)))
        writer.close()
        return sources

    def _encode(self, work: _Vectors, missing: Integers, journal: Journal) -> None:
        done, total = work.count_new - len(missing), work.count_new
        self._progress("encoding", done, total, 0.0)
        for start in range(0, len(missing), _BLOCK):
            block = missing[start : start + _BLOCK]
            tasks = work.tasks(block)
            for number, encoded in encode(self._model, tasks, self._workers):
                if not journal.add(work.key(int(block[number])), work.kept(encoded)):
                    raise IndexFolderError(
                        f"{journal.path.name} cannot be written, which a build of so large a corpus needs: make room"
                    )
                done += 1
                self._progress("encoding", done, total, (done - total + len(missing)) / len(missing))

    def _write_words(self, passages: Passages) -> None:
        LexicalIndex.write(
            self._folder / LEXICAL,
            len(passages),
            (passage.plain for passage in passages),
            (" ".join(passage.path) for passage in passages),
        )
        Lexicon.of_texts(spoken(passages)).save(self._folder / WORDS)
        Abbreviations.of_texts(spoken(passages)).save(self._folder / ABBREVIATIONS)

    def _write_history(self, passages: Passages, before: Generation | None) -> None:
        history = History.empty()
        if before is not None:
            history = History.after(before.history, before.passages, passages, before.id)
        history.save(self._folder / HISTORY)


class _Vectors:
    """Where the vectors of each passage come from: 36 bytes a passage stay in memory."""

    def __init__(self, folder: Path, model: PreparedModel, previous: Generation | None, passages: Passages) -> None:
        self._folder, self._passages = folder, passages
        self._dimension = model.card.dimension
        self._reduces = len(passages) >= REDUCED_FROM
        serves = previous is not None and vectors_serve(previous, model.card, reduced=self._reduces)
        self._previous = previous if serves else None
        self._keys = np.empty((len(passages), 32), np.uint8)
        self._reused = np.full(len(passages), -1, np.int32)  # the positions in ``previous``
        known = None if self._previous is None else _by_content(self._previous)
        for position, content in enumerate(_contents(passages)):
            self._keys[position] = np.frombuffer(content_key(content), np.uint8)
            if known is not None:
                self._reused[position] = self._position(content, known, self.key(position))

    def _position(self, content: Content, known: Keys, key: bytes) -> int:
        """Where the earlier generation has a content, -1 for nowhere."""
        assert self._previous is not None
        passages = self._previous.passages
        for candidate in reversed(known.with_hash(_short(key))):
            (language,) = passages.languages_of(np.array([candidate]))
            if content_of(passages[candidate], language) == content:
                return candidate
        return -1

    @property
    def token_bytes(self) -> int | None:
        return self._dimension // 2 if self._reduces else None

    @property
    def count_new(self) -> int:
        """How many passages the earlier generation does not have; equal ones count once."""
        return len(np.unique(self._keys[self._reused < 0], axis=0))

    def key(self, position: int) -> bytes:
        return bytes(self._keys[position])

    def missing(self, journal: Journal) -> Integers:
        """The positions of passages to encode; of equal ones the first."""
        seen: set[bytes] = set()
        found = []
        for position in np.flatnonzero(self._reused < 0).tolist():
            key = self.key(position)
            if key not in journal and key not in seen:
                seen.add(key)
                found.append(position)
        return np.array(found, np.int32)

    def tasks(self, positions: Integers) -> list[Task]:
        where = positions.astype(np.int64)
        return list(map(Task, self._passages.several(where), self._passages.languages_of(where)))

    def kept(self, encoded: Encoded) -> Encoded:
        return Encoded(encoded.vector, packed(reduced(encoded.tokens))) if self._reduces else encoded

    def write(self, journal: Journal) -> int:
        """Write all vectors and tokens, in the passages' order: the number of tokens."""
        vectors = ArrayWriter(DenseIndex.vectors_file(self._folder / DENSE), np.float32, self._dimension)
        tokens = ReducedTokensWriter(self._folder) if self._reduces else TokensWriter(self._folder, self._dimension)
        for position, reused in enumerate(self._reused.tolist()):
            encoded = journal.read(self.key(position)) if reused < 0 else self._taken_over(reused)
            vectors.add(encoded.vector[None, :])
            tokens.add(encoded.tokens)
        vectors.close()
        tokens.close()
        DenseIndex.write(self._folder / DENSE)
        return tokens.tokens

    def _taken_over(self, position: int) -> Encoded:
        assert self._previous is not None
        tokens: PassageTokens = self._previous.tokens.passage(position)
        if self._reduces:
            tokens = packed(tokens if isinstance(self._previous.tokens, ReducedTokens) else reduced(tokens))
        return Encoded(self._previous.dense.vector(position), tokens)


def _contents(passages: Passages) -> Iterator[Content]:
    for start in range(0, len(passages), _BLOCK):
        block = np.arange(start, min(start + _BLOCK, len(passages)))
        yield from map(content_of, passages.several(block), passages.languages_of(block))


def _by_content(generation: Generation) -> Keys:
    return Keys.of(_short(content_key(content)) for content in _contents(generation.passages))


def _short(key: bytes) -> int:
    return int.from_bytes(key[:8], "little")
