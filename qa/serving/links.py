"""Where the links lead that chat replies and tools give to people."""

from __future__ import annotations

from typing import NamedTuple

from qa.records import Citation, Document
from qa.serving.schemas import reading_url
from qa.settings import Settings


class Links(NamedTuple):
    """Links to the reading page, which begin with ``base_url``; ``to_source``: to the author's own page, where a
    document's metadata name one.
    """

    base_url: str
    to_source: bool = False

    @classmethod
    def of(cls, base_url: str, settings: Settings) -> Links:
        return cls(base_url, settings.cite == "source")

    def passage(self, citation: Citation) -> str:
        """The address of a passage."""
        own = reading_url(self.base_url, citation.document, citation.anchor)
        return (citation.source_url or own) if self.to_source else own

    def document(self, document: Document) -> str:
        """The address of a document."""
        own = reading_url(self.base_url, document.id, "").rstrip("#")
        return (document.metadata.url or own) if self.to_source else own
