"""However the corpus was edited, built and rolled back: the live index answers as one built from nothing would."""

from __future__ import annotations

import json
import tempfile
from dataclasses import asdict
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from qa.encoding.prepared import PreparedModel
from qa.indexing.builder import build, known_documents
from qa.indexing.generation import Generation
from qa.indexing.staleness import staleness
from qa.indexing.store import IndexStore
from qa.indexing.verification import verified
from qa.reading import read_corpus
from qa.retrieval.answerer import Answerer
from qa.retrieval.calibration import Calibration
from qa.retrieval.relevance import Scales
from tests.fakes import word_model

WORDS = ["Alma", "agash", "ozen", "mushe", "qala", "zhyl", "dala", "tau"]
CALIBRATION = Calibration(Scales(1.0, 1.0, 1.0), slope=2.0, intercept=-5.0)
SENTENCES = st.lists(st.sampled_from(WORDS), min_size=1, max_size=4).map(lambda words: " ".join(words) + ".")
# A heading more or less renumbers all that follow; equal passages stand in several documents.
ESSAYS = st.lists(st.tuples(st.booleans(), SENTENCES), min_size=1, max_size=5).map(
    lambda parts: "\n\n".join(f"## {text}\n\n{text}" if heading else text for heading, text in parts) + "\n"
)


def answers(generation: Generation, model: PreparedModel) -> str:
    answerer = Answerer(generation, model, CALIBRATION)
    found = [asdict(answerer.answer(f"{first} {second}?", 50)) for first in WORDS for second in WORDS[:3]]
    return json.dumps(found, ensure_ascii=False)


class Edits(RuleBasedStateMachine):
    @initialize(text=ESSAYS)
    def begin(self, text: str) -> None:
        self.temporary = tempfile.TemporaryDirectory()
        folder = Path(self.temporary.name)
        self.corpus, self.store, self.model = folder / "corpus", IndexStore(folder / "index"), word_model()
        self.corpus.mkdir()
        self.answers: dict[str, str] = {}
        (self.corpus / "a.md").write_text(text, encoding="utf-8")
        self.publish()

    @rule(name=st.sampled_from(["a", "b", "c/d"]), text=ESSAYS)
    def write(self, name: str, text: str) -> None:
        path = self.corpus / f"{name}.md"
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")

    @precondition(lambda self: len(list(self.corpus.rglob("*.md"))) > 1)
    @rule(place=st.integers(0, 2))
    def remove(self, place: int) -> None:
        files = sorted(self.corpus.rglob("*.md"))
        files[place % len(files)].unlink()

    @rule()
    def publish(self) -> None:
        previous = self.store.live() if self.answers else None
        built = build(read_corpus(self.corpus, known_documents(previous)), self.model, previous)
        live = verified(self.store.stage(built.generation))
        self.store.make_live(live.id)
        afresh = build(read_corpus(self.corpus), self.model).generation
        self.answers[live.id] = answers(afresh, self.model)
        assert list(live.passages) == list(afresh.passages)

    @precondition(lambda self: len(self.answers) > 1)
    @rule(place=st.integers(0, 5))
    def rollback(self, place: int) -> None:
        ids = self.store.ids()
        with self.store.building(print):
            self.store.rollback(ids[place % len(ids)])

    @invariant()
    def the_live_index_answers_as_one_built_afresh(self) -> None:
        live = self.store.live()
        assert answers(live, self.model) == self.answers[live.id]

    @precondition(lambda self: self.store.live_id() == max(self.answers))
    @rule()
    def a_second_build_would_encode_nothing(self) -> None:
        live = self.store.live()
        if not staleness(live.manifest, self.corpus, self.model.card):
            assert build(read_corpus(self.corpus), self.model, live).encoded == 0

    def teardown(self) -> None:
        if hasattr(self, "temporary"):
            self.temporary.cleanup()


TestEdits = Edits.TestCase
TestEdits.settings = settings(max_examples=20, stateful_step_count=12, deadline=None)
