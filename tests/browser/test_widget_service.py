"""The widget with a service that does as told: what it says where that is slow, refuses, fails or is not there."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator

import pytest
from playwright.sync_api import Locator, Page, expect

from qa.serving.web.widget import script
from tests.browser.conftest import Opening
from tests.browser.site import Reply, Site, site
from tests.conftest import free_port

REPLY = {
    "question": "?",
    "language": "en",
    "answerable": True,
    "answer": {"text": "It 💧 <b>rains</b>. <img src=x onerror=alert(1)>", "passage": 0, "start": 3, "end": 40},
    "passages": [
        {
            "text": "It 💧 <b>rains</b>. <img src=x onerror=alert(1)> Always.",
            "citation": {
                "document": "rain & <i>snow</i>",
                "title": "</p><script>alert(1)</script>",
                "label": "§1, <img src=x onerror=alert(1)>",
                "item": None,
                "start": 3,
                "end": 48,
                "anchor": "s1.p1",
                "url": "/read/rain%20%26#s1.p1",
            },
        }
    ],
}
CORS = {"Access-Control-Allow-Origin": "*", "Access-Control-Allow-Headers": "*", "Access-Control-Expose-Headers": "*"}
OK = Reply("", headers=CORS)
ANSWERED = Reply(json.dumps(REPLY), headers=CORS)
# What Chromium writes for each reply that is an error.
FAILED = ("Failed to load resource",)


@pytest.fixture
def blog() -> Iterator[Site]:
    with site() as made:
        yield made


@pytest.fixture
def service() -> Iterator[Site]:
    """It has the widget, and lets every site ask."""
    with site() as made:
        made.replies["/widget.js"] = [Reply(script().content.decode(), headers={"Content-Type": "text/javascript"})]
        made.replies["/livez"] = [OK]
        yield made


def answering(service: Site, *replies: Reply) -> None:
    """Let ``/ask`` be answered so, one after the other; the first that a browser asks is whether it may."""
    service.replies["/ask"] = [OK, *replies]


def ask(page: Page, blog: Site, service: Site, src: str | None = None) -> Locator:
    attributes = f'src="{service.url if src is None else src}" lang="en"'
    script_tag = f'<script src="{service.url}/widget.js"></script>'
    page.goto(blog.page(f"<!doctype html><title>x</title>{script_tag}<suraq-chat {attributes}></suraq-chat>"))
    page.get_by_role("textbox").fill("Does it rain?")
    page.keyboard.press("Enter")
    return page.locator("suraq-chat .answer")


def test_what_a_service_sends_shows_as_text(page: Page, blog: Site, service: Site) -> None:
    answering(service, ANSWERED)
    answer = ask(page, blog, service)
    expect(answer.locator(".quote")).to_have_text("It 💧 <b>rains</b>. <img src=x onerror=alert(1)>")
    expect(answer.locator(".source")).to_contain_text("</p><script>alert(1)</script>")
    expect(answer.locator("img, b, script")).to_have_count(0)
    link = answer.get_by_role("link")
    assert link.get_attribute("href") == f"{service.url}/read/rain%20%26?start=3&end=40#s1.p1"


def test_a_service_behind_a_path_is_asked_and_linked_there(page: Page, blog: Site, service: Site) -> None:
    service.replies["/suraq/ask"] = [OK, ANSWERED]
    answer = ask(page, blog, service, f"{service.url}/suraq/")
    href = answer.get_by_role("link").get_attribute("href")
    assert href == f"{service.url}/suraq/read/rain%20%26?start=3&end=40#s1.p1"


@pytest.mark.parametrize("url", ["https://essay.example/read/rain#s1.p1", "javascript:alert(1)//#s1.p1"])
def test_links_lead_where_the_service_says_unless_that_is_no_page(
    page: Page, blog: Site, service: Site, url: str
) -> None:
    reply = json.loads(json.dumps(REPLY))
    reply["passages"][0]["citation"]["url"] = url
    answering(service, Reply(json.dumps(reply), headers=CORS))
    href = ask(page, blog, service).get_by_role("link").get_attribute("href")
    assert href == ("https://essay.example/read/rain?start=3&end=40#s1.p1" if url.startswith("https") else service.url)


def test_a_service_that_starts_is_asked_again(opening: Opening, blog: Site, service: Site) -> None:
    page = opening(may_fail=FAILED)
    ready = threading.Event()
    starting = Reply("{}", 503, {**CORS, "Retry-After": "1"})
    answering(service, starting, ANSWERED._replace(after=ready))
    answer = ask(page, blog, service)
    expect(answer).to_have_text("The service is starting, one moment…")
    expect(page.get_by_role("status")).to_have_text("The service is starting, one moment…")
    ready.set()
    expect(answer.locator(".quote")).to_be_visible()
    assert service.asked.count("POST /ask") == 2


def test_a_service_that_does_not_become_ready_is_said_to_be_so_and_can_be_asked_again(
    opening: Opening, blog: Site, service: Site
) -> None:
    page = opening(may_fail=FAILED)
    answering(service, *[Reply("{}", 503, {**CORS, "Retry-After": "0.01"})] * 4, ANSWERED)
    answer = ask(page, blog, service)
    expect(answer.locator(".failure")).to_have_text("The service is not ready yet. Try again in a moment.")
    page.get_by_role("button", name="Try again").press("Enter")
    expect(answer.locator(".quote")).to_be_visible()
    expect(page.get_by_role("textbox")).to_be_focused()
    expect(page.locator("suraq-chat .turn")).to_have_count(1)


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        (
            Reply('{"detail": "question: at most 1000 <b>characters</b>"}', 422, CORS),
            "The question was refused: question: at most 1000 <b>characters</b>",
        ),
        (Reply("", 429, {**CORS, "Retry-After": "7"}), "Too many questions were asked. Try again in 7 seconds."),
        (Reply("<h1>Bad gateway</h1>", 502, CORS), "The service’s reply cannot be understood (502). Try again later."),
        (Reply("<h1>Not found</h1>", 404, CORS), "The service’s reply cannot be understood (404). Try again later."),
        (Reply("<h1>A page</h1>", 200, CORS), "The service’s reply cannot be understood (200). Try again later."),
        (Reply('{"passages": null}', 200, CORS), "The service’s reply cannot be understood (200). Try again later."),
    ],
)
def test_a_failure_is_told_in_words(opening: Opening, blog: Site, service: Site, reply: Reply, words: str) -> None:
    page = opening(may_fail=FAILED)
    answering(service, reply)
    answer = ask(page, blog, service)
    expect(answer.locator(".failure")).to_have_text(words)
    expect(page.get_by_role("status")).to_have_text(words)


def test_a_service_that_is_not_there_is_said_to_be_so(opening: Opening, blog: Site, service: Site) -> None:
    page = opening(may_fail=FAILED)
    port = free_port()
    answer = ask(page, blog, service, f"http://127.0.0.1:{port}")
    expect(answer.locator(".failure")).to_have_text(f"127.0.0.1:{port} cannot be reached. Try again later.")


def test_a_reader_who_is_offline_is_told_so_and_can_ask_once_online(
    opening: Opening, blog: Site, service: Site
) -> None:
    page = opening(may_fail=FAILED)
    answering(service, Reply('{"detail": "first"}', 422, CORS), ANSWERED)
    answer = ask(page, blog, service)
    expect(answer.locator(".failure")).to_contain_text("first")
    page.context.set_offline(True)
    page.get_by_role("button", name="Try again").click()
    expect(answer.locator(".failure")).to_have_text("You are offline. Check the connection and try again.")
    page.context.set_offline(False)
    page.get_by_role("button", name="Try again").click()
    expect(answer.locator(".quote")).to_be_visible()


def test_a_reply_that_takes_too_long_is_given_up(page: Page, blog: Site, service: Site) -> None:
    never = threading.Event()
    answering(service, ANSWERED._replace(after=never))
    page.clock.install()
    answer = ask(page, blog, service)
    expect(answer).to_have_text("Searching…")
    page.clock.fast_forward(29_000)
    expect(answer).to_have_text("Searching…")
    page.clock.fast_forward(2_000)
    expect(answer.locator(".failure")).to_have_text("The answer took too long. Try again.")
    never.set()


def test_while_one_question_is_asked_another_waits_in_the_box(page: Page, blog: Site, service: Site) -> None:
    ready = threading.Event()
    answering(service, ANSWERED._replace(after=ready))
    answer = ask(page, blog, service)
    field = page.get_by_role("textbox")
    field.fill("And snow?")
    field.press("Enter")
    expect(field).to_have_value("And snow?")
    ready.set()
    expect(answer.locator(".quote")).to_be_visible()
    field.press("Enter")
    expect(page.locator("suraq-chat .asked")).to_have_text(["Does it rain?", "And snow?"])
    field.fill("   ")
    field.press("Enter")
    expect(page.locator("suraq-chat .turn")).to_have_count(2)


def test_what_was_asked_before_is_sent_along_so_that_a_question_may_go_on_from_it(
    opening: Opening, blog: Site, service: Site
) -> None:
    page = opening(may_fail=FAILED)
    answering(service, ANSWERED, Reply('{"detail": "no"}', 422, CORS), *[ANSWERED] * 22)
    ask(page, blog, service)
    for question in ["refused", *map(str, range(21))]:
        expect(page.locator("suraq-chat .turn").last.locator(".quote, .failure")).to_be_visible()
        page.get_by_role("textbox").fill(question)
        page.get_by_role("textbox").press("Enter")
    expect(page.locator("suraq-chat .quote")).to_have_count(22)
    posted = [json.loads(body) for asked, body in zip(service.asked, service.sent, strict=True) if asked == "POST /ask"]
    assert posted[0] == {"question": "Does it rain?", "earlier": [], "top_k": 4}
    assert posted[1]["earlier"] == ["Does it rain?"]
    # One that was refused would have the next refused as well.
    assert posted[3]["earlier"] == ["Does it rain?", "0"]
    assert posted[-1] == {"question": "20", "earlier": [str(number) for number in range(20)], "top_k": 4}


def test_an_address_that_is_none_is_told_in_words(page: Page, blog: Site, service: Site) -> None:
    answer = ask(page, blog, service, "ftp://essay.example")
    expect(answer.locator(".failure")).to_have_text(
        'The service’s address is not valid: src="ftp://essay.example". It must begin with https://.'
    )
