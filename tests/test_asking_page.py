"""The page to ask on, as it is sent: what is on it, when it is sent, and what it says of errors."""

from __future__ import annotations

import re
from html import unescape
from typing import Protocol
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from fastapi.testclient import TestClient

from qa.errors import QAError
from qa.records import Citation
from qa.serving.app import create_app
from qa.serving.web.citation_forms import CitationForms
from qa.serving.web.exchange import Run, Stretch, runs
from qa.settings import Settings

BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8"
QUESTION = "Қазақстан БҰҰ-ға қашан мүше болды?"


class Page(Protocol):
    """A reply of httpx or of the framework's own client for tests."""

    @property
    def text(self) -> str: ...


def opened(service: httpx.Client, address: str, language: str = "kk", **params: str | list[str]) -> httpx.Response:
    return service.get(address, params=params, headers={"Accept": BROWSER, "Accept-Language": language})


def text_of(page: Page, pattern: str) -> str:
    """What an element holds, without its markup; ``pattern`` is of its opening tag."""
    found = re.search(rf"<(\w+)[^>]*{pattern}[^>]*>(.*?)</\1>", page.text, re.DOTALL)
    assert found, f"no {pattern} in the page"
    return unescape(re.sub(r"<[^>]*>", "", found[2])).strip()


def test_the_page_speaks_the_readers_language_and_needs_nothing_from_elsewhere(service: httpx.Client) -> None:
    headings = {"kk": "Эсседен сұраңыз", "ru": "Спросите у эссе", "en": "Ask the essay", "de": "Ask the essay"}
    for language, heading in headings.items():
        page = opened(service, "/", language)
        assert page.status_code == 200
        assert f"<h1>{heading}</h1>" in page.text
        assert page.headers["Content-Security-Policy"].startswith("default-src 'none'; script-src 'self'")
        assert page.headers["X-Index-Generation"]
    loaded = re.findall(r'<(?:script|link)[^>]*(?:src|href)="([^"]*)"', page.text)
    assert len(loaded) > 5
    assert all(address.startswith("/assets/") for address in loaded)
    assert not re.search(r"<script(?![^>]*(?:src=|application/json))|<style|\son\w+=|\sstyle=", page.text)


def test_the_examples_are_answered_whatever_language_they_are_in(service: httpx.Client) -> None:
    for language in ("kk", "ru", "en"):
        page = opened(service, "/", language)
        examples = re.search(r'<section class="examples".*?</section>', page.text, re.DOTALL)
        assert examples
        addresses = [unescape(address) for address in re.findall(r'href="([^"]*)"', examples[0])]
        assert 2 <= len(addresses) <= 4
        for address in addresses:
            (question,) = parse_qs(urlsplit(address).query)["q"]
            assert service.post("/ask", json={"question": question}).json()["answerable"]


def test_ask_answers_browsers_with_the_page_and_programs_with_json(service: httpx.Client) -> None:
    page = opened(service, "/ask", q=QUESTION)
    reply = service.get("/ask", params={"q": QUESTION})
    assert page.headers["Content-Type"] == "text/html; charset=utf-8"
    assert text_of(page, 'class="quotation"') == reply.json()["answer"]["text"]
    assert text_of(page, 'class="question"') == QUESTION
    for one in (page, reply):
        assert "Accept" in one.headers["Vary"]
        assert one.headers["X-Index-Generation"] == reply.json()["index"]["generation"]
    posted = service.post("/ask", json={"question": QUESTION}, headers={"Accept": "text/html"})
    assert text_of(posted, 'class="quotation"') == reply.json()["answer"]["text"]


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        ("*/*", "application/json"),
        ("", "application/json"),
        ("application/json", "application/json"),
        ("application/json, text/html", "application/json"),
        ("text/html;q=0.5, application/json", "application/json"),
        ("text/html;q=nonsense, */*", "application/json"),
        ("image/png", "application/json"),
        ("text/html", "text/html; charset=utf-8"),
        ("TEXT/HTML, application/json; q=0.9", "text/html; charset=utf-8"),
        ("text/*, */*;q=0.1", "text/html; charset=utf-8"),
        (BROWSER, "text/html; charset=utf-8"),
    ],
)
def test_what_is_accepted_decides_what_is_sent(service: httpx.Client, accept: str, kind: str) -> None:
    reply = service.get("/ask", params={"q": QUESTION}, headers={"Accept": accept})
    assert reply.headers["Content-Type"] == kind


