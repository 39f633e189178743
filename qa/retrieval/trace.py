"""What happened while a request was answered: how long its phases took, and what else counts.

Whoever wants to know calls `traced`; for everybody else (a build, the command line) nothing is kept. A trace is
known to the context that it was begun in and to the threads and tasks that this one starts.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar
from dataclasses import dataclass, field
from time import perf_counter_ns
from types import TracebackType
from typing import Literal, NamedTuple

# An answer is made of encoding, searching and late interaction, and of little else.
PhaseName = Literal["answer", "encode", "search", "interaction", "rerank"]
Event = Literal["follow-up", "from cache", "encoder error", "written", "not written"]


class Phase(NamedTuple):
    """When a phase was, in nanoseconds of `time.perf_counter_ns`."""

    name: PhaseName
    started: int
    ended: int

    @property
    def seconds(self) -> float:
        return (self.ended - self.started) / 1e9


@dataclass(slots=True)
class Trace:
    """``answers``: for each question that was answered, whether the corpus does; ``questions``: as they were asked.
    ``began`` in nanoseconds of `time.perf_counter_ns`.
    """

    began: int = field(default_factory=perf_counter_ns)
    phases: list[Phase] = field(default_factory=list)
    answers: list[bool] = field(default_factory=list)
    questions: list[str] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)


_current: ContextVar[Trace | None] = ContextVar("trace", default=None)
_UNTRACED = nullcontext()


@contextmanager
def traced(trace: Trace | None) -> Iterator[None]:
    """Note in ``trace`` what happens within the block; None: nothing, since it is no answer to anybody."""
    token = _current.set(trace)
    try:
        yield
    finally:
        _current.reset(token)


def current() -> Trace | None:
    """What is noted in at this place, if anything is."""
    return _current.get()


def phase(name: PhaseName) -> AbstractContextManager[None]:
    """Time the block. An exception that leaves the block of ``encode`` is an error of the encoder."""
    trace = _current.get()
    return _UNTRACED if trace is None else _Timed(trace, name)


def answered(question: str, *, answerable: bool) -> None:
    """Note that a question was answered, or that the corpus does not."""
    trace = _current.get()
    if trace is not None:
        trace.questions.append(question)
        trace.answers.append(answerable)


def note(event: Event) -> None:
    trace = _current.get()
    if trace is not None:
        trace.events.append(event)


class _Timed:
    __slots__ = ("_name", "_started", "_trace")

    def __init__(self, trace: Trace, name: PhaseName) -> None:
        self._trace, self._name = trace, name

    def __enter__(self) -> None:
        self._started = perf_counter_ns()

    def __exit__(self, kind: type[BaseException] | None, _error: BaseException | None, _: TracebackType | None) -> None:
        self._trace.phases.append(Phase(self._name, self._started, perf_counter_ns()))
        if kind is not None and self._name == "encode":
            self._trace.events.append("encoder error")
