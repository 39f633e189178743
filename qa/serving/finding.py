"""Documents by the words of their titles and ids."""

from __future__ import annotations

from itertools import islice

from qa.indexing.documents import Summary
from qa.indexing.generation import Generation
from qa.language.cleaning import visible

LONGEST_SOUGHT = 200


def documents_named(generation: Generation, sought: str, offset: int, count: int) -> tuple[list[Summary], int]:
    """The documents whose title or id holds all words of a text, without regard to case, ``count`` of them from one on,
    and how many they are in all; every document for no word.
    """
    documents = generation.documents
    words = visible(sought).casefold().split()
    if not words:
        return list(islice(documents.summaries(offset), count)), len(documents)
    ids = [
        one.about.id
        for one in documents.summaries()
        if all(word in f"{one.about.title} {one.about.id}".casefold() for word in words)
    ]
    return [documents.summary(id_) for id_ in ids[offset : offset + count]], len(ids)
