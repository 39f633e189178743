"""Watches the corpus folder and has the index rebuilt when documents have changed. The only file to import watchfiles.

What the system tells of a change says when to look; what counts is what then lies in the folder.
"""

from __future__ import annotations

import logging
import re
import stat
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import watchfiles

from qa.builders import builders
from qa.errors import CorpusError, GenerationError, first_line
from qa.reading import is_hidden, is_of_a_kind_read, source_hashes, source_stats

log = logging.getLogger(__name__)

# A folder is quiet when two looks this far apart find the same.
QUIET_S = 0.3
# An editor truncates a file, then writes it: that a file is empty is believed after so long.
EMPTY_S = 2.0
_TICK_S = 1.0
# Unasked looks take at most this part of the time.
_IDLE_SHARE = 0.02
# File systems that others write to, another machine or the host of a virtual one, without inotify telling of it.
# Those of FUSE are called "fuse.sshfs" and the like: what stands before the dot counts.
# fmt: off
UNSEEN_BY_INOTIFY = frozenset({
    "9p", "acfs", "afs", "beegfs", "ceph", "cifs", "coda", "davfs", "drvfs", "fakeowner", "fuse", "glusterfs", "gpfs",
    "lustre", "ncpfs", "nfs", "nfs4", "ocfs2", "orangefs", "osxfs", "prl_fs", "pvfs2", "smb", "smb2",
    "smb3", "smbfs", "vboxsf", "virtiofs", "vmhgfs",
})
# fmt: on
_MOUNTS = Path("/proc/self/mountinfo")

Stats = dict[str, tuple[int, int]]


def build_in_another_process() -> None:
    """``qa index build``, its output on stderr; whatever becomes of it, this process serves on.

    Raises:
        GenerationError: it failed; its last line on stderr says why.
    """
    status = builders().start([], sys.stderr.fileno()).wait()
    if status:
        raise GenerationError(f"qa index build ended with {status}; see the line above")


