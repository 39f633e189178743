"""The folder in which several workers keep their counts: prometheus_client's multiprocess mode.

counter_<pid>.db, histogram_<pid>.db, gauge_<mode>_<pid>.db    what one worker counted
counter_ended.db, histogram_ended.db                           what those counted that are no more
.lock                                                          who reads shares it, who folds holds it

prometheus_client looks for the folder once, when it is imported: here that is done late.
"""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from qa.errors import SettingsError

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry

_PLACE = "PROMETHEUS_MULTIPROC_DIR"
_OF_A_WORKER = re.compile(r"(counter|histogram|gauge_[a-z]+)_(\d+)\.db")


@contextmanager
def shared(workers: int) -> Iterator[None]:
    """Within the block, worker processes that are started count into one folder, which then goes.

    Raises:
        SettingsError: there is nowhere that the folder could be made.
    """
    # Of one worker memory is enough, and a folder that others filled would be counted in.
    os.environ.pop(_PLACE, None)
    if workers == 1:
        yield
        return
    try:
        folder = tempfile.mkdtemp(prefix="suraq-metrics-")
    except OSError as error:
        raise SettingsError(
            f"several workers need a temporary folder for their metrics ({error.strerror}); "
            "set TMPDIR to one that can be written, or QA_WORKERS to 1"
        ) from error
    os.environ[_PLACE] = folder
    try:
        yield
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def is_shared() -> bool:
    """Whether this process counts into a folder."""
    return _PLACE in os.environ


def fold_dead() -> None:
    """Add what workers counted that are no more to one file each, and remove theirs: sums stay, files do not pile up.

    What they were doing, their gauges, is done no more.
    """
    if not is_shared():
        return
    folder = Path(os.environ[_PLACE])
    with _lock(folder, fcntl.LOCK_EX):
        for path in folder.glob("*.db"):
            found = _OF_A_WORKER.fullmatch(path.name)
            if found and not _lives(int(found[2])):
                if not found[1].startswith("gauge"):
                    _add(path, folder / f"{found[1]}_ended.db")
                path.unlink(missing_ok=True)


@contextmanager
def reading(registry: CollectorRegistry) -> Iterator[None]:
    """Within the block the registry tells the sums of all workers, where there are several."""
    if not is_shared():
        yield
        return
    from prometheus_client.multiprocess import MultiProcessCollector

    folder = os.environ[_PLACE]
    with _lock(Path(folder), fcntl.LOCK_SH):
        MultiProcessCollector(registry, folder)
        yield


@contextmanager
def _lock(folder: Path, kind: int) -> Iterator[None]:
    with (folder / ".lock").open("ab") as lock:
        fcntl.flock(lock, kind)
        yield


def _lives(pid: int) -> bool:
    with suppress(PermissionError):
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return False
    return True


def _add(path: Path, to: Path) -> None:
    from prometheus_client.mmap_dict import MmapedDict

    total = MmapedDict(str(to))
    for key, value, _, _ in MmapedDict.read_all_values_from_file(str(path)):
        total.write_value(key, total.read_value(key)[0] + value, 0.0)
    total.close()
