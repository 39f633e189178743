"""Kazakh in every spelling, word by word and in questions."""

from __future__ import annotations

import pytest

from qa.language.identification import Identification, Spelling, identify
from qa.language.interpretation import interpret
from qa.language.letters import LATIN_SPELLINGS, cyrillic_skeleton, keyboard_fold, latin_skeleton, spelt
from qa.language.lexicon import Lexicon
from qa.language.spelling import kazakh_from_keyboard, kazakh_from_latin, mended
from tests.conftest import ROOT

GENERAL = (Lexicon.general(),)
# A few hundred words that Kazakh texts cannot do without: the list's own, from its middle, where it is no longer sure.
WORDS = [word for word in Lexicon.general().counts if len(word) > 3][300:3300:10]


@pytest.mark.parametrize("spelling", LATIN_SPELLINGS)
def test_words_come_back_from_each_latin_spelling(spelling: str) -> None:
    wrong = [word for word in WORDS if kazakh_from_latin(spelt(word, spelling), GENERAL) != word]
    assert len(wrong) <= 0.03 * len(WORDS), wrong


def test_a_word_spelt_exactly_comes_before_one_of_the_corpus_that_only_resembles_it() -> None:
    corpus = Lexicon.of_texts(["саясатын"])
    assert kazakh_from_latin("saiasattyñ", (corpus, *GENERAL)) == "саясаттың"
    assert kazakh_from_latin("saiasatyn", (corpus, *GENERAL)) == "саясатын"


def test_words_come_back_from_a_russian_keyboard() -> None:
    wrong = [word for word in WORDS if kazakh_from_keyboard(keyboard_fold(word), GENERAL) != word]
    assert len(wrong) <= 0.02 * len(WORDS), wrong


@pytest.mark.parametrize("spelling", LATIN_SPELLINGS)
def test_a_words_skeleton_is_that_of_its_spellings(spelling: str) -> None:
    differing = [word for word in WORDS if latin_skeleton(spelt(word, spelling)) != cyrillic_skeleton(word)]
    # "ng" may be ң or н and г: the one spelling that folds it loses some.
    assert len(differing) <= (0.15 if spelling == "informal-ng" else 0) * len(WORDS), differing


# None of these words is in the general list in this form: beginnings and rules must do.
@pytest.mark.parametrize(
    ("latin", "keyboard", "cyrillic"),
    [
        ("dombyrashylargha", "домбырашыларга", "домбырашыларға"),
        ("kitaphanashynyng", "китапханашынын", "кітапханашының"),
        ("qalalarymyzdaghy", "калаларымыздагы", "қалаларымыздағы"),
    ],
)
def test_unknown_forms_of_words(latin: str, keyboard: str, cyrillic: str) -> None:
    assert kazakh_from_latin(latin, GENERAL) == cyrillic
    assert kazakh_from_keyboard(keyboard, GENERAL) == cyrillic


@pytest.mark.parametrize(
    ("question", "searched"),
    [
        (
            "Qazaqstan Birikken Ulttar Uiymyna qashan mushe boldy?",
            "Қазақстан Біріккен Ұлттар Ұйымына қашан мүше болды?",
        ),
        ("Syrtqy saiasattyñ negızınde ne jatyr?", "Сыртқы саясаттың негізінде не жатыр?"),
        ("EQYŪ degen ne?", "ЕҚЫҰ деген не?"),
        ("Казакстан халыкаралык уйымдарга муше ме?", "Қазақстан халықаралық ұйымдарға мүше ме?"),
        ("Қазақстан қандай ұйымдарға мүше?", "Қазақстан қандай ұйымдарға мүше?"),
        ("Қaзaқстан қай жылы тәуелсіздік алды?", "Қазақстан қай жылы тәуелсіздік алды?"),
    ],
)
def test_questions_are_searched_in_kazakhs_own_letters(question: str, searched: str) -> None:
    essay = Lexicon.of_texts([(ROOT / "corpus" / "kazakh-diplomacy.txt").read_text(encoding="utf-8")])
    found = interpret(question, (essay, Lexicon.general()))
    assert found.language == "kk"
    assert found.text.replace("саясатын ", "саясаттың ") == searched


@pytest.mark.parametrize(
    ("question", "language"),
    [
        ("What should she wish for in the shop?", "en"),
        ("Kazakhstan joins UN", "en"),
        ("Kazakhstan and China", "en"),
        ("Which organisations is Kazakhstan a member of?", "en"),
        ("Когда Казахстан вступил в ООН?", "ru"),
        ("Какие отношения у Казахстана с Китаем?", "ru"),
        ("Kazakistan hangi örgütlere üyedir?", "tr"),
        ("Qozog'iston qaysi tashkilotlarga a'zo?", "uz"),
        ("Wer war der erste Präsident?", "de"),
        ("Кыргызстандын борбор шаары кайсы жана анда канча киши жашайт?", "ky"),
        ("哈萨克斯坦是哪些组织的成员？", "zh"),
        ("كازاخستان عضو في أي منظمات؟", "ar"),
    ],
)
def test_a_question_that_is_not_kazakh_is_left_alone(question: str, language: str) -> None:
    found = interpret(question, GENERAL)
    assert (found.text, found.language) == (question, language)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Қазақстан қашан тәуелсіздік алды?", Spelling.CYRILLIC),
        ("Казакстан кашан тауелсиздик алды?", Spelling.KEYBOARD),
        ("Qazaqstan qashan tauelsizdik aldy?", Spelling.LATIN),
        ("Qazaqstan qaşan täuelsızdık aldy?", Spelling.LATIN),
    ],
)
def test_how_kazakh_was_typed_is_told(text: str, expected: Spelling) -> None:
    assert identify(text) == Identification("kk", expected)


@pytest.mark.parametrize(
    ("text", "clean"),
    [("Aлматы", "Алматы"), ("сaясaт", "саясат"), ("Кazakhstan", "Kazakhstan"), ("COVID-тен", "COVID-тен")],
)
def test_look_alike_letters_are_put_right(text: str, clean: str) -> None:
    assert mended(text) == clean


def test_of_a_large_vocabulary_the_most_frequent_words_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("qa.language.lexicon.MOST_WORDS", 3)
    monkeypatch.setattr("qa.language.lexicon._AT_A_TIME", 10)
    frequent = ["алма алма ағаш ағаш ағаш су су"] * 4
    rare = [f"сөз{first}{second}" for first in "абвгд" for second in "абвгд"]
    assert list(Lexicon.of_texts([*frequent, *rare]).counts) == ["ағаш", "алма", "су"]
