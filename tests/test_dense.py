from __future__ import annotations

from pathlib import Path

import faiss
import numpy as np
import pytest

from qa.encoding.encoder import Floats, normalised
from qa.errors import DamagedGenerationError
from qa.indexing import dense
from qa.indexing.builder import build
from qa.indexing.dense import DenseIndex
from qa.indexing.store import IndexStore
from qa.indexing.verification import verified
from qa.reading import read_corpus
from tests.fakes import publish, word_model

PASSAGES, DIMENSION, TOPICS = 6000, 48, 60
RECALL = 0.98


@pytest.fixture(scope="module")
def vectors() -> Floats:
    """Passages around topics, as those of a corpus are."""
    random = np.random.default_rng(5)
    topics = random.normal(size=(TOPICS, DIMENSION))
    around = topics[random.integers(TOPICS, size=PASSAGES)] + 0.8 * random.normal(size=(PASSAGES, DIMENSION))
    return normalised(around.astype(np.float32))


@pytest.fixture(scope="module")
def questions(vectors: Floats) -> Floats:
    random = np.random.default_rng(6)
    return normalised(vectors[::100] + 0.1 * random.normal(size=vectors[::100].shape).astype(np.float32))


@pytest.fixture(scope="module")
def grouped(vectors: Floats) -> DenseIndex:
    return DenseIndex.from_vectors(vectors, exact_up_to=1000)


@pytest.fixture
def saved(grouped: DenseIndex, tmp_path: Path) -> Path:
    grouped.save(tmp_path / "dense.faiss")
    return tmp_path / "dense.faiss"


def recall(index: DenseIndex, vectors: Floats, questions: Floats, among: dense.Positions | None = None) -> float:
    """The share of the ten nearest, told by a product with all vectors, that the index finds."""
    allowed = np.arange(len(vectors)) if among is None else among
    found = []
    for question in questions:
        nearest = allowed[np.argsort(-(vectors[allowed] @ question))[:10]]
        positions, cosines = index.search(question, 10, among)
        assert cosines.tolist() == pytest.approx((vectors[positions] @ question).tolist(), abs=1e-5)
        assert (np.diff(cosines) <= 0).all()
        assert set(positions.tolist()) <= set(allowed.tolist())
        found.append(len(np.intersect1d(positions, nearest)) / len(nearest))
    return float(np.mean(found))


def test_a_small_corpus_is_searched_exactly_and_a_large_one_in_groups(
    vectors: Floats, saved: Path, tmp_path: Path
) -> None:
    DenseIndex.from_vectors(vectors).save(tmp_path / "small.faiss")
    assert type(faiss.read_index(str(tmp_path / "small.faiss"))) is faiss.IndexFlatIP
    groups = faiss.read_index(str(saved))
    assert type(groups) is faiss.IndexIVFScalarQuantizer
    assert (groups.nlist, groups.nprobe) == (310, 128)  # 4 √6000


def test_groups_find_what_exact_search_finds_with_the_same_cosines(
    vectors: Floats, questions: Floats, grouped: DenseIndex
) -> None:
    assert recall(grouped, vectors, questions) >= RECALL


def test_fewer_groups_find_less_so_that_recall_is_measured_at_all(
    vectors: Floats, questions: Floats, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dense, "_SEARCHED", 1)
    assert recall(DenseIndex.from_vectors(vectors, exact_up_to=0), vectors, questions) < 0.9


