"""Questions that mean something only after those before them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from qa.conversation.cues import Reading
from qa.conversation.exchange import Asked, exchanged
from qa.conversation.leaning import Leaning, leaning
from qa.conversation.smalltalk import beyond_courtesy, courtesy
from qa.conversation.turns import Turn
from qa.language.cleaning import visible
from qa.language.identification import detect_language
from qa.language.interpretation import interpret
from qa.language.lexicon import Lexicon
from qa.language.spelling import kazakh_from_latin
from qa.retrieval.answerer import Answerer
from qa.retrieval.trace import note, traced

# In characters: what a question may have, and what one may have that leans on another.
_LONGEST, _LONGEST_LEANING = 1000, 150
# The question that the others lean on is looked for in so many of the user's turns; of the others the last ones count.
_TURNS, _CHAIN = 50, 2
_LATIN = re.compile("[a-zA-Z]")
_UNSURE = {Leaning.MAY_ADD: Leaning.ADDS, Leaning.MAY_REPLACE: Leaning.REPLACES}


@dataclass(frozen=True, slots=True)
class Resolved:
    """A question that stands alone, and the language to reply in where its own words would not tell."""

    text: str
    language: str | None = None


@dataclass(frozen=True, slots=True)
class _Topic:
    """What a question may lean on: one that stands alone, what was added to it last, and the language spoken.

    Only the last addition is kept: what was added before it leads away from both.
    """

    base: str
    added: str
    language: str | None

    @property
    def text(self) -> str:
        return f"{self.base} {self.added}".strip()

    def with_more(self, text: str) -> str:
        """The topic, cut where both would be too long, and a question that leans on it."""
        return f"{self.text[: _LONGEST - len(text) - 1].rstrip()} {text}"


@dataclass(frozen=True, slots=True)
class _Found:
    """A question resolved, and what the next may lean on."""

    text: str
    topic: _Topic


def resolved(question: str, before: Sequence[Turn], answerer: Answerer) -> Resolved:
    """The question itself or, where it names nothing without them, together with what was asked before.

    What it leans on is the user's last question as that was resolved itself; courtesies are passed over, and so is
    what the assistant said. The encoder reads nothing for a question that stands alone by its words.
    """
    bare = beyond_courtesy(visible(question[: 4 * _LONGEST]))
    readings = _readings(bare)
    chain = _asked_before(before) if readings and leaning(readings[0]) else []
    if not chain:
        return Resolved(question)
    topic = _topic_of(chain[0], answerer)
    for asked in chain[1:]:
        found = _leant(asked, topic, answerer)
        topic = found.topic if found else _topic_of(asked, answerer)
    found = _leant(bare, topic, answerer)
    if found is None:
        return Resolved(question)
    note("follow-up")
    return Resolved(found.text[:_LONGEST], found.topic.language)


def _asked_before(turns: Sequence[Turn]) -> list[str]:
    """The user's last question that surely does not lean, or the first there is, and the last ones after it."""
    chain: list[str] = []
    said = (turn.text for turn in reversed(turns) if turn.role == "user")
    for _, text in zip(range(_TURNS), said, strict=False):
        asked = beyond_courtesy(visible(text[: 4 * _LONGEST]))[:_LONGEST]
        if not any(map(str.isalnum, asked)) or courtesy(asked) is not None:
            continue
        chain.insert(0, asked)
        readings = _readings(asked)
        if not readings or leaning(readings[0]) is None:
            break
    return [*chain[:1], *chain[1:][-_CHAIN:]]


def _readings(text: str) -> tuple[Reading, ...]:
    """How the languages read what is short enough to lean."""
    return Reading.of(text) if len(text) <= _LONGEST_LEANING else ()


def _topic_of(text: str, answerer: Answerer) -> _Topic:
    """A question that stands alone, as it is searched."""
    read = interpret(text, (answerer.generation.words, Lexicon.general()))
    return _Topic(read.text, "", read.language)


def _leant(text: str, topic: _Topic, answerer: Answerer) -> _Found | None:
    """A question with what it leans on; None if it stands alone."""
    readings = _readings(text)
    how = leaning(readings[0]) if readings else None
    if how is None or (how in _UNSURE and _is_answered(text, answerer)):
        return None
    topic = replace(topic, language=_spoken(readings, topic))
    reading = _as_kazakh_is_spelt(readings[0], answerer)
    return _joined(_UNSURE.get(how, how), reading, topic, answerer)


def _is_answered(text: str, answerer: Answerer) -> bool:
    with traced(None):
        return answerer.answer(text, 1).answerable


def _joined(how: Leaning, reading: Reading, topic: _Topic, answerer: Answerer) -> _Found:
    if how is Leaning.GOES_ON:
        return _Found(topic.text, topic)
    if how is Leaning.ASKS_ON:
        return _Found(topic.with_more(reading.text), topic)
    if how is Leaning.REPLACES:
        # The topic's own language: what was asked since may be in another.
        other = exchanged(Asked(topic.text, detect_language(topic.text)), reading, answerer)
        if other is not None:
            return _Found(other, _Topic(other, "", topic.language))
    alone = replace(topic, added="")
    return _Found(alone.with_more(reading.text), replace(topic, added=reading.text))


def _spoken(readings: Sequence[Reading], topic: _Topic) -> str | None:
    """The language of the topic if its words are as many as any other's; a few could be of several languages."""
    best = [one.language for one in readings if one.known == readings[0].known]
    return topic.language if topic.language in best else best[0]


def _as_kazakh_is_spelt(reading: Reading, answerer: Answerer) -> Reading:
    if reading.language != "kk" or not _LATIN.search(reading.text):
        return reading
    spelt = kazakh_from_latin(reading.text, (answerer.generation.words, Lexicon.general()))
    return next((one for one in Reading.of(spelt) if one.language == "kk"), reading)
