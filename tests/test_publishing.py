"""A publication that ends at any of its steps, as with kill -9: what is live is whole, and the next one is clean."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from qa.errors import GenerationError
from qa.files import NEW
from qa.indexing.builder import build
from qa.indexing.generation import Generation
from qa.indexing.store import GENERATIONS, Held, IndexStore
from qa.indexing.verification import verified
from qa.reading import read_corpus
from tests.fakes import publish, word_model

STEPS = [(os, "fsync"), (os, "replace"), (Path, "rename"), (Path, "replace"), (Path, "unlink"), (shutil, "rmtree")]


@pytest.fixture
def store(tmp_path: Path) -> IndexStore:
    (tmp_path / "corpus").mkdir()
    store = IndexStore(tmp_path / "index")
    for number in range(3):
        publish(store, generation(tmp_path, number))
    return store


def generation(folder: Path, number: int) -> Generation:
    (folder / "corpus" / "a.txt").write_text(f"Alpha {number}.\n\nBeta.\n")
    return build(read_corpus(folder / "corpus"), word_model()).generation


def killed_at(step: int, action: Callable[[], None]) -> bool:
    """Do it in a copy of this process that ends at once before its step of that number; whether it came so far."""
    child = os.fork()
    if child == 0:
        left = step

        def counted(original: Callable[..., Any]) -> Callable[..., Any]:
            def call(*arguments: Any, **named: Any) -> Any:
                nonlocal left
                if left == 0:
                    os._exit(9)
                left -= 1
                return original(*arguments, **named)

            return call

        for owner, name in STEPS:
            setattr(owner, name, counted(getattr(owner, name)))
        try:
            action()
        finally:
            os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9


@pytest.mark.parametrize("outcome", ["live", "held"])
def test_a_kill_at_any_step(store: IndexStore, tmp_path: Path, outcome: str) -> None:
    new = generation(tmp_path, 3)

    def action() -> None:
        with store.building(print):
            store.stage(new)
            if outcome == "live":
                store.make_live(new.id)
            else:
                store.hold(new.id, Held(reasons=("worse",)))
            store.prune(2)

    before = store.live_id()
    shutil.copytree(store.folder, tmp_path / "kept")
    step = 0
    while killed_at(step, action):
        live = verified(store.path(store.live_id()))
        assert live.id in ((before, new.id) if outcome == "live" else (before,))
        for id_ in store.ids():
            verified(store.path(id_))
        with store.building(print):
            left = [*store.folder.glob(f"{NEW}*"), *(store.folder / GENERATIONS).glob(".*")]
            assert left == []
        # What never was live is not gone back to.
        if new.id in store.ids() and store.live_id() != new.id:
            assert store.held(new.id) is not None
        shutil.rmtree(store.folder)
        shutil.copytree(tmp_path / "kept", store.folder)
        step += 1
    assert step > 15
    assert store.live_id() == (new.id if outcome == "live" else before)
    assert len(store.ids()) == 2


def test_what_went_live_stays_though_the_folder_cannot_be_synced(
    store: IndexStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    new = generation(tmp_path, 3)
    store.stage(new)
    fsync = os.fsync

    def files_only(handle: int) -> None:
        if os.path.isdir(f"/proc/self/fd/{handle}"):  # noqa: PTH112
            raise OSError(22, "Invalid argument")
        fsync(handle)

    monkeypatch.setattr(os, "fsync", files_only)
    store.make_live(new.id)
    store.discard(new.id)
    assert verified(store.path(store.live_id())).id == new.id


def test_the_newest_one_kept_aside_is_not_pruned(store: IndexStore, tmp_path: Path) -> None:
    new = generation(tmp_path, 3)
    store.stage(new)
    store.hold(new.id, Held(reasons=("worse",)))
    store.prune(1)
    assert set(store.ids()) == {store.live_id(), new.id}
    with pytest.raises(GenerationError, match="no generation is older"):
        store.before(store.live_id())
