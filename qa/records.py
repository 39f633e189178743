"""What flows through the service: documents, passages, hits and answers. All are immutable.

Every offset is a pair ``start, end`` in Unicode characters (code points), end exclusive.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, field

Scalar = str | int | float | bool
Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Dropped:
    """A stretch of a document that is not essay text, and why it was left out."""

    start: int
    end: int
    line_start: int
    line_end: int
    reason: str


@dataclass(frozen=True, slots=True)
class Section:
    """A heading and what it governs. The text before the first heading is a section with no heading.

    ``number`` is as the author wrote it (``"4"``, ``"2.1.3"``, ``"IV"``) or None; ``path`` runs from the
    document's title through each heading, numbers included; ``level`` counts from 1 (0: no heading).
    """

    number: str | None
    heading: str | None
    level: int
    path: tuple[str, ...]
    anchor: str
    start: int
    end: int
    line: int


@dataclass(frozen=True, slots=True)
class Passage:
    """A citable stretch of one section: ``document.text[start:end] == text``.

    ``context`` is text from elsewhere that the passage needs to be understood (a table's header
    cells, the sentence that introduces a list), else None. ``plain`` is what the encoder reads: the
    text without markup, with its context where it is too short to stand alone. ``sentences`` are
    spans within ``text``.
    """

    id: str
    document: str
    text: str
    start: int
    end: int
    line_start: int
    line_end: int
    section: str | None
    heading: str | None
    item: str | None
    path: tuple[str, ...]
    label: str
    anchor: str
    section_anchor: str
    kind: str
    context: str | None
    plain: str
    sentences: tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class Metadata:
    """What a document's author or owner says of it, cleaned and bounded.

    ``date`` is a date of ISO 8601, or a month or a year of one (``"1994-03"``, ``"1994"``); ``url`` the address of the
    author's own page, http or https, in ASCII; ``language`` a code of two or three letters, which counts for more than
    what the text looks like; ``fields`` are any others, by names in small letters.
    """

    authors: tuple[str, ...] = ()
    date: str | None = None
    url: str | None = None
    language: str | None = None
    tags: tuple[str, ...] = ()
    fields: Mapping[str, Scalar] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Document:
    """A source file as it was read.

    ``name`` is the file's path inside the corpus folder, ``sha256`` the hash of its bytes, ``size``
    their number; ``text`` is what all offsets refer to, decoded or, for a format that is no text, composed;
    ``encoding`` is the name of the one that it was in, or of the format. ``language`` is a two-letter code. ``pages``:
    the offset at which page 1, 2, … begins; none for a format without pages. ``sidecar_sha256`` is the hash of the file
    of metadata beside it, None where there is none; ``warnings`` say what of the metadata was left out.
    """

    id: str
    name: str
    title: str
    text: str
    language: str | None
    encoding: str
    sha256: str
    size: int
    sections: tuple[Section, ...]
    dropped: tuple[Dropped, ...]
    pages: tuple[int, ...] = ()
    metadata: Metadata = field(default_factory=Metadata)
    sidecar_sha256: str | None = None
    warnings: tuple[str, ...] = ()

    def page(self, offset: int) -> int | None:
        """The page, counted from 1, that holds the character at ``offset``."""
        return bisect_right(self.pages, offset) or None


@dataclass(frozen=True, slots=True)
class Citation:
    """Where a passage stands, in the words of the public interface; ``page`` and ``page_end`` only where there are
    pages, counted from 1. ``author`` and ``date`` are those of the document, ``source_url`` the place on its author's
    own page.
    """

    document: str
    title: str
    section: str | None
    heading: str | None
    item: str | None
    path: tuple[str, ...]
    label: str
    start: int
    end: int
    line_start: int
    line_end: int
    source_sha256: str
    anchor: str
    page: int | None = None
    page_end: int | None = None
    author: str | None = None
    date: str | None = None
    source_url: str | None = None


@dataclass(frozen=True, slots=True)
class Hit:
    """A passage found for a question; ``score`` lies in 0 to 1, ``highlights`` within the passage's text.

    ``duplicates`` tell where other documents have the same passage, or nearly the same.
    """

    passage: Passage
    citation: Citation
    score: float
    highlights: tuple[Span, ...]
    duplicates: tuple[Citation, ...] = ()


@dataclass(frozen=True, slots=True)
class AnswerSpan:
    """The answering sentence, verbatim: offsets in the text of the document of ``hits[passage]``."""

    text: str
    passage: int
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Answer:
    """The reply to a question; ``span`` is None where the corpus does not answer it."""

    question: str
    interpreted_as: str
    language: str | None
    answerable: bool
    confidence: float
    span: AnswerSpan | None
    hits: tuple[Hit, ...]
