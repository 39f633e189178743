from __future__ import annotations

import unicodedata
from dataclasses import replace

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from qa.errors import UnknownDocumentError
from qa.indexing.builder import build
from qa.indexing.generation import Generation
from qa.indexing.history import History, Past
from qa.language.cleaning import visible
from qa.language.folding import Folded
from qa.reading import read_corpus
from qa.retrieval.likeness import Rewording, rewordings
from qa.retrieval.quotation import Verdict, verify
from tests.fakes import word_model

TEA = """# Tea

## 1. Past

Caravans brought black tea to the steppe. Camels carried it for many weeks.

## 2. Bowls

People drink\u00a0it from wide bowls. It cafe\u0301 cools.

Camels rest.

[Read more](https://example.org)
"""
MILK = "Milk comes first. Then comes the tea of the steppe, strong and black.\n"


@pytest.fixture(scope="module")
def generation(tmp_path_factory: pytest.TempPathFactory) -> Generation:
    folder = tmp_path_factory.mktemp("quotation")
    (folder / "corpus").mkdir()
    (folder / "corpus" / "tea.md").write_text(TEA, encoding="utf-8")
    (folder / "corpus" / "milk.txt").write_text(MILK, encoding="utf-8")
    built = build(read_corpus(folder / "corpus"), word_model()).generation
    return replace(built, history=History((Past("coffee", "i1", "x", None, "g0"),)))


def place(text: str, inside: str = TEA, after: int = 0) -> tuple[int, int]:
    start = inside.index(text, after)
    return start, start + len(text)


def shown(verdict: Verdict) -> tuple[str, str | None, str | None, tuple[int | None, int | None]]:
    return (
        verdict.status,
        verdict.document.id if verdict.document else None,
        verdict.passage.text[:8] if verdict.passage else None,
        (verdict.start, verdict.end),
    )


SECOND_CAMELS = TEA.index("Camels rest")


@pytest.mark.parametrize(
    ("quote", "start", "expected"),
    [
        ("brought black tea", None, ("verbatim", "tea", "Caravans", place("brought black tea"))),
        ("brought black tea", place("brought")[0], ("verbatim", "tea", "Caravans", place("brought black tea"))),
        ("brought black tea", 3, ("moved", "tea", "Caravans", place("brought black tea"))),
        ("brought black tea", 10**30, ("moved", "tea", "Caravans", place("brought black tea"))),
        # Of several the first, or the nearest to where it stood.
        ("Camels", None, ("verbatim", "tea", "Caravans", place("Camels"))),
        ("Camels", SECOND_CAMELS, ("verbatim", "tea", "Camels r", place("Camels", after=SECOND_CAMELS))),
        ("Camels", SECOND_CAMELS + 2, ("moved", "tea", "Camels r", place("Camels", after=SECOND_CAMELS))),
        ("Camels", SECOND_CAMELS - 2, ("moved", "tea", "Camels r", place("Camels", after=SECOND_CAMELS))),
        ("Camels", place("Camels")[0] + 9, ("moved", "tea", "Caravans", place("Camels"))),
        # A passage comes before a heading, a heading is cited by what stands under it, the rest by nothing.
        ("owls", None, ("verbatim", "tea", "People d", place("owls", after=TEA.index("wide")))),
        ("## 2. Bowls", None, ("verbatim", "tea", "People d", place("## 2. Bowls"))),
        # Over the ends of passages: the one with most of it.
        (
            "many weeks.\n\n## 2. Bowls\n\nPeople drink\u00a0it from wide",
            None,
            ("verbatim", "tea", "People d", place("many weeks.\n\n## 2. Bowls\n\nPeople drink\u00a0it from wide")),
        ),
        # In another document.
        ("Milk comes first.", 0, ("moved", "milk", "Milk com", place("Milk comes first.", MILK))),
    ],
)
def test_what_stands_word_for_word(
    generation: Generation,
    quote: str,
    start: int | None,
    expected: tuple[str, str, str | None, tuple[int, int]],
) -> None:
    assert shown(verify(generation, "tea", quote, start)) == expected


