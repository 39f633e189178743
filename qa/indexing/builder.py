"""From what was read of a corpus to a generation in memory."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np

from qa.encoding.encoder import Encoding, Floats, normalised
from qa.encoding.prepared import Card, PreparedModel
from qa.indexing.dense import DenseIndex
from qa.indexing.generation import Generation
from qa.indexing.history import History
from qa.indexing.identifier import generation_id
from qa.indexing.lexical import LexicalIndex
from qa.indexing.manifest import FORMAT_VERSION, Counts, Manifest, ModelIdentity, SkippedEntry, SourceEntry
from qa.indexing.tokens import PassageTokens, TokenStore
from qa.language import NORMALISER_VERSION
from qa.language.abbreviations import Abbreviations
from qa.language.alignment import align
from qa.language.lexicon import Lexicon
from qa.reading import CHUNKER_VERSION, Known, Reading
from qa.records import Document, Passage

METRIC = "inner product of vectors of length one"

# Called as work goes on, with the phase and the numbers done and in all.
Progress = Callable[[str, int, int], None]
# All that a passage's vectors depend on, the model apart.
_Content = tuple[str | None, ...]


def silent(_phase: str, _done: int, _total: int) -> None:
    """Progress that nobody looks at."""


@dataclass(frozen=True, slots=True)
class Built:
    """A generation, and how many of its passages had to be encoded."""

    generation: Generation
    encoded: int


def build(
    reading: Reading,
    model: PreparedModel,
    previous: Generation | None = None,
    progress: Progress = silent,
    workers: int = 1,
    ancestor: Generation | None = None,
    newest: str = "",
) -> Built:
    """Index all passages, ``workers`` at a time; those that ``previous`` holds already are not encoded again.

    What is found depends on the reading and the model alone. ``ancestor`` (``previous`` if not given) is the one
    whose history goes on. The id sorts after ``newest``, that of the newest generation there is. The threshold is not
    measured yet.
    """
    known = _known(previous, model.card)
    languages = {document.id: document.language for document in reading.documents}
    contents = [_content(passage, languages[passage.document]) for passage in reading.passages]
    missing = [position for position, content in enumerate(contents) if content not in known]

    def encoded(position: int) -> tuple[Floats, PassageTokens]:
        passage = reading.passages[position]
        (encoding,) = model.encoder.encode_passages([passage.plain])
        vector = model.means.centred_passage(encoding, languages[passage.document]).vector
        return vector, _passage_tokens(encoding, passage)

    new: dict[int, tuple[Floats, PassageTokens]] = {}
    progress("encoding", 0, len(missing))
    model.encoder.expect(len(missing))
    with ThreadPoolExecutor(workers) as pool:
        for done, (position, found) in enumerate(zip(missing, pool.map(encoded, missing), strict=True), start=1):
            new[position] = found
            progress("encoding", done, len(missing))
    vectors = [
        new[position] if position in new else _reused(previous, known[content])
        for position, content in enumerate(contents)
    ]
    return Built(
        _assembled(reading, model.card, vectors, _history(reading, ancestor or previous), newest), len(missing)
    )


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
        return {}
    return {
        (document.name, document.sha256): (document, tuple(previous.passages_of(document.id)))
        for document in previous.documents.values()
    }


def _known(previous: Generation | None, card: Card) -> dict[_Content, int]:
    """Where in an earlier generation each content stands; nowhere if its vectors are not of the same kind."""
    if previous is None or (previous.manifest.model.fingerprint, previous.manifest.normaliser) != (
        card.fingerprint,
        NORMALISER_VERSION,
    ):
        return {}
    languages = {id_: document.language for id_, document in previous.documents.items()}
    return {
        _content(passage, languages[passage.document]): position for position, passage in enumerate(previous.passages)
    }


def _content(passage: Passage, language: str | None) -> _Content:
    return (passage.plain, passage.text, passage.context, passage.kind, language)


def _reused(previous: Generation | None, position: int) -> tuple[Floats, PassageTokens]:
    assert previous is not None
    return previous.dense.vector(position), previous.tokens.passage(position)


def _assembled(
    reading: Reading, card: Card, vectors: Sequence[tuple[Floats, PassageTokens]], history: History, newest: str
) -> Generation:
    passages = reading.passages
    tokens = TokenStore.from_passages([tokens for _, tokens in vectors])
    return Generation(
        manifest=_manifest(reading, card, len(tokens.vectors), newest),
        documents={document.id: document for document in reading.documents},
        passages=passages,
        dense=DenseIndex.from_vectors(np.stack([vector for vector, _ in vectors])),
        tokens=tokens,
        lexical=LexicalIndex.from_texts(
            [passage.plain for passage in passages], [" ".join(passage.path) for passage in passages]
        ),
        words=Lexicon.of_texts(_spoken(passages)),
        abbreviations=Abbreviations.of_texts(_spoken(passages)),
        history=history,
    )


def _spoken(passages: Sequence[Passage]) -> Iterator[str]:
    """The passages' own words and those of their headings."""
    return (" ".join([*passage.path, passage.plain]) for passage in passages)


def _passage_tokens(encoding: Encoding, passage: Passage) -> PassageTokens:
    """The tokens as they are, at length one, with their places in the passage's own text."""
    introduction = len(passage.context) if passage.context and passage.kind == "item" else 0
    places = align(passage.plain, passage.text, introduction)
    spans = np.full_like(encoding.spans, -1)
    for row, (start, end) in enumerate(encoding.spans):
        found = [place for place in places[start:end] if place >= 0]
        if found:
            spans[row] = found[0], found[-1] + 1
    if not len(spans):  # nothing that the tokenizer knows: one token that resembles nothing
        return PassageTokens.of(np.zeros((1, len(encoding.vector)), np.float32), np.full((1, 2), -1, np.int32))
    return PassageTokens.of(normalised(encoding.tokens), spans)


def _manifest(reading: Reading, card: Card, tokens: int, newest: str) -> Manifest:
    now = datetime.now(UTC)
    passages = Counter(passage.document for passage in reading.passages)
    return Manifest(
        format=FORMAT_VERSION,
        generation=generation_id(now, newest),
        built_at=now.isoformat(timespec="seconds"),
        model=ModelIdentity(
            name=card.model, source=card.source, fingerprint=card.fingerprint, dimension=card.dimension
        ),
        metric=METRIC,
        normaliser=NORMALISER_VERSION,
        chunker=CHUNKER_VERSION,
        threshold=0.5,
        counts=Counts(documents=len(reading.documents), passages=len(reading.passages), tokens=tokens),
        sources=tuple(_source(document, passages[document.id]) for document in reading.documents),
        skipped=tuple(SkippedEntry(name=file.name, reason=file.reason, sha256=file.sha256) for file in reading.skipped),
        files={},
    )


def _source(document: Document, passages: int) -> SourceEntry:
    return SourceEntry(
        id=document.id, name=document.name, sha256=document.sha256, size=document.size, passages=passages
    )
