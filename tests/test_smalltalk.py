from __future__ import annotations

import pytest

from qa.conversation.smalltalk import beyond_courtesy, courtesy
from qa.encoding.means import background_sentences
from qa.encoding.prepared import PreparedModel
from qa.retrieval.calibration import calibration_questions


@pytest.mark.parametrize(
    ("message", "language"),
    [
        ("Сәлем", "kk"),
        ("Сәлеметсіз бе!", "kk"),
        ("Салеметсиз бе", "kk"),
        ("salem", "kk"),
        ("Sälemetsiz be?", "kk"),
        ("Сәлем достым 😊", "kk"),
        ("привет", "ru"),
        ("Добрый день", "ru"),
        ("Приветтт!!!", "ru"),
        ("Hi there!", "en"),
        ("👋 Hellooo", "en"),
        ("hello", "en"),
        ("HEY", "en"),
        ("merhaba", "tr"),
        ("selam", "tr"),
        ("你好", "zh"),
        ("您好！", "zh"),
        ("Guten Tag", "de"),
        ("Bonjour !", "fr"),
        ("¡Hola!", "es"),
        ("Buongiorno", "it"),
        ("Olá", "pt"),
        ("مرحبا", "ar"),
        ("Добрий день", "uk"),
        ("Assalomu alaykum", "uz"),
        ("こんにちは", "ja"),
        ("안녕하세요", "ko"),
    ],
)
def test_a_greeting_in_its_language(message: str, language: str) -> None:
    found = courtesy(message)
    assert found is not None
    assert (found.kind, found.language) == ("greeting", language)


@pytest.mark.parametrize(
    ("message", "language"),
    [
        ("рахмет", "kk"),
        ("Көп рахмет!", "kk"),
        ("raqmet", "kk"),
        ("rahmet", "kk"),
        ("спасибо большое", "ru"),
        ("Спасибо огромное за помощь 🙏", "ru"),
        ("thank you very much", "en"),
        ("thx", "en"),
        ("ok, thanks!", "en"),
        ("teşekkürler", "tr"),
        ("tesekkur ederim", "tr"),
        ("sağ ol", "tr"),
        ("谢谢", "zh"),
        ("謝謝你", "zh"),
        ("Vielen Dank", "de"),
        ("muchas gracias", "es"),
        ("ありがとうございます", "ja"),
        ("감사합니다", "ko"),
    ],
)
def test_thanks_in_their_language(message: str, language: str) -> None:
    found = courtesy(message)
    assert found is not None
    assert (found.kind, found.language) == ("thanks", language)


@pytest.mark.parametrize(
    ("message", "language"),
    [
        ("не істей аласың?", "kk"),
        ("ne istei alasyng", "kk"),
        ("Сен кімсің?", "kk"),
        ("кто ты?", "ru"),
        ("Привет! Что ты умеешь?", "ru"),
        ("what can you do?", "en"),
        ("Hi! Who are you?", "en"),
        ("help", "en"),
        ("yardım", "tr"),
        ("你能做什么", "zh"),
    ],
)
def test_a_question_about_the_service_is_a_greeting(message: str, language: str) -> None:
    found = courtesy(message)
    assert found is not None
    assert (found.kind, found.language) == ("greeting", language)


def test_who_greets_and_thanks_is_thanked_for() -> None:
    assert (found := courtesy("Привет, спасибо!")) is not None
    assert found.kind == "thanks"


def test_of_courtesies_in_two_languages_the_first_counts() -> None:
    assert (found := courtesy("Good morning! Сәлеметсіз бе")) is not None
    assert (found.kind, found.language) == ("greeting", "en")


@pytest.mark.parametrize(
    "message",
    [
        "Сәлем! Қазақстан БҰҰ-ға қашан мүше болды?",
        "Hi, when did Kazakhstan join the UN?",
        "Thanks, and what about China?",
        "Спасибо, а с Россией?",
        "Привет мир",
        "hello world",
        "who is he?",
        "what can you do about nuclear weapons?",
        "Көмек туралы не айтылған?",
        "谢谢，那俄罗斯呢？",
        "你好，联合国是什么？",
        "and",
        "что",
        "the",
        "1992",
        "hi 1992",
        "?",
        "👍",
        "",
        " \n",
        "hello " * 60,
    ],
)
def test_what_says_more_than_a_courtesy_or_nothing_is_none(message: str) -> None:
    assert courtesy(message) is None


def test_no_question_that_a_model_is_calibrated_on_and_no_ordinary_sentence_is_a_courtesy(
    real_model: PreparedModel,
) -> None:
    questions = [question.text for question in calibration_questions(real_model.folder)]
    sentences = [text for texts in background_sentences().values() for text in texts]
    assert len(questions) > 100
    assert len(sentences) > 100
    assert [text for text in [*questions, *sentences] if courtesy(text) is not None] == []


def test_a_question_is_found_behind_the_courtesies_before_it() -> None:
    assert beyond_courtesy("Рахмет! Ал Ресеймен ше?") == "Ал Ресеймен ше?"
    assert beyond_courtesy("Hi. Thanks, and what about China?") == "and what about China?"
    assert beyond_courtesy("谢谢！那俄罗斯呢？") == "那俄罗斯呢？"


def test_nothing_is_taken_off_a_question_or_off_a_courtesy_alone() -> None:
    for text in ("Hello world, when was it printed?", "Hi. Thanks!", "Mr. Smith?", "Қазақстан, Ресей, Қытай"):
        assert beyond_courtesy(text) == text
