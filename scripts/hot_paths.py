"""Micro-benchmarks of what happens between a question and its answer; `scripts/bench_hot_paths` runs them.

Over the live index of the settings, with questions that are all different, so that nothing is known beforehand.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from qa.encoding.encoder import Encoding
from qa.language.interpretation import interpret
from qa.language.lexicon import Lexicon
from qa.loading import load_answerer
from qa.retrieval.answerer import Answerer
from qa.retrieval.interaction import interactions
from qa.retrieval.question import Question
from qa.retrieval.relevance import Weights
from qa.retrieval.search import Searcher
from qa.serving.schemas import AskReply
from qa.settings import load_settings

QUESTIONS = {
    "kk": "Қазақстан қай жылы Біріккен Ұлттар Ұйымына мүше болды",
    "ru": "В каком году Казахстан вступил в Организацию Объединённых Наций",
    "en": "In which year did Kazakhstan join the United Nations",
    "zh": "哈萨克斯坦哪一年加入联合国",
}
_NUMBERS = itertools.count()


def anew(language: str) -> str:
    return f"{QUESTIONS[language]} {next(_NUMBERS)}?"


@pytest.fixture(scope="session")
def answerer() -> Answerer:
    return load_answerer(load_settings())


@pytest.fixture(params=QUESTIONS)
def language(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def question(answerer: Answerer) -> Question:
    (encoding,) = answerer.model.encoder.encode_questions([QUESTIONS["en"]])
    return Question.of(QUESTIONS["en"], encoding, answerer.model.means, "en")


@pytest.fixture
def searcher(answerer: Answerer) -> Iterator[Searcher]:
    yield Searcher(answerer.generation, answerer.model.means, Weights.shipped(), answerer.calibration.scales)


def timed(
    benchmark: BenchmarkFixture, run: Callable[..., object], make: Callable[[], object], rounds: int = 300
) -> None:
    """Time ``run`` of what ``make`` makes anew for each round."""
    benchmark.pedantic(run, setup=lambda: ((make(),), {}), rounds=rounds, warmup_rounds=20)


def test_interpret(benchmark: BenchmarkFixture, answerer: Answerer, language: str) -> None:
    lexicons = (answerer.generation.words, Lexicon.general())
    timed(benchmark, lambda text: interpret(text, lexicons), lambda: anew(language))


def test_encode_question(benchmark: BenchmarkFixture, answerer: Answerer, language: str) -> None:
    timed(benchmark, lambda text: answerer.model.encoder.encode_questions([text]), lambda: anew(language))


def test_encode_passage(benchmark: BenchmarkFixture, answerer: Answerer) -> None:
    text = " ".join(passage.plain for passage in answerer.generation.passages)[:600]
    timed(benchmark, lambda text: answerer.model.encoder.encode_passages([text]), lambda: text, rounds=50)


def test_lexical_legs(benchmark: BenchmarkFixture, answerer: Answerer, language: str) -> None:
    timed(benchmark, answerer.generation.lexical.scores, lambda: anew(language))


def test_nearest_vectors(benchmark: BenchmarkFixture, answerer: Answerer, question: Question) -> None:
    timed(benchmark, lambda count: answerer.generation.dense.search(question.vector, count), lambda: 50)


def test_late_interaction(benchmark: BenchmarkFixture, answerer: Answerer, question: Question) -> None:
    generation = answerer.generation
    tokens = [generation.tokens.passage(position) for position in range(len(generation.passages))][:50]
    timed(
        benchmark, lambda own: interactions(own, tokens, ["kk"] * len(tokens), answerer.model.means), lambda: question
    )


def test_search(benchmark: BenchmarkFixture, searcher: Searcher, question: Question) -> None:
    timed(benchmark, lambda own: searcher.search(own, 5), lambda: question)


def test_answer(benchmark: BenchmarkFixture, answerer: Answerer, language: str) -> None:
    timed(benchmark, lambda text: answerer.answer(text, 5), lambda: anew(language))


def test_known_answer(benchmark: BenchmarkFixture, answerer: Answerer) -> None:
    timed(benchmark, lambda text: answerer.answer(text, 5), lambda: QUESTIONS["en"])


def test_reply(benchmark: BenchmarkFixture, answerer: Answerer) -> None:
    answer = answerer.answer(QUESTIONS["en"], 5)
    manifest = answerer.generation.manifest
    timed(benchmark, lambda own: AskReply.of(own, manifest, "", 1.0).model_dump_json(), lambda: answer)


def test_encoded_question(benchmark: BenchmarkFixture, answerer: Answerer, language: str) -> None:
    def made() -> tuple[str, Encoding]:
        text = anew(language)
        return text, answerer.model.encoder.encode_questions([text])[0]

    timed(benchmark, lambda own: Question.of(*own, answerer.model.means, language), made)
