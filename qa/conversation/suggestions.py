"""Questions that the corpus has something to say to, made from its headings."""

from __future__ import annotations

from itertools import chain, islice, zip_longest

from qa.conversation.phrases import Phrases
from qa.records import Document, Section
from qa.retrieval.answerer import Answerer
from qa.retrieval.trace import traced

# For each question that is wanted so many are tried at most: each takes as long as a question.
_TRIED = 4
# Of many documents so many are looked at, from all over the corpus: those of a large one may all be without headings.
_LOOKED_AT = 100


def suggestions(answerer: Answerer, phrases: Phrases, count: int) -> list[str]:
    """Up to ``count`` questions about sections of the highest level, from all documents in turn and from all parts of
    each, of many documents from some; only such as are answered from their own section.
    """
    generation = answerer.generation
    chosen = list(generation.document_ids)
    chosen = chosen[:: max(1, len(chosen) // _LOOKED_AT)][:_LOOKED_AT]
    headed = filter(None, (_spread(generation.document(id_), count + 2) for id_ in chosen))
    # Of more documents than are tried, those after would not come to their first section.
    candidates = zip_longest(*islice(headed, _TRIED * count))
    sections = [section for section in chain.from_iterable(candidates) if section][: _TRIED * count]
    good = (question for section in sections if (question := _answered(section, phrases, answerer)))
    return list(islice(dict.fromkeys(good), count))


def _answered(section: Section, phrases: Phrases, answerer: Answerer) -> str | None:
    """The question about a section, if it is answered from it."""
    question = phrases.about.format(heading=section.heading)
    with traced(None):
        answer = answerer.answer(question, 1)
    return question if answer.answerable and section.path[-1] in answer.hits[0].passage.path else None


def _spread(document: Document, count: int) -> list[Section]:
    """Sections from all over a document. The first and the last of many often introduce and conclude only."""
    headed = [section for section in document.sections if section.heading]
    highest = [section for section in headed if section.level == min(one.level for one in headed)]
    inner = highest[1:-1] if len(highest) > count + 1 else highest
    step = max(1, len(inner) // count)
    return inner[::step][:count]
