"""What became of each passage between two generations.

A passage's id is made of its document, the names of its headings and its text, so an equal id is the same passage,
wherever it stands now. What an id does not pair is paired by equal text, and what is left by similar text.
"""

from __future__ import annotations

from collections import Counter, defaultdict, deque
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import NamedTuple, Protocol

from qa.language.words import bare_words
from qa.records import Passage

# From here on difflib's documentation calls two sequences close matches.
SIMILAR = 0.6
# Comparing every passage with every other takes time quadratic in what changed. So a passage is compared with those few
# that share most of its words, and of those words only with such as not too many of the others hold: where
# everything differs, the time still grows with the number of words.
_COMPARED = 8
_COMMON = 50

Pair = tuple[Passage, Passage]


class Many(Protocol):
    """Passages that can be counted and looked through, wherever they are kept."""

    def __len__(self) -> int: ...

    def __iter__(self) -> Iterator[Passage]: ...


@dataclass(frozen=True, slots=True)
class Difference:
    """Passages that came and went, pairs of what was and what is, and how many stayed as they were.

    ``changed``: another text in its place. ``moved``: the same text under another anchor, number, heading or document;
    offsets and lines that shift because text above grew are no move.
    """

    added: Many
    removed: tuple[Passage, ...]
    changed: tuple[Pair, ...]
    moved: tuple[Pair, ...]
    kept: int

    def __bool__(self) -> bool:
        return bool(len(self.added) or self.removed or self.changed or self.moved)


def difference(before: Many, after: Many) -> Difference:
    """Pair the passages of two generations; each is in exactly one part of the difference.

    Ids are unique within ``before`` and within ``after``, which are looked through several times. All
    parts are in the order of ``before``, ``added`` in that of ``after``.
    """
    if not len(before):
        return Difference(added=after, removed=(), changed=(), moved=(), kept=0)
    order, kept, elsewhere, gone, come = _by_id(before, after)
    equal = _equal_texts(gone, come)
    gone, come = _unpaired(equal, gone, come)
    changed = _similar_texts(gone, come)
    gone, come = _unpaired(changed, gone, come)
    return Difference(
        added=tuple(come),
        removed=tuple(gone),
        changed=_sorted(changed, order),
        moved=_sorted([*elsewhere, *equal], order),
        kept=kept,
    )


class _ById(NamedTuple):
    """What ids tell: the numbers of those before that are not as they were, how many are, which stand elsewhere, and
    what has no pair.
    """

    order: dict[str, int]
    kept: int
    elsewhere: list[Pair]
    gone: list[Passage]
    come: list[Passage]


def _by_id(before: Many, after: Many) -> _ById:
    """Of passages that are as they were nothing is kept but id and place."""
    places = {passage.id: hash(_place(passage)) for passage in after}
    moved: dict[str, Passage] = {}
    gone: list[Passage] = []
    order: dict[str, int] = {}
    kept: set[str] = set()
    for number, old in enumerate(before):
        if places.get(old.id) == hash(_place(old)):
            kept.add(old.id)
            continue
        order[old.id] = number
        if old.id in places:
            moved[old.id] = old
        else:
            gone.append(old)
    new = {passage.id: passage for passage in after if passage.id not in kept}
    elsewhere = [(old, new.pop(id_)) for id_, old in moved.items()]
    return _ById(order, len(kept), elsewhere, gone, list(new.values()))


def _place(passage: Passage) -> tuple[Hashable, ...]:
    return passage.document, passage.anchor, passage.section, passage.path, passage.label


def _sorted(pairs: Iterable[Pair], order: Mapping[str, int]) -> tuple[Pair, ...]:
    return tuple(sorted(pairs, key=lambda pair: order[pair[0].id]))


def _unpaired(
    pairs: Iterable[Pair], before: Iterable[Passage], after: Iterable[Passage]
) -> tuple[list[Passage], list[Passage]]:
    old, new = {old.id for old, _ in pairs}, {new.id for _, new in pairs}
    return [one for one in before if one.id not in old], [one for one in after if one.id not in new]


# Where an equal text is looked for first.
_KEYS: tuple[Callable[[Passage], Hashable], ...] = (
    lambda passage: (passage.document, passage.anchor, passage.text),
    lambda passage: (passage.document, passage.text),
    lambda passage: passage.text,
)


def _equal_texts(gone: Sequence[Passage], come: Sequence[Passage]) -> list[Pair]:
    found: list[Pair] = []
    for key in _KEYS:
        left, right = _unpaired(found, gone, come)
        waiting: dict[Hashable, deque[Passage]] = defaultdict(deque)
        for new in right:
            waiting[key(new)].append(new)
        found.extend((old, waiting[key(old)].popleft()) for old in left if waiting.get(key(old)))
    return found


def _similar_texts(gone: Sequence[Passage], come: Sequence[Passage]) -> list[Pair]:
    """Pairs within one document, the closest first; of equally close ones that under the same anchor."""
    beside = _by_document(come)
    scored = [
        (-ratio, old.anchor != new.anchor, old, new)
        for document, own in _by_document(gone).items()
        for ratio, old, new in _similarities(own, beside.get(document, []))
    ]
    found: list[Pair] = []
    taken: set[tuple[str, str]] = set()
    for _, _, old, new in sorted(scored, key=lambda one: one[:2]):
        sides = {("old", old.id), ("new", new.id)}
        if not sides & taken:
            found.append((old, new))
            taken |= sides
    return found


def _by_document(passages: Iterable[Passage]) -> dict[str, list[Passage]]:
    found: dict[str, list[Passage]] = {}
    for passage in passages:
        found.setdefault(passage.document, []).append(passage)
    return found


def _similarities(gone: Sequence[Passage], come: Sequence[Passage]) -> Iterator[tuple[float, Passage, Passage]]:
    words = [bare_words(new.text) for new in come]
    holders: dict[str, list[int]] = defaultdict(list)
    for number, own in enumerate(words):
        for word in set(own):
            holders[word].append(number)
    anchors = {new.anchor: number for number, new in enumerate(come)}
    matcher = SequenceMatcher[str](autojunk=False)
    for old in gone:
        own = bare_words(old.text)
        matcher.set_seq2(own)
        for number in _candidates(own, holders, anchors.get(old.anchor)):
            matcher.set_seq1(words[number])
            if matcher.real_quick_ratio() >= SIMILAR <= matcher.quick_ratio() and matcher.ratio() >= SIMILAR:
                yield matcher.ratio(), old, come[number]


def _candidates(words: Iterable[str], holders: Mapping[str, Sequence[int]], same_anchor: int | None) -> list[int]:
    """The numbers of those that share most words, and of the one under the same anchor."""
    shared: Counter[int] = Counter()
    for word in sorted(set(words)):
        found = holders.get(word, ())
        if len(found) <= _COMMON:
            shared.update(found)
    best = [number for number, _ in shared.most_common(_COMPARED)]
    return best if same_anchor is None or same_anchor in best else [*best, same_anchor]
