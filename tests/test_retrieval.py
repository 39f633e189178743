from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from qa.encoding.encoder import Floats, normalised
from qa.encoding.means import LanguageMeans
from qa.encoding.prepared import PreparedModel
from qa.errors import MismatchError, ModelError
from qa.indexing.builder import build
from qa.indexing.lexical import LexicalIndex
from qa.indexing.tokens import PassageTokens
from qa.reading import read_corpus
from qa.retrieval.answerer import Answerer
from qa.retrieval.calibration import (
    FALSE_ANSWER_RATE,
    HIGHEST_THRESHOLD,
    Calibration,
    calibration_questions,
    threshold_of,
)
from qa.retrieval.interaction import interactions
from qa.retrieval.question import Question
from qa.retrieval.relevance import Scales, Similarities, Weights, per_token, relevance
from tests.conftest import ROOT
from tests.fakes import DIMENSION, word_model

SCALES = Scales(1.0, 1.0, 1.0)
EVEN = Calibration(SCALES, slope=2.0, intercept=-5.0)


@pytest.fixture
def answerer(tmp_path: Path) -> Answerer:
    folder = tmp_path / "corpus"
    folder.mkdir()
    (folder / "a.txt").write_text("Red green blue. Cat dog bird.\n\nOne two three.\n")
    (folder / "b.txt").write_text("Cat fish.\n\nRed green blue.\n")
    model = word_model()
    generation = build(read_corpus(folder), model).generation
    return Answerer(generation, model, EVEN)


def test_the_best_passage_comes_first_with_a_relevance_that_can_be_computed(answerer: Answerer) -> None:
    answer = answerer.answer("cat fish", 5)
    assert [hit.passage.text for hit in answer.hits][:2] == ["Cat fish.", "Red green blue. Cat dog bird."]
    # Cosine and both late interactions are one for the first; for the second they are 1/√12, 1/2 and 1/2.
    weights = Weights.shipped()
    two = np.zeros((2, 1), dtype=np.float32)
    question = Question("cat fish", two[0], two, two[0])
    lexical = answerer.generation.lexical
    assert isinstance(lexical, LexicalIndex)
    body, headings = (per_token(scores, question) for scores in lexical.scores("cat fish"))
    assert body[2] > body[0] > 0 == body[1]
    first = weights.dense + weights.raw + weights.centred + weights.body * body[2] + weights.headings * headings[2]
    second = weights.dense / 12**0.5 + (weights.raw + weights.centred) / 2 + weights.body * body[0]
    assert answer.hits[0].score == pytest.approx(EVEN.score(first), abs=1e-3)
    assert answer.hits[1].score == pytest.approx(EVEN.score(second + weights.headings * headings[0]), abs=1e-3)
    assert answer.confidence == answer.hits[0].score


def test_the_answer_is_the_sentence_that_the_questions_words_match(answerer: Answerer) -> None:
    answer = answerer.answer("dog bird", 5)
    assert answer.answerable
    assert answer.span is not None
    assert answer.span.text == "Cat dog bird."
    text = answerer.generation.documents["a"].text
    assert text[answer.span.start : answer.span.end] == "Cat dog bird."
    assert [answer.hits[0].passage.text[slice(*span)] for span in answer.hits[0].highlights] == ["dog bird"]


def test_highlights_are_the_words_that_match_and_the_best_one_where_none_does(answerer: Answerer) -> None:
    def shown(question: str) -> list[str]:
        (hit, *_) = answerer.answer(question, 1).hits
        return [hit.passage.text[start:end] for start, end in hit.highlights]

    assert shown("three, one?") == ["One", "three"]
    assert shown("one zebra") == ["One"]
    assert len(shown("zebra")) == 1
    assert shown("?") == []


def test_a_list_that_is_asked_for_comes_whole_and_in_order(tmp_path: Path) -> None:
    folder = tmp_path / "corpus"
    folder.mkdir()
    (folder / "a.txt").write_text("Cats here are of kinds:\n\n- red;\n- green cats;\n- blue.\n\nCats cats.\n")
    model = word_model()
    generation = build(read_corpus(folder), model).generation
    answerer = Answerer(generation, model, EVEN)

    def asked(question: str, count: int) -> list[str]:
        return [hit.passage.text for hit in answerer.answer(question, count).hits]

    assert asked("which kinds are here", 5) == ["Cats here are of kinds:", "red;", "green cats;", "blue.", "Cats cats."]
    assert asked("which kinds are here", 2) == ["Cats here are of kinds:", "red;"]
    assert asked("the kinds that are here of green cats", 1) == ["green cats;"]


