"""Real files and the real watchfiles; what is built is only counted."""

from __future__ import annotations

import logging
import os
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import watchfiles
from watchfiles import Change

from qa.errors import GenerationError
from qa.reading import source_hashes
from qa.watching import QUIET_S, Watcher, must_poll
from tests.conftest import environment, eventually, serving

TICK_S = 0.2
# A look comes at the latest a tick after a change, and then the folder must be quiet.
LONG_ENOUGH = TICK_S + 3 * QUIET_S


@pytest.fixture(autouse=True)
def fast_ticks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("qa.watching._TICK_S", TICK_S)


class Builds:
    """A ``rebuild`` that notes what the folder held each time."""

    def __init__(self, corpus: Path) -> None:
        self.corpus = corpus
        self.texts: list[dict[str, str]] = []
        self.watcher = Watcher(corpus, self)
        self.meanwhile: Callable[[], object] | None = None

    def __call__(self) -> None:
        self.texts.append({name: (self.corpus / name).read_text() for name in source_hashes(self.corpus)})
        if self.meanwhile is not None:
            self.meanwhile()

    def eventually_one(self, **expected: str) -> None:
        """One more build of just what is expected; ``__`` is a slash."""
        eventually(lambda: self.texts)
        assert self.texts.pop(0) == {f"{name.replace('__', '/')}.txt": text for name, text in expected.items()}

    def none_more(self) -> None:
        """None that was not asked for."""
        time.sleep(LONG_ENOUGH)
        assert self.texts == []


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    folder = tmp_path / "corpus"
    folder.mkdir()
    (folder / "a.txt").write_text("old")
    return folder


@contextmanager
def watching(corpus: Path) -> Iterator[Builds]:
    with watching_with(Builds(corpus)) as builds:
        yield builds


@contextmanager
def watching_with(builds: Builds) -> Iterator[Builds]:
    builds.watcher.start()
    time.sleep(0.1)  # most tests begin once it is watched; none depends on it
    try:
        yield builds
        builds.none_more()
    finally:
        builds.watcher.stop()
        eventually(lambda: not any(thread.name == "watch" for thread in threading.enumerate()))


@pytest.fixture
def builds(request: pytest.FixtureRequest, corpus: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Builds]:
    if getattr(request, "param", "inotify") == "polling":
        monkeypatch.setattr("qa.watching.must_poll", lambda folder: True)
    with watching(corpus) as builds:
        yield builds


in_both_ways = pytest.mark.parametrize("builds", ["inotify", "polling"], indirect=True)


def atomically(file: Path) -> None:
    (file.parent / ".a.txt.tmp").write_text("new")
    (file.parent / ".a.txt.tmp").replace(file)


def as_vim_does(file: Path) -> None:
    (file.parent / "4913").touch()
    (file.parent / "4913").unlink()
    (file.parent / ".a.txt.swp").write_text("swap")
    file.rename(file.parent / "a.txt~")
    file.write_text("new")
    (file.parent / "a.txt~").unlink()
    (file.parent / ".a.txt.swp").unlink()


def renamed_away_and_written_anew(file: Path) -> None:
    file.rename(file.parent / "a.txt.bak")
    time.sleep(QUIET_S / 2)
    file.write_text("new")


def truncated_and_written_later(file: Path) -> None:
    with file.open("w") as opened:
        time.sleep(3 * QUIET_S)
        opened.write("new")


def in_many_small_pieces(file: Path) -> None:
    with file.open("w", buffering=1) as opened:
        for letter in "new":
            opened.write(letter)
            opened.flush()
            time.sleep(QUIET_S / 2)


@pytest.mark.parametrize(
    "save",
    [atomically, as_vim_does, renamed_away_and_written_anew, truncated_and_written_later, in_many_small_pieces],
)
def test_a_save_is_one_build_however_the_editor_does_it(builds: Builds, save: Callable[[Path], None]) -> None:
    save(builds.corpus / "a.txt")
    builds.eventually_one(a="new")


def test_what_changes_no_document_builds_nothing(builds: Builds) -> None:
    folder = builds.corpus
    os.utime(folder / "a.txt")
    (folder / "a.txt").chmod(0o600)
    (folder / "a.txt").write_text("old")
    for name in (".hidden.txt", "a.txt~", ".a.txt.swp", "4913", "sheet.xlsx", "~lock.txt"):
        (folder / name).write_text("x")
    (folder / ".git").mkdir()
    (folder / ".git" / "b.txt").write_text("x")
    (folder / ".#a.txt").symlink_to("somebody@somewhere")
    (folder / "empty").mkdir()
    builds.none_more()


