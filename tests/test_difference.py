from __future__ import annotations

import time
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qa.indexing.difference import Difference, difference
from qa.records import Passage
from tests.fakes import passage, read

ESSAY = """# Tea

## 1. Past

Caravans brought tea to the steppe long ago.

## 2. Present

People drink tea from bowls with milk today.

The samovar stands at the edge of the cloth.
"""


def parts(found: Difference) -> dict[str, object]:
    """What there is in a difference: texts, and for pairs the anchors and texts of both sides."""
    shown: dict[str, object] = {
        "added": [one.text for one in found.added],
        "removed": [one.text for one in found.removed],
        "changed": [(old.text, new.text) for old, new in found.changed],
        "moved": [(f"{old.document}#{old.anchor}", f"{new.document}#{new.anchor}") for old, new in found.moved],
        "kept": found.kept,
    }
    return {name: value for name, value in shown.items() if value}


def edited(before: str, after: str) -> Difference:
    return difference(read(before, "tea.md")[1], read(after, "tea.md")[1])


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("", "", {"kept": 3}),
        # Text above grows: offsets and lines shift, anchors stay.
        ("# Tea\n", "# Tea\n\n\n\n", {"kept": 3}),
        ("long ago.", "long ago.\n\nCamels carried it.", {"added": ["Camels carried it."], "kept": 3}),
        ("People drink tea from bowls with milk today.\n\n", "", {
            "removed": ["People drink tea from bowls with milk today."],
            "moved": [("tea#s2.p2", "tea#s2.p1")],
            "kept": 1,
        }),
        ("## 2. Present", "## 3. Present", {
            "moved": [("tea#s2.p1", "tea#s3.p1"), ("tea#s2.p2", "tea#s3.p2")],
            "kept": 1,
        }),
        # A renamed heading makes another id of the same text.
        ("## 1. Past", "## 1. Origins", {"moved": [("tea#s1.p1", "tea#s1.p1")], "kept": 2}),
        # Seven of eight words are the same on both sides: 14/16.
        ("with milk today", "with cream today", {
            "changed": [(
                "People drink tea from bowls with milk today.",
                "People drink tea from bowls with cream today.",
            )],
            "kept": 2,
        }),
        # Three of eight: 6/16 is no longer similar.
        ("People drink tea from bowls with milk today.", "People drink tea cold or iced these days.", {
            "added": ["People drink tea cold or iced these days."],
            "removed": ["People drink tea from bowls with milk today."],
            "kept": 2,
        }),
    ],
)  # fmt: skip
def test_one_edit(old: str, new: str, expected: dict[str, object]) -> None:
    assert old in ESSAY
    assert parts(edited(ESSAY, ESSAY.replace(old, new, 1))) == expected