def test_a_reranker_decides_the_order_and_scores_stay_with_the_ranks(answerer: Answerer) -> None:
    class Longest:
        def scores(self, question: str, passages: Sequence[str]) -> Floats:
            return np.array([len(passage) for passage in passages], dtype=np.float32)

    plain = answerer.answer("cat fish", 4)
    again = replace(answerer, reranker=Longest()).answer("cat fish", 4)
    lengths = [len(hit.passage.text) for hit in again.hits]
    assert lengths == sorted(lengths, reverse=True) != [len(hit.passage.text) for hit in plain.hits]
    assert [hit.score for hit in again.hits] == [hit.score for hit in plain.hits]
    assert again.confidence == plain.confidence
    assert len(replace(answerer, reranker=Longest()).answer("cat fish", 1).hits) == 1


def test_equal_passages_keep_the_order_of_the_corpus_and_documents_restrict(answerer: Answerer) -> None:
    assert [hit.citation.document for hit in answerer.answer("one two three red green blue", 4).hits][:1] == ["a"]
    answer = answerer.answer("red green blue", 5, ["b"])
    assert {hit.citation.document for hit in answer.hits} == {"b"}
    assert len(answerer.answer("red", 1).hits) == 1


def test_what_is_not_there_is_not_answered_but_the_nearest_are_shown(answerer: Answerer) -> None:
    answer = answerer.answer("zebra", 2)
    assert (answer.answerable, answer.span) == (False, None)
    assert answer.confidence < 0.5
    assert len(answer.hits) == 2


