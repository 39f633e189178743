"""From what was read of a corpus to a generation in memory."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Protocol

import numpy as np

from qa.encoding.prepared import Card, PreparedModel
from qa.indexing.dense import DenseIndex
from qa.indexing.documents import DocumentsInMemory
from qa.indexing.encoded import Encoded
from qa.indexing.encoding import Task, encode
from qa.indexing.generation import Generation
from qa.indexing.history import History
from qa.indexing.identifier import generation_id
from qa.indexing.journal import Journal, content_key
from qa.indexing.lexical import LexicalIndex
from qa.indexing.manifest import FORMAT_VERSION, Counts, Manifest, ModelIdentity, SkippedEntry, SourceEntry
from qa.indexing.passages import PassagesInMemory
from qa.indexing.reduced_tokens import ReducedTokens
from qa.indexing.tokens import TokenStore
from qa.language import NORMALISER_VERSION
from qa.language.abbreviations import Abbreviations
from qa.language.lexicon import Lexicon
from qa.reading import CHUNKER_VERSION, Known, Reading, Skipped, fingerprint
from qa.records import Document, Passage

METRIC = "inner product of vectors of length one"

# All that a passage's vectors depend on, the model apart; the last is the language.
Content = tuple[str | None, ...]


class Progress(Protocol):
    """Called as work goes on with the phase, the numbers done and in all, and the share of the work that is done, 0 to
    1, where that is known better than by the numbers.
    """

    def __call__(self, phase: str, done: int, total: int, share: float | None = None, /) -> None: ...


def silent(_phase: str, _done: int, _total: int, _share: float | None = None, /) -> None:
    """Progress that nobody looks at."""


@dataclass(frozen=True, slots=True)
class Built:
    """A generation, how many of its passages had to be encoded, and how many the journal had already."""

    generation: Generation
    encoded: int
    resumed: int = 0


def build(
    reading: Reading,
    model: PreparedModel,
    previous: Generation | None = None,
    progress: Progress = silent,
    workers: int = 1,
    ancestor: Generation | None = None,
    newest: str = "",
    journal: Journal | None = None,
) -> Built:
    """Index all passages, ``workers`` at a time; those that ``previous`` or ``journal`` holds are not encoded again.

    What is found depends on the reading and the model alone. ``ancestor`` (``previous`` if not given) is the one
    whose history goes on. The id sorts after ``newest``, that of the newest generation there is. The threshold is not
    measured yet.
    """
    known = _known(previous, model.card)
    languages = {document.id: document.language for document in reading.documents}
    contents = [content_of(passage, languages[passage.document]) for passage in reading.passages]
    missing = [position for position, content in enumerate(contents) if content not in known]
    tasks = {position: Task(reading.passages[position], contents[position][-1]) for position in missing}
    noted = _Noted({position: content_key(contents[position]) for position in missing}, journal)
    rest = noted.rest()
    _encode(model, {position: tasks[position] for position in rest}, workers, noted, progress)
    vectors = [
        noted[position] if position in tasks else _reused(previous, known[content])
        for position, content in enumerate(contents)
    ]
    generation = _assembled(reading, model.card, vectors, _history(reading, ancestor or previous), newest)
    return Built(generation, len(rest), len(missing) - len(rest))


class _Noted:
    """What passages are encoded as, by position: on the disk as far as there is a journal that takes it."""

    def __init__(self, keys: dict[int, bytes], journal: Journal | None) -> None:
        self._keys, self._journal = keys, journal
        self._kept: dict[int, Encoded] = {}

    def rest(self) -> list[int]:
        """The positions that the journal does not have; if that is all, what it has is of no use."""
        if self._journal is None:
            return list(self._keys)
        rest = [position for position, key in self._keys.items() if key not in self._journal]
        if len(rest) == len(self._keys) and len(self._journal):
            self._journal.begin_anew()
        return rest

    def add(self, position: int, encoded: Encoded) -> None:
        if self._journal is None or not self._journal.add(self._keys[position], encoded):
            self._kept[position] = encoded

    def __len__(self) -> int:
        return len(self._keys)

    def __getitem__(self, position: int) -> Encoded:
        kept = self._kept.get(position)
        if kept is None:
            assert self._journal is not None
            return self._journal[self._keys[position]]
        return kept


def _encode(model: PreparedModel, tasks: Mapping[int, Task], workers: int, noted: _Noted, progress: Progress) -> None:
    """Encode passages, by position, and note them down."""
    done, total, characters = len(noted) - len(tasks), len(noted), 0
    all_ = sum(len(task.passage.plain) for task in tasks.values())
    progress("encoding", done, total, 0.0)
    positions = list(tasks)
    for number, encoded in encode(model, list(tasks.values()), workers):
        noted.add(positions[number], encoded)
        done, characters = done + 1, characters + len(tasks[positions[number]].passage.plain)
        progress("encoding", done, total, characters / max(all_, 1))


def _history(reading: Reading, previous: Generation | None) -> History:
    if previous is None:
        return History.empty()
    return History.after(previous.history, previous.passages, reading.passages, previous.id)


def known_documents(previous: Generation | None) -> Known:
    """The documents that an earlier generation was made of, if they would be read in the same way today."""
    if previous is None or (previous.manifest.chunker, previous.manifest.normaliser) != (
        CHUNKER_VERSION,
        NORMALISER_VERSION,
    ):
        return MappingProxyType({})
    return _KnownDocuments(previous)


class _KnownDocuments:
    """Those of a generation, each read when it is asked for."""

    def __init__(self, generation: Generation) -> None:
        self._generation = generation
        self._ids = {
            (source.name, fingerprint(source.sha256, source.sidecar_sha256)): source.id
            for source in generation.manifest.sources
        }

    def get(self, key: tuple[str, str], /) -> tuple[Document, tuple[Passage, ...]] | None:
        id_ = self._ids.get(key)
        return None if id_ is None else (self._generation.document(id_), tuple(self._generation.passages_of(id_)))


def _known(previous: Generation | None, card: Card) -> dict[Content, int]:
    """Where in an earlier generation each content stands; nowhere if its vectors are not of the same kind."""
    if previous is None or not vectors_serve(previous, card):
        return {}
    languages = previous.passages.languages_of(np.arange(len(previous.passages)))
    return {
        content_of(passage, language): position
        for position, (passage, language) in enumerate(zip(previous.passages, languages, strict=True))
    }


def vectors_serve(previous: Generation, card: Card, *, reduced: bool = False) -> bool:
    """Whether the vectors of a generation are what a build with a model would make; of ``reduced`` tokens it can also
    take over reduced ones.
    """
    made = previous.manifest
    same = (made.model.fingerprint, made.normaliser) == (card.fingerprint, NORMALISER_VERSION)
    return same and (reduced or not isinstance(previous.tokens, ReducedTokens))


def content_of(passage: Passage, language: str | None) -> Content:
    return (passage.plain, passage.text, passage.context, passage.kind, language)


def _reused(previous: Generation | None, position: int) -> Encoded:
    assert previous is not None
    return Encoded(previous.dense.vector(position), previous.tokens.passage(position))


def _assembled(reading: Reading, card: Card, vectors: Sequence[Encoded], history: History, newest: str) -> Generation:
    passages = reading.passages
    documents = {document.id: document for document in reading.documents}
    tokens = TokenStore.from_passages([encoded.tokens for encoded in vectors])
    return Generation(
        manifest=_manifest(reading, card, len(tokens.vectors), newest),
        documents=DocumentsInMemory(documents),
        passages=PassagesInMemory(passages, documents),
        dense=DenseIndex.from_vectors(np.stack([encoded.vector for encoded in vectors])),
        tokens=tokens,
        lexical=LexicalIndex.from_texts(
            [passage.plain for passage in passages], [" ".join(passage.path) for passage in passages]
        ),
        words=Lexicon.of_texts(spoken(passages)),
        abbreviations=Abbreviations.of_texts(spoken(passages)),
        history=history,
    )


def spoken(passages: Iterable[Passage]) -> Iterator[str]:
    """The passages' own words and those of their headings."""
    return (" ".join([*passage.path, passage.plain]) for passage in passages)


