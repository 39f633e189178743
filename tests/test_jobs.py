"""Rebuilds as files that every process sees, with builders of a few lines in place of the real one."""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from qa.builders import build_command
from qa.errors import CorpusError, JobError, UnknownJobError
from qa.jobs import KEPT, Job, Jobs

# Takes a job up and stays in its phase until it is ended.
BUILDS = """
import sys, time
from pathlib import Path
from qa.jobs import Jobs
with Jobs(Path(sys.argv[1])).reporting(sys.argv[2]) as report:
    report.progress(sys.argv[3], 1, 2)
    time.sleep(60)
"""


@pytest.fixture
def jobs(tmp_path: Path) -> Iterator[Jobs]:
    jobs = Jobs(tmp_path / "index")
    yield jobs
    for job in jobs.all():
        if job.finished_at is None and job.pid:
            os.kill(job.pid, signal.SIGKILL)


def build_in(monkeypatch: pytest.MonkeyPatch, jobs: Jobs, phase: str) -> None:
    """Let a started builder stay in a phase."""

    def command(arguments: Sequence[str]) -> list[str]:
        return [sys.executable, "-c", BUILDS, str(jobs.folder.parent), arguments[1], phase]

    monkeypatch.setattr("qa.builders.build_command", command)


def wait_for(jobs: Jobs, id_: str, phase: str) -> Job:
    until = time.monotonic() + 20
    while (job := jobs.get(id_)).phase != phase:
        assert time.monotonic() < until, job
        time.sleep(0.02)
    return job


def known(jobs: Jobs, number: int = 0, **news: object) -> Job:
    """A job without a process."""
    at = f"2026-01-01T00:00:{number:06.3f}+00:00"
    job = Job.model_validate({"id": f"{number:016x}", "phase": "encoding", "started_at": at, "updated_at": at, **news})
    jobs.folder.mkdir(parents=True, exist_ok=True)
    jobs.write(job)
    return job


