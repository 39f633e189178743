"""What a reader does to its process harms that process alone."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from qa.errors import DocumentError
from qa.reading.isolation import Converters

PDF = Path(__file__).parent / "formats" / "pdf" / "restricted.pdf"
HTML = b"<h1>Tea</h1><p>Tea is black.</p>"


@pytest.fixture
def converters() -> Iterator[Converters]:
    with Converters(seconds=60, memory=256 * 1024**2, formats="tests.hostile_formats") as found:
        yield found


@pytest.mark.parametrize(
    ("order", "told"),
    [
        (b"crash", r"its reader crashed \(SIGSEGV\); save the file anew"),
        (b"leave", "its reader crashed; save the file anew"),
        (b"eat", "reading it needs more than 256 MiB of memory; split it"),
        (b"fail", r"reading it failed \(KeyError\); please report it with the file"),
    ],
)
def test_what_a_reader_does_is_told_and_the_next_file_is_read(converters: Converters, order: bytes, told: str) -> None:
    assert converters.convert("html", HTML, "").outline.title == "Tea"
    with pytest.raises(DocumentError, match=told):
        converters.convert("html", order, "")
    assert converters.convert("html", HTML, "").outline.title == "Tea"


def test_a_reader_that_hangs_is_ended_in_time() -> None:
    with Converters(seconds=2, formats="tests.hostile_formats") as converters:
        began = time.monotonic()
        with pytest.raises(DocumentError, match="reading it took longer than 2 s; split it"):
            converters.convert("html", b"hang", "")
        assert time.monotonic() - began < 20
        assert converters.convert("html", HTML, "").outline.title == "Tea"


def test_a_process_is_kept_from_one_file_to_the_next_and_ended_at_the_end(converters: Converters) -> None:
    def told() -> str:
        with pytest.raises(DocumentError) as raised:
            converters.convert("html", b"fail", "")
        return str(raised.value)

    told()
    (one,) = converters._all
    told()
    assert converters._all == {one}
    converters.close()
    with pytest.raises(ProcessLookupError):
        os.kill(one._process.pid, 0)


def test_who_closes_gives_up_what_is_being_read(converters: Converters) -> None:
    errors: list[Exception] = []

    def read() -> None:
        try:
            converters.convert("html", b"hang", "")
        except DocumentError as error:
            errors.append(error)

    thread = threading.Thread(target=read)
    thread.start()
    while not converters._all:
        time.sleep(0.01)
    converters.close()
    thread.join(30)
    assert not thread.is_alive()
    assert len(errors) == 1


def test_what_a_library_prints_is_no_answer(converters: Converters) -> None:
    composed = converters.convert("html", b"print <h1>Tea</h1><p>Tea is black.</p>", "")
    assert "Tea is black." in composed.text


def test_a_reader_writes_no_file_and_sees_no_secret(
    converters: Converters, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("QA_ADMIN_TOKEN", "a secret")
    with pytest.raises(DocumentError):
        converters.convert("html", f"write {tmp_path / 'file'}".encode(), "")
    assert not (tmp_path / "file").exists() or (tmp_path / "file").stat().st_size == 0
    with pytest.raises(DocumentError, match="RuntimeError"):
        converters.convert("html", b"tell", "")
    assert "PATH" in caplog.text
    assert "QA_" not in caplog.text


def test_an_idle_process_goes() -> None:
    with Converters(idle=0.05) as converters:
        converters.convert("pdf", PDF.read_bytes(), "")
        until = time.monotonic() + 30
        while converters._all and time.monotonic() < until:
            time.sleep(0.01)
        assert not converters._all
        assert converters.convert("html", HTML, "").outline.title == "Tea"


def test_many_threads_read_at_once() -> None:
    with Converters() as converters:
        found: list[str] = []
        threads = [
            threading.Thread(
                target=lambda n=number: found.append(converters.convert("html", HTML + b"<p>%d</p>" % n, "").text[-1])
            )
            for number in range(4)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert sorted(found) == ["0", "1", "2", "3"]
