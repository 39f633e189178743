from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qa.language.alignment import align
from qa.language.cleaning import visible
from qa.language.identification import detect_language
from qa.language.sentences import sentence_spans


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("  Қа\u00adзақ\u00a0елі \r\n ", "Қазақ елі"),
        ("и\u0306", "й"),
        ("a\u200bb\u2060c\ufeff", "abc"),
        ("\u202eabc\u202c", "abc"),
        ("a\x00b\tc", "a b c"),
        ("\u200b \u00ad", ""),
        ("می\u200cخواهم", "می\u200cخواهم"),
    ],
)
def test_visible(text: str, shown: str) -> None:
    assert visible(text) == shown


def test_sentences_are_not_cut_at_abbreviations() -> None:
    text = "Ол 1992 ж. БҰҰ-ға кірді, т.б. ұйымдарға да. Бұл маңызды! Неге? Себебі А. Байтұрсынұлы айтқан."
    sentences = [text[start:end] for start, end in sentence_spans(text)]
    assert sentences[1:3] == ["Бұл маңызды!", "Неге?"]
    assert sentences[-1].endswith("айтқан.")


@given(st.text(max_size=300))
def test_sentences_hold_every_visible_character_once_and_in_order(text: str) -> None:
    spans = sentence_spans(text)
    assert "".join("".join(text[s:e].split()) for s, e in spans) == "".join(text.split())
    assert all(a[1] <= b[0] for a, b in pairwise(spans))


def test_long_text_without_a_full_stop_is_cut_in_windows() -> None:
    text = "сөз " * 20_000
    spans = sentence_spans(text)
    assert len(spans) >= 4
    assert sum(end - start for start, end in spans) >= len(text.strip()) - len(spans)


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Қазақстан БҰҰ-ға қашан мүше болды?", "kk"),
        ("Когда Казахстан вступил в ООН?", "ru"),
        ("When did Kazakhstan join the UN?", "en"),
        ("Kazakistan BM'ye ne zaman üye oldu?", "tr"),
        ("哈萨克斯坦什么时候加入联合国？", "zh"),
        ("How do I bake bread?", "en"),
        ("När gick Sverige med i EU?", "sv"),
        ("1992?!", None),
        ("", None),
    ],
)
def test_languages(text: str, language: str | None) -> None:
    assert detect_language(text) == language


def test_alignment_leads_back_through_markup_and_invisible_characters() -> None:
    source = "**Қа\u00adзақ**: [елі](https://example.org/a) и\u0306"
    plain = "Header: Қазақ: елі; й"
    places = align(plain, source)
    assert [places[plain.index(word)] for word in ("Header", "Қазақ", "елі", "й")] == [-1, 2, 13, 41]
    assert align("елі: елі", "елі", skip=4).tolist() == [-1, -1, -1, -1, -1, 0, 1, 2, 3]
    assert source[places[plain.index("елі") + 2]] == "і"
    assert places[-1] == len(source)