@pytest.mark.parametrize(
    ("quote", "now", "differences"),
    [
        # Only spacing and normalisation differ.
        ("People drink it  from wide bowls.", "People drink\u00a0it from wide bowls.", []),
        ("It café cools", "It cafe\u0301 cools", []),
        ("fé cools", "fe\u0301 cools", []),
        ("black tea to the\nsteppe. Camels", "black tea to the steppe. Camels", []),
        # A word replaced, inside, at the end and at the beginning.
        ("Caravans brought green tea to the steppe.", "Caravans brought black tea to the steppe.", [("green", "black")]),
        ("Caravans brought black tea to Europe.", "Caravans brought black tea to the steppe.", [("Europe.", "the steppe.")]),
        ("Horses carried it for many weeks", "Camels carried it for many weeks", [("Horses", "Camels")]),
        # Added and left out.
        ("Camels carried it for so many weeks.", "Camels carried it for many weeks.", [("so", "")]),
        ("Camels carried it for weeks.", "Camels carried it for many weeks.", [("", "many")]),
        ("They say: Camels carried it for many weeks.", "Camels carried it for many weeks.", [("They say:", "")]),
        # Only marks differ.
        ("Camels, carried it for many weeks", "Camels carried it for many weeks", [("Camels,", "Camels")]),
        # Two sentences.
        (
            "tea to every steppe. Camels carried it for many days.",
            "tea to the steppe. Camels carried it for many weeks.",
            [("every", "the"), ("days.", "weeks.")],
        ),
    ],
)  # fmt: skip
def test_what_reads_otherwise_now(
    generation: Generation, quote: str, now: str, differences: list[tuple[str, str]]
) -> None:
    verdict = verify(generation, "tea", quote)
    assert (verdict.status, verdict.text) == ("changed", now)
    assert [(one.quoted, one.now) for one in verdict.rewordings] == differences
    assert (verdict.start, verdict.end) == place(now)
    assert verdict.passage is not None
    assert verdict.passage.start <= place(now)[0] < verdict.passage.end


def test_a_changed_quote_is_looked_for_in_its_own_document_first(generation: Generation) -> None:
    quote = "Then comes the tea of the desert, strong and black."
    verdict = verify(generation, "tea", quote)
    assert (verdict.status, verdict.document and verdict.document.id) == ("changed", "milk")
    assert verdict.rewordings == (Rewording("desert,", "steppe,"),)
    # Four of six words stand in tea, 8/12, and all but one, 10/12, in milk: its own document is good enough.
    both = "black tea to the hot steppe"
    verdict = verify(generation, "tea", both)
    assert (verdict.document and verdict.document.id, verdict.text) == ("tea", "black tea to the steppe")


@pytest.mark.parametrize(
    "quote",
    [
        "Sugar is not for sale here.",
        "Camels sing.",  # one word of two
        "for many a long and weary year",  # two of seven
        "weeks many for it carried Camels",  # the words without their order
        "...",
        "茶叶",
    ],
)
def test_what_is_gone(generation: Generation, quote: str) -> None:
    assert verify(generation, "tea", quote) == Verdict("gone")


def test_of_a_document_that_once_was(generation: Generation) -> None:
    assert shown(verify(generation, "coffee", "Camels rest", 5))[:3] == ("moved", "tea", "Camels r")
    assert verify(generation, "coffee", "Camels carried it for many days.").status == "changed"
    assert verify(generation, "coffee", "Sugar is not for sale here.") == Verdict("gone")
    with pytest.raises(UnknownDocumentError, match="'sugar'"):
        verify(generation, "sugar", "Camels rest")


PIECES = st.tuples(st.integers(0, len(TEA)), st.integers(1, 60)).map(lambda at: TEA[at[0] : at[0] + at[1]])


@settings(deadline=None)
@given(st.lists(PIECES | st.text(max_size=5), min_size=1, max_size=5).map("".join), st.none() | st.integers(0, 400))
def test_whatever_is_quoted_the_verdict_holds_together(generation: Generation, quote: str, start: int | None) -> None:
    assume(visible(quote))
    verdict = verify(generation, "tea", quote, start)
    if verdict.document is None:
        assert verdict == Verdict("gone")
        assert quote not in TEA
        return
    stretch = verdict.document.text[verdict.start : verdict.end]
    assert stretch
    assert (stretch == quote) == (verdict.status != "changed")
    if verdict.status == "verbatim":
        assert start in (None, verdict.start)
    if verdict.status == "changed":
        assert verdict.text == stretch


@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_folded_text_is_found_in_the_sources_characters(form: str) -> None:
    source = unicodedata.normalize(form, "Ол \u00ad қайта\u00ad  йод.\n\n\u200bЖүй-\nе  é")  # type: ignore[arg-type]
    folded = Folded.of(source)
    assert folded.text == "Ол қайта йод. Жүй- е é"
    for start in range(len(folded.text)):
        for end in range(start + 1, len(folded.text) + 1):
            if " " not in (folded.text[start], folded.text[end - 1]):
                span = folded.find(folded.text[start:end])
                assert span is not None
                assert Folded.of(source[slice(*span)]).text == folded.text[start:end]
    assert folded.find("нет") is None
    assert folded.find("") is None


def test_rewordings_of_texts_that_share_nothing() -> None:
    assert rewordings("one two", "three") == (Rewording("one two", "three"),)
    assert rewordings("same", "same") == ()