@pytest.mark.parametrize("mapped_from", [0, 1 << 40])
def test_groups_come_back_from_the_disk_mapped_or_copied(
    mapped_from: int,
    vectors: Floats,
    questions: Floats,
    grouped: DenseIndex,
    saved: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(dense, "LARGEST_COPY", mapped_from)
    index = DenseIndex.load(saved)
    maps = Path("/proc/self/maps")
    if maps.exists():
        assert (str(saved) in maps.read_text(encoding="utf-8")) == (mapped_from == 0)
    assert (len(index), index.dimension) == (PASSAGES, DIMENSION)
    for question in questions:
        assert index.search(question, 10)[0].tolist() == grouped.search(question, 10)[0].tolist()


def test_the_vectors_of_groups_are_as_they_were_given(vectors: Floats, saved: Path) -> None:
    index = DenseIndex.load(saved)
    positions = np.array([5, 6, 7, 4000, 2, PASSAGES - 1])
    assert index.vector(4321).tolist() == vectors[4321].tolist()
    assert index.cosines(vectors[5], positions).tolist() == pytest.approx((vectors[positions] @ vectors[5]).tolist())
    assert index.cosines(vectors[5], np.empty(0, np.int64)).tolist() == []
    with pytest.raises(IndexError, match=f"{PASSAGES} rows; {PASSAGES}"):
        index.vector(PASSAGES)


@pytest.mark.parametrize("among", [np.arange(100, 130), np.arange(0, PASSAGES, 3), np.array([17]), np.arange(PASSAGES)])
def test_groups_are_searched_among_some_passages_only(
    among: dense.Positions, vectors: Floats, questions: Floats, grouped: DenseIndex
) -> None:
    assert recall(grouped, vectors, questions[:20], among) >= RECALL


def test_groups_find_nothing_among_none(vectors: Floats, grouped: DenseIndex) -> None:
    assert [len(part) for part in grouped.search(vectors[0], 10, np.empty(0, np.int64))] == [0, 0]


def test_the_same_vectors_make_the_same_files(vectors: Floats, saved: Path, tmp_path: Path) -> None:
    again = tmp_path / "again.faiss"
    DenseIndex.from_vectors(vectors, exact_up_to=1000).save(again)
    assert again.read_bytes() == saved.read_bytes()
    assert DenseIndex.vectors_file(again).read_bytes() == DenseIndex.vectors_file(saved).read_bytes()


def test_an_index_that_was_loaded_can_be_saved_elsewhere(saved: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.faiss"
    DenseIndex.load(saved).save(other)
    assert other.read_bytes() == saved.read_bytes()
    assert DenseIndex.vectors_file(other).read_bytes() == DenseIndex.vectors_file(saved).read_bytes()


def test_vectors_that_are_cut_short_while_they_are_used_are_an_error(saved: Path, vectors: Floats) -> None:
    index = DenseIndex.load(saved)
    file = DenseIndex.vectors_file(saved)
    with file.open("r+b") as opened:
        opened.truncate(file.stat().st_size // 2)
    assert index.vector(0).tolist() == vectors[0].tolist()
    with pytest.raises(DamagedGenerationError, match="cut short"):
        index.vector(PASSAGES - 1)


@pytest.mark.parametrize("size", [0, 5, 60, 129, 5000])
def test_vectors_that_were_cut_short_are_told_on_loading(saved: Path, size: int) -> None:
    with DenseIndex.vectors_file(saved).open("r+b") as opened:
        opened.truncate(size)
    with pytest.raises(DamagedGenerationError, match=r"dense-vectors.npy is damaged \(.*qa index build --full"):
        DenseIndex.load(saved)


def test_vectors_of_another_kind_are_told_on_loading(saved: Path) -> None:
    np.save(DenseIndex.vectors_file(saved), np.zeros((3, DIMENSION)))
    with pytest.raises(DamagedGenerationError, match="no matrix of 32-bit floats"):
        DenseIndex.load(saved)


def test_a_generation_of_groups_holds_is_verified_and_rebuilt_without_a_difference(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dense, "EXACT_UP_TO", 10)
    words = [f"word{chr(97 + number)}" for number in range(20)]
    essay = tmp_path / "corpus" / "essay.txt"
    essay.parent.mkdir()
    sentences = [f"{first.title()} {second}." for first, second in zip(words, words[3:], strict=False)]
    essay.write_text("\n\n".join(sentences), encoding="utf-8")
    store, model = IndexStore(tmp_path / "index"), word_model()
    publish(store, build(read_corpus(essay.parent), model).generation)
    first = verified(store.path(store.live_id()))
    groups = faiss.read_index(str(store.path(store.live_id()) / "dense.faiss"))
    assert isinstance(groups, faiss.IndexIVF)
    assert groups.nlist == 16
    assert set(first.manifest.files) >= {"dense.faiss", "dense-vectors.npy"}

    essay.write_text("\n\n".join([*sentences, "Words words."]), encoding="utf-8")
    again = build(read_corpus(essay.parent), model, previous=first)
    whole = build(read_corpus(essay.parent), model)
    assert (again.encoded, whole.encoded) == (1, len(sentences) + 1)
    for name, one in (("again", again), ("whole", whole)):
        assert isinstance(one.generation.dense, DenseIndex)
        one.generation.dense.save(tmp_path / f"{name}.faiss")
    assert (tmp_path / "again.faiss").read_bytes() == (tmp_path / "whole.faiss").read_bytes()