def test_a_copy_is_not_built_while_it_grows(builds: Builds) -> None:
    with (builds.corpus / "b.txt").open("w") as file:
        for _ in range(15):
            file.write("piece ")
            file.flush()
            time.sleep(0.1)
            assert builds.texts == []
    builds.eventually_one(a="old", b="piece " * 15)


@in_both_ways
def test_sub_folders_are_watched_moved_and_removed(builds: Builds, tmp_path: Path) -> None:
    folder = builds.corpus
    (folder / "deep" / "er").mkdir(parents=True)
    (folder / "deep" / "er" / "b.txt").write_text("b")
    builds.eventually_one(a="old", deep__er__b="b")
    (folder / "deep" / "er" / "b.txt").write_text("bb")
    builds.eventually_one(a="old", deep__er__b="bb")
    (folder / "deep").rename(tmp_path / "away")
    builds.eventually_one(a="old")
    (tmp_path / "away").rename(folder / "back")
    builds.eventually_one(a="old", back__er__b="bb")
    shutil.rmtree(folder / "back")
    builds.eventually_one(a="old")
    (folder / "a.txt").rename(folder / "c.txt")
    builds.eventually_one(c="old")


def test_a_file_that_stays_empty_is_believed(builds: Builds) -> None:
    (builds.corpus / "a.txt").write_text("")
    builds.eventually_one(a="")


