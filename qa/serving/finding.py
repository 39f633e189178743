"""Documents by the words of their titles and ids."""

from __future__ import annotations

from qa.indexing.generation import Generation
from qa.language.cleaning import visible

LONGEST_SOUGHT = 200


def documents_named(generation: Generation, sought: str) -> list[str]:
    """The ids of the documents whose title or id holds all words of a text, without regard to case; all for no word."""
    words = visible(sought).casefold().split()
    if not words:
        return list(generation.documents)
    return [
        document.id
        for document in generation.documents.values()
        if all(word in f"{document.title} {document.id}".casefold() for word in words)
    ]
