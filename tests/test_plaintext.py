from __future__ import annotations

import pytest

from tests.conftest import ROOT
from tests.fakes import read, texts

BODY = "Мәтін осында тұр, ол бірнеше сөзден құралған."


def sections(text: str) -> list[tuple[str | None, str | None]]:
    return [(section.number, section.heading) for section in read(text)[0].sections if section.level]


@pytest.mark.parametrize(
    ("line", "number", "heading"),
    [
        ("1. Кіріспе", "1", "Кіріспе"),
        ("2.1 Негізгі бөлік", "2.1", "Негізгі бөлік"),
        ("2.1.3. Негізгі бөлік", "2.1.3", "Негізгі бөлік"),
        ("1.Кіріспе", "1", "Кіріспе"),
        ("1. Кіріспе.", "1", "Кіріспе."),
        ("1. 1990-шы жылдар", "1", "1990-шы жылдар"),
        ("KISIM 1", "1", "KISIM 1"),
        ("IV. Основная часть", "IV", "Основная часть"),
        ("XL. Fortieth", "XL", "Fortieth"),
        ("ІІ. Негізгі бөлік", "ІІ", "Негізгі бөлік"),
        ("Глава 2. Соседи", "2", "Соседи"),
        ("Глава 2", "2", "Глава 2"),
        ("ГЛАВА 3: СОСЕДИ", "3", "СОСЕДИ"),
        ("I бөлім", "I", "I бөлім"),
        ("2-тарау. Көршілер", "2", "Көршілер"),
        ("Chapter 5 — Neighbours", "5", "Neighbours"),
        ("Bölüm 1", "1", "Bölüm 1"),
        ("§ 7. Көршілер", "7", "Көршілер"),
        ("ҚОРЫТЫНДЫ", None, "ҚОРЫТЫНДЫ"),
        ("Сыртқы Саясат", None, "Сыртқы Саясат"),
        ("The Art of War", None, "The Art of War"),
    ],
)
def test_headings_of_every_usual_form(line: str, number: str | None, heading: str) -> None:
    assert sections(f"Тақырып туралы\n\n{line}\n\n{BODY}\n") == [(number, heading)]


@pytest.mark.parametrize(
    "line",
    [
        "1992 жылы ел БҰҰ-ға мүше болды",
        "15 жыл бойы осылай болды",
        "2. бұл тізімнің жалғасы",
        "Глава 2 посвящена соседям",
        "Бұл жай ғана қысқа сөйлем",
        "Сөйлем Нүктемен Аяқталады.",
        "«Дәйексөз Тырнақшада»",
    ],
)
def test_lines_that_only_resemble_headings(line: str) -> None:
    assert sections(f"Тақырып туралы\n\n{BODY}\n\n{line}\n\n{BODY}\n") == []


@pytest.mark.parametrize("line", ["C. Сейфуллин", "MMIX. Rome", "IIX. Rome", "VX. Rome"])
def test_initials_and_what_is_no_roman_numeral_are_no_numbers(line: str) -> None:
    (found,) = sections(f"Тақырып туралы\n\n{line}\n\n{BODY}\n")
    assert found == (("MMIX", "Rome") if line.startswith("MM") else (None, line))


def test_a_heading_that_nothing_follows_is_text() -> None:
    assert texts(read(f"Тақырып туралы\n\n{BODY}\n\nАсан Үсенов\n")[1])[-1] == "Асан Үсенов"


def test_nesting_of_different_numberings() -> None:
    text = f"Глава 1. Начало\n\n1.1. Первое\n\n{BODY}\n\n1.2. Второе\n\n{BODY}\n\nГлава 2. Конец\n\n2.1. Третье\n\n{BODY}\n"
    _, passages = read(text)
    assert [passage.path[1:] for passage in passages] == [
        ("Глава 1. Начало", "1.1. Первое"),
        ("Глава 1. Начало", "1.2. Второе"),
        ("Глава 2. Конец", "2.1. Третье"),
    ]


def test_a_numbered_list_is_no_row_of_headings() -> None:
    text = f"1. Кіріспе\n\n{BODY}\n\nМақсаттар:\n\n1. Бейбітшілік\n2. Тұрақтылық\n3. Даму\n\n2. Қорытынды\n\n{BODY}\n"
    document, passages = read(text)
    assert [section.number for section in document.sections] == ["1", "2"]
    assert [passage.text for passage in passages if passage.kind == "item"] == ["Бейбітшілік", "Тұрақтылық", "Даму"]


def test_numbered_paragraphs_inside_a_section_do_not_count_back() -> None:
    text = f"3. Принциптер\n\n{BODY}\n\n1. Бейбітшілік\n\n{BODY}\n\n2. Тұрақтылық\n\n{BODY}\n"
    assert [number for number, _ in sections(text)] == ["3"]


