from __future__ import annotations

import math
import tracemalloc
from pathlib import Path

import pytest

from qa.indexing.lexical import LexicalIndex, sequences


def test_sequences_are_within_words_folded_and_marked() -> None:
    assert sequences("Қазақ, ол!") == ["<каз", "каза", "азак", "зак>", "<ол>"]
    assert sequences("?!") == []


def test_long_words_have_their_sequences_and_leave_nothing_behind() -> None:
    words = [f"{number:04}" * 250 for number in range(50)]
    assert sequences(words[1])[:3] == ["<000", "0001", "0010"]
    tracemalloc.start()
    try:
        for word in words:
            assert len(sequences(word)) == 999
        left, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert left < 100_000  # one word with its sequences


def test_the_forms_of_a_word_find_it_and_others_do_not(tmp_path: Path) -> None:
    index = LexicalIndex.from_texts(["Қазақстан ұйымға кірді.", "Алма ағашы гүлдеді.", "!"], ["", "Қазақстан", ""])
    for one in (index, _saved(index, tmp_path)):
        body, headings = one.scores("казакстаннын")
        assert body[0] > 0 == body[1] == body[2]
        assert headings[1] > 0 == headings[0]


def test_a_question_that_shares_no_letters_scores_nothing() -> None:
    body, headings = LexicalIndex.from_texts(["Алма"], ["Ағаш"]).scores("UN 联合国")
    assert body.tolist() == headings.tolist() == [0]


def test_scores_are_those_of_bm25() -> None:
    body, _ = LexicalIndex.from_texts(["abcd", "abcd efgh", "wxyz"], ["", "", ""]).scores("efgh")
    # Each of the three sequences of efgh is in one of three texts; Lucene's BM25, k1 1.2, b 0.75, mean length 4.
    idf = math.log(1 + (3 - 1 + 0.5) / (1 + 0.5))
    assert body[1] == pytest.approx(3 * idf / (1 + 1.2 * (0.25 + 0.75 * 6 / 4)), rel=1e-4)


def _saved(index: LexicalIndex, folder: Path) -> LexicalIndex:
    index.save(folder)
    assert not [file for file in folder.rglob("*") if file.suffix in (".pkl", ".pickle")]
    return LexicalIndex.load(folder, 3)
