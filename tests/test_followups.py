from __future__ import annotations

import shutil
from collections import defaultdict

import pytest

from qa.conversation.conversation import Conversation
from qa.conversation.cues import Reading
from qa.conversation.followups import Resolved, resolved
from qa.conversation.leaning import leaning
from qa.conversation.turns import Turn
from qa.encoding.encoder import Encoding
from qa.encoding.prepared import PreparedModel
from qa.indexing.builder import build
from qa.language.identification import identify
from qa.reading import read_corpus
from qa.retrieval.answerer import Answerer
from qa.retrieval.calibration import Calibration, calibration_questions
from tests.conftest import ROOT

CHINA, RUSSIA, TURKEY, WEST = "Қытаймен қарым-қатынас", "Ресеймен стратегиялық", "Түркия мен", "Еуропалық Одақ"
UN, SCO = "БҰҰ-дағы рөлі", "Шанхай ынтымақтастық"
NUCLEAR, ECONOMY = "ядролық қаруға", "экономикалық дипломатиясы"


@pytest.fixture(scope="module")
def answerer(real_model: PreparedModel, tmp_path_factory: pytest.TempPathFactory) -> Answerer:
    folder = tmp_path_factory.mktemp("followups")
    shutil.copy(ROOT / "corpus" / "kazakh-diplomacy.txt", folder)
    generation = build(read_corpus(folder), real_model).generation
    return Answerer(generation, real_model, Calibration.load(real_model.folder))


def _said(*questions: str) -> list[Turn]:
    return [turn for text in questions for turn in (Turn("user", text), Turn("assistant", "«…» [1]"))]


def _resolved(answerer: Answerer, *questions: str) -> Resolved:
    return resolved(questions[-1], _said(*questions[:-1]), answerer)


@pytest.mark.parametrize(
    ("questions", "label"),
    [
        (["Қазақстанның Қытаймен қарым-қатынасы қандай?", "Ал Ресеймен ше?"], RUSSIA),
        (["Қазақстанның Қытаймен қарым-қатынасы қандай?", "Ал Ресеймен ше?", "Түркиямен ше?"], TURKEY),
        (["Қазақстан БҰҰ-ға мүше ме?", "Қашан?"], UN),
        (["ШЫҰ қандай ұйым?", "Оның міндеттері қандай?"], SCO),
        (["Семей полигонын кім жапты?", "Қай жылы?"], NUCLEAR),
        (["Экономикалық дипломатия туралы не айтылған?", "Онын максаты кандай?"], ECONOMY),
        (["Qazaqstannyn Qytaimen qarym-qatynasy qandai?", "al Reseimen she?"], RUSSIA),
        (["Qazaqstan BUU-ga mushe me?", "qashan?"], UN),
        (["Какие отношения у Казахстана с Россией?", "А с Турцией?"], TURKEY),
        (["Какие отношения у Казахстана с Китаем?", "Спасибо! А с Россией?"], RUSSIA),
        (["Казахстан состоит в ООН?", "А когда вступил?"], UN),
        (["Что такое экономическая дипломатия?", "Какова её цель?"], ECONOMY),
        (["Казахстан закрыл ядерный полигон?", "расскажи подробнее"], NUCLEAR),
        (["Что такое экономическая дипломатия?", "Чем она занимается?"], ECONOMY),
        (["How does Kazakhstan get along with China?", "What about Russia?"], RUSSIA),
        (["How does Kazakhstan get along with China?", "What about Russia?", "and the United States?"], WEST),
        (["How does Kazakhstan get along with China?", "Why?"], CHINA),
        (["Is Kazakhstan a member of the United Nations?", "When did it join?"], UN),
        (["What is economic diplomacy?", "and its goal?"], ECONOMY),
        (["Did Kazakhstan close the nuclear test site?", "tell me more"], NUCLEAR),
        (["Kazakistan'ın Çin ile ilişkileri nasıl?", "Peki ya Rusya?"], RUSSIA),
        (["Kazakistan'ın Rusya ile ilişkileri nasıl?", "Peki Türkiye ile?"], TURKEY),
        (["Kazakistan BM üyesi mi?", "Ne zamandan beri?"], UN),
        (["Ekonomik diplomasi nedir?", "Onun amacı ne?"], ECONOMY),
        (["Semey nükleer sahası kapatıldı mı?", "Hangi yılda?"], NUCLEAR),
        (["哈萨克斯坦与中国的关系如何？", "那俄罗斯呢？"], RUSSIA),
        (["什么是经济外交？", "它的目的是什么？"], ECONOMY),
        (["哈萨克斯坦是联合国成员吗？", "什么时候加入的？"], UN),
        (["哈萨克斯坦关闭了核试验场吗？", "为什么？"], NUCLEAR),
        (["上海合作组织是什么？", "其任务有哪些？"], SCO),
        (["Қазақстанның Қытаймен қарым-қатынасы қандай?", "а с Россией?"], RUSSIA),
    ],
)
def test_a_question_that_leans_on_those_before_it_finds_its_passage(
    answerer: Answerer, questions: list[str], label: str
) -> None:
    found = _resolved(answerer, *questions)
    assert found.text != questions[-1]
    (hit,) = answerer.answer(found.text, 1).hits
    assert label in " ".join(hit.citation.path)