def test_numbers_without_a_mark_are_headings_where_they_count() -> None:
    assert sections(f"1 Кіріспе\n\n{BODY}\n\n2 Негіз\n\n{BODY}\n") == [("1", "Кіріспе"), ("2", "Негіз")]
    assert read("I Have a Dream\n\nThis speech was given in 1963.\n")[0].title == "I Have a Dream"
    assert ("1", "Мая 1945") not in sections(f"Тақырып туралы\n\n1 Мая 1945\n\n{BODY}\n\n9 Мая 1945\n\n{BODY}\n")


def test_lists_whose_items_end_in_various_ways_are_no_headings() -> None:
    text = f"Эссе\n\n1. Цели\n\nВот они.\n1. Первая цель: мир.\n2. Рост экономики\n3. Образование для всех граждан страны.\n\n2. Итог\n\n{BODY}\n"
    assert sections(text) == [("1", "Цели"), ("2", "Итог")]
    text = f"Эссе\n\n1. Первый вывод такой: надо много и долго работать.\n\n2. Экономика слаба\n\n{BODY}\n\n3. Партия\n\n{BODY}\n"
    assert sections(text) == []


def test_a_table_of_contents_is_dropped_and_told() -> None:
    contents = "1. Введение 3\n1.1. Актуальность ..... 4\n2. Заключение 5\n"
    essay = f"1. Введение\n\n{BODY}\n\n1.1. Актуальность\n\n{BODY}\n\n2. Заключение\n\n{BODY}\n"
    document, passages = read(f"Эссе\n\n{contents}\n{essay}")
    assert [section.number for section in document.sections] == ["1", "1.1", "2"]
    assert [part.reason for part in document.dropped] == ["table of contents"] * 3
    assert len(passages) == 3


def test_numbers_begin_anew_under_capitals() -> None:
    text = f"Сборник\n\nЧАСТЬ ПЕРВАЯ\n\n1. Альфа\n\n{BODY}\n\nЧАСТЬ ВТОРАЯ\n\n1. Гамма\n\n{BODY}\n"
    assert sections(text) == [(None, "ЧАСТЬ ПЕРВАЯ"), ("1", "Альфа"), (None, "ЧАСТЬ ВТОРАЯ"), ("1", "Гамма")]


def test_a_number_alone_takes_the_title_below_it() -> None:
    text = f"Книга\n\nГЛАВА 1\n\nНАЧАЛО ПУТИ\n\n{BODY}\n\nГЛАВА 2\n\nКОНЕЦ ПУТИ\n\n{BODY}\n"
    assert sections(text) == [("1", "НАЧАЛО ПУТИ"), ("2", "КОНЕЦ ПУТИ")]
    assert read(text)[1][1].path == ("Книга", "ГЛАВА 2. КОНЕЦ ПУТИ")


def test_a_list_directly_below_a_long_introduction() -> None:
    text = "Қазақстан\n\nҚазақстанның сыртқы саясатының негізгі басымдықтары мыналар:\n- Қауіпсіздік: елдің тұтастығын сақтау\n- Экономика: инвестиция тарту\n"
    assert [passage.item for passage in read(text)[1]] == [None, "Қауіпсіздік", "Экономика"]


def test_paragraphs_with_an_indented_first_line_are_not_the_last_items() -> None:
    text = "Эссе\n\nЦели:\n\n- мир\n- рост: экономика\n\n\tНовый абзац с красной строки.\n\n\tИ ещё один.\n"
    assert [passage.kind for passage in read(text)[1]] == ["paragraph", "item", "item", "paragraph", "paragraph"]


@pytest.mark.parametrize("mark", ["\uf0b7\t", "○ ", "◆ ", "o\t", "\u200b• "])
def test_marks_of_word_and_of_web_pages(mark: str) -> None:
    _, passages = read(f"Цели туралы\n\nЦели:\n\n{mark}безопасность: да\n{mark}экономика: да\n")
    assert [passage.item for passage in passages] == [None, "безопасность", "экономика"]


def test_lines_that_only_look_empty_are_empty() -> None:
    document, _ = read(f"Эссе\n\u200b\n1. Введение\n\u200b\n{BODY}\n\u200b\n2. Итог\n\u200b\n{BODY}\n")
    assert (document.title, len(document.sections)) == ("Эссе", 2)


def test_a_decomposed_letter_marks_an_item() -> None:
    _, passages = read("Тізім туралы\n\nа) бірінші\ni\u0306) екінші\n".replace("i\u0306", "и\u0306"))
    assert texts(passages) == ["бірінші", "екінші"]


def test_headings_with_their_text_right_below() -> None:
    text = f"1. Кіріспе\n{BODY}\n2. Негізгі бөлік\n{BODY}\n"
    assert sections(text) == [("1", "Кіріспе"), ("2", "Негізгі бөлік")]