class Watcher:
    """Calls ``rebuild`` each time the documents of a folder differ from those last built and the folder is quiet.

    At first they are compared with what lay there when the watcher was made: make it before the index is looked at.
    The folder may be missing, go away, come back and be replaced.
    """

    def __init__(self, corpus: Path, rebuild: Callable[[], None]) -> None:
        self._corpus = corpus.absolute()  # as watchfiles tells of it
        self._rebuild = rebuild
        self._stopped = threading.Event()
        self._polling = False
        self._told = ""
        self._seen: Stats = {}
        self._next_look = 0.0
        try:
            self._built = source_hashes(corpus)
        except CorpusError:
            self._built = {}

    def start(self) -> None:
        """Begin to watch, in a thread of its own."""
        threading.Thread(target=self._run, name="watch", daemon=True).start()

    def stop(self) -> None:
        """Watch no longer; a build that runs is waited for by nobody."""
        self._stopped.set()

    def _run(self) -> None:
        while not self._stopped.is_set():
            try:
                for _ in self._occasions():
                    self._look()
            except CorpusError:
                self._tell(f"the corpus folder {self._corpus} is missing; the index stays as it is until it is back")
            except Exception as error:  # whatever happens to a folder, watching goes on
                self._tell(f"the corpus folder {self._corpus} cannot be looked through ({first_line(error)})")
            self._stopped.wait(QUIET_S)

    def _occasions(self) -> Iterator[None]:
        """Each time that the folder may have changed, until another is in its place.

        Raises:
            CorpusError: the folder does not exist.
        """
        identity = self._identity()
        self._next_look = 0.0  # once it is watched, look at what happened before
        try:
            for changes in self._changes():
                # Unasked too: polling, which compares whole seconds, misses the second change within one, and
                # inotify's queue may overflow.
                if changes or time.monotonic() >= self._next_look:
                    yield
                if self._identity() != identity or any(Path(path) == self._corpus for _, path in changes):
                    return
        except FileNotFoundError:
            return  # something went away while it was being watched
        except (OSError, RuntimeError) as error:  # the limits of inotify, as watchfiles raises them
            self._tell(
                f"the corpus folder {self._corpus} cannot be watched ({first_line(error)}); it is polled instead"
            )
            self._polling = True

    def _changes(self) -> Iterator[set[tuple[watchfiles.Change, str]]]:
        """What changed, and nothing at each tick without a change."""
        return watchfiles.watch(
            self._corpus,
            watch_filter=self._may_matter,
            stop_event=self._stopped,
            rust_timeout=int(_TICK_S * 1000),
            yield_on_timeout=True,
            # None leaves it to WATCHFILES_FORCE_POLLING.
            force_polling=self._polling or must_poll(self._corpus) or None,
            poll_delay_ms=int(_TICK_S * 1000),
            ignore_permission_denied=True,
        )

    def _may_matter(self, change: watchfiles.Change, path: str) -> bool:
        """Whether a change may be one of documents. What lies in folders and behind links is not told one by one."""
        file = Path(path)
        if is_hidden("/".join(file.parts[len(self._corpus.parts) :])):
            return file.is_symlink()
        return is_of_a_kind_read(file.name) or change is watchfiles.Change.deleted or file.is_dir()

    def _identity(self) -> tuple[int, int]:
        try:
            found = self._corpus.stat()
        except OSError as error:
            raise CorpusError(f"the corpus folder {self._corpus} does not exist") from error
        if not stat.S_ISDIR(found.st_mode):
            raise CorpusError(f"{self._corpus} is not a folder")
        return found.st_dev, found.st_ino

    def _look(self) -> None:
        """Rebuild if documents have changed, once the folder is quiet."""
        started = time.monotonic()
        now = self._stats()
        self._next_look = time.monotonic() + (time.monotonic() - started) / _IDLE_SHARE
        settled = self._settled(now) if now != self._seen else None
        if settled is not None:
            hashes = source_hashes(self._corpus)
            self._seen, changed = settled, hashes != self._built
            self._built = hashes
            if changed:
                self._build()
        self._told = ""

    def _settled(self, before: Stats | None) -> Stats | None:
        """What the folder holds when it is quiet; None if watching ends first."""
        believed = time.monotonic() + EMPTY_S
        while not self._stopped.wait(QUIET_S):
            now = self._stats()
            if now is None or now != before:
                believed = time.monotonic() + EMPTY_S
            elif time.monotonic() >= believed or not self._emptied(now):
                return now
            before = now
        return None

    def _emptied(self, now: Stats) -> bool:
        """Whether a file is empty that is new, or was not when it was last built."""
        return any(not size and self._seen.get(name, (1, 0))[0] for name, (size, _) in now.items())

    def _stats(self) -> Stats | None:
        try:
            return source_stats(self._corpus)
        except FileNotFoundError:
            return None  # something went away while the folder was listed

    def _build(self) -> None:
        log.info("the documents have changed; the index is rebuilt")
        try:
            self._rebuild()
        except Exception as error:
            log.error("the index was not rebuilt (%s); the next change is tried again", first_line(error))

    def _tell(self, message: str) -> None:
        """Warn, once as long as it stays so."""
        if message != self._told:
            log.warning("%s", message)
        self._told = message


def must_poll(folder: Path, mounts: Path = _MOUNTS) -> bool:
    """Whether a folder, or part of it, lies on a file system whose changes inotify does not tell of."""
    try:
        lines = mounts.read_text(encoding="utf-8", errors="surrogateescape").split("\n")
    except OSError:
        return False
    place = folder.resolve()
    above, kind = Path(), ""
    for point, type_ in (_mount(line) for line in lines if line):
        if point != place and point.is_relative_to(place) and type_ in UNSEEN_BY_INOTIFY:
            return True
        # Of two mounts on one place the later one is seen.
        if place.is_relative_to(point) and len(point.parts) >= len(above.parts):
            above, kind = point, type_
    return kind in UNSEEN_BY_INOTIFY


def _mount(line: str) -> tuple[Path, str]:
    """The place and the kind of file system of a line of mountinfo, see proc(5)."""
    fields = line.split(" ")
    place = re.sub(r"\\([0-7]{3})", lambda match: chr(int(match[1], 8)), fields[4])
    return Path(place), fields[fields.index("-") + 1].partition(".")[0]