def test_an_answer_is_kept_unless_it_has_many_hits(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("\n\n".join(f"Cat number{number}." for number in range(12)))
    model = word_model()
    answerer = Answerer(build(read_corpus(tmp_path), model).generation, model, EVEN)
    for count, kept in ((10, True), (11, False), (12, False)):
        first, again = (answerer.answer("cat", count) for _ in range(2))
        assert len(first.hits) == count
        assert first == again
        assert (first is again) == kept


def test_an_index_of_another_model_is_refused_with_both(answerer: Answerer) -> None:
    manifest = answerer.generation.manifest
    other = manifest.model_copy(update={"model": manifest.model.model_copy(update={"fingerprint": "other"})})
    object.__setattr__(answerer.generation, "manifest", other)
    with pytest.raises(MismatchError, match=r"other.*words.*qa index build"):
        Answerer(answerer.generation, answerer.model, EVEN)


def test_centred_cosines_are_those_of_centred_vectors() -> None:
    random = np.random.default_rng(7)

    def rows(count: int) -> Floats:
        return normalised(random.normal(size=(count, DIMENSION)).astype(np.float32))

    mean, tokens = rows(1)[0] * 0.3, rows(3)
    question = Question("", rows(1)[0], tokens, mean)
    means = [rows(1)[0] * 0.4, rows(1)[0] * 0.2]
    passages = [PassageTokens.of(rows(count), np.zeros((count, 2), np.int32)) for count in (5, 2)]
    by_language = LanguageMeans.from_rows({"aa": np.stack([means[0]] * 4), "bb": np.stack([means[1]] * 4)})
    matched = interactions(question, passages, ["aa", "bb"], by_language)
    for found, best, passage, mean in zip(matched, zip(*matched.best()[:2], strict=True), passages, means, strict=True):
        vectors = passage.vectors * passage.scales[:, None]
        moved = vectors - mean
        moved /= np.linalg.norm(moved, axis=1, keepdims=True)
        # A cosine is taken of a token at length one, which one in bytes is but nearly.
        assert found.centred == pytest.approx(question.centred @ moved.T, abs=0.01)
        assert found.raw == pytest.approx(question.tokens @ vectors.T, abs=1e-5)
        assert best == pytest.approx((found.raw.max(1).mean(), found.centred.max(1).mean()))


def test_relevance_is_the_weighted_sum_in_units_of_the_models_scales() -> None:
    legs, weights = Similarities(0.5, 0.8, 0.4, 2.0, 1.0), Weights(1.0, 2.0, 3.0, 4.0, 5.0)
    assert relevance(legs, weights, Scales(0.5, 0.4, 0.1)) == pytest.approx(1 + 4 + 12 + 8 + 5)


def test_the_threshold_lets_few_questions_about_other_things_through() -> None:
    assert threshold_of([place / 1000 for place in range(128)]) == pytest.approx(0.1207, abs=0.002)
    assert threshold_of([0.9] * 10) == HIGHEST_THRESHOLD
    assert threshold_of([]) == HIGHEST_THRESHOLD


def test_the_threshold_of_a_corpus_is_measured_on_the_calibration_questions(
    real_model: PreparedModel, corpus: Path
) -> None:
    calibration = Calibration.load(real_model.folder)
    generation = build(read_corpus(corpus), real_model).generation
    questions = calibration_questions(real_model.folder)
    threshold = calibration.threshold(generation, real_model.means, questions)
    answerer = Answerer(generation.with_threshold(threshold), real_model, calibration)
    answered = [answerer.answer(question.text, 1).answerable for question in questions]
    assert len(answered) > 100
    assert sum(answered) <= FALSE_ANSWER_RATE * len(answered) + 1
    assert 0 < threshold <= HIGHEST_THRESHOLD
    assert calibration.evidence
    strict = replace(calibration, evidence=replace(calibration.evidence, least=0.9))
    assert strict.threshold(generation, real_model.means, questions[:1]) == 0.9


def test_calibration_separates_what_it_was_fitted_to(tmp_path: Path) -> None:
    fitted = Calibration.from_relevances(SCALES, [0.6, 0.7, 0.8, 0.65], [0.2, 0.3, 0.35, 0.25])
    assert fitted.score(0.7) > 0.9 > 0.5 > 0.1 > fitted.score(0.25)
    assert fitted.score(0.3) < fitted.score(0.5) < fitted.score(0.6)
    assert fitted.score(1e9) == pytest.approx(1)
    fitted.save(tmp_path)
    assert Calibration.load(tmp_path) == fitted
    (tmp_path / "calibration.json").write_text("{}")
    with pytest.raises(ModelError, match="qa model prepare --again"):
        Calibration.load(tmp_path)


# Questions about the test essays, none of them from an evaluation set.
QUESTIONS = [
    ("Какая чашка не имеет ручки?", "tea", "Пиала"),
    ("How is water boiled for tea?", "tea", "Самовар"),
    ("Какой вкус у индийского чая?", "tea", "Индийский"),
    ("Кешегі ауа райы қандай болды?", "letter", "Медеу"),
    ("How long will the trip to Kolsai take?", "letter", "Көлсай"),
    ("Ядролық полигон қашан жабылды?", "kazakh-diplomacy", "1991"),
]


def test_the_real_model_ranks_known_passages_first(real_model: PreparedModel, corpus: Path, tmp_path: Path) -> None:
    generation = build(read_corpus(corpus), real_model).generation
    answerer = Answerer(generation, real_model, Calibration.load(real_model.folder))
    first = {question: answerer.answer(question, 3).hits for question, _, _ in QUESTIONS}
    for question, document, word in QUESTIONS:
        assert any(hit.citation.document == document and word in hit.passage.text for hit in first[question]), question
    right = sum(word in first[question][0].passage.text for question, _, word in QUESTIONS)
    assert right >= len(QUESTIONS) - 1


def test_the_real_model_is_surer_of_what_is_there_than_of_what_is_not(
    real_model: PreparedModel, tmp_path: Path
) -> None:
    generation = build(read_corpus(ROOT / "corpus"), real_model).generation
    answerer = Answerer(generation, real_model, Calibration.load(real_model.folder))
    there = answerer.answer("When did Kazakhstan become a member of the United Nations?", 1)
    absent = answerer.answer("How do I bake sourdough bread?", 1)
    assert there.answerable
    assert not absent.answerable
    assert there.confidence > absent.confidence + 0.3
