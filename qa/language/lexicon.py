"""Known words: those of a corpus, and the Kazakh language's more common ones, found by how they might be typed."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from functools import cache, cached_property
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

from qa.language.cleaning import visible
from qa.language.letters import cyrillic_skeleton, keyboard_fold

CYRILLIC_WORD = re.compile(r"[\u0400-\u04ff]+")


# What is rarer than these in a corpus so large is as often a slip as a word; they take 100 MB.
MOST_WORDS = 200_000
_AT_A_TIME = 1_000_000


class Lexicon:
    """Words in small Cyrillic letters, each with how often it was seen."""

    def __init__(self, counts: Mapping[str, int]) -> None:
        self.counts = counts

    @classmethod
    def of_texts(cls, texts: Iterable[str]) -> Lexicon:
        """The words of texts; of a large vocabulary the `MOST_WORDS` most frequent, as far as that can be told from a
        million words at a time.
        """
        counts: Counter[str] = Counter()
        for text in texts:
            counts.update(CYRILLIC_WORD.findall(visible(text).lower()))
            if len(counts) > _AT_A_TIME:
                counts = Counter({word: count for word, count in counts.items() if count > 1})
                if len(counts) > _AT_A_TIME // 2:
                    counts = Counter(dict(counts.most_common(_AT_A_TIME // 2)))
        return cls(counts if len(counts) <= MOST_WORDS else dict(_ordered(counts)[:MOST_WORDS]))

    @classmethod
    @cache
    def general(cls) -> Lexicon:
        """Words of Kazakh news, encyclopaedia and questions; see ``data/README.md``."""
        return cls.load(files("qa.language") / "data" / "kazakh-words.txt")

    @classmethod
    def load(cls, path: Path | Traversable) -> Lexicon:
        """Read what `save` wrote: a word and its count a line."""
        lines = path.read_text(encoding="utf-8").splitlines()
        return cls({word: int(count) for word, count in (line.split(" ") for line in lines)})

    def save(self, path: Path) -> None:
        path.write_text("".join(f"{word} {self.counts[word]}\n" for word in self._ordered), encoding="utf-8")

    def __contains__(self, word: str) -> bool:
        return word in self.counts

    @cached_property
    def _ordered(self) -> list[str]:
        """All words, the most frequent first."""
        return [word for word, _ in _ordered(self.counts)]

    @cached_property
    def by_skeleton(self) -> Mapping[str, list[str]]:
        return self._grouped(cyrillic_skeleton)

    @cached_property
    def by_fold(self) -> Mapping[str, list[str]]:
        return self._grouped(keyboard_fold)

    def _grouped(self, key: Callable[[str], str]) -> Mapping[str, list[str]]:
        """Words by a key, the most frequent first."""
        groups: dict[str, list[str]] = {}
        # All at once: less than half the time.
        keys = key("\n".join(self._ordered)).split("\n") if self.counts else []
        for one, word in zip(keys, self._ordered, strict=True):
            groups.setdefault(one, []).append(word)
        return groups

    @cached_property
    def _sorted_skeletons(self) -> list[str]:
        return sorted(self.by_skeleton)

    @cached_property
    def _sorted_folds(self) -> list[str]:
        return sorted(self.by_fold)

    def nearest_by_skeleton(self, skeleton: str) -> tuple[str, int]:
        """A word whose skeleton shares the longest beginning with ``skeleton``, and how long that is."""
        return _nearest(skeleton, self._sorted_skeletons, self.by_skeleton)

    def nearest_by_fold(self, fold: str) -> tuple[str, int]:
        """A word whose keyboard fold shares the longest beginning with ``fold``, and how long that is."""
        return _nearest(fold, self._sorted_folds, self.by_fold)


def _ordered(counts: Mapping[str, int]) -> list[tuple[str, int]]:
    return sorted(counts.items(), key=lambda one: (-one[1], one[0]))


def _nearest(key: str, keys: list[str], words: Mapping[str, list[str]]) -> tuple[str, int]:
    place = bisect_left(keys, key)
    best = max(keys[max(0, place - 1) : place + 1], key=lambda found: _shared(found, key), default="")
    return (words[best][0], _shared(best, key)) if best else ("", 0)


def _shared(one: str, other: str) -> int:
    length = 0
    for a, b in zip(one, other, strict=False):
        if a != b:
            break
        length += 1
    return length
