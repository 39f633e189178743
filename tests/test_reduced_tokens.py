from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from qa.encoding.encoder import normalised
from qa.errors import DamagedGenerationError
from qa.indexing.reduced_tokens import FILE, ReducedTokens, ReducedTokensWriter, packed, reduced
from qa.indexing.tokens import PassageTokens

DIMENSION = 384


@pytest.fixture
def passages() -> list[PassageTokens]:
    random = np.random.default_rng(5)
    made = []
    for count in (1, 7, 120):
        vectors = normalised(random.standard_normal((count, DIMENSION)).astype(np.float32))
        made.append(PassageTokens.of(vectors, random.integers(-1, 900, (count, 2)).astype(np.int32)))
    return made


def test_a_reduced_token_points_where_it_did_and_has_length_one(passages: list[PassageTokens]) -> None:
    for whole in passages:
        half = reduced(whole)
        vectors = half.vectors * half.scales[:, None]
        assert np.abs(half.vectors).max() <= 7
        assert np.linalg.norm(vectors, axis=1) == pytest.approx(1, abs=1e-5)
        assert ((whole.vectors * whole.scales[:, None]) * vectors).sum(axis=1).min() > 0.98
        assert half.spans is whole.spans


def test_a_token_that_resembles_nothing_stays_so() -> None:
    nothing = PassageTokens.of(np.zeros((1, DIMENSION), np.float32), np.full((1, 2), -1, np.int32))
    assert not reduced(nothing).vectors.any()


def test_they_come_back_from_the_disk_in_half_the_room(passages: list[PassageTokens], tmp_path: Path) -> None:
    store = written(tmp_path, passages)
    count = sum(len(one.scales) for one in passages)
    assert (len(store), store.tokens) == (3, count)
    assert (tmp_path / FILE).stat().st_size == count * (DIMENSION // 2 + 12)
    for position, whole in enumerate(passages):
        found, half = store.passage(position), reduced(whole)
        assert found.vectors.tolist() == half.vectors.tolist()
        assert found.scales.tolist() == half.scales.tolist()
        assert found.spans.tolist() == store.spans_of(position).tolist() == whole.spans.tolist()
    several = store.several(np.array([2, 0, 2]))
    assert [len(one.scales) for one in several] == [120, 1, 120]


@pytest.mark.parametrize("damage", [lambda data: data[:-1], lambda data: b""])
def test_a_file_that_was_cut_short_is_told(
    passages: list[PassageTokens], tmp_path: Path, damage: Callable[[bytes], bytes]
) -> None:
    written(tmp_path, passages)
    path = tmp_path / FILE
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(DamagedGenerationError, match=r"tokens\.packed has been cut short"):
        ReducedTokens(tmp_path)


def test_one_that_is_cut_short_while_it_answers_is_told(passages: list[PassageTokens], tmp_path: Path) -> None:
    store = written(tmp_path, passages)
    with (tmp_path / FILE).open("r+b") as file:
        file.truncate(1000)
    with pytest.raises(DamagedGenerationError, match=r"tokens\.packed has been cut short"):
        store.passage(2)
    with pytest.raises(DamagedGenerationError, match=r"tokens\.packed has been cut short"):
        store.spans_of(2)


def written(folder: Path, passages: list[PassageTokens]) -> ReducedTokens:
    writer = ReducedTokensWriter(folder)
    for passage in passages:
        writer.add(packed(reduced(passage)))
    writer.close()
    return ReducedTokens(folder)
