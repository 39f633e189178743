"""The whole way from a question to an answer, over one generation and one encoder."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from qa.encoding.prepared import PreparedModel
from qa.encoding.reranker import Reranker
from qa.errors import MismatchError
from qa.indexing.dense import Positions
from qa.indexing.generation import Generation
from qa.language.interpretation import Interpretation, interpret
from qa.language.lexicon import Lexicon
from qa.recent import Recent
from qa.records import Answer, AnswerSpan, Hit
from qa.retrieval.calibration import Calibration
from qa.retrieval.question import Question
from qa.retrieval.relevance import Weights
from qa.retrieval.search import Found, Searcher
from qa.retrieval.selection import Selection
from qa.retrieval.trace import answered, note, phase

# Of a generation so many answers are kept, none with more hits or documents: 2.4 kB a hit, so 13 MB at most.
_KEPT, _MOST_HITS_KEPT, _MOST_DOCUMENTS_KEPT = 512, 10, 16
# And of what was selected by a folder or a filter: 8 bytes a passage.
_SELECTIONS_KEPT = 8


@dataclass(frozen=True)
class Answerer:
    """Answers questions; any number of threads may ask at once. The last ``answers`` are kept, of whichever question,
    number and documents: what made them does not change.
    """

    generation: Generation
    model: PreparedModel
    calibration: Calibration
    reranker: Reranker | None = None
    answers: Recent[Answer] = field(default_factory=lambda: Recent(_KEPT), init=False, repr=False, compare=False)
    selected: Recent[Positions] = field(
        default_factory=lambda: Recent(_SELECTIONS_KEPT), init=False, repr=False, compare=False
    )

    def __post_init__(self) -> None:
        made, served = self.generation.manifest.model, self.model.card
        if made.fingerprint != served.fingerprint:
            raise MismatchError(
                f"the index was built with the model {made.name} ({made.fingerprint}), but {served.model} "
                f"({served.fingerprint}) is set; run qa index build, or set QA_MODEL to the one it was built with"
            )

    def answer(self, question: str, top_k: int, among: Selection | Sequence[str] | None = None) -> Answer:
        """The answer to a question with its ``top_k`` best passages, ``among`` all or some of them: a selection, or the
        ids of documents. Where that selects nothing there are no hits.

        Raises:
            UnknownDocumentError: a document or folder of ``among`` is not in the generation.
        """
        selection = Selection.of(among)
        asked = (question, top_k, selection)
        with phase("answer"):
            answer = self.answers.get(asked)
            if answer is None:
                answer = self._answer(question, top_k, selection)
                if len(answer.hits) <= _MOST_HITS_KEPT and _is_small(selection):
                    self.answers.keep(asked, answer)
            else:
                note("from cache")
        answered(question, answerable=answer.answerable)
        return answer

    def _answer(self, question: str, top_k: int, selection: Selection) -> Answer:
        read, found = self.find(question, top_k, selection)
        hits = tuple(self._hit(one) for one in found)
        # What has no letter and no digit asks nothing, whatever is near to it.
        asks = bool(found) and any(map(str.isalnum, read.text))
        confidence = self.calibration.confidence(found[0].judged) if asks else 0.0
        answerable = bool(hits) and confidence >= self.generation.manifest.threshold
        return Answer(
            question=question,
            interpreted_as=read.text,
            language=read.language,
            answerable=answerable,
            confidence=confidence,
            span=_span(found[0]) if answerable else None,
            hits=hits,
        )

    def find(
        self, question: str, count: int, among: Selection | Sequence[str] | None = None
    ) -> tuple[Interpretation, list[Found]]:
        """How a question was read, and its ``count`` best passages. Raises as `answer` does."""
        positions = self._positions(Selection.of(among))
        read = interpret(question, (self.generation.words, Lexicon.general()))
        with phase("encode"):
            (encoding,) = self.model.encoder.encode_questions([read.text])
        asked = Question.of(read.text, encoding, self.model.means, read.language)
        scales = self.calibration.scales
        searcher = Searcher(self.generation, self.model.means, Weights.shipped(), scales, self.reranker)
        return read, searcher.search(asked, count, positions)

    def _positions(self, selection: Selection) -> Positions | None:
        """What a selection allows, None for everything; folders and filters are looked through once."""
        if selection.is_everything or not _is_small(selection):
            return selection.positions(self.generation)
        found = self.selected.get(selection)
        if found is None:
            found = selection.positions(self.generation)
            assert found is not None
            self.selected.keep(selection, found)
        return found

    def _hit(self, found: Found) -> Hit:
        return Hit(
            passage=found.passage,
            citation=self.generation.citation(found.passage),
            score=self.calibration.score(found.relevance),
            highlights=found.highlights,
            duplicates=tuple(self.generation.citation(passage) for passage in found.duplicates),
        )


def _is_small(selection: Selection) -> bool:
    """Whether a selection may be kept: it holds few documents, and no passages one by one."""
    return len(selection.documents) <= _MOST_DOCUMENTS_KEPT and selection.passages is None


def _span(found: Found) -> AnswerSpan:
    start, end = found.best_sentence()
    passage = found.passage
    return AnswerSpan(passage.text[start:end], 0, passage.start + start, passage.start + end)
