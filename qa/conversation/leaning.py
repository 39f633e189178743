"""How a question leans on what was asked before, by the words it has and those it lacks."""

from __future__ import annotations

import re
from enum import Enum, auto
from itertools import pairwise

from qa.conversation.cues import Reading, Word
from qa.language.words import joins
from qa.records import Span

# In words, or pairs of characters in a script without spaces. Longer questions say what they are about.
_LONGEST = 12
_LONGEST_OPENED, _SURELY_NO_QUESTION, _LONGEST_WITH_PRONOUN = 5, 2, 5
# Some of these end a clause, some part it from the next.
_CLAUSE_END = re.compile(r"[,;:.!?—–…。，；：！？、]")


class Leaning(Enum):
    """What is to become of a question that leans on the one before."""

    GOES_ON = auto()  # "Tell me more": the one before, again.
    ASKS_ON = auto()  # "Why?": both together; it names nothing that the next question could lean on.
    ADDS = auto()  # "And its goal?": both together.
    REPLACES = auto()  # "What about China?": the one before, with something else in the place of what it named.
    MAY_ADD = auto()  # "Who paid?": as `ADDS`, where the corpus has no answer to it alone.
    MAY_REPLACE = auto()  # "And the European Union?": likewise, as `REPLACES`.


def leaning(reading: Reading) -> Leaning | None:
    """How a question leans, or None where it stands alone."""
    if not reading.words or reading.having("texts") or _size(reading.text, reading.words) > _LONGEST:
        return None
    if not reading.having("names"):
        return Leaning.ASKS_ON if reading.having("asks", "defines", "pronouns", "bound", "frames") else Leaning.GOES_ON
    if _has_frame(reading):
        return Leaning.REPLACES
    if _has_pronoun(reading):
        return Leaning.ADDS
    return _of_few_words(reading)


def named(reading: Reading) -> Span:
    """Where what a question names stands, from its first to its last such word."""
    names = reading.having("names")
    return names[0].start, names[-1].end


def has_name(reading: Reading) -> bool | None:
    """Whether a proper name is among what is named, by its capitals; None where capitals do not tell."""
    names = reading.having("names")
    if any(is_proper(reading.text, (word.start, word.end)) for word in names):
        return True
    tells = [word for word in names if word.start > reading.words[0].start and joins(reading.text[word.start])]
    return False if tells else None


def is_proper(text: str, span: Span) -> bool:
    """Whether a word has the look of a name or a number; at the beginning of a text a single capital says nothing."""
    word = text[slice(*span)]
    return any(map(str.isdigit, word)) or word.isupper() or (word[:1].isupper() and text[: span[0]].strip() != "")


def _has_frame(reading: Reading) -> bool:
    """Whether nothing is asked of what is named but "what about it"."""
    return bool(reading.having("frames")) and not reading.having("asks", "defines", "pronouns")


def _has_pronoun(reading: Reading) -> bool:
    """Whether a pronoun stands for something that the question itself does not name."""
    size = _size(reading.text, reading.having("names"))
    if size > _LONGEST_WITH_PRONOUN or (reading.having("defines") and size > 1):
        return False
    return any(_leads_back(reading, word) for word in reading.having("pronouns", "bound"))


def _leads_back(reading: Reading, pronoun: Word) -> bool:
    before = [word for word in reading.words if word.start < pronoun.start]
    named_before = [word for word in before if word.role == "names"]
    if not named_before:
        return True
    if pronoun.role == "bound":
        return False
    between = [*(word for word in before if word.start > named_before[0].start), pronoun]
    gaps = [reading.text[one.end : other.start] for one, other in pairwise([named_before[0], *between])]
    return not any(word.role == "opens" for word in between) and not any(map(_CLAUSE_END.search, gaps))


def _of_few_words(reading: Reading) -> Leaning | None:
    size = _size(reading.text, reading.having("names"))
    opened = reading.words[0].role == "opens"
    if not reading.having("asks", "defines"):
        if not opened or size > _LONGEST_OPENED:
            return None
        return Leaning.REPLACES if size <= _SURELY_NO_QUESTION else Leaning.MAY_REPLACE
    if size > 1 or reading.having("defines") or has_name(reading):
        return None
    return Leaning.ADDS if opened else Leaning.MAY_ADD


def _size(text: str, words: tuple[Word, ...] | list[Word]) -> float:
    return sum(1 if joins(text[word.start]) else (word.end - word.start) / 2 for word in words)
