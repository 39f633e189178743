"""The whole road from an edited corpus to what readers see: build aside, verify, compare, swap."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from dataclasses import replace
from typing import Literal

from qa.encoding.prepared import Card, PreparedModel
from qa.errors import DamagedGenerationError, GenerationError, MismatchError, NoGenerationError
from qa.evaluation.gate import falls
from qa.evaluation.outcomes import First, Outcome, evaluate
from qa.evaluation.questions import Case, read_cases
from qa.indexing.builder import Progress
from qa.indexing.builds import count_build
from qa.indexing.difference import difference
from qa.indexing.generation import Generation
from qa.indexing.manifest import Manifest, file_sha256
from qa.indexing.staleness import Staleness, staleness
from qa.indexing.store import Held
from qa.indexing.stores import Store
from qa.loading import ensure_model, load_model, store_of
from qa.making import Made, Making
from qa.rebuilt import Rebuilt
from qa.retrieval.answerer import Answerer
from qa.retrieval.calibration import Calibration
from qa.settings import Settings


def rebuild(
    settings: Settings,
    progress: Progress,
    waiting: Callable[[str], None],
    *,
    full: bool = False,
    force: bool = False,
) -> Rebuilt:
    """Build the index of the corpus if it has moved on, and publish it unless it fails the gate.

    ``full`` builds in any case and encodes everything; ``force`` publishes what the gate would hold back. One builder
    works at a time: ``waiting`` is told which one this one waits for.

    Raises:
        QAError: anything failed; what was live stays live.
    """
    started = time.perf_counter()
    outcome = "failed"
    try:
        rebuilt = _rebuilt(settings, progress, waiting, full=full, force=force)
        outcome = rebuilt.status
    finally:
        seconds = time.perf_counter() - started
        if outcome != "unchanged":  # then nothing is written, so that the index may lie on a disk that cannot be
            count_build(settings.index_dir, outcome, seconds)
    return replace(rebuilt, seconds=seconds) if rebuilt.changes else rebuilt


def _rebuilt(
    settings: Settings, progress: Progress, waiting: Callable[[str], None], *, full: bool, force: bool
) -> Rebuilt:
    card = Card.read(ensure_model(settings))
    store = store_of(settings)
    # Told before anything is looked at: whoever edits from now on needs another rebuild.
    progress("reading", 0, 0)
    # Without the lock, so that an index which is up to date may lie on a disk that cannot be written.
    live, found = (None, None) if full else _compared(store, settings, card)
    if live is not None and not found:
        store.check_live()
        return Rebuilt("unchanged", live)
    with store.building(waiting):
        progress("reading", 0, 0)
        if not full and _live_manifest(store) != live:  # another builder was at work
            live, found = _compared(store, settings, card)
            if live is not None and not found:
                return Rebuilt("unchanged", live)
        held = None if full else _held(store, settings, card)
        if held is not None:
            return held if held.fallen and not force else _published_again(store, held)
        rebuilt = _Rebuild(settings, store, progress, full=full, force=force).run()
    return replace(rebuilt, reasons="" if found is None else str(found))


def _compared(store: Store, settings: Settings, card: Card) -> tuple[Manifest | None, Staleness | None]:
    """What is live, and how it differs from the corpus."""
    live = _live_manifest(store)
    return live, None if live is None else staleness(live, settings.corpus_dir, card)


def _live_manifest(store: Store) -> Manifest | None:
    """What is live; None where nothing is that this version reads.

    Raises:
        DamagedGenerationError: what is live is damaged; it is not built over without being asked.
    """
    try:
        return store.live_manifest()
    except (NoGenerationError, MismatchError):
        return None


def _held(store: Store, settings: Settings, card: Card) -> Rebuilt | None:
    """The newest generation if it was kept aside, and corpus, gate and what is live are those of then."""
    newest = next(reversed(store.ids()), None)
    held = store.held(newest) if newest is not None else None
    if newest is None or held is None or (held.reasons and held != _held_for(store, settings, held.reasons)):
        return None
    try:
        manifest = store.manifest(newest)
    except GenerationError:
        return None
    if staleness(manifest, settings.corpus_dir, card):
        return None
    return Rebuilt("held", manifest, fallen=held.reasons)


def _held_for(store: Store, settings: Settings, reasons: Sequence[str]) -> Held:
    gate = settings.gate
    sha256 = file_sha256(gate) if gate is not None and gate.is_file() else None
    return Held(reasons=tuple(reasons), gate=sha256, live=store.live_id())


def _published_again(store: Store, held: Rebuilt) -> Rebuilt:
    store.verified(held.manifest.generation)
    store.make_live(held.manifest.generation)
    return Rebuilt("published", held.manifest, fallen=held.fallen)


class _Rebuild:
    """One build, within the lock."""

    def __init__(self, settings: Settings, store: Store, progress: Progress, *, full: bool, force: bool) -> None:
        self.settings, self.store, self.progress = settings, store, progress
        self.full, self.force = full, force

    def run(self) -> Rebuilt:
        cases = read_cases(self.settings.gate) if self.settings.gate is not None else []
        with ExitStack() as stack:
            previous = self._previous()
            making = Making(self.settings, self.store, self.progress, full=self.full)
            made, model = making.make(previous, self._ancestor(previous), stack)
            return self._published(made, previous, model, Calibration.load(model.folder), cases)

    def _published(
        self,
        made: Made,
        previous: Generation | None,
        model: PreparedModel,
        calibration: Calibration,
        cases: list[Case],
    ) -> Rebuilt:
        try:
            self.progress("verifying", 0, 0)
            generation = self.store.verified(made.id)
            fallen = self._fallen(
                cases, [Answerer(one, model, calibration) for one in _comparable(previous, generation)]
            )
            if fallen and not self.force:
                self.store.hold(generation.id, _held_for(self.store, self.settings, fallen))
            else:
                self.store.make_live(generation.id)
        except BaseException:
            self.store.discard(made.id)
            raise
        made.journal.remove()
        self.store.prune(self.settings.keep_generations)
        status: Literal["published", "held"] = "held" if fallen and not self.force else "published"
        changes = difference(previous.passages if previous else (), generation.passages)
        return Rebuilt(
            status,
            generation.manifest,
            changes=changes,
            encoded=made.encoded,
            resumed=made.resumed,
            fallen=tuple(fallen),
        )

    def _previous(self) -> Generation | None:
        try:
            return self.store.live()
        except (NoGenerationError, MismatchError):
            return None
        except DamagedGenerationError:
            if self.full:
                return None
            raise

    def _ancestor(self, live: Generation | None) -> Generation | None:
        """The newest generation that was live, whose history is the longest: after a rollback not the one that is."""
        for id_ in reversed(self.store.ids()):
            if live is not None and live.id == id_:
                return live
            if self.store.held(id_) is None:
                with suppress(GenerationError):
                    return self.store.load(id_)
        return None

    def _fallen(self, cases: list[Case], answerers: list[Answerer]) -> list[str]:
        """Where the second one answers the golden questions worse than the first."""
        if not cases or len(answerers) < 2:
            return []
        outcomes: list[list[Outcome]] = []
        for answerer in answerers:
            self.progress("comparing", len(outcomes) * len(cases), 2 * len(cases))
            outcomes.append(evaluate(cases, answerer.answer))
        return falls(*outcomes)


def _comparable(previous: Generation | None, generation: Generation) -> list[Generation]:
    """Both generations, but the new one alone where the same model cannot answer from the earlier one."""
    made = previous and previous.manifest.model.fingerprint
    return [previous, generation] if previous and made == generation.manifest.model.fingerprint else [generation]


def other_answers(settings: Settings, before: Generation, after: Generation) -> list[tuple[str, str, str]]:
    """The golden questions of ``QA_GATE`` whose first passage is another one now: question, then, now.

    Raises:
        MismatchError: one of the generations was built with another model.
    """
    if settings.gate is None:
        return []
    cases = read_cases(settings.gate)
    model = load_model(settings)
    calibration = Calibration.load(model.folder)
    then, now = (evaluate(cases, Answerer(one, model, calibration).answer) for one in (before, after))
    return [
        (one.question, _told(one.first), _told(other.first))
        for one, other in zip(then, now, strict=True)
        if one.first != other.first
    ]


def _told(first: First | None) -> str:
    return f"{first.document}, {first.label}: {first.text[:60]}" if first else "nothing"
