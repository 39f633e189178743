"""Questions that the corpus has something to say to, made from its headings."""

from __future__ import annotations

from collections.abc import Container
from itertools import chain, zip_longest

from qa.conversation.phrases import Phrases
from qa.indexing.generation import Generation
from qa.records import Document, Section


def suggestions(generation: Generation, phrases: Phrases, count: int, without: Container[str] = ()) -> list[str]:
    """Up to ``count`` questions about sections of the highest level, from all documents in turn and from all parts of
    each; ``without`` are anchors of sections to leave out.
    """
    lists = [
        [section for section in _spread(document, count + 2) if section.anchor not in without]
        for document in generation.documents.values()
    ]
    sections = [section for section in chain.from_iterable(zip_longest(*lists)) if section]
    return list(dict.fromkeys(phrases.about.format(heading=section.heading) for section in sections))[:count]


def _spread(document: Document, count: int) -> list[Section]:
    """Sections from all over a document. The first and the last of many often introduce and conclude only."""
    headed = [section for section in document.sections if section.heading]
    highest = [section for section in headed if section.level == min(one.level for one in headed)]
    inner = highest[1:-1] if len(highest) > count + 1 else highest
    step = max(1, len(inner) // count)
    return inner[::step][:count]
