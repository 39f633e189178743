"""The page to ask on, as readers use it: with a mouse, with keys alone, on a phone, without scripts."""

from __future__ import annotations

import re

import httpx
import pytest
from playwright.sync_api import Locator, Page, Response, Route, expect

from tests.browser.conftest import PHONE, Opening, violations

KAZAKH = "ШЫҰ не үшін құрылған?"
SENTENCE = (
    "Шанхай ынтымақтастық ұйымы (ШЫҰ): Қазақстан ШЫҰ мүшесі ретінде Орталық Азиядағы қауіпсіздік пен "
    "тұрақтылықты қамтамасыз етуге ұмтылуда."
)
DESKTOP = {"viewport": {"width": 1280, "height": 860}}
SHIFTS = """window.shifted = 0; new PerformanceObserver((list) => {
  for (const one of list.getEntries()) if (!one.hadRecentInput) window.shifted += one.value;
}).observe({ type: "layout-shift", buffered: true });"""


def opened(page: Page, service: httpx.Client, path: str = "/") -> Page:
    page.goto(f"{service.base_url}{path}")
    return page


def ask(page: Page, question: str) -> Locator:
    """The exchange that a question makes, once it is answered."""
    count = page.locator(".exchange").count()
    page.locator("#question").fill(question)
    page.keyboard.press("Enter")
    expect(page.locator(".exchange:not([aria-busy])")).to_have_count(count + 1)
    return page.locator(".exchange").last


def check_essay_beside(page: Page) -> None:
    """The sentence is marked in the essay, can be seen there, and the focus is with it."""
    pane = page.locator("#beside-pane")
    passage = pane.locator('[id="s4.2"]')
    expect(passage).to_be_in_viewport(ratio=0.9)
    expect(passage).to_have_class(re.compile(r"\bcited\b"))
    assert "".join(pane.locator("mark").all_text_contents()) == SENTENCE
    expect(pane.locator("mark").first).to_be_in_viewport(ratio=1)
    expect(pane).to_be_focused()
    expect(page.get_by_role("dialog", name="Қазақ елінің дипломатиялық саясаты")).to_be_visible()


def test_a_question_in_kazakh_is_answered_and_its_citation_opens_the_essay_at_the_sentence(
    page: Page, service: httpx.Client
) -> None:
    opened(page, service)
    exchange = ask(page, KAZAKH)
    expect(exchange.locator(".question")).to_have_text(KAZAKH)
    expect(exchange.locator("blockquote")).to_have_text(SENTENCE)
    expect(exchange.locator(".source + .text mark")).to_have_text(SENTENCE)
    expect(exchange.locator(".certainty").first).to_have_text(re.compile("жауап"))
    expect(exchange.locator(".further .text").first).to_be_hidden()
    expect(page.get_by_role("status")).to_have_text(re.compile(f"Жауап: {re.escape(SENTENCE)}"))
    expect(page.locator("#question")).to_be_focused()
    expect(page.locator("#question")).to_have_value("")

    exchange.locator("a.citation").first.click()
    check_essay_beside(page)
    box, pane = page.locator(".box").bounding_box(), page.locator("#beside").bounding_box()
    assert box
    assert pane
    assert box["x"] + box["width"] <= pane["x"] == 640
    assert page.url.endswith("#s4.2")
    page.get_by_role("button", name="Жабу").click()
    expect(page.locator("#beside")).to_be_hidden()
    expect(exchange.locator("a.citation").first).to_be_focused()


def test_the_keyboard_alone_is_enough(page: Page, service: httpx.Client) -> None:
    opened(page, service)
    page.keyboard.press("Tab")
    expect(page.locator(".skip")).to_be_focused()
    page.keyboard.press("Enter")
    for _ in range(10):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.id") == "question":
            break
    page.keyboard.type("ШЫҰ не үшін")
    page.keyboard.press("Shift+Enter")
    page.keyboard.type("құрылған?")
    expect(page.locator(".exchange")).to_have_count(0)
    page.keyboard.press("Enter")
    expect(page.locator(".exchange blockquote")).to_have_text(SENTENCE)
    for _ in range(3):  # what is cited and what is folded stand between the box and the citation
        page.keyboard.press("Shift+Tab")
    expect(page.locator("a.citation").first).to_be_focused()
    page.keyboard.press("Enter")
    check_essay_beside(page)
    page.keyboard.press("Escape")
    expect(page.locator("#beside")).to_be_hidden()
    expect(page.locator("a.citation").first).to_be_focused()


