"""Which passages count as copies of each other, and what becomes of a search's order without them."""

from __future__ import annotations

import pytest

from qa.records import Passage
from qa.retrieval.duplicates import LOOKED_THROUGH, MOST_TOLD, distinct
from tests.fakes import passage

# Sixty words, so that one more or less is less than a tenth of all sequences of three.
TEXT = " ".join(f"word{chr(97 + n // 26)}{chr(97 + n % 26)}" for n in range(60))
OTHERS = [f"Another text that says something else altogether, namely {name}." for name in ("tea", "milk", "bread")]


def found(texts: list[str], count: int, documents: list[str] | None = None) -> list[tuple[int, tuple[int, ...]]]:
    made: list[Passage] = [
        passage(str(n), f"p{n}", text, document=documents[n] if documents else f"d{n}") for n, text in enumerate(texts)
    ]
    return distinct(range(len(made)), lambda place: made[place], count)


def test_without_copies_the_order_stays_and_is_cut() -> None:
    assert found(OTHERS, 2) == [(0, ()), (1, ())]
    assert found(OTHERS, 5) == [(0, ()), (1, ()), (2, ())]
    assert found([], 5) == []


def test_a_copy_is_told_with_the_best_and_the_next_takes_its_place() -> None:
    assert found([OTHERS[0], TEXT, OTHERS[0], TEXT, OTHERS[1]], 3) == [(0, (2,)), (1, (3,)), (4, ())]


@pytest.mark.parametrize(
    ("other", "copied"),
    [
        (TEXT.upper(), True),
        (f"«{TEXT.replace('d ', 'd, ')}»!", True),
        (TEXT.removesuffix(TEXT.split()[-1]) + "changed", True),
        (f"{TEXT} more", True),
        (TEXT.replace(TEXT.split()[30], "changed"), True),  # three sequences of 58 are others: 55 of 61 are in both
        (TEXT.replace(TEXT.split()[20], "changed").replace(TEXT.split()[40], "changed"), False),
        (" ".join(reversed(TEXT.split())), False),
        (" ".join(TEXT.split()[:50]), False),
        ("", False),
    ],
)
def test_nearly_the_same_is_nine_tenths_of_the_sequences_of_three_words(other: str, copied: bool) -> None:
    assert (found([TEXT, other], 2) == [(0, (1,))]) is copied


def test_what_differs_in_a_number_is_no_copy() -> None:
    assert found([f"{TEXT} 1994", f"{TEXT} 1995"], 2) == [(0, ()), (1, ())]
    assert found([f"{TEXT} 1994", f"{TEXT.upper()} 1994"], 2) == [(0, (1,))]


def test_short_passages_are_compared_whole() -> None:
    assert found(["Қорытынды", "қорытынды.", "Кіріспе"], 3) == [(0, (1,)), (2, ())]


def test_what_a_document_says_twice_is_no_copy() -> None:
    assert found([TEXT, TEXT, TEXT], 3, ["a", "a", "b"]) == [(0, (2,)), (1, ())]


def test_copies_are_looked_for_a_little_beyond_what_is_shown_and_are_bounded() -> None:
    beyond = [f"{OTHERS[0]} {chr(97 + n) * 9} {chr(98 + n) * 30}" for n in range(LOOKED_THROUGH)]
    assert found([TEXT, *beyond[:-1], TEXT], 1) == [(0, (LOOKED_THROUGH,))]
    assert found([TEXT, *beyond, TEXT], 1) == [(0, ())]
    many = found([*[TEXT] * 40, OTHERS[0]], 2)
    assert many == [(0, tuple(range(1, MOST_TOLD + 1))), (40, ())]
