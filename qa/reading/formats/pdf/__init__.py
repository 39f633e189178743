"""PDF: pages become text again. Headings are what the tags or the outline say, else what size and weight say."""

from __future__ import annotations

from qa.reading.composition import Composed


def read(data: bytes, fallback_title: str) -> Composed:
    """Read a PDF.

    Raises:
        DocumentError: it is none, damaged, encrypted, or holds no text.
    """
    from qa.reading.formats.pdf.reader import Reader

    return Reader(data).read(fallback_title)