def test_an_address_with_a_question_opens_with_its_answer_and_marks_it_in_its_passage(service: httpx.Client) -> None:
    page = opened(service, "/", q=QUESTION)
    body = service.get("/ask", params={"q": QUESTION}).json()
    passage, answer = body["passages"][0], body["answer"]
    assert text_of(page, 'class="text item"') == passage["text"]
    assert text_of(page, 'class="citation"') == " ".join(passage["citation"]["path"])
    marked = re.search(r"<mark>(.*?)</mark>", page.text, re.DOTALL)
    assert marked
    assert unescape(re.sub(r"</?b>", "", marked[1])) == answer["text"]
    words = [passage["text"][one["start"] : one["end"]] for one in passage["highlights"]]
    shown = re.search(r'<p class="text item".*?</p>', page.text, re.DOTALL)
    assert shown
    assert re.findall(r"<b>(.*?)</b>", shown[0]) == words
    sha = passage["citation"]["source_sha256"][:12]
    place = f"start={answer['start']}&amp;end={answer['end']}&amp;source={sha}#{passage['citation']['anchor']}"
    assert f'href="/read/kazakh-diplomacy?{place}"' in page.text
    assert re.search(r'class="certainty (?:sure|likely)" title="[^"]*\d+ %"', page.text)


def test_a_question_that_is_not_answered_gets_the_nearest_sections(service: httpx.Client) -> None:
    page = opened(service, "/ask", "en", q="How do I bake bread?")
    body = service.get("/ask", params={"q": "How do I bake bread?"}).json()
    assert not body["answerable"]
    assert text_of(page, 'class="unanswered"') == "The essay does not answer this."
    assert "<blockquote" not in page.text
    places = [one["citation"]["url"] for one in body["passages"]]
    assert re.findall(r'class="citation" href="([^"]*)"', page.text) == places


@pytest.mark.parametrize(
    ("params", "status", "told"),
    [
        ({"q": ""}, 422, "Сначала напишите вопрос."),
        ({"q": " \u200b"}, 422, "Сначала напишите вопрос."),
        ({}, 422, "Сначала напишите вопрос."),
        ({"q": "ё" * 1001}, 422, "Вопрос слишком длинный: не больше 1000 знаков."),
        ({"q": "чай", "top_k": "99"}, 422, 'top_k: Input should be less than or equal to 50 (it is "99")'),
        ({"q": "чай", "documents": "no-such"}, 404, "no-such"),
    ],
)
def test_what_is_wrong_with_a_question_is_told_on_the_page(
    service: httpx.Client, params: dict[str, str], status: int, told: str
) -> None:
    page = opened(service, "/ask", "ru", **params)
    assert page.status_code == status
    assert told in text_of(page, 'class="problem"')
    assert text_of(page, 'id="question"') == params.get("q", "")[:1000].strip()
    problem = service.get("/ask", params=params)
    assert (problem.status_code, problem.headers["Content-Type"]) == (status, "application/problem+json")


def test_a_page_without_a_question_is_no_error_and_one_with_too_long_a_question_is(service: httpx.Client) -> None:
    assert opened(service, "/", q=" ").status_code == 200
    page = opened(service, "/", "en", q="a" * 1001)
    assert page.status_code == 422
    assert text_of(page, 'class="problem"') == "The question is too long: at most 1000 characters."


def test_without_a_script_the_form_carries_the_questions_before_so_that_one_may_go_on_from_them(
    service: httpx.Client,
) -> None:
    before = "Какие отношения у Казахстана с Китаем?"
    page = opened(service, "/ask", "ru", q="а с Россией?", earlier=[before])
    assert re.findall(r'name="earlier" value="([^"]*)"', page.text) == [before, "а с Россией?"]
    assert text_of(page, 'class="read-as"') == "Вопрос понят так: Какие отношения у Казахстана с Россией?"
    # What is shared must be understood alone.
    link = re.search(r'data-link="([^"]*)"', page.text)
    assert link
    assert parse_qs(urlsplit(unescape(link[1])).query) == {"q": ["Какие отношения у Казахстана с Россией?"]}