def test_on_a_phone_the_essay_is_a_sheet_that_closes_where_it_was_opened(
    opening: Opening, service: httpx.Client
) -> None:
    page = opened(opening(**PHONE), service)
    exchange = ask(page, KAZAKH)
    expect(exchange.locator(".question")).to_be_in_viewport(ratio=1)
    # The keyboard would cover the answer.
    expect(page.locator("#question")).not_to_be_focused()
    exchange.locator("a.citation").first.tap()
    check_essay_beside(page)
    sheet = page.locator("#beside").bounding_box()
    assert sheet
    assert (sheet["x"], sheet["width"]) == (0, 390)
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    page.touchscreen.tap(200, 40)
    expect(page.locator("#beside")).to_be_hidden()


def test_what_is_open_beside_stays_open_when_the_window_becomes_narrow(page: Page, service: httpx.Client) -> None:
    opened(page, service)
    ask(page, KAZAKH).locator("a.citation").first.click()
    check_essay_beside(page)
    page.set_viewport_size({"width": 700, "height": 860})
    expect(page.locator("dialog:modal")).to_be_visible()
    expect(page.locator("#beside-pane mark").first).to_have_text(re.compile("Шанхай"))
    page.keyboard.press("Escape")
    expect(page.locator("#beside")).to_be_hidden()


def test_a_citation_is_a_link_that_can_be_opened_by_itself(page: Page, service: httpx.Client) -> None:
    opened(page, service)
    citation = ask(page, KAZAKH).locator("a.citation").first
    with page.context.expect_page() as another:
        citation.click(modifiers=["ControlOrMeta"])
    expect(another.value.locator('[id="s4.2"]')).to_be_in_viewport()
    expect(page.locator("#beside")).to_be_hidden()


def test_a_question_goes_on_from_the_one_before_and_can_be_shared_and_asked_again(
    page: Page, service: httpx.Client
) -> None:
    opened(page, service)
    ask(page, "Какие отношения у Казахстана с Китаем?")
    exchange = ask(page, "а с Россией?")
    expect(exchange.locator(".read-as q")).to_have_text("Какие отношения у Казахстана с Россией?")
    quotation = exchange.locator("blockquote").inner_text()

    opened(page, service, page.url.removeprefix(str(service.base_url)))
    expect(page.locator("blockquote")).to_have_text(quotation)
    page.locator(".past summary").click()
    past = page.locator("#past-list a")
    expect(past).to_have_text(["Какие отношения у Казахстана с Россией?", "Какие отношения у Казахстана с Китаем?"])
    past.last.click()
    expect(page.locator(".exchange:not([aria-busy]) .question").last).to_have_text(
        "Какие отношения у Казахстана с Китаем?"
    )
    page.locator(".past summary").click()
    page.get_by_role("button", name="Тарихты тазалау").click()
    expect(page.locator("#past")).to_be_hidden()
    assert page.evaluate("localStorage.getItem('suraq-questions')") == "[]"


def test_an_address_with_a_question_and_a_place_opens_the_essay_beside_its_answer(
    page: Page, service: httpx.Client
) -> None:
    opened(page, service, f"/?q={KAZAKH}#s4.2")
    expect(page.locator("blockquote")).to_have_text(SENTENCE)
    check_essay_beside(page)


def test_what_is_refused_to_the_browser_is_done_without(opening: Opening, service: httpx.Client) -> None:
    page = opening(**DESKTOP)
    page.add_init_script(
        "for (const name of ['localStorage', 'clipboard']) Object.defineProperty("
        "name === 'clipboard' ? Navigator.prototype : window, name, { get() { throw new Error('refused'); } });"
    )
    opened(page, service)
    exchange = ask(page, KAZAKH)
    expect(page.locator("#past-list a")).to_have_count(1)
    exchange.locator(".cite summary").click()
    exchange.locator("[data-copy]").first.click()
    expect(page.get_by_role("status")).to_have_text("Көшірілді")
    page.locator("#question").fill("")
    page.keyboard.press("ControlOrMeta+V")
    expect(page.locator("#question")).to_have_value(re.compile(f"^«{re.escape(SENTENCE)}» — .*#s4.2$"))


