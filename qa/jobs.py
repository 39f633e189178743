"""Rebuilds that nobody waits for: each runs in a process of its own and tells of itself in a file.

index/jobs/<id>.json    the job, replaced whole at each step: every worker process and the builder see the same
index/jobs/<id>.lock    locked for as long as the builder's process lives, however it ends
index/jobs/<id>.log     what the builder wrote to its output
"""

from __future__ import annotations

import fcntl
import os
import re
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal, NamedTuple

from filelock import FileLock
from pydantic import BaseModel, ConfigDict, ValidationError

from qa.builders import builders
from qa.errors import JobError, QAError, UnknownJobError
from qa.files import replace_file

KEPT = 50
Phase = Literal[
    "starting",
    "waiting",
    "reading",
    "encoding",
    "verifying",
    "comparing",
    "published",
    "unchanged",
    "held",
    "failed",
]
Outcome = Literal["published", "unchanged", "held", "failed"]
_BEFORE_READING = ("starting", "waiting")
_ID = re.compile(r"[0-9a-f]{16}")
_SECONDS_BETWEEN_WRITES = 0.1


class Job(BaseModel):
    """A rebuild: ``done`` of ``total`` in its phase; ``detail`` is an error, or what happened."""

    model_config = ConfigDict(frozen=True)

    id: str
    phase: Phase
    done: int = 0
    total: int = 0
    generation: str | None = None
    detail: str | None = None
    force: bool = False
    started_at: str
    updated_at: str
    finished_at: str | None = None
    pid: int | None = None


class Started(NamedTuple):
    job: Job
    already_running: bool


class Jobs:
    """The rebuilds of one index folder."""

    def __init__(self, index: Path) -> None:
        self.folder = index / "jobs"

    def start(self, *, force: bool = False) -> Started:
        """Start a rebuild that sees every edit made before this call.

        A job that has not begun to read the corpus will see them, so it is returned as it is. One that reads or
        encodes already may have missed them: another process is started, which waits for the index's build lock.
        So at most one builds while one waits, and no edit is lost.

        Raises:
            JobError: no process can be started, or the index folder cannot be written.
        """
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with FileLock(self.folder / ".lock"):
                jobs = self.all()
                for job in jobs:
                    if job.phase in _BEFORE_READING and (job.force or not force):
                        return Started(job, already_running=True)
                job = self._spawn(force, _now(jobs[0].started_at if jobs else ""))
                self._prune()
        except OSError as error:
            raise JobError(f"the rebuild could not be started ({error.strerror})") from error
        return Started(job, already_running=False)

    def get(self, id_: str) -> Job:
        """A job as it is now; one whose process ended without saying so has failed.

        Raises:
            UnknownJobError: there is none with this id.
        """
        if not _ID.fullmatch(id_):
            raise _unknown(id_)
        # Asked before the file is read: a builder writes how it ended before it lets go of the lock.
        running = self._is_running(id_)
        try:
            job = Job.model_validate_json(self._path(id_, "json").read_bytes())
        except (OSError, ValidationError):
            raise _unknown(id_) from None
        if running or job.finished_at is not None:
            return job
        ended = {"phase": "failed", "detail": "the build was interrupted", "finished_at": job.updated_at}
        return job.model_copy(update=ended)

    def all(self) -> list[Job]:
        """All jobs that are kept, newest first."""
        jobs = []
        for path in self.folder.glob("*.json"):
            with suppress(UnknownJobError):
                jobs.append(self.get(path.stem))
        return sorted(jobs, key=lambda job: job.started_at, reverse=True)

    @contextmanager
    def reporting(self, id_: str) -> Iterator[Report]:
        """What the builder's process tells of itself; an exception that leaves the block is the job's failure.

        Raises:
            UnknownJobError: there is no such job.
        """
        report = Report(self, self.get(id_))
        try:
            yield report
        except QAError as error:
            report.end("failed", detail=str(error))
            raise
        except Exception:
            report.end("failed", detail="the build failed; the log says why")
            raise

    def write(self, job: Job) -> None:
        replace_file(self._path(job.id, "json"), job.model_dump_json(indent=1).encode() + b"\n", durable=False)

    def _spawn(self, force: bool, now: str) -> Job:
        job = Job(id=secrets.token_hex(8), phase="starting", force=force, started_at=now, updated_at=now)
        with self._path(job.id, "lock").open("wb") as lock, self._path(job.id, "log").open("wb") as log:
            # The builder inherits the open file, and with it the lock: the system lets go of it when that process
            # ends. Its number alone would not tell: another process may have it by then.
            fcntl.flock(lock, fcntl.LOCK_EX)
            self.write(job)
            arguments = ["--job", job.id, *(["--force"] if force else [])]
            builders().start(arguments, log.fileno(), [lock.fileno()])
        return job

    def _is_running(self, id_: str) -> bool:
        try:
            with self._path(id_, "lock").open("rb") as lock:
                # Shared, so that two who ask at once do not take each other for the builder.
                fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        except OSError:
            return False
        return False

    def _prune(self) -> None:
        for job in self.all()[KEPT:]:
            if job.finished_at is not None:
                for kind in ("json", "log", "lock"):
                    self._path(job.id, kind).unlink(missing_ok=True)

    def _path(self, id_: str, kind: str) -> Path:
        return self.folder / f"{id_}.{kind}"


class Report:
    """What a builder tells of its job."""

    def __init__(self, jobs: Jobs, job: Job) -> None:
        self._jobs = jobs
        self._job = job
        self._written = 0.0

    def progress(self, phase: str, done: int, total: int, _share: float | None = None, /) -> None:
        """Tell of a step. A new phase is written at once, before what it is named for begins."""
        if phase == self._job.phase and time.monotonic() - self._written < _SECONDS_BETWEEN_WRITES:
            return
        try:
            self._tell(phase=phase, done=done, total=total)
        except OSError:
            # What cannot be told is no reason to stop building, but that reading begins: who edits after that
            # relies on it.
            if phase == "reading":
                raise

    def end(self, outcome: Outcome, generation: str | None = None, detail: str | None = None) -> None:
        """Tell how it ended, if there is room for it."""
        with suppress(OSError):
            self._tell(phase=outcome, generation=generation, detail=detail, finished_at=_now(self._job.updated_at))

    def _tell(self, **news: str | int | None) -> None:
        known, now = self._job.model_dump(), _now(self._job.updated_at)
        self._job = Job.model_validate({**known, "pid": os.getpid(), "updated_at": now, **news})
        self._jobs.write(self._job)
        self._written = time.monotonic()


def _unknown(id_: str) -> UnknownJobError:
    return UnknownJobError(f"no rebuild has the id {id_[:40]!r}; GET /index/jobs lists them")


def _now(after: str = "") -> str:
    """This moment, or the one right after ``after``, where the clock was set back: jobs sort by when they started."""
    moment = datetime.now(UTC)
    with suppress(ValueError, TypeError, OverflowError):  # the file may hold anything
        moment = max(moment, datetime.fromisoformat(after) + timedelta(milliseconds=1))
    return moment.isoformat(timespec="milliseconds")
