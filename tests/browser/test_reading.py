"""The reading page in a browser: what is cited is in view and marked, and nothing in an essay can harm the page."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote, urlencode, urlsplit

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import PHONE, Opening, violations
from tests.conftest import environment, eventually, serving

DESK = {"viewport": {"width": 1280, "height": 860}}
TOKEN = "the token of the owner"
HOSTILE = (
    "<script>document.title='stolen'</script> жазба\n\n"
    "1. Бөлім <img src=x onerror=document.title='stolen'>\n\n"
    "</article></main><script>document.title='stolen'</script><h1>Жалған</h1> деп жазды автор.\n\n"
    "Мына сөйлем \u202eкері оқылады\u2066 және ешқашан жабылмайды.\n\n"
    "Emoji 😀👩\u200d👩\u200d👧 мен 𠀋𠀌 таңбалары. Оларды дәл белгілеу керек. Соңғы сөйлем.\n\n"
    "2. Ұзын\n\n" + "сөз " * 10_000 + "\n\n" + "ж" * 3000 + "\n\n3. Соңы\n\nБітті.\n"
)
HEBREW = "# עברית\n\n## כלים\n\nהתה הגיע לערבה עם שיירות.\n\n- **ספל**: קטן.\n"
TABLE = f"# Addresses\n\n| Name | Where it can be found |\n|---|---|\n| Abai | https://essay.example/{'a' * 300} |\n"
NEWS = "# News\n\n## 1. First\n\nThe first thing happened.\n\n## 2. Second\n\nThe second thing followed it.\n"


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[httpx.Client, Path]]:
    """A service whose corpus tests may change, and that corpus."""
    folder = tmp_path_factory.mktemp("reading")
    corpus = folder / "corpus"
    corpus.mkdir()
    for name, text in (
        ("hostile.txt", HOSTILE),
        ("hebrew.md", HEBREW),
        ("news.md", NEWS),
        ("table.md", TABLE),
        ("other.txt", "Other.\n"),
    ):
        (corpus / name).write_text(text, encoding="utf-8")
    with serving(environment(folder, QA_CORPUS_DIR=str(corpus), QA_ADMIN_TOKEN=TOKEN)) as client:
        yield client, corpus


def rebuild(client: httpx.Client) -> None:
    before = client.get("/index").json()["generation"]
    assert client.post("/index/rebuild", headers={"Authorization": f"Bearer {TOKEN}"}).status_code == 202
    eventually(lambda: client.get("/livez").headers["x-index-generation"] != before, 30)


def address(client: httpx.Client, document: str, anchor: str = "", **offsets: int) -> str:
    query = f"?{urlencode(offsets)}" if offsets else ""
    return f"{str(client.base_url).rstrip('/')}/read/{document}{query}" + (f"#{quote(anchor)}" if anchor else "")


def in_view(page: Page, selector: str) -> bool:
    """Whether all of an element is on the screen, below the bar."""
    found: bool = page.evaluate(
        "selector => { const box = document.querySelector(selector).getBoundingClientRect();"
        "const bar = document.querySelector('.bar').getBoundingClientRect();"
        "return box.top >= Math.max(0, bar.bottom) && box.bottom <= innerHeight && box.height > 0; }",
        selector,
    )
    return found


def background(page: Page, selector: str) -> str:
    return str(page.evaluate("one => getComputedStyle(document.querySelector(one)).backgroundColor", selector))


def by_id(anchor: str) -> str:
    return f'[id="{anchor}"]'


def marks(page: Page) -> list[str]:
    return page.locator("article mark").all_text_contents()


@pytest.mark.parametrize(
    "settings", [DESK, PHONE, {**DESK, "java_script_enabled": False}], ids=["desk", "phone", "plain"]
)
def test_an_anchor_brings_its_passage_into_view_and_marks_it(
    service: httpx.Client, opening: Opening, settings: dict[str, Any]
) -> None:
    page = opening(**settings)
    page.goto(address(service, "kazakh-diplomacy", "s4.2"))
    assert page.locator(by_id("s4.2")).text_content().startswith("Шанхай ынтымақтастық ұйымы (ШЫҰ)")  # type: ignore[union-attr]
    assert in_view(page, by_id("s4.2"))
    assert background(page, by_id("s4.2")) != background(page, by_id("s4.1")) == "rgba(0, 0, 0, 0)"


def test_the_answers_sentence_is_marked_and_brought_into_view_without_an_anchor(
    service: httpx.Client, page: Page
) -> None:
    answer = service.post("/ask", json={"question": "ШЫҰ не үшін құрылған?"}).json()["answer"]
    page.goto(address(service, "kazakh-diplomacy", start=answer["start"], end=answer["end"]))
    assert marks(page) == [answer["text"]]
    assert in_view(page, "article mark")
    # An anchor elsewhere is what the reader asked for.
    page.goto(address(service, "kazakh-diplomacy", "s1", start=answer["start"], end=answer["end"]))
    assert marks(page) == [answer["text"]]
    assert in_view(page, "#s1")
    assert not in_view(page, "article mark")


def test_without_scripts_the_sentence_is_marked_and_its_passage_in_view(
    service: httpx.Client, opening: Opening
) -> None:
    reply = service.post("/ask", json={"question": "ШЫҰ не үшін құрылған?"}).json()
    answer, anchor = reply["answer"], reply["passages"][0]["citation"]["anchor"]
    page = opening(**PHONE, java_script_enabled=False)
    page.goto(address(service, "kazakh-diplomacy", anchor, start=answer["start"], end=answer["end"]))
    assert marks(page) == [answer["text"]]
    assert in_view(page, "article mark")


def test_astral_characters_and_the_end_of_a_passage_are_marked_to_the_letter(
    own: tuple[httpx.Client, Path], page: Page
) -> None:
    client, _ = own
    text = client.get("/documents/hostile/text").text
    start, end = text.index("𠀌"), text.index(" Соңғы сөйлем")
    page.goto(address(client, "hostile", start=start, end=end))
    assert marks(page) == ["𠀌 таңбалары. Оларды дәл белгілеу керек."]
    start, end = text.index("ешқашан"), text.index("👩")
    page.goto(address(client, "hostile", start=start, end=end))
    assert marks(page) == ["ешқашан жабылмайды.", "Emoji 😀"]


def current(page: Page) -> list[str]:
    return page.locator(".contents.beside [aria-current]").all_text_contents()


def test_the_contents_lead_there_and_follow_the_reader(service: httpx.Client, page: Page) -> None:
    page.goto(address(service, "kazakh-diplomacy"))
    assert current(page) == []
    contents = page.get_by_role("navigation", name="Мазмұны")
    for name, anchor in (("5. ", "s5"), ("ЕҚЫҰ", "s4.3"), ("1. Кіріспе", "s1")):
        link = contents.get_by_role("link").filter(has_text=name).first
        link.click()
        assert urlsplit(page.url).fragment == anchor
        assert in_view(page, by_id(anchor))
        expect(link).to_have_attribute("aria-current", "location")
        assert len(current(page)) == 1
    page.mouse.move(800, 400)
    page.evaluate("document.getElementById('s3.3').scrollIntoView()")
    expect(page.locator(".contents.beside [aria-current]")).to_contain_text("Қытаймен")
    # The last section is too short to come up to where the others are read.
    page.mouse.wheel(0, 20_000)
    expect(page.locator(".contents.beside [aria-current]")).to_contain_text("7. ")


def test_by_keyboard_alone(service: httpx.Client, page: Page) -> None:
    page.goto(address(service, "kazakh-diplomacy"))
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Мазмұнға өту")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()
    # The next stop is the first heading's own link, seen only now.
    page.keyboard.press("Tab")
    sign = page.get_by_role("link", name="Сілтеме: 1. Кіріспе")
    expect(sign).to_be_focused()
    assert sign.evaluate("one => getComputedStyle(one).opacity") == "1"
    page.keyboard.press("Enter")
    assert urlsplit(page.url).fragment == "s1"
    page.keyboard.press("Home")
    page.get_by_role("searchbox", name="Сұрағыңыз").focus()
    page.keyboard.type("ШЫҰ не үшін құрылған?")
    page.keyboard.press("Enter")
    # To its end: a browser that is closed while it goes to a page may never say that it is.
    page.wait_for_url(lambda url: urlsplit(url).path == "/ask")
    assert parse_qs(urlsplit(page.url).query) == {"q": ["ШЫҰ не үшін құрылған?"]}


def test_on_a_phone_the_contents_fold_and_nothing_is_wider_than_the_screen(
    service: httpx.Client, own: tuple[httpx.Client, Path], opening: Opening
) -> None:
    page = opening(**{**PHONE, "viewport": {"width": 360, "height": 740}})
    page.goto(address(service, "kazakh-diplomacy"))
    assert not page.locator(".contents.beside").is_visible()
    entry = page.locator(".contents.above").get_by_role("link").filter(has_text="5. ")
    expect(entry).to_be_hidden()
    page.get_by_text("Мазмұны", exact=True).and_(page.locator("summary")).tap()
    expect(entry).to_be_visible()
    entry.tap()
    expect(entry).to_be_hidden()
    assert in_view(page, "#s5")
    for url in (address(service, "kazakh-diplomacy"), address(service, "tea"), address(own[0], "hostile")):
        page.goto(url)
        assert page.evaluate("document.documentElement.scrollWidth") == 360


@pytest.mark.parametrize("document", ["kazakh-diplomacy", "tea"])
@pytest.mark.parametrize("settings", [DESK, PHONE], ids=["desk", "phone"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_keeps_anyone_from_reading(
    service: httpx.Client, opening: Opening, document: str, settings: dict[str, Any], scheme: str
) -> None:
    page = opening(**settings, color_scheme=scheme)
    anchor = "s4.2" if document == "kazakh-diplomacy" else "s-сорта.1"
    page.goto(address(service, document, anchor, start=60, end=400))
    assert violations(page) == []
    bright = sum(int(part) for part in background(page, "body").strip("rgb()").split(",")) > 3 * 128
    assert bright == (scheme == "light")


def test_a_table_has_rows_and_headers_that_a_screen_reader_tells(service: httpx.Client, page: Page) -> None:
    page.goto(address(service, "tea"))
    table = page.get_by_role("table")
    assert table.get_by_role("columnheader").all_inner_texts() == ["Сорт", "Вкус"]
    assert [one.strip() for one in table.get_by_role("row").nth(2).get_by_role("cell").all_inner_texts()] == [
        "Цейлонский",
        "мягкий1",
    ]
    table.get_by_role("link", name="1").click()
    assert in_view(page, ".footnote")
    assert page.get_by_role("listitem").filter(has_text="жаровой").first.inner_text() == "жаровой, на углях;"


@pytest.mark.parametrize("width", [320, 1280])
def test_a_long_address_in_a_table_makes_no_page_wider_than_the_screen(
    own: tuple[httpx.Client, Path], opening: Opening, width: int
) -> None:
    client, _ = own
    page = opening(viewport={"width": width, "height": 700})
    page.goto(address(client, "table"))
    assert page.evaluate("document.documentElement.scrollWidth") == width
    # What is not so long stays in one line.
    lines = page.get_by_role("cell", name="Abai").evaluate(
        "one => { const range = document.createRange(); range.selectNodeContents(one);"
        "return new Set([...range.getClientRects()].filter((one) => one.width).map((one) => one.top)).size; }"
    )
    assert lines == 1


def test_on_paper_there_is_the_essay_alone(service: httpx.Client, opening: Opening) -> None:
    page = opening(**DESK, color_scheme="dark")
    page.goto(address(service, "kazakh-diplomacy", "s4.2"))
    page.emulate_media(media="print")
    for chrome in (".bar", ".contents.beside", ".contents.above", ".notice", ".to >> nth=0"):
        expect(page.locator(chrome)).to_be_hidden()
    assert page.evaluate("getComputedStyle(document.querySelector('.essay')).color") == "rgb(0, 0, 0)"
    assert background(page, by_id("s4.2")) == "rgba(0, 0, 0, 0)"
    assert page.evaluate("getComputedStyle(document.querySelector('.heading'), '::after').content") == '"§1"'
    source = service.get("/documents/kazakh-diplomacy").json()["source_sha256"]
    expect(page.locator(".printed")).to_contain_text(source[:12])
    assert page.pdf().startswith(b"%PDF")


def test_a_hostile_essay_is_text(own: tuple[httpx.Client, Path], page: Page) -> None:
    client, _ = own
    page.goto(address(client, "hostile"))
    assert page.title().startswith("<script>document.title='stolen'</script> жазба")
    assert page.locator("article script, article img").count() == 0
    assert page.locator("h1").count() == 1
    expect(page.locator("article").get_by_text("</article></main><script>", exact=False)).to_be_visible()
    expect(page.locator("h2").first).to_have_text("1. Бөлім <img src=x onerror=document.title='stolen'>")
    # An override that is never closed turns nothing beyond its own paragraph.
    after = page.evaluate(
        "() => { const text = document.getElementById('s1.p3').firstChild; const range = document.createRange();"
        "const at = place => { range.setStart(text, place); range.setEnd(text, place + 1);"
        "return range.getBoundingClientRect().left; }; return [at(0), at(1)]; }"
    )
    assert after[0] < after[1]
    listed = client.get("/documents/hostile/passages").json()["passages"]
    assert page.locator("article .passage").all_text_contents() == [one["text"] for one in listed]
    long = page.locator(".block").filter(has_text="сөз сөз")
    assert long.count() == 1
    assert long.locator(".passage").count() > 30
    last = long.locator(".passage").last
    page.goto(address(client, "hostile", str(last.get_attribute("id"))))
    assert page.evaluate("document.querySelector(':target').getBoundingClientRect().top < innerHeight")
    assert background(page, ":target") != "rgba(0, 0, 0, 0)"


def test_an_essay_from_right_to_left_turns_itself_and_not_the_page(own: tuple[httpx.Client, Path], page: Page) -> None:
    page.goto(address(own[0], "hebrew"))
    directions = page.evaluate(
        "['html', 'h1', '.heading', '.block.paragraph', '.block.item'].map("
        "one => getComputedStyle(document.querySelector(one)).direction)"
    )
    assert directions == ["ltr", "rtl", "rtl", "rtl", "rtl"]
    assert violations(page) == []


def test_an_open_page_says_so_when_its_own_essay_changed(own: tuple[httpx.Client, Path], page: Page) -> None:
    client, corpus = own
    page.goto(address(client, "news", "s1.p1", start=20, end=30))
    assert marks(page)
    page.evaluate("document.getElementById('main').dataset.every = '0.1'")
    (corpus / "other.txt").write_text("Another.\n", encoding="utf-8")
    rebuild(client)
    generation = client.get("/livez").headers["x-index-generation"]
    with page.expect_response(lambda one: one.url.endswith("/documents/news/text")) as asked:
        page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    assert asked.value.headers["x-index-generation"] == generation
    # Two more looks, and still nothing to say: the text is the one that is shown.
    for _ in range(2):
        page.wait_for_event("response", lambda one: one.url.endswith("/livez"))
    notice = page.get_by_role("status")
    expect(notice).to_be_empty()
    (corpus / "news.md").write_text(NEWS.replace("## 1. First\n\nThe first thing happened.\n\n## 2.", "## 1."), "utf-8")
    rebuild(client)
    expect(notice).to_contain_text("Эссе мәтіні өзгерді.")
    assert violations(page) == []
    # The offsets were the former text's; the anchor leads to what stands there now.
    page.get_by_role("button", name="Жаңа мәтінді ашу").click()
    expect(page.locator(by_id("s1.p1"))).to_have_text("The second thing followed it.")
    assert (marks(page), urlsplit(page.url).query) == ([], "")
    expect(page.get_by_role("status")).to_be_empty()
    # An old link, whose anchor this page has no more, finds the passage that it meant.
    page.goto(address(client, "hebrew"))
    page.goto(address(client, "news", "s2.p1"))
    page.wait_for_url("**/read/news#s1.p1")
    assert in_view(page, by_id("s1.p1"))
