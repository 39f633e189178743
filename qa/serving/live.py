"""What a running service answers with: loaded in the background, so that the process is alive at once."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from qa.errors import QAError
from qa.retrieval.answerer import Answerer
from qa.serving.problems import NotReadyError

log = logging.getLogger(__name__)


class Live:
    """Holds the answerer once it is loaded; asked before that it says that the service is not ready."""

    def __init__(self, load: Callable[[], Answerer]) -> None:
        self._load = load
        self._answerer: Answerer | None = None
        self._failed = False

    def start(self) -> None:
        """Begin to load, in a thread of its own."""
        threading.Thread(target=self._run, name="load", daemon=True).start()

    def _run(self) -> None:
        try:
            answerer = self._load()
            # The first question of a process pays for what libraries load late; let it be this one.
            answerer.answer("Сұрақ", 1)
            self._answerer = answerer
        except QAError as error:
            self._failed = True
            log.error("the service cannot answer: %s", error)
        except Exception:
            self._failed = True
            log.exception("the service cannot answer")

    @property
    def generation(self) -> str | None:
        """The id of the generation that answers, or None while there is none."""
        return self._answerer.generation.id if self._answerer else None

    def answerer(self) -> Answerer:
        """What answers now.

        Raises:
            NotReadyError: nothing does yet, or loading failed.
        """
        if self._answerer is not None:
            return self._answerer
        if self._failed:
            raise NotReadyError("the index or the encoder could not be loaded; the service's log says why")
        raise NotReadyError("the index and the encoder are being loaded; ask again in a moment")
