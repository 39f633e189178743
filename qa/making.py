"""Makes the generation of a corpus, staged beside the others: in memory or, of a large one, while it is read."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from qa.encoding.prepared import Card, PreparedModel
from qa.errors import IndexFolderError
from qa.indexing.builder import Progress, build, known_documents
from qa.indexing.generation import Generation
from qa.indexing.identifier import generation_id
from qa.indexing.journal import Journal, Origin
from qa.indexing.stores import Store
from qa.indexing.streaming import StreamingBuild
from qa.loading import load_model
from qa.reading import CorpusStream, Known, Reading, read_corpus, source_stats
from qa.retrieval.calibration import Calibration, calibration_questions
from qa.settings import Settings, cores

# Of a larger corpus not all is in memory while its index is built: of this much text it takes 3 GB.
LARGE_CORPUS = 32 * 1024 * 1024


class Made(NamedTuple):
    """A generation that is staged, how many of its passages were encoded now and by a build that did not come to its
    end, and the journal that has them.
    """

    id: str
    encoded: int
    resumed: int
    journal: Journal


class Making:
    """One generation, within the lock of the index folder; ``full``: nothing is taken over from an earlier one."""

    def __init__(self, settings: Settings, store: Store, progress: Progress, *, full: bool) -> None:
        self.settings, self.store, self.progress, self.full = settings, store, progress, full
        self._newest = max(store.ids(), default="")

    def make(
        self, previous: Generation | None, ancestor: Generation | None, stack: ExitStack
    ) -> tuple[Made, PreparedModel]:
        """Build and stage; the journal is open until ``stack`` is left. Nothing is staged after an error.

        Raises:
            QAError: the corpus, the model or the index folder cannot be read or written.
        """
        reused = None if self.full else previous
        known = known_documents(reused)
        with ThreadPoolExecutor(1) as pool:
            # One thread a passage, as many passages at once as there are cores: faster than the reverse.
            loading = pool.submit(load_model, self.settings.model_copy(update={"encoder_threads": 1}))
            large = corpus_size(self.settings.corpus_dir) > LARGE_CORPUS
            reading = None if large else read_corpus(self.settings.corpus_dir, known)
            model = loading.result()
        if reading is None:
            return self._streamed(model, reused, ancestor, known, stack), model
        return self._built(reading, model, reused, ancestor, stack), model

    def _built(
        self,
        reading: Reading,
        model: PreparedModel,
        reused: Generation | None,
        ancestor: Generation | None,
        stack: ExitStack,
    ) -> Made:
        journal = stack.enter_context(closing(self._journal(model.card)))
        built = build(
            reading, model, reused, self.progress, cores(), ancestor=ancestor, newest=self._newest, journal=journal
        )
        with ThreadPoolExecutor(1) as pool:
            # A disk and a processor at once.
            questions = calibration_questions(model.folder)
            calibration = Calibration.load(model.folder)
            threshold = pool.submit(calibration.threshold, built.generation, model.means, questions)
            self._stage(built.generation, threshold.result, journal)
        return Made(built.generation.id, built.encoded, built.resumed, journal)

    def _stage(self, generation: Generation, threshold: Callable[[], float], journal: Journal) -> None:
        try:
            self.store.stage(generation, threshold)
        except IndexFolderError:
            # The journal may have taken the room that the generation needs.
            if not journal.remove():
                raise
            self.store.stage(generation, threshold)

    def _streamed(
        self,
        model: PreparedModel,
        reused: Generation | None,
        ancestor: Generation | None,
        known: Known,
        stack: ExitStack,
    ) -> Made:
        id_ = generation_id(datetime.now(UTC), self._newest)

        def open_journal(token_bytes: int | None) -> Journal:
            return stack.enter_context(closing(self._journal(model.card, token_bytes)))

        with self.store.staging(id_) as staged:
            corpus = CorpusStream(self.settings.corpus_dir, known)
            streaming = StreamingBuild(staged, model, reused, self.progress, cores())
            done = streaming.run(id_, corpus, ancestor, open_journal)
            generation = Generation.opened(staged, done.manifest)
            questions = calibration_questions(model.folder)
            threshold = Calibration.load(model.folder).threshold(generation, model.means, questions)
            self.store.finish(staged, generation.with_threshold(threshold).manifest)
        return Made(id_, done.encoded, done.resumed, done.journal)

    def _journal(self, card: Card, token_bytes: int | None = None) -> Journal:
        origin = Origin(
            model=card.fingerprint,
            dimension=card.dimension,
            token_bytes=token_bytes,
            full=self.full,
            newest=self._newest,
        )
        return Journal(self.store.folder, origin)


def corpus_size(folder: Path) -> int:
    """How many bytes the files of a corpus have that are documents by their names.

    Raises:
        CorpusError: the folder does not exist.
    """
    return sum(size for size, _ in source_stats(folder).values())
