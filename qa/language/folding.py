"""Finding text whatever its spacing and normalisation, with the place in the source's own characters."""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass

from qa.language.alignment import shown_with_places
from qa.language.cleaning import visible
from qa.records import Span

_WORD = re.compile(r"\S+")


@dataclass(frozen=True, slots=True)
class Folded:
    """A text as `visible` shows it, with the place of each word in it and in the source."""

    source: str
    text: str
    starts: tuple[int, ...]
    words: tuple[Span, ...]

    @classmethod
    def of(cls, source: str) -> Folded:
        words, shown, starts, length = [], [], [], 0
        for found in _WORD.finditer(source):
            word = visible(found[0])
            if word:
                words.append(found.span())
                shown.append(word)
                starts.append(length)
                length += len(word) + 1
        return cls(source, " ".join(shown), tuple(starts), tuple(words))

    def find(self, folded: str) -> Span | None:
        """Where the source holds what `visible` shows as ``folded``, the first time."""
        at = self.text.find(folded)
        if at < 0 or not folded:
            return None
        return self._character(at)[0], self._character(at + len(folded) - 1)[1]

    def _character(self, at: int) -> Span:
        """The stretch of the source behind one character of the folded text."""
        number = bisect_right(self.starts, at) - 1
        start, end = self.words[number]
        _, places = shown_with_places(self.source[start:end])
        own = places[min(at - self.starts[number], len(places) - 1)]
        return start + own, start + next((place for place in places if place > own), end - start)
