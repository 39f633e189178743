from __future__ import annotations

from pathlib import Path

import pytest

from qa.language.abbreviations import Abbreviations


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Қазақстан Дүниежүзілік сауда ұйымына (ДСҰ) кірді.", {"ДСҰ": "Дүниежүзілік сауда ұйымына"}),
        ("ДСҰ (Дүниежүзілік сауда ұйымы) 1995 жылы құрылды.", {"ДСҰ": "Дүниежүзілік сауда ұйымы"}),
        ("учредили Международный фонд спасения Арала (МФСА).", {"МФСА": "Международный фонд спасения Арала"}),
        ("the Food and Agriculture Organization (FAO, since 1945)", {"FAO": "Food and Agriculture Organization"}),
        ("Халықаралық валюта және несие қоры (ХВНҚ)", {"ХВНҚ": "Халықаралық валюта және несие қоры"}),
        ("Бұл ұйым (НАТО) басқа нәрсе.", {}),
        ("Ол үйге кетті (сондықтан).", {}),
        ("Мұнай (газ) бар.", {}),
        ("бір сөз (БС)", {"БС": "бір сөз"}),
        ("Сөз (С)", {}),
        ("", {}),
    ],
)
def test_what_a_text_spells_out(text: str, found: dict[str, str]) -> None:
    assert Abbreviations.of_texts([text]).long_forms == found


@pytest.mark.parametrize(
    ("question", "other"),
    [
        ("ДСҰ-ға қашан кірдік?", "Дүниежүзілік сауда ұйымы-ға қашан кірдік?"),
        ("дсұ деген не?", "Дүниежүзілік сауда ұйымы деген не?"),
        ("Дүниежүзілік сауда ұйымына қашан кірдік?", "ДСҰ қашан кірдік?"),
        ("Who is in WHO?", "Who is in World Health Organization?"),
        ("who is there?", None),
        ("Сауда ұйымы ма?", None),
    ],
)
def test_a_question_is_worded_the_other_way(question: str, other: str | None) -> None:
    known = Abbreviations({"ДСҰ": "Дүниежүзілік сауда ұйымы", "WHO": "World Health Organization"})
    assert known.other_wording(question) == other


def test_they_are_saved_and_read_again(tmp_path: Path) -> None:
    known = Abbreviations({"ДСҰ": "Дүниежүзілік сауда ұйымы"})
    known.save(tmp_path / "a.json")
    assert Abbreviations.load(tmp_path / "a.json") == known


def test_of_many_abbreviations_those_that_a_question_names_are_found_in_either_form() -> None:
    letters = "ABCDEFGHIJ"
    many = {f"{a}{b}{c}": f"{a}lpha{a} of {b}eta{b} {c}amma{c}" for a in letters for b in letters for c in letters}
    found = Abbreviations(many)
    assert found.other_wording("What is the BCD?") == "What is the BlphaB of CetaC DammaD?"
    assert found.other_wording("what does blphab of cetac dammading do") == "what does BCD do"
    assert found.other_wording("Of nothing at all") is None
