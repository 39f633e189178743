"""The owner's page in a real browser: a service with a token, real builds, and files that change on the disk."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Page, expect

from qa.indexing.store import IndexStore
from tests.browser.conftest import PHONE, Opening, violations
from tests.conftest import ROOT, environment, run_qa, serving

TOKEN = "тоқен-0123456789-abcd"
GATE = [
    {"id": "cup", "question": "Какая чашка не имеет ручки?", "section": "Посуда", "contains": "чашка без ручки"},
    {"id": "pot", "question": "В каком сосуде кипятят воду?", "section": "Посуда", "contains": "кипятят воду"},
    {"id": "taste", "question": "Какой вкус у индийского чая?", "section": "Сорта", "contains": "Индийский"},
]
REPORT = "<!doctype html><title>How well</title><style>h1 { color: rgb(1, 2, 3) }</style><h1>0.93</h1>"
NONSENSE = "How do I replace the brake pads of a car?"
HOSTILE = "<img src=x onerror=alert(1)> \u202eтүн\u202c"
WIDE = {"locale": "en-GB", "viewport": {"width": 1280, "height": 900}}


@dataclass
class Owner:
    """A service, its corpus, and how its page is opened."""

    client: httpx.Client
    corpus: Path
    index: Path
    opening: Opening

    def page(self, *, may_fail: tuple[str, ...] = (), **settings: object) -> Page:
        page = self.opening(may_fail=may_fail, **{**WIDE, **settings})
        page.goto(f"{self.client.base_url}/admin")
        return page

    def signed_in(self, *, may_fail: tuple[str, ...] = (), **settings: object) -> Page:
        page = self.page(may_fail=may_fail, **settings)
        page.locator("#token").fill(TOKEN)
        page.locator("#signing-in button").click()
        expect(page.locator("#documents table")).to_be_visible()
        expect(page.locator("#generations table")).to_be_visible()
        return page

    def held_up(self) -> AbstractContextManager[None]:
        """Builds wait until the block ends: else a small one is over before a page can show it."""
        return IndexStore(self.index).building(lambda _: None)

    def documents(self) -> dict[str, dict[str, Any]]:
        return {one["id"]: one for one in self.client.get("/documents").json()["documents"]}


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[httpx.Client, Path]]:
    folder = tmp_path_factory.mktemp("owner")
    corpus = folder / "corpus"
    shutil.copytree(ROOT / "tests" / "essays", corpus)
    (corpus / "picture.txt").write_bytes(b"\x89PNG\r\n\x1a\n\0\0\0")
    (folder / "report.html").write_text(REPORT, encoding="utf-8")
    lines = [
        json.dumps(
            {"id": one["id"], "lang": "ru", "kind": "fact", "question": one["question"]}
            | {"gold": [{"section": one["section"], "contains": one["contains"]}]}
        )
        for one in GATE
    ]
    (folder / "gate.jsonl").write_text("\n".join(lines), encoding="utf-8")
    env = environment(
        folder,
        QA_CORPUS_DIR=str(corpus),
        QA_ADMIN_TOKEN=TOKEN,
        QA_UNANSWERED="memory",
        QA_REPORT=str(folder / "report.html"),
        QA_GATE=str(folder / "gate.jsonl"),
        QA_KEEP_GENERATIONS="50",
    )
    assert run_qa("index", "build", env=env).returncode == 0
    # So that there are two generations: the service builds before it serves.
    shutil.copy(ROOT / "corpus" / "kazakh-diplomacy.txt", corpus)
    with serving(env) as client:
        yield client, corpus


@pytest.fixture
def owner(running: tuple[httpx.Client, Path], opening: Opening) -> Owner:
    client, corpus = running
    return Owner(client, corpus, corpus.parent / "index", opening)


@contextmanager
def publishing(page: Page) -> Iterator[None]:
    """What is done within leads to a build; after it the page shows another index, which is that of the documents."""
    before = page.locator("#index-facts code").inner_text()
    yield
    expect(page.locator("#index-facts code")).not_to_have_text(before, timeout=30_000)
    expect(page.locator("#outcome")).to_contain_text("The new index is live.")
    expect(page.locator("#staleness")).to_have_text("The index holds the documents as they are now.")


def test_where_no_token_is_set_the_page_says_that_it_is_off_and_how_to_turn_it_on(
    service: httpx.Client, opening: Opening
) -> None:
    page = opening(locale="en-GB")
    page.goto(f"{service.base_url}/admin")
    expect(page.locator("main")).to_contain_text("Administration over HTTP is off")
    expect(page.locator("pre")).to_contain_text("export QA_ADMIN_TOKEN=")
    expect(page.locator("input")).to_have_count(0)
    assert violations(page) == []


def test_without_scripts_it_says_that_it_needs_them(owner: Owner) -> None:
    page = owner.page(java_script_enabled=False)
    expect(page.locator("noscript p")).to_contain_text("This page needs scripts.")
    expect(page.locator("#token")).to_be_hidden()
    expect(page.locator("#panel")).to_be_hidden()


def test_a_wrong_token_is_told_in_words_and_the_right_one_is_kept_for_the_tab_alone(owner: Owner) -> None:
    page = owner.page(may_fail=("401",), locale="kk-KZ")
    page.keyboard.press("Tab")  # to where the page begins
    for _ in range(4):
        page.keyboard.press("Tab")  # the service's name and the languages
    page.keyboard.press("Tab")
    expect(page.locator("#token")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#refusal")).to_have_text("Алдымен токенді енгізіңіз.")
    page.keyboard.type(f"{TOKEN}x")
    page.keyboard.press("Enter")
    expect(page.locator("#refusal")).to_contain_text("Токен дұрыс емес.")
    expect(page.locator("#panel")).to_be_hidden()
    expect(page.locator("#token")).to_be_focused()
    page.keyboard.type(TOKEN)
    page.keyboard.press("Enter")
    expect(page.locator("#documents table")).to_be_visible()
    expect(page.locator("#title")).to_be_focused()

    kept = page.evaluate("[Object.values(sessionStorage), Object.values(localStorage), document.cookie]")
    assert kept == [[TOKEN], [], ""]
    assert TOKEN not in page.content()
    page.reload()
    expect(page.locator("#documents table")).to_be_visible()
    page.get_by_role("button", name="Шығу").press("Enter")
    expect(page.locator("#refusal")).to_contain_text("токен өшірілді")
    expect(page.locator("#documents")).to_be_empty()
    assert page.evaluate("sessionStorage.length") == 0
    page.reload()
    expect(page.locator("#token")).to_be_visible()


def test_where_nothing_may_be_kept_the_token_lasts_as_long_as_the_page(owner: Owner) -> None:
    page = owner.page(locale="en")
    page.add_init_script("Object.defineProperty(window, 'sessionStorage', { get() { throw new Error('refused'); } });")
    page.reload()
    page.locator("#token").fill(TOKEN)
    page.keyboard.press("Enter")
    expect(page.locator("#documents table")).to_be_visible()
    page.locator("#sign-out").click()
    expect(page.locator("#documents")).to_be_empty()
    expect(page.locator("#token")).to_be_focused()


def test_a_token_that_is_taken_no_longer_leads_back_to_the_form(owner: Owner) -> None:
    page = owner.signed_in(may_fail=("401",))
    page.evaluate("sessionStorage.setItem('suraq-admin-token', 'of-yesterday')")
    page.locator("#rebuild").click()
    expect(page.locator("#refusal")).to_have_text("The service no longer takes this token. Sign in again.")
    expect(page.locator("#panel")).to_be_hidden()


def test_a_file_that_is_edited_on_the_disk_is_told_of_and_built_by_the_keyboard_with_progress(owner: Owner) -> None:
    (owner.corpus / "river.txt").write_text("Өзен туралы эссе. Ертіс солтүстікке ағады.\n", encoding="utf-8")
    letter = owner.corpus / "letter.txt"
    letter.write_text(letter.read_text(encoding="utf-8").replace("суық", "жылы"), encoding="utf-8")
    page = owner.signed_in()
    expect(page.locator("#staleness")).to_contain_text("The documents have changed since the index was built.")
    expect(page.locator("#staleness dl")).to_have_text("Addedriver.txtChangedletter.txt")
    page.evaluate(
        """() => {
            window.told = [];
            new MutationObserver(() => window.told.push(document.getElementById("phase").textContent))
                .observe(document.getElementById("phase"), {childList: true});
        }"""
    )
    with publishing(page), owner.held_up():
        page.locator("#rebuild").press("Enter")
        expect(page.locator("#progress")).to_be_visible()
        expect(page.locator("#phase")).to_have_text("Waiting for the build before it")
    expect(page.locator("#progress")).to_be_hidden()
    expect(page.locator("#news")).to_contain_text("The new index is live.")
    expect(page.locator("#documents")).to_contain_text("river.txt")
    told = page.evaluate("window.told")
    assert {"Waiting for the build before it", "The new index is live."} <= set(told)
    assert len(set(told)) > 2, told
    expect(page.locator("#rebuild")).to_be_enabled()


def test_a_build_is_followed_by_asking_where_no_stream_gets_through(owner: Owner) -> None:
    (owner.corpus / "lake.txt").write_text("Көл туралы эссе. Балқаштың жартысы тұщы.\n", encoding="utf-8")
    page = owner.signed_in(may_fail=("ERR_FAILED",))
    page.route("**/events", lambda route: route.abort())
    with publishing(page):
        page.locator("#rebuild").click()
    expect(page.locator("#documents")).to_contain_text("lake.txt")


def test_a_build_that_runs_already_is_followed_when_the_page_is_opened(owner: Owner) -> None:
    (owner.corpus / "hill.txt").write_text("Төбе туралы эссе.\n", encoding="utf-8")
    headers = {b"Authorization": f"Bearer {TOKEN}".encode(), b"Content-Type": b"application/json"}
    with owner.held_up():
        owner.client.post("/index/rebuild", headers=headers, content=b"{}").raise_for_status()
        page = owner.signed_in()
        expect(page.locator("#progress")).to_be_visible()
    expect(page.locator("#outcome")).to_contain_text("The new index is live.", timeout=30_000)
    expect(page.locator("#documents")).to_contain_text("hill.txt")


def test_a_document_is_uploaded_replaced_kept_from_a_lost_update_and_deleted(owner: Owner, tmp_path: Path) -> None:
    page = owner.signed_in(may_fail=("412", "422"))
    refusal = page.locator("#editing-refusal")
    page.locator("#editor-title").click()
    page.locator("#editing button.primary").click()
    expect(refusal).to_have_text("Give the document a name.")
    page.locator("#document-id").fill("letter")
    page.locator("#editing button.primary").click()
    expect(refusal).to_have_text("There is no text: choose a file or type it.")
    page.locator("#document-text").fill("Another letter.")
    page.locator("#editing button.primary").click()
    expect(refusal).to_contain_text("There is a document of this name already.")
    page.locator("#document-id").fill("../letter")
    page.locator("#editing button.primary").click()
    expect(refusal).to_have_text("No part of the name may begin with a dot.")
    page.locator("#document-id").fill("~letter")
    page.locator("#editing button.primary").click()
    expect(refusal).to_contain_text("The service refused: ")
    page.locator("#editing-cancel").click()

    upload = tmp_path / "horses.md"
    upload.write_text("# Жылқы\n\n## Күй\n\nЖылқы туралы күй көп.\n", encoding="utf-8")
    page.locator("#editor-title").click()
    page.locator("#document-file").set_input_files(upload)
    expect(page.locator("#document-id")).to_have_value("horses")
    with publishing(page):
        page.locator("#editing button.primary").click()
    assert (owner.corpus / "horses.md").read_bytes() == upload.read_bytes()
    row = page.locator("#documents tbody tr", has_text="horses.md")
    expect(row).to_contain_text("Жылқы")

    row.get_by_role("button", name="Replace").click()
    expect(page.locator("#editor-title")).to_have_text("Replacing the document: horses.md")
    expect(page.locator("#document-text")).to_have_value(upload.read_text(encoding="utf-8"))
    expect(page.locator("#document-text")).to_be_focused()
    page.locator("#document-text").fill("# Жылқы\n\n## Күй\n\nЖылқы туралы күй өте көп.\n")
    with publishing(page):
        page.locator("#editing button.primary").click()
    assert "өте көп" in (owner.corpus / "horses.md").read_text(encoding="utf-8")

    row.get_by_role("button", name="Replace").click()
    expect(page.locator("#document-text")).to_have_value("# Жылқы\n\n## Күй\n\nЖылқы туралы күй өте көп.\n")
    (owner.corpus / "horses.md").write_text("# Жылқы\n\nБасқа біреудің мәтіні.\n", encoding="utf-8")
    page.locator("#document-text").fill("Менің мәтінім.")
    page.locator("#editing button.primary").click()
    expect(refusal).to_contain_text("Somebody else has changed this document since you opened it")
    expect(page.locator("#document-text")).to_have_value("Менің мәтінім.")
    assert "Басқа біреудің" in (owner.corpus / "horses.md").read_text(encoding="utf-8")

    row.get_by_role("button", name="Delete").click()
    expect(page.locator("#confirming")).to_contain_text("\u2068horses.md\u2069")
    page.locator("#confirming-action").click()
    expect(page.locator("#news")).to_contain_text("so it was not deleted")
    with publishing(page):
        page.locator("#rebuild").click()
    expect(page.locator("#documents tbody tr", has_text="horses.md")).to_be_visible()
    row.get_by_role("button", name="Delete").click()
    expect(page.locator("#confirming button").first).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator("#confirming")).to_be_hidden()
    assert (owner.corpus / "horses.md").exists()
    row.get_by_role("button", name="Delete").click()
    page.locator("#confirming-action").click()
    expect(row).to_have_count(0, timeout=30_000)
    assert not (owner.corpus / "horses.md").exists()
    assert "horses" not in owner.documents()


def test_two_generations_are_compared_and_the_earlier_one_is_made_live_again(owner: Owner) -> None:
    river = owner.corpus / "stream.txt"
    page = owner.signed_in()
    for text in ("Бұлақ туралы эссе. Бұлақ таудан ағады.\n", "Бұлақ туралы эссе. Бұлақ биік таудан ағады.\n"):
        river.write_text(text, encoding="utf-8")
        with publishing(page):
            page.locator("#rebuild").click()
    live = page.locator("#index-facts code").inner_text()
    page.locator("#comparing button").click()
    difference = page.locator("#difference")
    expect(difference).to_be_focused()
    expect(difference.locator("h3")).to_have_text(["Passages changed: 1"])
    expect(difference.locator("ins mark")).to_have_text("биік ")
    expect(difference.locator("del")).to_have_text("Бұлақ туралы эссе. Бұлақ таудан ағады.")

    rows = page.locator("#generations tbody tr")
    expect(rows.nth(0)).to_contain_text("live")
    rows.nth(1).get_by_role("button").click()
    expect(page.locator("#confirming")).to_contain_text("Go back to this generation?")
    page.locator("#confirming-action").click()
    expect(page.locator("#news")).to_contain_text("That generation is live now.")
    expect(page.locator("#index-facts code")).not_to_have_text(live)
    expect(rows.nth(1)).to_contain_text("live")
    expect(page.locator("#staleness dl")).to_have_text("Changedstream.txt")
    with publishing(page):
        page.locator("#rebuild").click()


def test_questions_that_found_no_answer_are_shown_and_forgotten(owner: Owner) -> None:
    page = owner.signed_in()
    expect(page.locator("#questions")).to_contain_text("The last 200 are kept in memory")
    owner.client.post("/ask", json={"question": NONSENSE}).raise_for_status()
    owner.client.post("/ask", json={"question": HOSTILE + "?"}).raise_for_status()
    page.locator("#questions").get_by_role("button", name="Refresh").click()
    rows = page.locator("#questions tbody tr")
    expect(rows.locator("th")).to_have_text([HOSTILE + "?", NONSENSE])
    expect(rows.nth(1)).to_contain_text("English")
    expect(rows.nth(1).get_by_role("link")).to_have_attribute("href", re.compile("^/read/."))
    page.locator("#questions").get_by_role("button", name="Empty the list").click()
    page.locator("#confirming-action").click()
    expect(page.locator("#questions")).to_contain_text("There are none so far.")


def test_the_outline_shows_sections_passages_and_each_dropped_line_with_the_reason(owner: Owner) -> None:
    page = owner.signed_in()
    expect(page.locator("#skipped")).to_contain_text("picture.txt")
    page.locator("#documents tbody tr", has_text="kazakh-diplomacy.txt").get_by_role("button", name="Outline").press(
        "Enter"
    )
    outline = page.locator("#outline")
    expect(outline.locator("#outline-title")).to_be_focused()
    expect(outline.locator("table tbody tr").first).to_contain_text("46")
    expect(outline.locator("table tbody tr").first).to_contain_text("comment form")
    expect(outline.locator("table tbody tr").first).to_contain_text("Добавить комментарий")
    expect(outline.locator("h3")).to_contain_text(["Dropped lines", "1. Кіріспе"])
    expect(outline.get_by_role("link", name="#s4.2")).to_have_attribute("href", "/read/kazakh-diplomacy#s4.2")
    page.keyboard.press("Escape")
    expect(outline).to_be_hidden()
    expect(page.get_by_role("button", name="Outline: Қазақ елінің дипломатиялық саясаты")).to_be_focused()


def test_a_hostile_document_shows_as_text(owner: Owner) -> None:
    name = "<b onclick=alert(1)>.txt"
    text = f"{HOSTILE}\n\n1. </script><script>alert(2)</script>\n\n{HOSTILE} <svg onload=alert(3)> {'сөз' * 3000}\n"
    (owner.corpus / name).write_text(text, encoding="utf-8")
    page = owner.signed_in()
    page.on("dialog", lambda dialog: pytest.fail(dialog.message))
    with publishing(page):
        page.locator("#rebuild").click()
    row = page.locator("#documents tbody tr", has_text=name)
    expect(row).to_be_visible()
    row.get_by_role("button", name="Outline").click()
    expect(page.locator("#outline h3").last).to_have_text("1. </script><script>alert(2)</script>")
    expect(page.locator("#outline li").first).to_contain_text("<svg onload=alert(3)>")
    page.keyboard.press("Escape")
    page.locator("#comparing button").click()
    expect(page.locator("#difference li").first).to_contain_text("<svg onload=alert(3)>")
    assert page.locator("#panel").locator("img, svg, script, b").count() == 0
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    row.get_by_role("button", name="Delete").click()
    expect(page.locator("#confirming")).to_contain_text(name)


def test_the_report_opens_in_a_page_of_its_own_with_its_own_styles(owner: Owner) -> None:
    page = owner.signed_in()
    with page.context.expect_page() as opened:
        page.get_by_role("button", name="Open the report").click()
    report = opened.value
    expect(report.locator("h1")).to_have_text("0.93")
    assert report.locator("h1").evaluate("one => getComputedStyle(one).color") == "rgb(1, 2, 3)"
    assert TOKEN not in page.content()
    assert page.locator("#reporting input").input_value() == ""


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("screen", [WIDE, PHONE], ids=["desktop", "phone"])
def test_nothing_on_it_keeps_people_out(owner: Owner, scheme: str, screen: dict[str, Any]) -> None:
    page = owner.page(**{**screen, "color_scheme": scheme, "locale": "ru-RU"})
    assert violations(page) == []
    page.locator("#token").fill(TOKEN)
    page.keyboard.press("Enter")
    expect(page.locator("#documents table")).to_be_visible()
    owner.client.post("/ask", json={"question": NONSENSE}).raise_for_status()
    page.locator("#questions").get_by_role("button", name="Обновить").click()
    expect(page.locator("#questions tbody tr").first).to_contain_text(NONSENSE)
    page.locator("#older").select_option(index=page.locator("#older option").count() - 1)
    page.locator("#comparing button").click()
    expect(page.locator("#difference")).to_be_focused()
    page.locator("#editor-title").click()
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.get_by_role("button", name="Структура: Чай в степи").click()
    expect(page.locator("#outline-title")).to_be_focused()
    assert violations(page) == []
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Удалить: Чай в степи").click()
    expect(page.locator("#confirming")).to_be_visible()
    assert violations(page) == []


def test_a_build_that_answers_worse_is_held_back_with_the_questions_and_published_if_the_owner_insists(
    owner: Owner,
) -> None:
    before = owner.client.get("/index").json()["generation"]
    (owner.corpus / "tea.md").write_text("# Кофе\n\nКофе варят в джезве на песке.\n", encoding="utf-8")
    page = owner.signed_in()
    page.locator("#rebuild").click()
    expect(page.locator("#held h3")).to_have_text("A build was held back", timeout=30_000)
    expect(page.locator("#held")).to_contain_text("cup, pot, taste")
    assert owner.client.get("/index").json()["generation"] == before
    expect(page.locator("#generations tbody tr").first).to_contain_text("held back")
    page.reload()
    expect(page.locator("#held")).to_contain_text("cup, pot, taste")
    assert violations(page) == []
    page.locator("#held button").click()
    with publishing(page):
        page.locator("#confirming-action").click()
    expect(page.locator("#held")).to_be_hidden()
    assert owner.client.get("/index").json()["generation"] != before
    expect(page.locator("#documents")).to_contain_text("Кофе")
