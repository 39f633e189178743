"""From a corpus folder to a published generation."""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from qa.encoding.encoder import Encoding, Floats, normalised
from qa.encoding.prepared import Card, PreparedModel
from qa.errors import CorpusError
from qa.indexing.dense import DenseIndex
from qa.indexing.generation import (
    FORMAT_VERSION,
    MANIFEST,
    Counts,
    FileEntry,
    Generation,
    Manifest,
    ModelIdentity,
    SkippedEntry,
    SourceEntry,
    file_sha256,
)
from qa.indexing.lexical import LexicalIndex
from qa.indexing.store import IndexStore
from qa.indexing.tokens import PassageTokens, TokenStore
from qa.language import NORMALISER_VERSION
from qa.language.abbreviations import Abbreviations
from qa.language.alignment import align
from qa.language.lexicon import Lexicon
from qa.reading import CHUNKER_VERSION, Reading, source_hashes
from qa.records import Document, Passage

METRIC = "inner product of vectors of length one"

# Called after each passage with the numbers done and in all.
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Staleness:
    """How a corpus folder differs from what was built: names of files, and other reasons to build again."""

    added: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    reasons: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.added or self.changed or self.removed or self.reasons)

    def __str__(self) -> str:
        named = {"added": self.added, "changed": self.changed, "removed": self.removed}
        parts = [f"{word} {', '.join(names)}" for word, names in named.items() if names]
        return "; ".join([*parts, *self.reasons])


def staleness(manifest: Manifest, corpus: Path, card: Card | None) -> Staleness:
    """Compare a generation with the corpus as it is now and, where given, with the encoder that would serve it."""
    try:
        found = source_hashes(corpus)
    except CorpusError:
        return Staleness(reasons=("the corpus folder is missing",))
    built = {entry.name: entry.sha256 for entry in manifest.sources}
    passed_over = {entry.name for entry in manifest.skipped if found.get(entry.name) == entry.sha256}
    return Staleness(
        added=tuple(sorted(found.keys() - built.keys() - passed_over)),
        changed=tuple(sorted(name for name in found.keys() & built.keys() if found[name] != built[name])),
        removed=tuple(sorted(built.keys() - found.keys())),
        reasons=tuple(_other_reasons(manifest, card)),
    )


def _other_reasons(manifest: Manifest, card: Card | None) -> list[str]:
    compared: list[tuple[str, int | str, int | str]] = [
        ("chunker version", manifest.chunker, CHUNKER_VERSION),
        ("normaliser version", manifest.normaliser, NORMALISER_VERSION),
    ]
    if card is not None:
        compared.append(("model", manifest.model.fingerprint, card.fingerprint))
    return [f"built with {what} {then}, now {now}" for what, then, now in compared if then != now]


def build(
    reading: Reading,
    model: PreparedModel,
    store: IndexStore,
    keep: int,
    progress: Progress,
    threshold_for: Callable[[Generation], float],
) -> Manifest:
    """Encode all passages and publish them as the live generation; the ``keep`` newest ones stay.

    ``threshold_for`` measures, on the generation about to be published, when a question counts as answered.

    Raises:
        GenerationError: the index folder cannot be written; what was live stays live.
    """
    generation = _encode(reading, model, progress)
    manifest = generation.manifest.model_copy(update={"threshold": threshold_for(generation)})

    def write(folder: Path) -> None:
        generation.save(folder)
        files = {
            path.relative_to(folder).as_posix(): FileEntry(sha256=file_sha256(path), size=path.stat().st_size)
            for path in sorted(folder.rglob("*"))
            if path.is_file()
        }
        complete = manifest.model_copy(update={"files": files})
        (folder / MANIFEST).write_text(complete.model_dump_json(indent=1) + "\n", encoding="utf-8")

    store.publish(manifest.generation, write)
    store.prune(keep)
    return manifest


def _encode(reading: Reading, model: PreparedModel, progress: Progress) -> Generation:
    passages = reading.passages
    languages = {document.id: document.language for document in reading.documents}
    vectors: list[Floats] = []
    tokens: list[PassageTokens] = []
    for done, passage in enumerate(passages, start=1):
        (encoding,) = model.encoder.encode_passages([passage.plain])
        vectors.append(model.means.centred_passage(encoding, languages[passage.document]).vector)
        tokens.append(_passage_tokens(encoding, passage))
        progress(done, len(passages))
    manifest = _manifest(reading, model.card, sum(len(own.vectors) for own in tokens))
    documents = {document.id: document for document in reading.documents}
    return Generation(
        manifest=manifest,
        documents=documents,
        passages=passages,
        dense=DenseIndex.from_vectors(np.stack(vectors)),
        tokens=TokenStore.from_passages(tokens),
        lexical=LexicalIndex.from_texts(
            [passage.plain for passage in passages], [" ".join(passage.path) for passage in passages]
        ),
        words=Lexicon.of_texts(map(_spoken, passages)),
        abbreviations=Abbreviations.of_texts(map(_spoken, passages)),
    )


def _spoken(passage: Passage) -> str:
    """A passage's own words and those of its headings."""
    return " ".join([*passage.path, passage.plain])


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
        return PassageTokens(np.zeros((1, len(encoding.vector)), np.float32), np.full((1, 2), -1, np.int32))
    return PassageTokens(normalised(encoding.tokens), spans)


def _manifest(reading: Reading, card: Card, tokens: int) -> Manifest:
    now = datetime.now(UTC)
    passages = Counter(passage.document for passage in reading.passages)
    return Manifest(
        format=FORMAT_VERSION,
        generation=f"{now:%Y%m%dT%H%M%S%f}-{secrets.token_hex(4)}",
        built_at=now.isoformat(timespec="seconds"),
        model=ModelIdentity(
            name=card.model, source=card.source, fingerprint=card.fingerprint, dimension=card.dimension
        ),
        metric=METRIC,
        normaliser=NORMALISER_VERSION,
        chunker=CHUNKER_VERSION,
        threshold=0.0,
        counts=Counts(documents=len(reading.documents), passages=len(reading.passages), tokens=tokens),
        sources=tuple(_source(document, passages[document.id]) for document in reading.documents),
        skipped=tuple(SkippedEntry(name=file.name, reason=file.reason, sha256=file.sha256) for file in reading.skipped),
        files={},
    )


def _source(document: Document, passages: int) -> SourceEntry:
    return SourceEntry(
        id=document.id, name=document.name, sha256=document.sha256, size=document.size, passages=passages
    )
