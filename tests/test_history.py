from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import pytest

from qa.errors import DamagedGenerationError, UnknownPassageError
from qa.indexing import history as history_module
from qa.indexing.builder import build
from qa.indexing.generation import HISTORY, Generation
from qa.indexing.history import History, Past
from qa.indexing.store import IndexStore
from qa.reading import read_corpus
from qa.records import Passage
from tests.fakes import passage, publish, word_model

FOUR, FIVE = "one two three four", "one two three four five"


def through(*generations: Sequence[Passage]) -> History:
    """The history of the last of several generations g0, g1, …"""
    history = History.empty()
    for number, (before, after) in enumerate(pairwise(generations)):
        history = History.after(history, before, after, f"g{number}")
    return history


A = passage("a", "p1", FOUR)
A_MOVED = passage("a", "p2", FOUR)
B = passage("b", "p1", FIVE)
C = passage("c", "p1", f"{FIVE} six")
OTHER = passage("o", "p1", "alpha beta gamma delta")


@pytest.mark.parametrize(
    ("generations", "entries"),
    [
        ([[A], [A]], []),
        ([[], [A]], []),
        ([[A], [B]], [("p1", "a", "b", "g0")]),
        ([[A], []], [("p1", "a", None, "g0")]),
        # It stands elsewhere: the id stays, the anchor leads to it.
        ([[A], [A_MOVED]], [("p1", "a", "a", "g0")]),
        # A chain is followed to its end.
        ([[A], [B], [C]], [("p1", "a", "c", "g0"), ("p1", "b", "c", "g1")]),
        ([[A], [A_MOVED], [C]], [("p1", "a", "c", "g0"), ("p2", "a", "c", "g1")]),
        # A target that vanishes leaves what led to it.
        ([[A], [B], [OTHER]], [("p1", "a", None, "g0"), ("p1", "b", None, "g1")]),
        ([[A], [B], [], [C]], [("p1", "a", None, "g0"), ("p1", "b", None, "g1")]),
        # What is back in its place is no longer past; what is back elsewhere leads to itself.
        ([[A], [], [A]], []),
        ([[A], [B], [A]], [("p1", "b", "a", "g1")]),
        ([[A], [], [A_MOVED]], [("p1", "a", "a", "g0")]),
        # It goes a second time: the later generation is the last that had it.
        ([[A], [], [A], []], [("p1", "a", None, "g2")]),
    ],
)
def test_history_over_generations(
    generations: list[list[Passage]], entries: list[tuple[str, str, str | None, str]]
) -> None:
    assert [(one.anchor, one.id, one.to, one.generation) for one in through(*generations).entries] == entries


def test_the_newest_that_stood_under_an_anchor_wins() -> None:
    history = through([A], [A_MOVED, OTHER], [A_MOVED])
    assert (history.resolve_anchor("essay", "p1"), history.knows_anchor("essay", "p1")) == (None, True)
    assert history.resolve_id("a") == "a"
    assert (history.resolve_id("o"), history.knows_id("o")) == (None, True)
    assert (history.resolve_id("x"), history.knows_id("x")) == (None, False)
    assert (history.resolve_anchor("essay", "p9"), history.knows_anchor("essay", "p9")) == (None, False)
    assert (history.knows_document("essay"), history.knows_document("other")) == (True, False)


def test_only_the_newest_entries_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history_module, "MOST_ENTRIES", 2)
    assert [one.id for one in through([A], [OTHER], [B], []).entries] == ["o", "b"]


def test_history_comes_back_from_the_disk(tmp_path: Path) -> None:
    history = History((Past("эссе", "s-посуда.1", "a", None, "g0"), Past("эссе", "p1", "b", "c", "g1")))
    history.save(tmp_path / HISTORY)
    assert History.load(tmp_path / HISTORY) == history
    assert (tmp_path / HISTORY).read_text(encoding="utf-8").splitlines()[1] == (
        '{"document":"эссе","anchor":"p1","id":"b","to":"c","generation":"g1"}'
    )
    History.empty().save(tmp_path / HISTORY)
    assert History.load(tmp_path / HISTORY) == History.empty()


@pytest.fixture
def store(tmp_path: Path) -> IndexStore:
    (tmp_path / "corpus").mkdir()
    (tmp_path / "corpus" / "essay.txt").write_text("One two.\n\nThree four.\n")
    store = IndexStore(tmp_path / "index")
    reading = read_corpus(tmp_path / "corpus")
    publish(store, build(reading, word_model()).generation)
    return store


def test_a_generation_finds_passages_by_id_by_anchor_and_by_what_they_were(store: IndexStore) -> None:
    built = store.live()
    assert built.history == History.empty()
    first, second = built.passages
    past = (
        Past("essay", "i9", "old", second.id, "g0"),
        Past("essay", first.anchor, "older", second.id, "g0"),
        Past("gone", "i1", "lost", None, "g0"),
    )
    generation = Generation(**{**vars(built), "history": History(past)})
    assert generation.passage(first.id) is first
    with pytest.raises(UnknownPassageError, match="'old'"):
        generation.passage("old")
    assert generation.now(first.id) is first
    assert generation.now("old") is second
    assert (generation.now("lost"), generation.now("never")) == (None, None)
    # What stands under an anchor now comes before what once did.
    assert generation.passage_at("essay", first.anchor) is first
    assert generation.passage_at("essay", "i9") is second
    assert (generation.passage_at("gone", "i1"), generation.passage_at("essay", "never")) == (None, None)


def test_the_history_is_among_the_checked_files(store: IndexStore) -> None:
    path = store.folder / "generations" / store.live_id() / HISTORY
    path.write_text('{"document":"essay"}\n')
    with pytest.raises(DamagedGenerationError, match=HISTORY):
        store.live()