def _manifest(reading: Reading, card: Card, tokens: int, newest: str) -> Manifest:
    passages = Counter(passage.document for passage in reading.passages)
    counts = Counts(documents=len(reading.documents), passages=len(reading.passages), tokens=tokens)
    sources = [source_of(document, passages[document.id]) for document in reading.documents]
    now = datetime.now(UTC)
    return manifest_of(generation_id(now, newest), now, card, counts, sources, reading.skipped)


def manifest_of(
    id_: str, now: datetime, card: Card, counts: Counts, sources: Iterable[SourceEntry], skipped: Iterable[Skipped]
) -> Manifest:
    """The manifest of a generation before its files are written and its threshold is measured."""
    return Manifest(
        format=FORMAT_VERSION,
        generation=id_,
        built_at=now.isoformat(timespec="seconds"),
        model=ModelIdentity(
            name=card.model, source=card.source, fingerprint=card.fingerprint, dimension=card.dimension
        ),
        metric=METRIC,
        normaliser=NORMALISER_VERSION,
        chunker=CHUNKER_VERSION,
        threshold=0.5,
        counts=counts,
        sources=tuple(sources),
        skipped=tuple(SkippedEntry(name=file.name, reason=file.reason, sha256=file.sha256) for file in skipped),
        files={},
    )


def source_of(document: Document, passages: int) -> SourceEntry:
    return SourceEntry(
        id=document.id,
        name=document.name,
        sha256=document.sha256,
        size=document.size,
        passages=passages,
        sidecar_sha256=document.sidecar_sha256,
        warnings=document.warnings,
    )
