"""What a running service answers with: loaded in the background, and anew when another generation becomes live."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from pathlib import Path

from qa.errors import QAError
from qa.retrieval.answerer import Answerer
from qa.serving.problems import NotReadyError
from qa.serving.watched import FolderWatched, Pointer, Watched

log = logging.getLogger(__name__)

LOOK_EVERY_S = 0.1
# So often the files of what answers are looked at, whether they still are what was loaded.
_CHECK_EVERY_S = 1.0
# What could not be loaded is tried again after so long, then after twice that, and so on.
_RETRY_S, _LONGEST_RETRY_S = 2.0, 60.0
# Who ends the process waits so long for what is being loaded.
_LAST_LOAD_S = 10.0
# The first questions of a process, and of a generation, pay for what is made late; let it be these, in each spelling.
_WARM_UP = ("What is a question?", "Сұрақ деген не?", "Suraq degenimiz ne?", "сурак дегенимиз не")


class Live:
    """Holds the answerer once it is loaded; asked before that it says that the service is not ready.

    ``load`` gives the first answerer; when ``current``, a file or what is watched instead of one, comes to name
    another generation, ``reload`` gives the next one from the one before. A request keeps the answerer that it took,
    so a generation is let go of when the last request to it ends.
    """

    def __init__(
        self, load: Callable[[], Answerer], reload: Callable[[Answerer], Answerer], current: Path | Watched
    ) -> None:
        self._load = load
        self._reload = reload
        self._watched = FolderWatched(current) if isinstance(current, Path) else current
        self._answerer: Answerer | None = None
        self._failed = False
        self._told = ""
        self._unloaded: str | None = None
        self._unsound: str | None = None
        self._check_at = 0.0
        self.on_check: Callable[[], None] = lambda: None
        self.on_failure: Callable[[], None] = lambda: None
        self._retry_s, self._retry_at = _RETRY_S, float("inf")
        self._stopped = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin to load and to follow ``current``, in a thread of its own."""
        self._stopped.clear()
        self._thread = threading.Thread(target=self._run, name="live", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Follow no longer; what answers goes on to. Returns when nothing is loaded any more, after 10 s at most: an
        interpreter that ends while a thread is inside the encoder's C++ aborts.
        """
        self._stopped.set()
        if self._thread is not None:
            self._thread.join(_LAST_LOAD_S)

    def _run(self) -> None:
        seen = self._watched.pointer()
        self._take(seen)
        while not self._stopped.wait(LOOK_EVERY_S):
            before, seen = seen, self._watched.pointer()
            if time.monotonic() >= self._check_at:
                self._check(seen)
            published = seen is not None and seen != before
            if (published or time.monotonic() >= self._retry_at) and (not seen or seen.generation != self.generation):
                self._take(seen)
            elif published:
                self._unloaded = None  # what could not be loaded is not to be live any more
                self._check_at = 0.0

    def _check(self, seen: Pointer | None) -> None:
        """Look whether what answers also lies whole on the disk."""
        before, self._unsound = self._unsound, None
        # Once another one is live, it may be removed.
        if self._answerer is not None and (seen is None or seen.generation == self.generation):
            self._unsound = self._watched.problem(self._answerer.generation)
        if self._unsound is not None and self._unsound != before:
            log.error("the generation %s answers on from memory: %s", self.generation, self._unsound)
        elif before is not None and self._unsound is None:
            log.info("the index lies whole on the disk again")
        self._check_at = time.monotonic() + _CHECK_EVERY_S
        self.on_check()

    def _take(self, seen: Pointer | None) -> None:
        """Load what is live and answer with it once it is warm; if that fails, what answered before goes on to."""
        try:
            answerer = self._reload(self._answerer) if self._answerer else self._load()
            answerer.answer(_WARM_UP[0], 1)
            # Somebody waits for the service, or for what they wrote; who asks in Kazakh at this very moment waits for
            # a tenth of a second more.
            self._answerer, self._unloaded, self._check_at = answerer, None, 0.0
            self._retry_s, self._retry_at, self._told = _RETRY_S, float("inf"), ""
        except Exception as error:
            # A generation may be removed while it is read because newer ones were published: that is no failure.
            if self._watched.pointer() == seen:
                self._report(error)
                self._retry_at = time.monotonic() + self._retry_s
                self._retry_s = min(2 * self._retry_s, _LONGEST_RETRY_S)
            return
        try:
            for question in _WARM_UP[1:]:
                if self._stopped.is_set():
                    return
                answerer.answer(question, 1)
        except Exception:
            log.exception("a question that was to make later ones faster failed")

    def _report(self, error: Exception) -> None:
        self._failed = True
        self._unloaded = str(error) if isinstance(error, QAError) else "loading failed; the service's log says why"
        self._check_at = 0.0
        self.on_failure()
        if str(error) == self._told:  # it was told when it was tried before
            return
        self._told = str(error)
        doing = f"the generation {self.generation} serves on" if self._answerer else "the service cannot answer"
        if isinstance(error, QAError):
            log.error("%s: %s", doing, error)
        else:
            log.error("%s: loading failed", doing, exc_info=error)

    @property
    def generation(self) -> str | None:
        """The id of the generation that answers, or None while there is none."""
        return self._answerer.generation.id if self._answerer else None

    @property
    def loaded(self) -> Answerer | None:
        """What answers now, or None while nothing does."""
        return self._answerer

    @property
    def degraded(self) -> str | None:
        """Why what answers from memory is not what lies on the disk; None where it is, and while nothing answers."""
        return (self._unloaded or self._unsound) if self._answerer else None

    def answerer(self) -> Answerer:
        """What answers now.

        Raises:
            NotReadyError: nothing does yet, loading failed, or what the index is kept in cannot be reached.
        """
        unreachable = self._watched.unreachable()
        if unreachable is not None:
            raise NotReadyError(unreachable)
        if self._answerer is not None:
            return self._answerer
        if self._failed:
            raise NotReadyError("the index or the encoder could not be loaded; the service's log says why")
        raise NotReadyError("the index and the encoder are being loaded; ask again in a moment")
