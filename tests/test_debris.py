from __future__ import annotations

import pytest

from tests.fakes import read, texts

ESSAY = (
    "Тақырып туралы\n\n1. Кіріспе\n\nБірінші бөлімнің мәтіні осында.\n\n2. Қорытынды\n\nСоңғы бөлімнің мәтіні осында.\n"
)


@pytest.mark.parametrize(
    "tail",
    [
        "Добавить комментарий\n\nВаш адрес email не будет опубликован. Обязательные поля помечены *",
        "Leave a Reply\n\nYour email address will not be published. Required fields are marked *\n\nName *\n\nEmail *\n\nPost Comment",
        "Пікір қалдыру\n\nСіздің email мекенжайыңыз жарияланбайды. Міндетті өрістер * белгіленген",
        "Bir yanıt yazın\n\nE-posta adresiniz yayınlanmayacak. Gerekli alanlar * ile işaretlenmişlerdir",
        "Поделиться в соцсетях:\n\nВКонтакте\nFacebook\nTelegram",
        "Добавить комментарий Отменить ответ\n\nВаш адрес email не будет опубликован.\n\nКомментарий *\n\nИмя *\n\nEmail *\n\nСайт\n\nЭтот сайт использует Akismet для борьбы со спамом.",
        "Share this:\nTwitter\nFacebook",
        "This website uses cookies to improve your experience.\nAccept all",
        "© 2024 Сайт. Все права защищены.",
        "Читайте также:\n\nКак живут соседи\nЧто нового в мире",
    ],
)
@pytest.mark.parametrize("name", ["essay.txt", "essay.md"])
def test_what_a_page_leaves_at_the_end_is_dropped_with_its_reason(tail: str, name: str) -> None:
    essay = ESSAY if name == "essay.txt" else ESSAY.replace("1. К", "## 1. К").replace("2. Қ", "## 2. Қ")
    document, passages = read(f"{essay}\n{tail}\n", name)
    assert passages[-1].text == "Соңғы бөлімнің мәтіні осында."
    dropped = [document.text[part.start : part.end] for part in document.dropped]
    assert dropped == [line.strip() for line in tail.split("\n") if line.strip()]
    assert all(part.reason for part in document.dropped)


@pytest.mark.parametrize("line", ["Leave a Reply", "Добавить комментарий", "Поделиться", "Пікір қалдыру"])
def test_the_same_words_before_the_last_section_are_essay(line: str) -> None:
    document, _ = read(ESSAY.replace("\n2. ", f"\n{line}\n\n2. "))
    assert document.dropped == ()


@pytest.mark.parametrize("name", ["essay.txt", "essay.md"])
def test_an_essay_without_numbers_whose_lines_are_short_keeps_all_its_sections(name: str) -> None:
    wrapped = (
        "Дипломатия — мемлекеттің сыртқы саясатын бейбіт жолмен\nжүзеге асыру өнері, ол ұзақ келіссөздерге сүйенеді."
    )
    under = "\n----------" if name == "essay.md" else ""
    parts = [f"{heading}{under}\n\n{wrapped}" for heading in ("САЯСАТ", "Leave a Reply", "ЭКОНОМИКА")]
    document, passages = read("Тақырып туралы\n\n" + "\n\n".join(parts) + "\n", name)
    assert document.dropped == () or {part.reason for part in document.dropped} == {"markup without text"}
    assert len([passage for passage in passages if "Дипломатия" in passage.text]) == 3


@pytest.mark.parametrize(
    "line",
    [
        "Поделиться опытом с соседями важно для нас.",
        "Share the burden with others, said the poet.",
        "Copyright law is another matter.",
        "- Shared history and values",
        "- Name",
        "Файлы cookie следят за каждым.",
        "Paylaşmak insanı mutlu eder.",
        "По плану страна собирается удвоить долю\nshare of renewable energy.",
        "- X",
        "Ыстық шаймен бөлісу — ескі дәстүр.",
    ],
)
def test_an_ordinary_last_line_is_essay(line: str) -> None:
    document, passages = read(f"{ESSAY}\n{line}\n")
    assert document.dropped == ()
    assert passages[-1].text == line.removeprefix("- ")


@pytest.mark.parametrize("widget", ["Read more", "Читайте также:", "More from the centre"])
def test_links_between_paragraphs_do_not_end_the_essay(widget: str) -> None:
    text = f"Тақырып туралы\n\n{widget}\n\nOne short paragraph follows.\n\nAnd another one comes.\n"
    document, _ = read(text)
    assert document.dropped == ()
    text = "Тақырып туралы\n\nThe regions got\nmore from the centre.\nThen the crisis came and they lost.\n"
    assert read(text)[0].dropped == ()


def test_prose_after_a_form_is_kept_with_the_form() -> None:
    prose = "Автор осы жерде сөзін жалғастырып, оқырманға ұзақ әрі мазмұнды ой айтады. " * 4
    document, passages = read(f"{ESSAY}\nLeave a Reply\n\n{prose}\n")
    assert document.dropped == ()
    assert passages[-1].text == prose.strip()


def test_an_essay_of_nothing_but_such_words_keeps_its_first_line() -> None:
    assert texts(read("Leave a Reply\n\nShare\n")[1]) == ["Leave a Reply"]
