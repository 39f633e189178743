"""A question asked again with something else in the place of what it named."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from qa.conversation.cues import Reading, Word
from qa.conversation.leaning import has_name, is_proper, named
from qa.encoding.encoder import Encoding, Floats, normalised
from qa.language.words import joins
from qa.records import Span
from qa.retrieval.answerer import Answerer
from qa.retrieval.interaction import interactions
from qa.retrieval.question import Question
from qa.retrieval.trace import phase

# So many passages, from all over the corpus, tell a word that they all speak of from one that few do.
_PASSAGES = 64
# What counts beside the cosine, which is 0.3 to 0.5 for two of a kind. On invented conversations over two essays, in
# five languages, the cosine and particularity alone put three of four in the right place, all together 94 in 100.
_PARTICULAR, _AS_PROPER, _SAME_WORD_BEFORE, _NAMED_FIRST = 0.75, 0.2, 0.3, -0.1
# Below it nothing is like what is no proper name: it is an aspect of what was asked about.
_LIKE = 0.4
# Where words of a name follow each other with capitals and nothing between; elsewhere that may be two names.
_NAMES_IN_CAPITALS = frozenset(["en", "ru", "uk", "de", "fr", "es"])


class Asked(NamedTuple):
    """A question as it is searched, and its language."""

    text: str
    language: str | None


def exchanged(before: Asked, reading: Reading, answerer: Answerer) -> str | None:
    """The question ``before`` with what ``reading`` names in the place of what is most like it; None if nothing is.

    Likeness is that of the encoder's vectors in context. To it is added how particular a word is: of two countries,
    the one that the whole corpus is about stays.
    """
    with phase("encode"):
        earlier, later = answerer.model.encoder.encode_questions([before.text, reading.text])
    asked = Question.of(before.text, earlier, answerer.model.means, before.language)
    new = Question.of(reading.text, later, answerer.model.means, reading.language)
    places, read = _places(before.text)
    rows = [_rows(earlier, place) for place in places]
    new_rows = _rows(later, named(reading))
    if not new_rows or not all(rows) or not places or _asks_for_meaning(read, reading):
        return None
    vector = _mean(new.centred, new_rows)
    particular = _particularity(asked, answerer)
    scores = [
        float(_mean(asked.centred, own) @ vector)
        + _PARTICULAR * float(particular[own].mean())
        + _by_form(place, read, reading)
        for place, own in zip(places, rows, strict=True)
    ]
    # What a question is about is often named first; of things that are no names the first is as likely as any.
    if has_name(reading) is not False:
        scores[0] += _NAMED_FIRST
    best = int(np.argmax(scores))
    if scores[best] < _LIKE and not has_name(reading):
        return None
    (start, end), (first, last) = places[best], named(reading)
    return before.text[:start] + reading.text[first:last] + before.text[end:]


def _places(text: str) -> tuple[list[Span], Reading]:
    """What a question names, word for word, and how it was read."""
    reading = next(iter(Reading.of(text)), None) or Reading.of_nothing_known(text)
    places: list[Span] = []
    for word in reading.having("names"):
        if places and _continues(reading, places[-1], word):
            places[-1] = (places[-1][0], word.end)
        else:
            places.append((word.start, word.end))
    return places, reading


def _continues(reading: Reading, name: Span, word: Word) -> bool:
    """Whether a word is part of the name before it: of its run in a script without spaces, or a capital after one."""
    text = reading.text
    if not joins(text[word.start]):
        return word.start == name[1]
    capitals = is_proper(text, name) and text[word.start].isupper()
    return capitals and text[name[1] : word.start] == " " and reading.language in _NAMES_IN_CAPITALS


def _asks_for_meaning(read: Reading, reading: Reading) -> bool:
    """Whether something common is named after a question for a meaning ("What is …? And the goal?")."""
    return bool(read.having("defines")) and not has_name(reading)


def _by_form(place: Span, read: Reading, reading: Reading) -> float:
    """What speaks for a place in how it is written."""
    proper = has_name(reading)
    found = _AS_PROPER if proper is not None and is_proper(read.text, place) == proper else 0.0
    word = _word_before(reading, named(reading)[0])
    return found + (_SAME_WORD_BEFORE if word and word == _word_before(read, place[0]) else 0.0)


def _word_before(reading: Reading, start: int) -> str | None:
    """The word directly before a place, if it is one that names nothing: a preposition, an article."""
    before = [word for word in reading.words if word.end <= start][-1:]
    return next((reading.text[word.start : word.end].lower() for word in before if word.role == "others"), None)


def _particularity(question: Question, answerer: Answerer) -> Floats:
    """For each token how far its best match among passages is above the mean, (n,)."""
    generation = answerer.generation
    count = len(generation.passages)
    places = np.unique(np.linspace(0, count - 1, min(count, _PASSAGES)).astype(np.int64))
    languages = generation.passages.languages_of(places)
    found = interactions(question, generation.tokens.several(places), languages, answerer.model.means)
    best = np.stack([one.centred.max(axis=1) for one in found])
    particular: Floats = best.max(axis=0) - best.mean(axis=0)
    return particular


def _rows(encoding: Encoding, span: Span) -> list[int]:
    inside: list[int] = np.flatnonzero((encoding.spans[:, 1] > span[0]) & (encoding.spans[:, 0] < span[1])).tolist()
    return inside


def _mean(vectors: Floats, rows: Sequence[int]) -> Floats:
    return normalised(vectors[rows].mean(axis=0))
