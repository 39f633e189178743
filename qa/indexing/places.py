"""Writes the documents and passages of a generation as they come, and where each stands if they are many."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from qa.indexing.documents import Summary
from qa.indexing.json_lines import LineWriter
from qa.indexing.keys import Keys, hashed
from qa.indexing.on_disk import DOCUMENT, DOCUMENTS, PASSAGE, PASSAGES, PLACES, SUMMARIES, SUMMARY
from qa.records import Document, Passage

# Fewer passages are all read when a generation is loaded: as objects they take 20 MB, and nobody waits for the disk.
ON_DISK_FROM = 4096


class CorpusWriter:
    """Documents, each with its passages, into the folder of a generation; of a passage some 40 bytes stay in memory."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._documents, self._passages = LineWriter(folder / DOCUMENTS), LineWriter(folder / PASSAGES)
        self._summaries: list[bytes] = []
        self._document_ids, self._passage_ids, self._anchors = array("Q"), array("Q"), array("Q")
        self._bounds = array("q", [0])
        self._languages: list[bytes] = []

    def add(self, document: Document, passages: Sequence[Passage]) -> None:
        """The next document and its passages in their order."""
        self._documents.add(DOCUMENT.dump_json(document))
        self._document_ids.append(hashed(document.id))
        self._languages.append((document.language or "").encode())
        summary = replace(Summary.of(document), about=replace(document, text="", sections=(), dropped=()))
        self._summaries.append(SUMMARY.dump_json(summary))
        for passage in passages:
            self._passages.add(PASSAGE.dump_json(passage))
            self._passage_ids.append(hashed(passage.id))
            self._anchors.append(hashed(passage.document, passage.anchor))
        self._bounds.append(len(self._passage_ids))

    def close(self) -> None:
        """Have all of it reach the disk."""
        self._documents.close()
        self._passages.close()
        if len(self._passage_ids) >= ON_DISK_FROM:
            self._write_places(self._folder / PLACES)

    def _write_places(self, folder: Path) -> None:
        folder.mkdir()
        summaries = LineWriter(folder / SUMMARIES)
        for line in self._summaries:
            summaries.add(line)
        summaries.close()
        bounds = np.array(self._bounds, np.int64)
        arrays: dict[str, Any] = {
            "documents-starts": self._documents.starts,
            "passages-starts": self._passages.starts,
            "summaries-starts": summaries.starts,
            "documents-passages": bounds,
            "documents-languages": np.array(self._languages),
            "passages-owners": np.repeat(np.arange(len(bounds) - 1, dtype=np.int32), np.diff(bounds)),
        }
        for name, values in arrays.items():
            np.save(folder / f"{name}.npy", values, allow_pickle=False)
        for name, hashes in (
            ("documents-ids", self._document_ids),
            ("passages-ids", self._passage_ids),
            ("passages-anchors", self._anchors),
        ):
            Keys.of(hashes).save(folder / name)