FOUR = "one two three four"


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        # An equal text is looked for in the same document first, then in the others.
        (
            [passage("1", "p1", FOUR, "a")],
            [passage("2", "p1", FOUR, "b"), passage("3", "p9", FOUR, "a")],
            {"added": [FOUR], "moved": [("a#p1", "a#p9")]},
        ),
        ([passage("1", "p1", FOUR, "a")], [passage("2", "p1", FOUR, "b")], {"moved": [("a#p1", "b#p1")]}),
        # A similar one is looked for in the same document only.
        (
            [passage("1", "p1", FOUR, "a")],
            [passage("2", "p1", "one two three five", "b")],
            {"added": ["one two three five"], "removed": [FOUR]},
        ),
        # The closest wins, wherever it stands: 3/4 beats 2/3 under the same anchor.
        (
            [passage("1", "p1", FOUR)],
            [passage("2", "p1", "one two"), passage("3", "p2", "zero one two three")],
            {"added": ["one two"], "changed": [(FOUR, "zero one two three")]},
        ),
        # Of two that are equally close, the one under the same anchor.
        (
            [passage("1", "p2", FOUR)],
            [passage("2", "p1", "one two three five"), passage("3", "p2", "one two three six")],
            {"added": ["one two three five"], "changed": [(FOUR, "one two three six")]},
        ),
        # The best pair is made first: the second takes what the first would have taken too.
        (
            [passage("1", "p1", "one two three nine"), passage("2", "p2", FOUR)],
            [passage("3", "p3", "one two three four five")],
            {"removed": ["one two three nine"], "changed": [(FOUR, "one two three four five")]},
        ),
        # Another section number is a move, even under the same anchor.
        (
            [passage("1", "p1", FOUR, section="1")],
            [passage("1", "p1", FOUR, section="2")],
            {"moved": [("essay#p1", "essay#p1")]},
        ),
        # Only marks and spacing differ.
        (
            [passage("1", "p1", "«one» two")],
            [passage("2", "p1", "one  two.")],
            {"changed": [("«one» two", "one  two.")]},
        ),
        # Characters are the words of a script without spaces.
        (
            [passage("1", "p1", "哈萨克斯坦")],
            [passage("2", "p1", "哈萨克斯坦人")],
            {"changed": [("哈萨克斯坦", "哈萨克斯坦人")]},
        ),
    ],
)
def test_how_passages_are_paired(before: list[Passage], after: list[Passage], expected: dict[str, object]) -> None:
    assert parts(difference(before, after)) == expected


def corpora() -> st.SearchStrategy[list[Passage]]:
    """Passages whose ids say their text and document, as real ones do."""

    def one(text: str, heading: int, document: str, anchor: str, section: str | None) -> Passage:
        return passage(f"{document} {heading} {text}", anchor, text, document, section)

    words = st.lists(st.sampled_from(["alpha", "beta", "gamma", "delta"]), max_size=6).map(" ".join)
    numbers = st.sampled_from([None, "1"])
    passages = st.builds(one, words, st.integers(0, 2), st.sampled_from("ab"), st.sampled_from("pqr"), numbers)
    return st.lists(passages, max_size=10, unique_by=lambda passage: passage.id)


@given(corpora(), corpora())
def test_every_passage_is_in_exactly_one_part(before: list[Passage], after: list[Passage]) -> None:
    found = difference(before, after)
    pairs = [*found.changed, *found.moved]
    old = Counter(one.id for one in [*found.removed, *(old for old, _ in pairs)])
    new = Counter(one.id for one in [*found.added, *(new for _, new in pairs)])
    kept_before, kept_after = (Counter(one.id for one in side) for side in (before, after))
    kept_before.subtract(old)
    kept_after.subtract(new)
    for left in (kept_before, kept_after):
        assert set(left.values()) <= {0, 1}
        assert sum(left.values()) == found.kept
    assert +kept_before == +kept_after
    assert {one.document for one in found.removed} <= {one.document for one in before}
    assert all(old.text == new.text for old, new in found.moved)


def many(count: int, tag: str) -> list[Passage]:
    """Passages of sixty words each, some of them in all, some in one only."""
    return [
        passage(
            f"{tag}{number}", f"p{number}", " ".join([*"abcdefgh", *(f"{tag}{number}w{word}" for word in range(52))])
        )
        for number in range(count)
    ]


def seconds(before: list[Passage], after: list[Passage]) -> float:
    started = time.perf_counter()
    difference(before, after)
    return time.perf_counter() - started


def test_one_edit_among_a_thousand_is_found_at_once() -> None:
    before = many(1000, "x")
    after = [*before[:500], passage("new", "p500", before[500].text + " more"), *before[501:]]
    assert parts(difference(before, after))["kept"] == 999
    assert min(seconds(before, after) for _ in range(3)) < 0.05


def test_time_does_not_explode_where_everything_differs() -> None:
    assert seconds(many(1000, "x"), many(1000, "y")) < 5
    # Every passage shares its common words with every other one, and each is like one only.
    after = [passage(f"y{one.id}", one.anchor, one.text + " more") for one in many(1000, "x")]
    assert seconds(many(1000, "x"), after) < 10