def test_a_job_that_has_yet_to_read_the_corpus_is_the_one_for_all_who_ask(
    jobs: Jobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    build_in(monkeypatch, jobs, "waiting")
    with ThreadPoolExecutor(8) as pool:
        started = list(pool.map(lambda _: jobs.start(), range(8)))
    assert len({one.job.id for one in started}) == 1
    assert sorted(one.already_running for one in started) == [False, *[True] * 7]
    job = wait_for(jobs, started[0].job.id, "waiting")
    assert (job.done, job.total) == (1, 2)
    assert jobs.start() == (job, True)


def test_a_job_that_may_have_read_the_corpus_before_the_edit_is_followed_by_another(
    jobs: Jobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    build_in(monkeypatch, jobs, "reading")
    first = wait_for(jobs, jobs.start().job.id, "reading")
    build_in(monkeypatch, jobs, "waiting")
    second = jobs.start()
    assert second.job.id != first.id
    assert not second.already_running
    assert jobs.start().job.id == second.job.id
    assert [job.id for job in jobs.all()] == [second.job.id, first.id]
    wait_for(jobs, second.job.id, "waiting")


def test_a_job_without_force_does_not_stand_for_one_with_it(jobs: Jobs, monkeypatch: pytest.MonkeyPatch) -> None:
    build_in(monkeypatch, jobs, "waiting")
    plain = jobs.start().job
    forced = jobs.start(force=True).job
    assert plain.id != forced.id
    assert jobs.start(force=True).job.id == forced.id
    for job in (plain, forced):
        wait_for(jobs, job.id, "waiting")


def test_the_builder_is_this_program() -> None:
    assert build_command(["--force"]) == [sys.executable, "-m", "qa", "index", "build", "--force"]


def test_a_job_whose_process_was_killed_has_failed(jobs: Jobs, monkeypatch: pytest.MonkeyPatch) -> None:
    build_in(monkeypatch, jobs, "encoding")
    job = wait_for(jobs, jobs.start().job.id, "encoding")
    assert job.pid
    assert job.pid != os.getpid()
    os.kill(job.pid, signal.SIGKILL)
    failed = wait_for(jobs, job.id, "failed")
    assert failed.detail == "the build was interrupted"
    assert failed.finished_at == job.updated_at


def test_a_process_that_has_a_dead_builders_number_is_not_taken_for_it(jobs: Jobs) -> None:
    job = known(jobs, phase="waiting", pid=os.getpid())
    assert jobs.get(job.id).phase == "failed"


def test_a_builder_that_ends_before_it_begins_has_failed(jobs: Jobs, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("qa.builders.build_command", lambda _: [sys.executable, "-c", "raise SystemExit('broken')"])
    job = wait_for(jobs, jobs.start().job.id, "failed")
    assert (jobs.folder / f"{job.id}.log").read_text(encoding="utf-8") == "broken\n"


def test_a_builder_that_cannot_be_started_is_an_error(
    jobs: Jobs, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("qa.builders.build_command", lambda _: [str(tmp_path / "nothing")])
    with pytest.raises(JobError, match="could not be started"):
        jobs.start()
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(JobError, match="could not be started") as caught:
        Jobs(tmp_path / "file").start()
    assert str(tmp_path) not in str(caught.value)


def test_a_report_tells_each_phase_at_once_and_steps_ten_times_a_second(jobs: Jobs) -> None:
    job = known(jobs, phase="starting")
    written = []
    with jobs.reporting(job.id) as report:
        for phase in ("waiting", "reading", "encoding"):
            report.progress(phase, 0, 100)
            written.append(json.loads((jobs.folder / f"{job.id}.json").read_bytes())["phase"])
        for done in range(100):
            report.progress("encoding", done, 100)
        assert json.loads((jobs.folder / f"{job.id}.json").read_bytes())["done"] < 99
        report.end("published", "g1")
    assert written == ["waiting", "reading", "encoding"]
    ended = jobs.get(job.id)
    assert (ended.phase, ended.generation, ended.detail, ended.pid) == ("published", "g1", None, os.getpid())
    assert ended.finished_at
    assert [path.name for path in jobs.folder.iterdir()] == [f"{job.id}.json"]


@pytest.mark.parametrize(
    ("error", "detail"),
    [
        (CorpusError("no document in the folder"), "no document in the folder"),
        (ValueError("a secret"), "the build failed; the log says why"),
    ],
)
def test_an_exception_is_the_jobs_failure_and_goes_on(jobs: Jobs, error: Exception, detail: str) -> None:
    job = known(jobs)
    with pytest.raises(type(error)), jobs.reporting(job.id):
        raise error
    failed = jobs.get(job.id)
    assert (failed.phase, failed.detail) == ("failed", detail)


@pytest.mark.parametrize(
    "id_", ["", "..", "../../CURRENT", "0" * 15, "0" * 17, "0" * 15 + "G", "0" * 16 + "\n", "А" * 16]
)
def test_what_is_no_id_is_unknown(jobs: Jobs, id_: str) -> None:
    known(jobs)
    with pytest.raises(UnknownJobError):
        jobs.get(id_)


def test_a_file_that_is_no_job_is_passed_over(jobs: Jobs) -> None:
    job = known(jobs)
    (jobs.folder / f"{1:016x}.json").write_bytes(b"{")
    (jobs.folder / "notes.json").write_bytes(b"{}")
    assert [one.id for one in jobs.all()] == [job.id]
    assert Jobs(jobs.folder / "elsewhere").all() == []


def test_the_newest_jobs_are_kept(jobs: Jobs, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(KEPT + 5):
        known(jobs, number, phase="published", finished_at="2026-01-01T00:01:00.000+00:00")
    monkeypatch.setattr("qa.builders.build_command", lambda _: [sys.executable, "-c", ""])
    started = jobs.start().job
    kept = jobs.all()
    assert len(kept) == KEPT
    assert kept[0].id == started.id
    assert kept[-1].id == f"{6:016x}"
    wait_for(jobs, started.id, "failed")
