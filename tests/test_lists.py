from __future__ import annotations

import pytest

from qa.indexing.passages import PassagesInMemory
from qa.retrieval.lists import asks_for_several, items_after
from tests.fakes import read

DOCUMENT, READ = read(
    "A title\n\n1. First\n\nThere are kinds:\n\n- one;\n- two.\n\nAfter.\n\n2. Second\n\n- three\n", "a.txt"
)
PASSAGES = PassagesInMemory(READ, {DOCUMENT.id: DOCUMENT})


def test_the_items_of_a_list_follow_what_introduces_it() -> None:
    assert [passage.text for passage in PASSAGES] == ["There are kinds:", "one;", "two.", "After.", "three"]
    assert items_after(PASSAGES, 0).tolist() == [1, 2]
    assert [items_after(PASSAGES, place).tolist() for place in (1, 2, 3, 4)] == [[], [], [], []]


@pytest.mark.parametrize(
    "question",
    [
        "Саясаттың негізгі принциптері қандай?",
        "Ұйымдарды атап бер",
        "Какие реки впадают в озеро?",
        "ПЕРЕЧИСЛИ направления",
        "What are the main rules?",
        "Which countries signed it?",
        "What principles guide it?",
        "Hangi ülkeler üye?",
        "Welche Länder gehören dazu?",
        "它有哪些原则？",
    ],
)
def test_questions_for_several_things(question: str) -> None:
    assert asks_for_several(question)


@pytest.mark.parametrize(
    "question",
    [
        "Қазақстан тәуелсіздігін қашан алды?",
        "Кто первый президент?",
        "When was it signed?",
        "What is it?",
        "What does the plan say?",
        "Üyelik ne zaman başladı?",
        "它什么时候成立？",
    ],
)
def test_questions_for_one_thing(question: str) -> None:
    assert not asks_for_several(question)
