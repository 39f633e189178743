"""The last questions that found no answer, where the owner wants them kept (``QA_UNANSWERED``)."""

from __future__ import annotations

import logging
import threading
from collections import deque
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from queue import Full, Queue
from typing import Literal, Protocol

from pydantic import BaseModel, ValidationError

from qa.records import Answer
from qa.serving.journal import Journal
from qa.settings import Settings

log = logging.getLogger(__name__)

KEPT = 200
# So many may wait for a slow disk; what comes when they do is not kept, since nobody is to wait for it.
_WAITING = 1000
_LONGEST_END_S = 2.0
Place = Literal["nowhere", "memory", "file"]


class Nearest(BaseModel):
    """What came nearest to a question."""

    document: str
    label: str
    anchor: str


class UnansweredQuestion(BaseModel):
    """A question as it was understood on its own, and when it was asked, in UTC."""

    time: str
    question: str
    language: str | None
    confidence: float
    nearest: Nearest | None

    @classmethod
    def of(cls, answer: Answer) -> UnansweredQuestion:
        nearest = None
        if answer.hits:
            citation = answer.hits[0].citation
            nearest = Nearest(document=citation.document, label=citation.label, anchor=citation.anchor)
        return cls(
            time=datetime.now(UTC).isoformat(timespec="seconds"),
            question=answer.question,
            language=answer.language,
            confidence=round(answer.confidence, 4),
            nearest=nearest,
        )


class Unanswered(Protocol):
    """Keeps questions. To note one takes no time worth telling, and never fails."""

    place: Place

    def note(self, answer: Answer) -> None:
        """Keep the question of an answer that is none."""

    def newest(self) -> list[UnansweredQuestion]:
        """The last `KEPT`, the newest first. Raises OSError where they cannot be read."""

    def clear(self) -> None:
        """Forget all. Raises OSError where that cannot be done."""

    def close(self) -> None:
        """Finish what is still to be written."""


class Nowhere:
    """Keeps nothing."""

    place: Place = "nowhere"

    def note(self, answer: Answer) -> None:
        pass

    def newest(self) -> list[UnansweredQuestion]:
        return []

    def clear(self) -> None:
        pass

    def close(self) -> None:
        pass


class InMemory:
    """Keeps the last `KEPT` of this process, until it ends."""

    place: Place = "memory"

    def __init__(self) -> None:
        self._questions: deque[UnansweredQuestion] = deque(maxlen=KEPT)

    def note(self, answer: Answer) -> None:
        if not answer.answerable:
            self._questions.append(UnansweredQuestion.of(answer))

    def newest(self) -> list[UnansweredQuestion]:
        return list(self._questions.copy())[::-1]

    def clear(self) -> None:
        self._questions.clear()

    def close(self) -> None:
        pass


class InFile:
    """Appends to a file of JSON Lines, in a thread of its own. A failure is logged once, until it is mended."""

    place: Place = "file"

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._queue: Queue[UnansweredQuestion | None] = Queue(_WAITING)
        self._starting = threading.Lock()
        self._thread: threading.Thread | None = None
        self._told = ""

    def note(self, answer: Answer) -> None:
        if answer.answerable:
            return
        with self._starting:
            if self._thread is None:
                self._thread = threading.Thread(target=self._write, name="unanswered", daemon=True)
                self._thread.start()
        with suppress(Full):
            self._queue.put_nowait(UnansweredQuestion.of(answer))

    def newest(self) -> list[UnansweredQuestion]:
        questions = []
        for line in self._journal.newest(KEPT):
            with suppress(ValidationError):  # the file is the owner's to edit
                questions.append(UnansweredQuestion.model_validate_json(line))
        return questions

    def clear(self) -> None:
        self._journal.clear()

    def close(self) -> None:
        if self._thread is not None:
            with suppress(Full):
                self._queue.put(None, timeout=_LONGEST_END_S)
                self._thread.join(_LONGEST_END_S)
            self._thread = None

    def _write(self) -> None:
        while (question := self._queue.get()) is not None:
            try:
                self._journal.append(question.model_dump_json().encode())
                self._told = ""
            except OSError as error:
                self._tell(error)

    def _tell(self, error: OSError) -> None:
        reason = error.strerror or str(error)
        if reason != self._told:
            log.error(
                "questions without an answer are not kept: QA_UNANSWERED is %s, which cannot be written (%s)",
                self._journal.path,
                reason,
            )
        self._told = reason


def unanswered_of(settings: Settings) -> Unanswered:
    """What ``QA_UNANSWERED`` asks for."""
    if not settings.unanswered:
        return Nowhere()
    return InMemory() if settings.unanswered == "memory" else InFile(Journal(Path(settings.unanswered)))
