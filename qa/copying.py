"""A generation from one store to another, as it is: nothing is encoded again."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np

from qa.errors import GenerationError, MismatchError, NoGenerationError, SettingsError
from qa.indexing.dense import DenseIndex
from qa.indexing.documents import DocumentsInMemory
from qa.indexing.generation import Generation
from qa.indexing.lexical import LexicalIndex
from qa.indexing.manifest import Manifest
from qa.indexing.passages import PassagesInMemory
from qa.indexing.store import IndexStore
from qa.indexing.stores import Store
from qa.indexing.tokens import TokenStore
from qa.loading import milvus_store, store_of
from qa.settings import Settings

_FOLDER, _SERVER, _SECURE_SERVER = "faiss:", "milvus", "milvus+tls"


def target(settings: Settings, uri: str) -> Store:
    """The store that a URI names: ``faiss:DIR``, ``milvus://host:port``, ``http://host:port`` or a file ``*.db``.

    Raises:
        SettingsError: it names none.
    """
    parts = urlsplit(uri)
    if uri.startswith(_FOLDER) and uri != _FOLDER:
        return IndexStore(Path(uri.removeprefix(_FOLDER)))
    if parts.scheme in (_SERVER, _SECURE_SERVER, "http", "https") and parts.hostname:
        scheme = {_SERVER: "http", _SECURE_SERVER: "https"}.get(parts.scheme, parts.scheme)
        return milvus_store(settings, parts._replace(scheme=scheme).geturl(), settings.index_dir)
    if uri.endswith(".db") and not parts.scheme:
        return milvus_store(settings, uri, settings.index_dir)
    raise SettingsError(
        f"--to is {_shown(uri)!r}; "
        "write faiss:FOLDER, milvus://HOST:PORT (milvus+tls:// for TLS) or the name of a file .db"
    )


def copy(
    settings: Settings,
    to: str,
    generation: str | None,
    waiting: Callable[[str], None],
    tell: Callable[[str], None],
    *,
    force: bool = False,
) -> Manifest:
    """Copy a generation (the live one) and make it live there; what is there is read and compared before.

    A copy that did not come to its end leaves nothing that readers see; the next one removes what it left.

    Raises:
        GenerationError: another index is live there, and ``force`` was not given; or the copy is not what was copied.
    """
    source, there = store_of(settings), target(settings, to)
    id_ = source.named(generation or source.live_id())
    with there.building(waiting):
        _refuse_another(there, id_, to, force=force)
        manifest = source.manifest(id_)
        if id_ in there.ids():
            tell(f"{id_} is there already; its content is compared")
            _compare(source.load(id_), there.verified(id_))
            there.make_live(id_)
        else:
            try:
                given = source.load(id_)
                there.stage(local(given) if isinstance(there, IndexStore) else given)
                _compare(given, there.verified(id_))
                there.make_live(id_)
            except BaseException:
                there.discard(id_)
                raise
        there.prune(max(settings.keep_generations, 1))
    return manifest


def _shown(uri: str) -> str:
    """A URI without the password that it may hold."""
    head, at, tail = uri.rpartition("@")
    return f"{head.partition('://')[0]}://…@{tail}" if at else uri


def _refuse_another(there: Store, id_: str, to: str, *, force: bool) -> None:
    try:
        live = there.live_id()
    except (NoGenerationError, MismatchError):
        return
    if live != id_ and not force:
        raise GenerationError(
            f"{_shown(to)} has an index already, whose generation {live} is live; --force copies over it"
        )


def local(given: Generation) -> Generation:
    """The same, in memory, wherever it is kept: what FAISS and the lexical index make of it anew is the same again."""
    documents = {document.id: document for document in given.documents.values()}
    passages = tuple(given.passages)
    positions = range(len(passages))
    return replace(
        given,
        documents=DocumentsInMemory(documents),
        passages=PassagesInMemory(passages, documents),
        dense=DenseIndex.from_vectors(np.stack([given.dense.vector(position) for position in positions])),
        tokens=TokenStore.from_passages([given.tokens.passage(position) for position in positions]),
        lexical=LexicalIndex.from_texts(
            [passage.plain for passage in passages], [" ".join(passage.path) for passage in passages]
        ),
    )


def _compare(given: Generation, copied: Generation) -> None:
    """Compare all documents, passages, vectors and tokens of both."""
    if _checksum(given) != _checksum(copied):
        raise GenerationError(f"the copy of {given.id} is not what was copied; run qa index verify, then copy again")


def _checksum(generation: Generation) -> str:
    found = hashlib.sha256()
    for document in generation.documents.values():
        found.update(repr(document).encode())
    for position, passage in enumerate(generation.passages):
        tokens = generation.tokens.passage(position)
        found.update(repr(passage).encode())
        for array in (generation.dense.vector(position), tokens.vectors, tokens.scales, tokens.spans):
            found.update(np.ascontiguousarray(array).tobytes())
    with tempfile.TemporaryDirectory() as name:
        for table in (generation.words, generation.abbreviations, generation.history):
            table.save(Path(name) / "table")
            found.update((Path(name) / "table").read_bytes())
    return found.hexdigest()