def test_hostile_questions_and_hosts_are_text(service: httpx.Client) -> None:
    hostile = "</textarea></script><img src=x onerror=alert(1)>{{ 7 * 7 }}"
    page = opened(service, "/ask", q=hostile)
    assert "<img" not in page.text
    assert text_of(page, 'class="question"') == hostile
    headers = {"Accept": BROWSER, "Host": 'a"><img src=x>'}
    assert "<img" not in service.get("/", headers=headers).text


def test_the_page_in_another_language_is_at_no_host_that_the_request_names(service: httpx.Client) -> None:
    headers = {"Accept": BROWSER, "Host": "elsewhere.example", "X-Forwarded-Proto": "https"}
    for address in ("/ask?q=чай+%26+нан&earlier=a&earlier=b&lang=ru", "/read/kazakh-diplomacy?start=1&end=9"):
        # Without the client's cookies: the page would set the language for the other tests.
        page = httpx.get(f"{service.base_url}{address}", headers=headers, trust_env=False)
        links = [unescape(link) for link in re.findall(r'href="([^"]*lang=[a-z]{2})"', page.text)]
        assert all(link.startswith("?") for link in links)
        asked = {name: kept for name, kept in parse_qs(urlsplit(address).query).items() if name != "lang"}
        assert [parse_qs(link[1:]) for link in links] == [{**asked, "lang": [one]} for one in ("kk", "ru", "en")]


def test_the_page_is_there_before_the_index_is_and_says_so_when_asked() -> None:
    def load() -> None:
        raise QAError("there is no index")

    client = TestClient(create_app(Settings(), load))  # type: ignore[arg-type]
    page = client.get("/", headers={"Accept": BROWSER})
    assert page.status_code == 200
    assert 'class="examples"' not in page.text
    for reply in (
        client.get("/ask?q=why", headers={"Accept": BROWSER}),
        client.get("/?q=why", headers={"Accept": BROWSER}),
        client.get("/read/essay", headers={"Accept": BROWSER}),
    ):
        assert (reply.status_code, reply.headers["Retry-After"]) == (503, "1")
        assert text_of(reply, 'class="problem"') == "The service is still starting. Ask again in a moment."


def test_a_passage_is_cut_where_its_quotation_and_its_matched_words_begin_and_end() -> None:
    text = "one two three four"
    assert runs(text, (4, 13), [(0, 3), (8, 18)]) == (
        Run(False, (Stretch("one", True), Stretch(" ", False))),
        Run(True, (Stretch("two ", False), Stretch("three", True))),
        Run(False, (Stretch(" four", True),)),
    )
    assert runs(text, None, []) == (Run(False, (Stretch(text, False),)),)


def test_a_citation_is_copied_as_each_form_has_it() -> None:
    citation = Citation(
        document="folder/чай_essay",
        title="Tea & *bread* {100%}",
        section="2",
        heading="Cups",
        item=None,
        path=("Tea", "2. Cups"),
        label="§2",
        start=0,
        end=9,
        line_start=1,
        line_end=1,
        source_sha256="ab" * 32,
        anchor="s2.p1",
    )
    forms = CitationForms.of("Tea is_hot\nalways.", citation, "http://host/read/a%20b(c)#s2.p1")
    assert forms.plain == "«Tea is_hot always.» — Tea & *bread* {100%}, §2. http://host/read/a%20b(c)#s2.p1"
    assert forms.markdown == (
        "> Tea is\\_hot\n> always.\n>\n> — [Tea \\& \\*bread\\* {100%}, §2](http://host/read/a%20b%28c%29#s2.p1)"
    )
    assert forms.bibtex == (
        "@misc{folder-essay-s2-p1,\n"
        "  title = {Tea \\& *bread* \\{100\\%\\}},\n"
        "  note = {§2: «Tea is\\_hot always.»},\n"
        "  howpublished = {\\url{http://host/read/a%20b(c)#s2.p1}},\n"
        "  version = {sha256:abababababababab},\n"
        "}"
    )