def test_citations_are_copied_and_that_is_said(opening: Opening, service: httpx.Client) -> None:
    page = opened(opening(**DESKTOP, permissions=["clipboard-read", "clipboard-write"]), service)
    exchange = ask(page, KAZAKH)
    exchange.locator(".cite summary").click()
    for name, opening_ in (
        ("Жай мәтін", "«Шанхай"),
        ("Markdown", "> Шанхай"),
        ("BibTeX", "@misc{kazakh-diplomacy-s4-2"),
    ):
        button = page.get_by_role("button", name=f"Көшіру: {name}")
        button.click()
        expect(button).to_have_text("Көшірілді")
        assert page.evaluate("navigator.clipboard.readText()").startswith(opening_)
    page.get_by_role("button", name="Көшіру: Сұраққа сілтеме").click()
    page.wait_for_function("async () => (await navigator.clipboard.readText()).startsWith('http')")
    opened(page, service, page.evaluate("navigator.clipboard.readText()").removeprefix(str(service.base_url)))
    expect(page.locator("blockquote")).to_have_text(SENTENCE)


def test_without_scripts_questions_are_answered_and_go_on_from_each_other(
    opening: Opening, service: httpx.Client
) -> None:
    page = opened(opening(java_script_enabled=False, **DESKTOP), service)
    page.locator("#question").fill("Какие отношения у Казахстана с Китаем?")
    page.get_by_role("button", name="Сұрау").click()
    expect(page.locator(".question")).to_have_text("Какие отношения у Казахстана с Китаем?")
    page.locator("#question").fill("а с Россией?")
    page.get_by_role("button", name="Сұрау").click()
    expect(page.locator(".read-as q")).to_have_text("Какие отношения у Казахстана с Россией?")
    expect(page.locator(".further .text").first).to_be_hidden()
    page.locator(".further summary").click()
    expect(page.locator(".further .text").first).to_be_visible()
    page.locator(".cite summary").click()
    expect(page.locator(".cite pre").first).to_be_visible()
    expect(page.locator("[data-copy]").first).to_be_hidden()
    page.locator("a.citation").first.click()
    expect(page).to_have_url(re.compile(r"/read/kazakh-diplomacy\?start=\d+&end=\d+&source=\w+#s3\.4$"))
    expect(page.locator("mark").first).to_be_in_viewport()


def test_the_page_speaks_russian_and_english_and_keeps_the_question_when_it_changes(
    opening: Opening, service: httpx.Client
) -> None:
    page = opened(opening(locale="ru-RU", **DESKTOP), service)
    expect(page.get_by_role("heading", level=1)).to_have_text("Спросите у эссе")
    ask(page, "Когда Казахстан вступил в ООН?")
    expect(page.locator(".certainty").first).to_have_text(re.compile("ответ"))
    page.locator(".languages a[lang=en]").click()
    expect(page.locator("html")).to_have_attribute("lang", "en")
    expect(page.locator(".question")).to_have_text("Когда Казахстан вступил в ООН?")
    expect(page.locator(".certainty").first).to_have_text(re.compile("answer"))


def test_a_question_that_is_not_answered_gets_the_nearest_sections_to_open(
    opening: Opening, service: httpx.Client
) -> None:
    page = opened(opening(locale="en-GB", **DESKTOP), service)
    exchange = ask(page, "How do I bake bread?")
    expect(exchange.locator(".unanswered")).to_have_text("The essay does not answer this.")
    expect(page.get_by_role("status")).to_have_text("The essay does not answer this.")
    nearest = exchange.locator("a.citation")
    expect(nearest).to_have_count(5)
    nearest.first.click()
    expect(page.locator("#beside-pane .cited")).to_be_in_viewport()
    expect(page.locator("#beside-pane mark")).to_have_count(0)


@pytest.mark.parametrize(
    "question", ["<img src=x onerror=alert(1)>", "</h2><script>alert(1)</script> \u202eтекст", "ұ" * 900]
)
def test_whatever_is_asked_is_shown_as_text_within_the_page(
    opening: Opening, service: httpx.Client, question: str
) -> None:
    page = opened(opening(**PHONE), service)
    exchange = ask(page, question)
    assert exchange.locator(".question").text_content() == question
    expect(page.locator("main img, main script")).to_have_count(0)
    page.locator(".past summary").click()
    # What reorders the letters about it is no part of a question.
    expect(page.locator("#past-list a")).to_have_text(question.replace("\u202e", ""))
    assert page.evaluate("document.documentElement.scrollWidth") == 390


