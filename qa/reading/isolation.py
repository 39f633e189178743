"""Files that are no text are read in processes of their own, whose memory and time are limited.

So neither an archive that unpacks without end nor a reader that hangs or crashes harms anything but the file's own
document, and what such a file may exploit finds no secret in its process's environment.
"""

from __future__ import annotations

import atexit
import logging
import threading
from functools import cache
from types import TracebackType
from typing import Any, Protocol, Self

from qa.errors import DocumentError
from qa.reading.composition import Composed
from qa.reading.converter_process import ConverterProcess, GoneError
from qa.reading.outline import Block, Outline, OutlineSection
from qa.records import Dropped, Section

log = logging.getLogger(__name__)

FORMATS = "qa.reading.formats"
# Seconds that reading a file may take, and those for each MiB of it besides.
SECONDS, SECONDS_PER_MIB = 60.0, 4.0
IDLE = 10.0  # seconds
MEMORY = 1024**3  # bytes, above what the process takes before it reads
_MIB = 1024**2


class Converting(Protocol):
    """What converts a file: `Converters`, or `qa.reading.formats` in this process, as for fuzzing."""

    def convert(self, kind: str, data: bytes, fallback_title: str, /) -> Composed: ...


class Converters:
    """Processes that convert files, each one file at a time; they are started as they are needed, and kept,
    for ``idle`` seconds after a file if that is given.

    Any thread may use it.
    """

    def __init__(
        self, seconds: float = SECONDS, memory: int = MEMORY, formats: str = FORMATS, idle: float | None = None
    ) -> None:
        self.seconds, self.memory, self.formats, self.idle = seconds, memory, formats, idle
        self._lock = threading.Lock()
        self._idle: list[ConverterProcess] = []
        self._all: set[ConverterProcess] = set()
        self._closed = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End all processes; what they are reading is given up."""
        with self._lock:
            self._closed = True
            all_ = list(self._all)
            self._all.clear()
            self._idle.clear()
        for converter in all_:
            converter.end()

    def convert(self, kind: str, data: bytes, fallback_title: str) -> Composed:
        """Read the bytes of a file of a kind, as `qa.reading.formats.convert` does.

        Raises:
            DocumentError: as there; or reading takes too long or too much memory, or its reader crashed.
        """
        seconds = self.seconds + SECONDS_PER_MIB * len(data) / _MIB
        question = {
            "formats": self.formats,
            "kind": kind,
            "title": fallback_title,
            "memory": self.memory,
            "seconds": seconds,
        }
        while True:
            converter = self._take()
            try:
                answer = converter.ask(question, data, seconds)
            except GoneError as error:
                self._drop(converter)
                if converter.timed_out:
                    raise DocumentError(
                        f"reading it took longer than {seconds:.0f} s; split it or save it anew"
                    ) from error
                if converter.answered and not self._closed:
                    continue  # what it read before may be to blame: once more, in a process that read nothing
                if converter.overate(self.memory):
                    raise self._too_large() from error
                raise DocumentError(f"{converter.end_told()}; save the file anew, or in another format") from error
            if "memory" in answer:
                self._drop(converter)
                if converter.answered > 1 and not self._closed:
                    continue
                raise self._too_large()
            self._give_back(converter)
            return _composed(answer)

    def _too_large(self) -> DocumentError:
        return DocumentError(f"reading it needs more than {_shown(self.memory)} of memory; split it or save it anew")

    def _take(self) -> ConverterProcess:
        with self._lock:
            if self._idle:
                converter = self._idle.pop()
                converter.leave.cancel()
                return converter
            if self._closed:
                raise DocumentError("reading it was given up")
            try:
                converter = ConverterProcess()
            except OSError as error:
                raise DocumentError(f"no process can be started to read it ({error.strerror})") from error
            self._all.add(converter)
            return converter

    def _give_back(self, converter: ConverterProcess) -> None:
        with self._lock:
            self._idle.append(converter)
            if self.idle is not None:
                converter.leave = threading.Timer(self.idle, self._let_go, (converter,))
                converter.leave.daemon = True
                converter.leave.start()

    def _let_go(self, converter: ConverterProcess) -> None:
        with self._lock:
            if converter not in self._idle:
                return
            self._idle.remove(converter)
        self._drop(converter)

    def _drop(self, converter: ConverterProcess) -> None:
        converter.end()
        with self._lock:
            self._all.discard(converter)


@cache
def converters() -> Converters:
    """Those of this process, for files that come one by one."""
    shared = Converters(idle=IDLE)
    atexit.register(shared.close)
    return shared


def _composed(answer: dict[str, Any]) -> Composed:
    """What a process answered, as what it is made of here."""
    if "refused" in answer:
        raise DocumentError(str(answer["refused"]))
    if "failed" in answer:
        log.error("reading a file failed:\n%s", answer.get("trace"))
        raise DocumentError(f"reading it failed ({answer['failed']}); please report it with the file")
    found = answer["composed"]
    sections = tuple(
        OutlineSection(
            Section(**{**part["section"], "path": tuple(part["section"]["path"])}),
            tuple(part["names"]),
            tuple(Block(**{**block, "labels": tuple(block["labels"])}) for block in part["blocks"]),
        )
        for part in found["sections"]
    )
    outline = Outline(found["title"], sections, tuple(Dropped(**dropped) for dropped in found["dropped"]))
    return Composed(found["text"], outline, tuple(found["pages"]), found["declared"])


def _shown(size: int) -> str:
    return f"{size / 1024**3:g} GiB" if size >= 1024**3 else f"{size / _MIB:g} MiB"
