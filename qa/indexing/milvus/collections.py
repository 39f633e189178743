"""The two collections of a generation: what is searched, and what is shown.

``<prefix>_<generation>``       of each passage its vector and its sequences of letters, with what it is found by
``<prefix>_<generation>_rows``  passages with all that is compared, documents and small tables, as strings of bytes

The first is kept in a server's memory, the second may lie on its disk. Neither changes once the generation is complete.
"""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from qa.errors import DamagedGenerationError
from qa.indexing.dense import EXACT_UP_TO
from qa.indexing.generation import Generation
from qa.indexing.history import History
from qa.indexing.lexical import LexicalIndex
from qa.indexing.manifest import FileEntry, Manifest
from qa.indexing.milvus.connection import LONG, Connection, layout
from qa.indexing.milvus.corpus import DOCUMENT, DocumentsTable, MilvusDocuments, MilvusPassages, document_key
from qa.indexing.milvus.legs import MilvusDense, MilvusLexical, MilvusTokens, Vectors
from qa.indexing.milvus.parts import Parts, checksum
from qa.indexing.milvus.row import PASSAGE, Row, Weights
from qa.indexing.milvus.rows import Rows, name_of
from qa.indexing.milvus.terms import NO_TERM, other_numbers, weights_of
from qa.indexing.postings import Postings
from qa.language.abbreviations import Abbreviations
from qa.language.lexicon import Lexicon

# Malkov and Yashunin's parameters: more links and a wider search while building than Milvus's defaults, for recall.
_HNSW = {"M": 32, "efConstruction": 256}
_BATCH = 500  # passages that are written to be searched at once: 2 MB
TABLES = ("words", "abbreviations", "history", "terms", "documents")
ROWS = "rows"


class Collections:
    """Those of one generation, there or not. ``consistency``, in Milvus's words, is what reading them needs: where they
    have just been written, "Strong".
    """

    def __init__(self, connection: Connection, name: str, consistency: str = "Bounded") -> None:
        self._connection = connection
        self.vectors, self.parts = name, Parts(connection, f"{name}_rows", consistency)

    def create(self, dimension: int, passages: int) -> None:
        """Make both, empty."""
        self.drop()
        self.parts.create()
        self._connection.create(self.vectors, "Bounded", *_layout(dimension, passages))

    def drop(self) -> None:
        for name in (self.vectors, self.parts.collection):
            self._connection.do("drop_collection", name)

    def load(self) -> None:
        """Have the server keep ready what is asked for."""
        for name in (self.vectors, self.parts.collection):
            self._connection.do("load_collection", name, timeout=LONG)

    def release(self) -> None:
        """Let the server forget, in its memory, what is not live."""
        for name in (self.vectors, self.parts.collection):
            self._connection.do("release_collection", name)

    def write(self, generation: Generation, progress: Callable[[int], None]) -> dict[str, FileEntry]:
        """Write all that a generation holds but its manifest; what was written, for the manifest to tell."""
        self.create(generation.dense.dimension, len(generation.passages))
        tables = _tables(generation)
        digest = _Digest()
        batch: list[dict[str, Any]] = []

        def packed() -> Iterator[tuple[str, bytes]]:
            for position, row in enumerate(rows_of(generation, tables)):
                batch.append(_searched(position, row))
                data = row.pack()
                digest.add(data)
                yield name_of(position), data
                if len(batch) >= _BATCH:
                    self._flush(batch)
                    progress(position + 1)

        self.parts.put(packed())
        self._flush(batch)
        self.parts.put(
            (document_key(number), DOCUMENT.dump_json(document))
            for number, document in enumerate(generation.documents.values())
        )
        self.parts.put(tables.items())
        for name in (self.vectors, self.parts.collection):
            self._connection.do("flush", name, timeout=LONG)
        self.load()
        entries = {name: _entry([data]) for name, data in tables.items()}
        return {**entries, ROWS: digest.entry()}

    def _flush(self, batch: list[dict[str, Any]]) -> None:
        if batch:
            self._connection.do("upsert", self.vectors, list(batch))
            batch.clear()

    def open(self, manifest: Manifest) -> Generation:
        """The generation that they hold.

        Raises:
            DamagedGenerationError: a table is missing or not what the manifest tells of.
        """
        tables = self.tables(manifest)
        table = DocumentsTable.load(tables["documents"])
        rows = Rows(self.parts, manifest.counts.passages)
        vectors = Vectors(self._connection, self.vectors, table.ids, table.bounds)
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            for one in ("words", "abbreviations", "history"):
                (folder / one).write_bytes(tables[one])
            words, abbreviations = Lexicon.load(folder / "words"), Abbreviations.load(folder / "abbreviations")
            history = History.load(folder / "history")
        return Generation(
            manifest=manifest,
            documents=MilvusDocuments(table, self.parts),
            passages=MilvusPassages(table, rows, self._connection, self.vectors),
            dense=MilvusDense(vectors, rows, manifest.model.dimension),
            tokens=MilvusTokens(rows, manifest.counts.tokens),
            lexical=MilvusLexical(vectors, rows, json.loads(tables["terms"])),
            words=words,
            abbreviations=abbreviations,
            history=history,
        )

    def tables(self, manifest: Manifest) -> dict[str, bytes]:
        """The small tables, compared with the manifest. Raises as `open` does."""
        found = self.parts.get(TABLES)
        for name in TABLES:
            told = manifest.files.get(name)
            if told is None or name not in found or _entry([found[name]]) != told:
                raise DamagedGenerationError(
                    f"{name} of the generation {manifest.generation} is not in Milvus as it was written; "
                    "run qa index build --full"
                )
        return found

    def searched(self) -> int:
        """How many passages can be searched for."""
        rows = self._connection.ask(
            "query", self.vectors, filter="", output_fields=["count(*)"], consistency_level="Strong"
        )
        return int(rows[0]["count(*)"])


