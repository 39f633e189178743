from __future__ import annotations

import re

import pytest

from qa.language.words import bare_words, word_around, word_spans, words_of_tokens


@pytest.mark.parametrize(
    ("text", "piece", "word"),
    [
        ("Қазақстанның астанасы", (0, 5), "Қазақстанның"),
        ("Қазақстанның астанасы", (14, 17), "астанасы"),
        ("БҰҰ-ға мүше", (0, 2), "БҰҰ"),
        ("кофе é\u0301t\u0301", (5, 6), "é\u0301t\u0301"),
        ("一九九二年加入", (2, 4), "九二"),
        ("в 1992 году", (1, 4), "1992"),
    ],
)
def test_a_piece_grows_to_its_word(text: str, piece: tuple[int, int], word: str) -> None:
    start, end = word_around(text, *piece)
    assert text[start:end] == word


def test_tokens_of_one_word_stand_together_and_marks_do_not_count() -> None:
    text = "Ұйым-ға кірді, 联合国?"
    spans = [(0, 2), (2, 4), (4, 5), (5, 7), (7, 10), (10, 13), (13, 14), (14, 15), (15, 16), (16, 18), (18, 19)]
    found = [
        "".join(text[slice(*spans[row])] for row in range(rows.start, rows.stop))
        for rows in words_of_tokens(text, spans)
    ]
    assert found == ["Ұйым", "ға", " кірді", "联", "合国"]


def test_every_word_of_a_text_has_its_tokens() -> None:
    text = "Қай жылы, айтшы: 1991 ме?"
    spans = [match.span() for match in re.finditer(r"\w+|[^\w\s]", text)]
    assert len(words_of_tokens(text, spans)) == 5


@pytest.mark.parametrize(
    ("text", "written", "bare"),
    [
        ("Чай — «это»  не кофе.", ["Чай", "—", "«это»", "не", "кофе."], ["Чай", "это", "не", "кофе"]),
        ("БҰҰ-ға 1992 ж.", ["БҰҰ-ға", "1992", "ж."], ["БҰҰ-ға", "1992", "ж"]),
        ("茶，tea茶。", ["茶", "，tea", "茶", "。"], ["茶", "tea", "茶"]),
        ("cafe\u0301 tea\u00adpot", ["cafe\u0301", "tea\u00adpot"], ["café", "teapot"]),
        (" … ", ["…"], []),
    ],
)
def test_words_as_they_are_written_and_for_comparing(text: str, written: list[str], bare: list[str]) -> None:
    assert [text[start:end] for start, end in word_spans(text)] == written
    assert bare_words(text) == bare