@in_both_ways
def test_the_folder_may_go_and_come_back(builds: Builds, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    folder = builds.corpus
    shutil.rmtree(folder)
    builds.none_more()
    assert [record.levelno for record in caplog.records if "is missing" in record.message] == [logging.WARNING]
    folder.mkdir()
    (folder / "a.txt").write_text("new")
    builds.eventually_one(a="new")
    (folder / "a.txt").write_text("newer")
    builds.eventually_one(a="newer")
    folder.rename(tmp_path / "elsewhere")
    folder.mkdir()
    (folder / "b.txt").write_text("b")
    builds.eventually_one(b="b")


def test_the_folder_may_be_a_link_that_is_changed(tmp_path: Path, corpus: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (other / "a.txt").write_text("other")
    link = tmp_path / "link"
    link.symlink_to(corpus)
    with watching(link) as builds:
        builds.none_more()
        (tmp_path / "next").symlink_to(other)
        (tmp_path / "next").replace(link)
        builds.eventually_one(a="other")
        (other / "a.txt").write_text("changed")
        builds.eventually_one(a="changed")


def test_links_to_a_folder_that_is_exchanged_within_are_seen(corpus: Path) -> None:
    """As Kubernetes mounts a ConfigMap."""
    (corpus / "a.txt").unlink()
    for version in ("1", "2"):
        (corpus / f"..{version}").mkdir()
        (corpus / f"..{version}" / "a.txt").write_text(version)
    (corpus / "..data").symlink_to("..1")
    (corpus / "a.txt").symlink_to("..data/a.txt")
    with watching(corpus) as builds:
        (corpus / "..next").symlink_to("..2")
        (corpus / "..next").replace(corpus / "..data")
        builds.eventually_one(a="2")


def test_the_folder_may_be_missing_at_first(tmp_path: Path) -> None:
    with watching(tmp_path / "corpus") as builds:
        (tmp_path / "corpus").mkdir()
        (tmp_path / "corpus" / "a.txt").write_text("new")
        builds.eventually_one(a="new")


def test_a_relative_folder_is_watched(corpus: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(corpus.parent)
    with watching(Path("corpus")) as builds:
        (corpus / "a.txt").write_text("new")
        builds.eventually_one(a="new")


def test_what_changes_before_it_is_watched_is_built(corpus: Path) -> None:
    builds = Builds(corpus)
    (corpus / "a.txt").write_text("new")
    with watching_with(builds):
        builds.eventually_one(a="new")


def test_what_changes_during_a_build_is_built_after_it(corpus: Path) -> None:
    builds, running = Builds(corpus), threading.Lock()

    def meanwhile() -> None:
        assert running.acquire(blocking=False)
        if builds.texts == [{"a.txt": "new"}]:
            (corpus / "a.txt").write_text("newer")
            time.sleep(2 * QUIET_S)
        running.release()

    builds.meanwhile = meanwhile
    with watching_with(builds):
        (corpus / "a.txt").write_text("new")
        eventually(lambda: len(builds.texts) == 2)
        builds.eventually_one(a="new")
        builds.eventually_one(a="newer")


def test_a_failing_build_is_one_line_and_is_tried_again_at_the_next_change(
    corpus: Path, caplog: pytest.LogCaptureFixture
) -> None:
    def fail() -> None:
        raise GenerationError("qa index build ended with 1; see the line above")

    with watching(corpus) as builds:
        builds.meanwhile = fail
        (corpus / "a.txt").write_text("new")
        builds.eventually_one(a="new")
        builds.none_more()
        (message,) = [record.getMessage() for record in caplog.records if record.levelno == logging.ERROR]
        assert message.startswith("the index was not rebuilt (qa index build ended with 1")
        assert "\n" not in message
        (corpus / "a.txt").write_text("newer")
        builds.eventually_one(a="newer")


def test_without_inotify_the_folder_is_polled_and_that_is_said(
    corpus: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    watch = watchfiles.watch

    def out_of_watches(*paths: Path, **options: Any) -> Any:
        if not options["force_polling"]:
            raise OSError("OS file watch limit reached. (Error { kind: MaxFilesWatch })")
        return watch(*paths, **options)

    monkeypatch.setattr("watchfiles.watch", out_of_watches)
    with watching(corpus) as builds:
        (corpus / "a.txt").write_text("new")
        builds.eventually_one(a="new")
    (warning,) = [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]
    assert "cannot be watched (OS file watch limit reached" in warning
    assert warning.endswith("it is polled instead")


@pytest.mark.parametrize(
    ("change", "name", "matters"),
    [
        (Change.modified, "a.txt", True),
        (Change.added, "deep/a.MD", True),
        (Change.deleted, "folder", True),
        (Change.added, "folder", True),
        (Change.added, "4913", False),
        (Change.modified, "a.txt~", False),
        (Change.modified, ".a.txt.swp", False),
        (Change.modified, ".git/a.txt", False),
        (Change.added, "sheet.xlsx", False),
    ],
)
def test_only_what_may_be_a_document_is_looked_at(corpus: Path, change: Change, name: str, matters: bool) -> None:
    if change is Change.added and name == "folder":
        (corpus / name).mkdir()
    watcher = Watcher(corpus, lambda: None)
    assert watcher._may_matter(change, str(corpus / name)) is matters


MOUNTS = r"""
22 1 8:1 / / rw - ext4 /dev/sda rw
30 22 0:40 / /srv rw,relatime shared:1 - nfs4 server:/ rw
31 30 8:2 / /srv/local rw - xfs /dev/sdb rw
32 22 0:41 / /mnt/two\040words rw - fuse.sshfs somebody@somewhere rw
33 22 0:42 / /over rw - 9p host rw
34 22 0:43 / /over rw master:2 propagate_from:1 - tmpfs tmpfs rw
35 22 0:44 / /essays/shared rw - virtiofs shared rw
36 22 8:3 / /srvother rw - btrfs /dev/sdc rw
"""


@pytest.mark.parametrize(
    ("folder", "polled"),
    [
        ("/home/corpus", False),
        ("/srv/corpus", True),
        ("/srv", True),
        ("/srvother/corpus", False),
        ("/srv/local/corpus", False),
        ("/mnt/two words/corpus", True),
        ("/over/corpus", False),
        ("/essays", True),
        ("/essays/shared/corpus", True),
    ],
)
def test_what_inotify_does_not_see_is_polled(tmp_path: Path, folder: str, polled: bool) -> None:
    (tmp_path / "mountinfo").write_text(MOUNTS.lstrip())
    assert must_poll(Path(folder), tmp_path / "mountinfo") is polled
    assert must_poll(Path(folder), tmp_path / "none") is False


def test_a_served_corpus_is_answered_from_as_it_is_edited(tmp_path: Path) -> None:
    corpus = tmp_path / "corpus"
    env = environment(tmp_path, QA_CORPUS_DIR=str(corpus))
    with serving(env, "--watch", route="/livez") as client:
        assert client.get("/readyz").status_code == 503
        corpus.mkdir()
        (corpus / "river.txt").write_text("The river Ili flows into lake Balkhash.\n", encoding="utf-8")
        eventually(lambda: "Balkhash" in client.get("/ask?q=river").text, timeout=40)
        (corpus / "river.txt").write_text("The river Syr Darya flows into the Aral sea.\n", encoding="utf-8")
        eventually(lambda: "Aral" in client.get("/ask?q=river").text, timeout=40)
        assert client.get("/index").json()["stale"] is False