def rows_of(generation: Generation, tables: Mapping[str, bytes]) -> Iterator[Row]:
    """The rows of all passages, wherever the generation is kept."""
    if isinstance(generation.dense, MilvusDense):
        packed = generation.dense.rows.packed()
        yield from (Row.unpack(data, name_of(number)) for number, data in enumerate(packed))
        return
    others = json.loads(tables["terms"])
    bodies, headings = (weights_of(field, others) for field in _fields(generation))
    for position, (passage, body, heading) in enumerate(zip(generation.passages, bodies, headings, strict=True)):
        vector, tokens = generation.dense.vector(position), generation.tokens.passage(position)
        yield Row(PASSAGE.dump_json(passage), vector, body, heading, tokens)


def _tables(generation: Generation) -> dict[str, bytes]:
    lexical: Any = generation.lexical
    if isinstance(lexical, MilvusLexical):
        others = dict(lexical.others)
    else:
        others = other_numbers({term for field in _fields(generation) for term in field.terms})
    documents = [
        DocumentsTable.line(document, len(generation.passages.of(document.id)))
        for document in generation.documents.values()
    ]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        generation.words.save(folder / "words")
        generation.abbreviations.save(folder / "abbreviations")
        generation.history.save(folder / "history")
        saved = {one: (folder / one).read_bytes() for one in ("words", "abbreviations", "history")}
    return {**saved, "terms": json.dumps(others, sort_keys=True).encode(), "documents": b"".join(documents)}


def _fields(generation: Generation) -> list[Postings]:
    """The words of bodies and of headings with their exact weights: those of a large index are rounded, and so are
    counted anew, in memory.
    """
    assert isinstance(generation.lexical, LexicalIndex)
    exact = [field for field in generation.lexical.fields.values() if isinstance(field, Postings)]
    if len(exact) == len(generation.lexical.fields):
        return exact
    bodies = (passage.plain for passage in generation.passages)
    headings = (" ".join(passage.path) for passage in generation.passages)
    counted = LexicalIndex.from_texts(bodies, headings)
    return [field for field in counted.fields.values() if isinstance(field, Postings)]


def _searched(position: int, row: Row) -> dict[str, Any]:
    passage = PASSAGE.validate_json(row.passage)
    return {
        "position": position,
        "document": passage.document,
        "id": passage.id,
        "anchor": passage.anchor,
        "dense": row.vector,
        "body": _sparse(row.body),
        "headings": _sparse(row.headings),
    }


def _sparse(weights: Weights) -> dict[int, float]:
    return weights.as_mapping() if len(weights.terms) else {NO_TERM: 1.0}


def _layout(dimension: int, passages: int) -> tuple[Any, Any]:
    schema, indexes, kinds = layout()
    schema.add_field("position", kinds.INT64, is_primary=True)
    schema.add_field("document", kinds.VARCHAR, max_length=4096, is_partition_key=True)
    schema.add_field("id", kinds.VARCHAR, max_length=64)
    schema.add_field("anchor", kinds.VARCHAR, max_length=4096)
    schema.add_field("dense", kinds.FLOAT_VECTOR, dim=dimension)
    # As in FAISS: few are compared with all, exactly.
    if passages > EXACT_UP_TO:
        indexes.add_index("dense", index_type="HNSW", metric_type="IP", params=_HNSW)
    else:
        indexes.add_index("dense", index_type="FLAT", metric_type="IP")
    for field in ("body", "headings"):
        schema.add_field(field, kinds.SPARSE_FLOAT_VECTOR)
        indexes.add_index(field, index_type="SPARSE_INVERTED_INDEX", metric_type="IP")
    for field in ("id", "anchor"):
        indexes.add_index(field, index_type="INVERTED")
    return schema, indexes


class _Digest:
    def __init__(self) -> None:
        self._hash, self._size = hashlib.sha256(), 0

    def add(self, data: bytes) -> None:
        self._hash.update(data)
        self._size += len(data)

    def entry(self) -> FileEntry:
        return FileEntry(sha256=self._hash.hexdigest(), size=self._size)


def _entry(data: list[bytes]) -> FileEntry:
    return FileEntry(sha256=checksum(data), size=sum(map(len, data)))