@pytest.mark.parametrize(
    ("questions", "text"),
    [
        (
            ["Қазақстанның Қытаймен қарым-қатынасы қандай?", "Ал Ресеймен ше?"],
            "Қазақстанның Ресеймен қарым-қатынасы қандай?",
        ),
        (["Какие отношения у Казахстана с Китаем?", "а с Россией?"], "Какие отношения у Казахстана с Россией?"),
        (["What does Kazakhstan do in the UN?", "And in the OSCE?"], "What does Kazakhstan do in the OSCE?"),
        (
            ["How does Kazakhstan get along with the European Union?", "What about Russia?"],
            "How does Kazakhstan get along with the Russia?",
        ),
        (
            ["Which principles guide foreign policy?", "And the directions?"],
            "Which directions guide foreign policy?",
        ),
        (["Kazakistan'ın Çin ile ilişkileri nasıl?", "Peki ya Rusya?"], "Kazakistan'ın Rusya ile ilişkileri nasıl?"),
        (["哈萨克斯坦在联合国做什么？", "在上海合作组织呢？"], "哈萨克斯坦在上海合作组织做什么？"),
    ],
)
def test_what_is_named_anew_takes_the_place_of_its_like_and_the_country_that_all_is_about_stays(
    answerer: Answerer, questions: list[str], text: str
) -> None:
    assert _resolved(answerer, *questions).text == text


def test_an_aspect_is_added_and_takes_no_name_s_place(answerer: Answerer) -> None:
    found = _resolved(answerer, "Что такое экономическая дипломатия?", "А цель?")
    assert found.text == "Что такое экономическая дипломатия? А цель?"


_OPENINGS = defaultdict(tuple, kk=("Ал", "Және"), ru=("А", "И"), en=("And", "But"), tr=("Peki", "Ya"), zh=("那",))
INDEPENDENT = [
    "А что такое СНГ?",
    "And when did Kazakhstan join the UN?",
    "Ал Қазақстан БҰҰ мүшесі ме?",
    "Peki Kazakistan BM'ye ne zaman katıldı?",
    "那么联合国是什么？",
    "ТМД деген қандай ұйым, оның міндеті не?",
    "Is the country peace-loving, and how does it want quarrels settled?",
    "Is it true that Kazakhstan joined the UN?",
    "О чём это эссе?",
    "Бұл эссе не туралы?",
    "What is this essay about?",
    "Как приготовить борщ?",
    "что такое фотосинтез?",
    "Fotosentez nedir?",
    "Where is Paris?",
    "长城在哪里？",
    "Қытай мұнай газ",
    "nuclear test site",
    "China",
    "…?",
    "Why " + "does Kazakhstan keep the peace and " * 20 + "it?",
]


@pytest.mark.parametrize("question", INDEPENDENT)
def test_a_question_that_stands_alone_stays_to_the_letter(answerer: Answerer, question: str) -> None:
    before = _said("Какие отношения у Казахстана с Китаем?", "How does Kazakhstan get along with Turkey?")
    assert resolved(question, before, answerer) == Resolved(question)