def test_what_the_service_refuses_and_its_silence_are_told(opening: Opening, service: httpx.Client) -> None:
    page = opened(opening(may_fail=("422", "ERR_FAILED"), **DESKTOP), service)
    page.locator("#question").fill("  ")
    page.keyboard.press("Enter")
    expect(page.locator(".exchange")).to_have_count(0)
    page.evaluate("document.getElementById('question').removeAttribute('maxlength')")
    exchange = ask(page, "а" * 1001)
    expect(exchange.locator(".problem")).to_have_text("Сұрақ тым ұзын: ең көбі 1000 таңба болуы керек.")
    page.route("**/ask", lambda route: route.abort())
    exchange = ask(page, KAZAKH)
    expect(exchange.locator(".problem")).to_have_text(re.compile("Сервис жауап бермеді"))
    page.unroute("**/ask")
    expect(ask(page, KAZAKH).locator("blockquote")).to_have_text(SENTENCE)


def test_an_example_is_asked_by_a_click(page: Page, service: httpx.Client) -> None:
    opened(page, service)
    example = page.locator(".examples a").first
    question = example.inner_text()
    example.click()
    expect(page.locator(".exchange:not([aria-busy]) .question")).to_have_text(question)
    expect(page.locator("blockquote")).to_be_visible()
    expect(page.locator(".examples")).to_be_hidden()
    expect(page.locator("#question")).to_be_focused()


def test_who_asks_too_often_is_told_when_to_ask_again(opening: Opening, service: httpx.Client) -> None:
    page = opened(opening(may_fail=("429",), **DESKTOP), service)
    refusal = {"status": 429, "headers": {"Retry-After": "7"}, "json": {"detail": "that is more than 5 requests"}}
    page.route("**/ask", lambda route: route.fulfill(**refusal))
    expect(ask(page, KAZAKH).locator(".problem")).to_contain_text("7 секундтан кейін қайта сұраңыз")


def test_answers_are_printed_alone_and_as_wide_as_the_paper(page: Page, service: httpx.Client) -> None:
    opened(page, service)
    ask(page, KAZAKH).locator(".citation").first.click()
    check_essay_beside(page)
    page.emulate_media(media="print")
    expect(page.locator("#beside")).to_be_hidden()
    exchange = page.locator(".exchange")
    assert exchange.evaluate("one => one.parentElement.clientWidth") > 700
    assert exchange.evaluate("one => getComputedStyle(one).minHeight") == "0px"


@pytest.mark.parametrize("screen", [DESKTOP, PHONE], ids=["desktop", "phone"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_keeps_anyone_from_using_the_page(
    opening: Opening, service: httpx.Client, screen: dict[str, object], scheme: str
) -> None:
    page = opened(opening(color_scheme=scheme, reduced_motion="reduce", **screen), service)
    assert violations(page) == []
    ask(page, "How do I bake bread?")
    exchange = ask(page, KAZAKH)
    for summary in (".further > summary", ".cite > summary"):
        exchange.locator(summary).click()
    page.locator(".embed summary").click()
    page.locator(".past summary").click()
    assert violations(page) == []
    page.locator(".past summary").click()
    exchange.locator("a.citation").first.click()
    check_essay_beside(page)
    assert violations(page) == []
    background = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert background == ("rgb(20, 23, 26)" if scheme == "dark" else "rgb(250, 249, 246)")


@pytest.mark.parametrize("screen", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_nothing_moves_by_itself(opening: Opening, service: httpx.Client, screen: dict[str, object]) -> None:
    page = opening(**screen)
    page.add_init_script(SHIFTS)
    opened(page, service)

    # An answer that takes longer than what counts as the reader's own doing.
    def late(route: Route) -> None:
        page.wait_for_timeout(700)
        route.continue_()

    page.route("**/ask", late)
    ask(page, KAZAKH)
    ask(page, "How do I bake bread?").locator("a.citation").first.click()
    expect(page.locator("#beside-pane .cited")).to_be_in_viewport()
    assert page.evaluate("window.shifted") < 0.01


def test_the_first_load_is_small(page: Page, service: httpx.Client) -> None:
    replies: list[Response] = []
    page.on("response", lambda reply: replies.append(reply))
    page.goto(str(service.base_url), wait_until="networkidle")
    names = {reply.url.rpartition("/")[2] for reply in replies}
    assert {"", "base.css", "asking.css", "asking.js", "beside.js", "icon.svg"} <= names
    assert 10_000 < sum(len(reply.body()) for reply in replies) < 60_000
