from __future__ import annotations

import math
from array import array
from pathlib import Path

import numpy as np
import pytest

from qa.encoding.encoder import Floats
from qa.indexing import postings
from qa.indexing.postings import Postings

PASSAGES, TERMS = 3000, 400
NAMES = {f"t{number}": number for number in range(TERMS)}


def texts_of_terms() -> list[array[int]]:
    """Some terms are in most texts and some in few, as words are; a few texts have none."""
    random = np.random.default_rng(2)
    chances = 1 / np.arange(1, TERMS + 1)
    chances /= chances.sum()
    return [
        array("i", random.choice(TERMS, size=length, p=chances).tolist()) for length in random.integers(0, 60, PASSAGES)
    ]


@pytest.fixture(scope="module")
def texts() -> list[array[int]]:
    return texts_of_terms()


@pytest.fixture(scope="module")
def index(texts: list[array[int]]) -> Postings:
    return Postings.of(texts, NAMES)


def bm25(texts: list[array[int]], asked: list[str]) -> Floats:
    """By the book: Lucene's BM25, k1 1.2, b 0.75, a text without terms counted as one of one."""
    mean = sum(max(1, len(text)) for text in texts) / len(texts)
    scores = np.zeros(len(texts))
    for term in (NAMES[one] for one in asked if one in NAMES):
        holding = [place for place, text in enumerate(texts) if term in text]
        rarity = math.log(1 + (len(texts) - len(holding) + 0.5) / (len(holding) + 0.5))
        for place in holding:
            times = texts[place].count(term)
            scores[place] += rarity * times / (times + 1.2 * (0.25 + 0.75 * len(texts[place]) / mean))
    return scores.astype(np.float32)


ASKED = ["t0", "t1", "t5", "t5", "t30", "t90", "t200", "t350", "unknown"]


def test_scores_are_those_of_bm25_however_they_are_batched(
    texts: list[array[int]], index: Postings, monkeypatch: pytest.MonkeyPatch
) -> None:
    right = bm25(texts, ASKED)
    assert index.scores(ASKED) == pytest.approx(right, rel=1e-4)
    monkeypatch.setattr(postings, "BATCH", 100)
    batched = Postings.of(iter(texts), NAMES)
    assert batched.passages.tolist() == index.passages.tolist()
    assert batched.weights.tolist() == index.weights.tolist()


def test_terms_that_are_not_added_up_are_looked_up(texts: list[array[int]], index: Postings) -> None:
    right = bm25(texts, ASKED)
    matches = index.matches(ASKED, most=300)
    assert len(matches.others) >= 3
    assert not np.allclose(matches.summed, right)
    somewhere = np.array([2999, 0, 17, 17, 1234])
    assert matches.at(somewhere) == pytest.approx(right[somewhere], rel=1e-4)
    assert matches.at(np.arange(PASSAGES)) == pytest.approx(right, rel=1e-4)


@pytest.mark.parametrize(("most", "begun"), [(0, 1), (0, 128), (300, 8), (300, 128), (1 << 40, 128)])
def test_the_passages_with_the_highest_scores_are_found(
    texts: list[array[int]], index: Postings, most: int, begun: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postings, "_BEGUN", begun)
    right = bm25(texts, ASKED)
    found = index.matches(ASKED, most).most(20)
    assert len(np.unique(found)) == 20
    bar = np.sort(right)[-20]
    if begun > 1:
        assert right[found].min() == pytest.approx(bar, rel=1e-4)
    else:  # of the one rarest term only, so not all, but the best of those that have it
        assert (np.isin(found, [place for place, text in enumerate(texts) if NAMES["t350"] in text])).all()


RARE, OFTEN = 10, 5000


@pytest.mark.parametrize("among", [None, np.arange(RARE, OFTEN), np.arange(0, OFTEN - 7, 2)])
@pytest.mark.parametrize("count", [5, 30])
def test_where_too_few_have_a_rare_term_those_with_a_frequent_one_are_found(
    among: postings.Positions | None, count: int
) -> None:
    lengths = np.random.default_rng(1).integers(1, 30, OFTEN).tolist()
    index = Postings.of(
        (array("i", [0] * (number < RARE) + [1] * length) for number, length in enumerate(lengths)),
        {"rare": 0, "often": 1},
    )
    asked = ["rare", "often"]
    matches = index.matches(asked, most=RARE)
    found = matches.most(count, among)
    exact = index.matches(asked, most=1 << 40)
    assert len(found) == count
    assert found.tolist() == exact.most(count, among).tolist()
    assert np.count_nonzero(matches.summed) == RARE  # as they were
    assert matches.at(found).tolist() == exact.at(found).tolist()


@pytest.mark.parametrize("most", [300, 1 << 40])
@pytest.mark.parametrize("begun", [8, 128])
@pytest.mark.parametrize("among", [np.arange(40, 90), np.arange(1, PASSAGES, 2), np.array([], np.int64)])
def test_they_are_found_among_some(
    texts: list[array[int]],
    index: Postings,
    most: int,
    begun: int,
    among: postings.Positions,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(postings, "_BEGUN", begun)
    right = bm25(texts, ASKED)[among]
    found = index.matches(ASKED, most).most(10, among)
    assert set(found.tolist()) <= set(among.tolist())
    assert len(found) == min(10, np.count_nonzero(right))
    assert sorted(bm25(texts, ASKED)[found]) == pytest.approx(sorted(right)[-10:] if len(right) else [], rel=1e-4)


def test_a_question_of_unknown_terms_finds_nothing(index: Postings) -> None:
    for asked in ([], ["unknown"]):
        matches = index.matches(asked)
        assert matches.most(10).tolist() == []
        assert matches.at(np.array([1, 2])).tolist() == index.scores(asked)[[1, 2]].tolist() == [0, 0]


def test_an_index_comes_back_from_the_disk(index: Postings, tmp_path: Path) -> None:
    index.save(tmp_path / "field")
    loaded = Postings.load(tmp_path / "field", PASSAGES)
    assert list(loaded.terms.items()) == list(index.terms.items())
    assert loaded.scores(ASKED).tolist() == index.scores(ASKED).tolist()
    assert {file.suffix for file in (tmp_path / "field").iterdir()} == {".npy", ".txt"}


def test_an_index_of_no_text_is_possible() -> None:
    assert Postings.of([], {}).scores(["a"]).tolist() == []
