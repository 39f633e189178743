"""The Kazakh passages that are trained on, searched as the service searches a corpus."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from qa.encoding.prepared import PreparedModel
from qa.indexing.builder import build
from qa.language.interpretation import interpret
from qa.language.lexicon import Lexicon
from qa.reading import read_corpus
from qa.retrieval.calibration import Calibration
from qa.retrieval.question import Question
from qa.retrieval.relevance import Weights
from qa.retrieval.search import Found, Searcher
from scripts.training_material import TrainingPassage

_LANGUAGE = "kk"


@dataclass(frozen=True, slots=True)
class TrainingSearch:
    """``groups``: those of the passages, by the names of the documents that they are written to."""

    searcher: Searcher
    model: PreparedModel
    groups: dict[str, str]

    @classmethod
    def of(cls, passages: Iterable[TrainingPassage], model: PreparedModel) -> TrainingSearch:
        groups = {}
        with tempfile.TemporaryDirectory() as folder:
            for number, passage in enumerate(one for one in passages if one.lang == _LANGUAGE):
                groups[f"p{number}"] = passage.group
                head = f"# {passage.title}\n\n" if passage.title else ""
                (Path(folder) / f"p{number}.md").write_text(f"{head}{passage.text}\n", encoding="utf-8")
            generation = build(read_corpus(Path(folder)), model, workers=2).generation
        scales = Calibration.load(model.folder).scales
        return cls(Searcher(generation, model.means, Weights.shipped(), scales), model, groups)

    def found(self, question: str, count: int) -> list[tuple[str, Found]]:
        """The passages that are most relevant to a question, best first, with their groups."""
        read = interpret(question, (self.searcher.generation.words, Lexicon.general()))
        (encoding,) = self.model.encoder.encode_questions([read.text])
        asked = Question.of(read.text, encoding, self.model.means, read.language)
        return [(self.groups[one.passage.document], one) for one in self.searcher.search(asked, count)]