def test_no_question_that_a_model_is_calibrated_on_leans_whatever_conjunction_opens_it(
    real_model: PreparedModel,
) -> None:
    questions = [question.text for question in calibration_questions(real_model.folder)]
    assert len(questions) > 100
    opened = [f"{opening} {text}" for text in questions for opening in _OPENINGS[identify(text).language or "en"]]
    assert len(opened) > 50
    assert [text for text in [*questions, *opened] if (read := Reading.of(text)) and leaning(read[0])] == []


def test_without_a_question_before_it_nothing_changes(answerer: Answerer) -> None:
    assert resolved("Ал Ресеймен ше?", [], answerer) == Resolved("Ал Ресеймен ше?")
    only_courtesies = [*_said("Сәлем!", "", "…"), Turn("assistant", "How does Kazakhstan get along with China?")]
    assert resolved("What about Russia?", only_courtesies, answerer) == Resolved("What about Russia?")


def test_courtesies_in_between_are_passed_over(answerer: Answerer) -> None:
    questions = ("How does Kazakhstan get along with China?", "thanks!", "👍", "What about Russia?")
    assert _resolved(answerer, *questions).text == "How does Kazakhstan get along with Russia?"


def test_what_only_asks_leaves_the_topic_to_the_next_question(answerer: Answerer) -> None:
    questions = ("How does Kazakhstan get along with China?", "Why?", "Since when?")
    assert _resolved(answerer, *questions).text == "How does Kazakhstan get along with China? Since when?"


def test_of_several_additions_the_last_one_counts(answerer: Answerer) -> None:
    questions = ("What is economic diplomacy?", "and its goal?", "and its tools?")
    assert _resolved(answerer, *questions).text == "What is economic diplomacy? and its tools?"


@pytest.mark.parametrize(
    ("before", "question", "language"),
    [
        ("Қазақстан БҰҰ-ға мүше ме?", "Қашан?", "kk"),
        ("Қазақстан БҰҰ-ға мүше ме?", "qashan?", "kk"),
        ("Qazaqstan BUU-ga mushe me?", "Қашан?", "kk"),
        ("Казахстан состоит в ООН?", "А Украина?", "ru"),
        ("Kazakistan BM üyesi mi?", "Neden?", "tr"),
        ("Kazakistan BM üyesi mi?", "Why?", "en"),
        ("Қазақстан БҰҰ-ға мүше ме?", "А когда?", "ru"),
        ("Is Kazakhstan a member of the UN?", "什么时候？", "zh"),
    ],
)
def test_the_reply_is_in_the_language_of_the_words_that_tell(
    answerer: Answerer, before: str, question: str, language: str
) -> None:
    assert _resolved(answerer, before, question).language == language


def test_long_conversations_and_long_turns_stay_within_what_a_question_may_have(answerer: Answerer) -> None:
    long = [Turn("user", "Қазақстанның Қытаймен қарым-қатынасы " * 3000), Turn("assistant", "x" * 100_000)]
    found = resolved("Ал неге?", long, answerer).text
    assert len(found) <= 1000
    assert found.startswith("Қазақстанның")
    assert found.endswith("Ал неге?")
    many = [*_said("Is Kazakhstan a member of the UN?"), *_said("", "Why?", "thanks") * 60]
    assert resolved("Since when?", many, answerer).text.endswith("Since when?")


def test_the_encoder_reads_nothing_for_a_question_that_stands_alone(
    answerer: Answerer, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[str] = []
    encode = answerer.model.encoder.encode_questions

    def counted(texts: list[str]) -> list[Encoding]:
        read.extend(texts)
        return encode(texts)

    monkeypatch.setattr(answerer.model.encoder, "encode_questions", counted)
    before = ("How does Kazakhstan get along with China?",)
    _resolved(answerer, *before, "When did Kazakhstan join the UN?")
    assert read == []
    _resolved(answerer, *before, "What about Russia?")
    assert read == [*before, "What about Russia?"]


def test_the_reply_answers_the_resolved_question(answerer: Answerer) -> None:
    turns = [*_said("Сәлем!", "How does Kazakhstan get along with China?"), Turn("user", "Ал Ресеймен ше?")]
    reply = Conversation(answerer).reply(turns, 1, lambda number, _hit: f"[{number}]")
    assert reply.kind == "answer"
    assert reply.language == "kk"
    assert RUSSIA in " ".join(reply.sources[0].citation.path)
