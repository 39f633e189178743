"""What the encoder's adapter is trained on."""

from __future__ import annotations

import json
import random
from collections import Counter

from qa.language.letters import keyboard_fold
from scripts.training_material import (
    Example,
    TrainingPassage,
    batches,
    held_out,
    read_examples,
    read_passages,
    reserved,
    respelt,
    varied,
)
from scripts.training_text import joined
from tests.conftest import ROOT


def passage(group: str, lang: str = "kk") -> TrainingPassage:
    return TrainingPassage(f"{group}.{lang}", group, lang, f"text of {group} in {lang}")


def test_the_training_text_is_whole_and_nothing_of_it_is_kept_for_evaluation() -> None:
    passages = read_passages()
    examples = read_examples(passages)
    assert len(examples) >= 4000
    assert sum(len(example.unanswered) for example in {one.passage.id: one for one in examples}.values()) >= 700
    documents = {one.passage.document for one in examples}
    assert not [document for document in documents if document.startswith("kq-") and held_out(document)]
    assert not [one for one in documents if one.startswith("news.") and reserved(one.removeprefix("news."))]
    languages = Counter(example.lang for example in examples)
    assert {"kk", "ru", "en", "tr", "zh", "uz", "ky", "az", "de", "fr", "es", "ar"} <= set(languages)
    assert languages["kk"] > 1000


def test_no_question_is_there_twice_nor_in_the_question_sets_of_this_project() -> None:
    rows = (ROOT / "training" / "questions.jsonl").read_text(encoding="utf-8").splitlines()
    own = [json.loads(row)["question"] for row in rows]
    assert len(set(own)) == len(own)
    asked = {json.loads(row)["question"] for row in (ROOT / "tests" / "questions.jsonl").read_text().splitlines()}
    evaluated = (ROOT / "training" / "evaluation.jsonl").read_text(encoding="utf-8").splitlines()
    assert not set(own) & (asked | {json.loads(row)["question"] for row in evaluated})


def test_a_batch_asks_of_each_document_once_and_each_epoch_spreads_the_languages() -> None:
    rows = [Example(f"{lang} {n}", lang, passage(f"d{n % 40}.p")) for n in range(120) for lang in ("kk", "ru")]
    made = batches(varied(rows, [one.passage for one in rows], seed=1), 16)
    assert len(made) >= 13
    for batch in made:
        assert len({example.passage.document for example in batch}) == 16
        assert 3 <= sum(example.lang == "kk" for example in batch) <= 13


def test_some_questions_are_asked_of_a_translation_and_then_its_negatives_are_translated_too() -> None:
    there = [passage("a.0"), passage("a.0", "ru"), passage("b.0"), passage("b.0", "ru")]
    rows = [Example(f"question {n}", "en", there[0], (there[2],)) for n in range(200)]
    found = Counter((one.passage.lang, one.negatives[0].lang) for one in varied(rows, there, seed=3))
    assert set(found) == {("kk", "kk"), ("ru", "ru")}
    assert found["kk", "kk"] > found["ru", "ru"] > 5


def test_a_kazakh_question_is_respelt_as_on_a_russian_keyboard_or_in_latin_letters() -> None:
    chance = random.Random(5)
    found = {respelt("Қазақстан қашан мүше болды?", chance) for _ in range(40)}
    assert keyboard_fold("қазақстан қашан мүше болды?") in found
    assert any("qazaqstan" in one for one in found)


def test_sentences_are_joined_into_passages_and_a_short_rest_joins_the_last() -> None:
    assert joined(["a" * 300, "b" * 300, "c" * 300, "d" * 100]) == [[0, 1], [2, 3]]
    assert joined(["a" * 600, "b" * 600, "c" * 90]) == [[0], [1, 2]]
