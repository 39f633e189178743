"""What the page to ask on offers to begin with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple
from urllib.parse import quote, urlencode

from qa.conversation.phrases import Phrases
from qa.conversation.suggestions import suggestions
from qa.retrieval.answerer import Answerer
from qa.serving.finding import documents_named

_QUESTIONS, _DOCUMENTS, _FOUND = 4, 6, 30
# To find the questions takes a second where few headings make good ones, so they are found once for each language of
# the last generations; all that changes them is a generation's name.
_KEPT = 9
_found: dict[tuple[str, str], Sequence[str]] = {}


class Link(NamedTuple):
    text: str
    href: str
    language: str | None = None


@dataclass(frozen=True, slots=True)
class Examples:
    """Questions that the corpus answers, the first documents of it, and how many more it has; where documents are
    ``sought``, those whose titles hold the words.
    """

    questions: Sequence[Link]
    documents: Sequence[Link]
    more: int
    sought: str = ""

    @classmethod
    def of(cls, answerer: Answerer, language: str, sought: str = "") -> Examples:
        shown, total = documents_named(answerer.generation, sought, 0, _FOUND if sought else _DOCUMENTS)
        some = [one.about for one in shown]
        return cls(
            [Link(text, "/?" + urlencode({"q": text}, quote_via=quote)) for text in _questions(answerer, language)],
            [Link(one.title, f"/read/{quote(one.id)}", one.language) for one in some],
            total - len(shown),
            sought,
        )


def _questions(answerer: Answerer, language: str) -> Sequence[str]:
    key = (answerer.generation.id, language)
    if key not in _found:
        found = suggestions(answerer, Phrases.of(language), _QUESTIONS)
        while len(_found) >= _KEPT:
            _found.pop(next(iter(_found)), None)
        _found[key] = found
    return _found[key]
