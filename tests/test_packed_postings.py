"""The index of many passages finds what that of few does, in fewer bytes."""

from __future__ import annotations

from array import array
from pathlib import Path

import numpy as np
import pytest

from qa.indexing import packing, postings
from qa.indexing.lexical import LexicalIndex
from qa.indexing.packed_postings import PackedPostings
from qa.indexing.packing import pack
from qa.indexing.postings import Postings
from tests.test_postings import NAMES, PASSAGES, TERMS, texts_of_terms

ASKED = ["t0", "t1", "t5", "t5", "t30", "t90", "t200", "t350", "unknown"]
# A share of 0 to 1 is rounded to a 255th, so a score is off by half of that times the rarities' sum at most.
CLOSE = 0.03


@pytest.fixture(scope="module")
def texts() -> list[array[int]]:
    return texts_of_terms()


@pytest.fixture(scope="module")
def plain(texts: list[array[int]]) -> Postings:
    return Postings.of(texts, NAMES)


@pytest.fixture(scope="module")
def packed(texts: list[array[int]], tmp_path_factory: pytest.TempPathFactory) -> PackedPostings:
    folder = tmp_path_factory.mktemp("packed")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(packing, "BATCH", 700)
        pack(folder, iter(texts), NAMES)
    assert {file.suffix for file in folder.iterdir()} == {".npy", ".txt"}
    return PackedPostings.load(folder, PASSAGES)


def test_scores_are_those_of_the_other_index(plain: Postings, packed: PackedPostings) -> None:
    assert 0 < len(packed.rows) < TERMS
    assert packed.scores(ASKED) == pytest.approx(plain.scores(ASKED), abs=CLOSE)
    somewhere = np.array([2999, 0, 17, 17, 1234])
    for most in (0, 100, 1 << 40):
        matches = packed.matches(ASKED, most)
        assert matches.at(somewhere) == pytest.approx(plain.scores(ASKED)[somewhere], abs=CLOSE)
        assert matches.at(np.arange(PASSAGES)) == pytest.approx(plain.scores(ASKED), abs=CLOSE)


@pytest.mark.parametrize("most", [0, 300, 1 << 40])
@pytest.mark.parametrize("among", [None, np.arange(40, 90), np.arange(1, PASSAGES, 2), np.array([], np.int64)])
def test_the_passages_with_the_highest_scores_are_found(
    plain: Postings, packed: PackedPostings, most: int, among: postings.Positions | None
) -> None:
    right = plain.scores(ASKED)
    own = right if among is None else right[among]
    found = packed.matches(ASKED, most).most(10, among)
    assert len(np.unique(found)) == len(found) == min(10, np.count_nonzero(own))
    assert among is None or set(found.tolist()) <= set(among.tolist())
    assert sorted(right[found]) == pytest.approx(sorted(own)[-10:] if len(own) else [], abs=CLOSE)


def test_where_too_few_have_a_rare_term_those_with_a_frequent_one_are_found(tmp_path: Path) -> None:
    texts = [array("i", [0] * (number < 10) + [1] * (1 + number % 7) + [2] * 5) for number in range(5000)]
    pack(tmp_path, texts, {"rare": 0, "often": 1, "other": 2})
    matches = PackedPostings.load(tmp_path, 5000).matches(["rare", "often"])
    found = matches.most(30)
    assert len(found) == 30
    assert set(range(10)) <= set(found.tolist())
    assert {number % 7 for number in found.tolist() if number >= 10} <= {6}


def test_a_question_of_unknown_terms_finds_nothing(packed: PackedPostings) -> None:
    for asked in ([], ["unknown"]):
        matches = packed.matches(asked)
        assert matches.most(10).tolist() == []
        assert matches.at(np.array([1, 2])).tolist() == packed.scores(asked)[[1, 2]].tolist() == [0, 0]


def test_an_index_of_many_passages_is_written_packed_and_finds_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bodies = ["The river runs to the sea.", "A mountain is higher.", "Rivers and mountains."]
    headings = ["Rivers", "Mountains", "Both"]
    LexicalIndex.write(tmp_path / "few", 3, iter(bodies), iter(headings))
    monkeypatch.setattr("qa.indexing.lexical.PACKED_FROM", 3)
    LexicalIndex.write(tmp_path / "many", 3, iter(bodies), iter(headings))
    few, many = (LexicalIndex.load(tmp_path / name, 3) for name in ("few", "many"))
    assert PackedPostings.is_in(tmp_path / "many" / "body")
    assert not PackedPostings.is_in(tmp_path / "few" / "body")
    for question in ("river", "mountains and rivers", "sea"):
        for mine, theirs in zip(many.scores(question), few.scores(question), strict=True):
            assert mine == pytest.approx(theirs, abs=CLOSE)
        assert many.matches(question)[0].most(1).tolist() == few.matches(question)[0].most(1).tolist()


def test_the_highest_of_many_scores_are_those_of_a_full_sort(monkeypatch: pytest.MonkeyPatch) -> None:
    random = np.random.default_rng(3)
    scores = np.where(random.random(150_000) < 0.3, random.random(150_000), 0).astype(np.float32)
    for count in (1, 50, 6400, 60_000):
        found = postings.highest(scores, count)
        expected = min(count, np.count_nonzero(scores))
        assert sorted(found.tolist()) == sorted(np.argsort(-scores, kind="stable")[:expected].tolist())
    # Where what was looked at tells too much, all are.
    scores[::61] = 1
    assert len(postings.highest(scores, 6400)) == 6400
