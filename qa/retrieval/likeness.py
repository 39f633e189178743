"""The stretch of a text that is most like a quote, and in which words they differ."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import cached_property

from qa.language.cleaning import visible
from qa.language.words import bare_word, bare_words, word_spans
from qa.records import Span

# difflib's ratio over words; its documentation calls sequences from here on close matches. Of 200 sentences of KazQAD's
# articles with every fourth word replaced 198 reach it, and of 200 as they are one reaches it in another passage.
SIMILAR = 0.6
# Two words in common, of a short quote, are chance.
FEWEST_WORDS = 3


@dataclass(frozen=True, slots=True)
class Stretch:
    """A stretch of a text; ``ratio`` in 0 to 1 says how like the quote it is."""

    start: int
    end: int
    ratio: float


@dataclass(frozen=True, slots=True)
class Rewording:
    """Words of a quote and what stands in their place, both verbatim; empty where nothing does."""

    quoted: str
    now: str


@dataclass(frozen=True)
class Quoted:
    """A quote, read once and compared with many texts."""

    text: str

    @cached_property
    def words(self) -> list[str]:
        return bare_words(self.text)

    @cached_property
    def _counts(self) -> Counter[str]:
        return Counter(self.words)

    def closest(self, text: str, window: Span, edges: frozenset[int]) -> Stretch | None:
        """The stretch within a window that is most like the quote; None where none is similar.

        ``edges`` are the places where sentences begin and end.
        """
        spans = [(window[0] + start, window[0] + end) for start, end in word_spans(text[slice(*window)])]
        pairs = [(word, span) for span in spans if (word := bare_word(text[slice(*span)]))]
        words, places = [word for word, _ in pairs], [span for _, span in pairs]
        # No stretch can do better than all words in common, in order, and nothing else.
        common = (Counter(words) & self._counts).total()
        if common < FEWEST_WORDS or 2 * common / (len(self.words) + common) < SIMILAR:
            return None
        first, last, matched = self._aligned(words, places, edges)
        ratio = 2 * matched / (len(self.words) + last - first)
        if matched < FEWEST_WORDS or ratio < SIMILAR:
            return None
        return self._trimmed(text, places[first], places[last - 1], ratio)

    def _aligned(self, words: Sequence[str], places: Sequence[Span], edges: frozenset[int]) -> tuple[int, int, int]:
        """First and last word of the stretch (exclusive), and how many of its words the quote has in order.

        Around the longest run of words in common, as far as the quote reaches. Where the quote's outermost words have
        no match, words of the text stand for them. In a long quote no run begins at a very frequent word (difflib's
        autojunk): one word said a thousand times would take seconds.
        """
        longest = SequenceMatcher(None, words, self.words).find_longest_match()
        slack = 2 + len(self.words) // 4
        offset = max(0, longest.a - longest.b - slack)
        reach = longest.a - longest.b + len(self.words) + slack
        matcher = SequenceMatcher(None, words[offset:reach], self.words)
        *blocks, end = matcher.get_matching_blocks()
        first, last = offset + blocks[0].a, offset + blocks[-1].a + blocks[-1].size
        before = [not edges & {places[at][0], places[at - 1][1]} for at in range(first, 0, -1)]
        after = [not edges & {places[at][0], places[at - 1][1]} for at in range(last, len(words))]
        first -= _standing_for(blocks[0].b, before)
        last += _standing_for(end.b - blocks[-1].b - blocks[-1].size, after)
        return first, last, sum(block.size for block in blocks)

    def _trimmed(self, text: str, first: Span, last: Span, ratio: float) -> Stretch:
        """Without the marks around the outermost words where the quote has the words without them."""
        quoted = self.text.split()
        head, tail = text[slice(*first)], text[slice(*last)]
        start = first[1] - len(quoted[0]) if head.endswith(quoted[0]) else first[0]
        end = last[0] + len(quoted[-1]) if tail.startswith(quoted[-1]) else last[1]
        return Stretch(start, end, ratio)


def _standing_for(missing: int, inside: Sequence[bool]) -> int:
    """How many neighbours stand for words without a match: as many, or the rest of the sentence if it is not much more.

    ``inside`` says of each neighbour in turn whether it is of the same sentence.
    """
    rest = (*inside, False).index(False)
    return rest if rest <= 2 * missing else missing


def rewordings(quote: str, now: str) -> tuple[Rewording, ...]:
    """The words in which two texts differ, in order; what `visible` shows alike is no difference of words."""
    theirs, ours = word_spans(quote), word_spans(now)
    matcher = SequenceMatcher(None, _written(quote, theirs), _written(now, ours))
    return tuple(
        Rewording(_words(quote, theirs[a:b]), _words(now, ours[c:d]))
        for tag, a, b, c, d in matcher.get_opcodes()
        if tag != "equal"
    )


def _written(text: str, spans: Sequence[Span]) -> list[str]:
    return [visible(text[start:end]) for start, end in spans]


def _words(text: str, spans: Sequence[Span]) -> str:
    return text[spans[0][0] : spans[-1][1]] if spans else ""
