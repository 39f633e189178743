"""How a passage's place on its author's page is spelled."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import unquote

from qa.reading.text_fragment import source_url
from qa.records import Metadata
from tests.fakes import read

LONG = (
    "Бірінші сөйлем ұзақ болып басталады, онда көп сөз бар. Екінші сөйлем де ұзақ, оның да сөзі көп. "
    "Үшіншісі, well-known A&B, осымен аяқталады."
)
TWICE = "Бұл сөйлем екі жерде де тұр."


def addresses(text: str, name: str = "essay.md", url: str | None = "https://site.example/essay") -> list[str | None]:
    document, passages = read(text, name)
    document = replace(document, metadata=Metadata(url=url))
    return [source_url(document, passage) for passage in passages]


def directive(address: str | None) -> str:
    assert address is not None
    return address.partition("#:~:text=")[2]


def test_without_the_authors_page_there_is_no_address() -> None:
    assert addresses("Text.", url=None) == [None]


def test_a_short_passage_is_named_whole_and_its_signs_are_encoded() -> None:
    (address,) = addresses("Well-known, A&B *here*.")
    assert address == "https://site.example/essay#:~:text=Well%2Dknown%2C%20A%26B%20here."


def test_a_long_passage_is_named_by_its_first_and_last_words() -> None:
    (address,) = addresses(LONG)
    assert [unquote(part) for part in directive(address).split(",")] == [
        "Бірінші сөйлем ұзақ болып",
        "well-known A&B, осымен аяқталады.",
    ]
    assert "-" not in directive(address) and "&" not in directive(address)


def test_as_many_words_are_named_as_tell_two_passages_apart() -> None:
    first, second = addresses(f"{LONG}\n\n{LONG.replace('басталады', 'жазылады')}")
    assert unquote(directive(first)).startswith("Бірінші сөйлем ұзақ болып басталады, онда көп сөз,")
    assert unquote(directive(second)).startswith("Бірінші сөйлем ұзақ болып жазылады, онда көп сөз,")


def test_equal_passages_are_told_apart_by_what_stands_around_them() -> None:
    text = f"## One\n\n{TWICE}\n\n1. An item here\n2. {TWICE}\n\nThe end of it."
    first, _, second, _ = addresses(text)
    said = TWICE.replace(" ", "%20")
    assert unquote(directive(first)) == unquote(f"One-,{said},-An item here")
    assert unquote(directive(second)) == unquote(f"An item here-,{said},-The end of")


def test_a_row_is_named_by_its_cells_and_an_item_without_what_introduces_it() -> None:
    row = addresses("| Year | Area | Salt |\n|---|---|---|\n| 1960 | 68 | 10 |\n| 1990 | 36 | 30 |\n")[1]
    assert directive(row) == "1990-,36,30"
    item = addresses("The principles are:\n\n- peace\n- trust\n")[1]
    assert directive(item) == "peace"


def test_an_address_with_a_fragment_keeps_it() -> None:
    assert addresses("Text.", url="https://site.example/a#part") == ["https://site.example/a#part:~:text=Text."]


def test_a_text_of_a_megabyte_is_not_searched() -> None:
    text = f"{TWICE}\n\n" * 40_000
    assert directive(addresses(text)[0]) == directive(addresses(TWICE)[0])
