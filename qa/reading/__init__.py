"""A file becomes passages: bytes are decoded, an outline is recognised, its blocks are cut into passages."""

from qa.reading.corpus import Source, fingerprint, read_document, source_hashes, source_stats
from qa.reading.folder import Skipped, is_hidden, is_of_a_kind_read
from qa.reading.stream import CorpusStream, Known, Reading, read_corpus

# Part of every generation's manifest: raise it when the same file may give other passages.
CHUNKER_VERSION = 3

__all__ = [
    "CHUNKER_VERSION",
    "CorpusStream",
    "Known",
    "Reading",
    "Skipped",
    "Source",
    "fingerprint",
    "is_hidden",
    "is_of_a_kind_read",
    "read_corpus",
    "read_document",
    "source_hashes",
    "source_stats",
]