def test_an_underlined_line_is_a_heading() -> None:
    document, passages = read(f"Тақырып туралы\n\nКөршілермен байланыс\n--------------------\n\n{BODY}\n")
    assert passages[0].heading == "Көршілермен байланыс"
    assert [part.reason for part in document.dropped] == ["underline of a heading"]


@pytest.mark.parametrize(
    "marker", ["•", "-", "*", "–", "—", "·", "▪", "‣", "+", "1)", "12.", "а)", "ә)", "(3)", "(б)", "iv)"]
)
def test_bullets_of_every_usual_mark(marker: str) -> None:
    text = f"Тақырып туралы\n\nКіріспе сөйлем:\n\n  {marker} Бірінші белгі: алғашқы мәтін.\n  {marker} Екінші белгі: келесі мәтін.\n"
    _, passages = read(text)
    assert texts(passages)[1:] == ["Бірінші белгі: алғашқы мәтін.", "Екінші белгі: келесі мәтін."]
    assert [passage.item for passage in passages] == [None, "Бірінші белгі", "Екінші белгі"]
    assert [passage.anchor for passage in passages] == ["p1", "i1", "i2"]


def test_indented_continuations_belong_to_their_item() -> None:
    text = "Тақырып туралы\n\n• Белгі: бірінші жол,\n  екінші жол.\n\n  Тағы бір абзац.\n• Келесі: мәтін.\n"
    _, passages = read(text)
    assert texts(passages) == ["Белгі: бірінші жол,\n  екінші жол.\n\n  Тағы бір абзац.", "Келесі: мәтін."]


def test_nested_items_carry_the_labels_above_them() -> None:
    _, passages = read("Тақырып туралы\n\n• Еуропа: көршілер.\n   - Франция: ел.\n   - теңіз жоқ\n• Азия: құрлық.\n")
    assert [passage.path[1:] for passage in passages] == [("Еуропа",), ("Еуропа", "Франция"), ("Еуропа",), ("Азия",)]


@pytest.mark.parametrize("text", ["Сағат 10:30 болды.", "Бұл сөйлем. Келесі: мәтін.", "http://example.kz сайты"])
def test_a_colon_alone_makes_no_label(text: str) -> None:
    assert read(f"Тақырып туралы\n\n• {text}\n")[1][0].item is None


def test_lines_wrapped_at_a_width_are_one_paragraph_and_long_lines_are_one_each() -> None:
    wrapped = "Дипломатия — мемлекеттің сыртқы саясатын бейбіт жолмен\nжүзеге асыру өнері. Ол келіссөздерге, шарттарға және\nөзара сенімге сүйенеді."
    one = "Бірінші абзац осында аяқталады."
    two = "Екінші абзац осыдан басталады."
    assert texts(read(f"Тақырып туралы\n\n{wrapped}\n\n{one}\n{two}\n")[1]) == [wrapped, one, two]


def test_an_essay_without_headings_is_a_passage_a_paragraph() -> None:
    document, passages = read("Бірінші абзац осында.\n\nЕкінші абзац осында.\n")
    assert document.title == "Essay"
    assert texts(passages) == ["Бірінші абзац осында.", "Екінші абзац осында."]
    assert {(passage.section, passage.heading, passage.path) for passage in passages} == {(None, None, ("Essay",))}


def test_crlf_soft_hyphens_and_no_break_spaces_do_not_disturb_structure() -> None:
    text = "Тақырып\u00a0туралы\r\n\r\n1.\u00a0Кі\u00adріс\u00adпе\r\n\r\nМәтін ұзақ, ол\r\nекі жолда.\r\n"
    document, passages = read(text)
    assert document.title == "Тақырып туралы"
    assert passages[0].heading == "Кіріспе"
    assert passages[0].text == "Мәтін ұзақ, ол\r\nекі жолда."
    assert passages[0].plain == "Мәтін ұзақ, ол екі жолда."
    assert (passages[0].line_start, passages[0].line_end) == (5, 6)


def test_the_shipped_essay() -> None:
    document, passages = read((ROOT / "corpus" / "kazakh-diplomacy.txt").read_bytes())
    assert document.title == "Қазақ елінің дипломатиялық саясаты"
    assert [section.number for section in document.sections] == ["1", "2", "3", "4", "5", "6", "7"]
    assert len(passages) == 19
    second = next(passage for passage in passages if passage.anchor == "s4.2")
    assert second.label == "§4, Шанхай ынтымақтастық ұйымы (ШЫҰ)"
    assert second.path == (
        document.title,
        "4. Қазақстанның халықаралық ұйымдардағы орны",
        "Шанхай ынтымақтастық ұйымы (ШЫҰ)",
    )
    assert [(part.line_start, part.reason) for part in document.dropped] == [(46, "comment form"), (48, "comment form")]
