"""The widget on the page of another site, in a real browser."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import PHONE, Opening, violations
from tests.browser.site import Site, site
from tests.conftest import ROOT, environment, serving

QUESTION = "Қазақстан БҰҰ-ға қашан мүше болды?"
ANSWER = "БҰҰ-дағы рөлі: Қазақстан 1992 жылы Біріккен Ұлттар Ұйымына мүше болды."
NOT_ANSWERED = "How do I bake bread?"
LARGE = {"viewport": {"width": 1280, "height": 860}}


@pytest.fixture(scope="module")
def blog() -> Iterator[Site]:
    """The site that the service lets ask."""
    with site() as made:
        yield made


@pytest.fixture(scope="module")
def host(blog: Site, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a service that ``blog`` may ask."""
    with serving(environment(tmp_path_factory.mktemp("widget"), QA_CORS_ORIGINS=blog.url)) as client:
        yield str(client.base_url).rstrip("/")


def html(
    host: str, attributes: str = "", *, lang: str = "kk", before: str = "", after: str = "", head: str = ""
) -> str:
    """A page with one widget between other content."""
    return f"""<!doctype html><html lang="{lang}"><head><meta charset="utf-8"><title>Блог</title>
<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="color-scheme" content="light dark">
{head}<script src="{host}/widget.js" async></script></head>
<body><main><h1>Блог</h1>{before}<suraq-chat src="{host}" {attributes}></suraq-chat>{after}</main></body></html>"""


def ask(page: Page, question: str = QUESTION, widget: Locator | None = None) -> Locator:
    """Ask, wait until something came of it, and give that."""
    widget = widget or page.locator("suraq-chat")
    field = widget.get_by_role("textbox")
    field.fill(question)
    field.press("Enter")
    turn = widget.locator(".turn").last
    expect(turn.locator(".asked")).to_have_text(question)
    turn.locator(".quote, .nothing, .failure").wait_for()
    return turn


def marked(page: Page) -> dict[str, object]:
    """The text of the page that is marked, whether it is in view, and how many marks there are."""
    found: dict[str, object] = page.evaluate("""() => {
        const marks = [...(CSS.highlights.get("suraq-chat") ?? [])];
        const {top, bottom} = marks[0].getBoundingClientRect();
        return {text: marks[0].toString(), seen: top >= 0 && bottom > top && bottom <= innerHeight, marks: marks.length};
    }""")
    return found


def test_a_page_of_another_site_asks_in_kazakh_and_links_to_the_sentence(page: Page, blog: Site, host: str) -> None:
    page.goto(blog.page(html(host)))
    turn = ask(page)
    expect(turn.locator(".quote")).to_have_text(ANSWER)
    link = turn.locator(".source a").first
    expect(link).to_have_accessible_name("§4, БҰҰ-дағы рөлі (жаңа қойындыда ашылады)")
    assert (link.get_attribute("target"), link.get_attribute("rel")) == ("_blank", "noopener")
    address = urlsplit(link.get_attribute("href") or "")
    assert (f"{address.scheme}://{address.netloc}", address.path) == (host, "/read/kazakh-diplomacy")
    assert address.fragment == "s4.1"
    text = httpx.get(f"{host}/documents/kazakh-diplomacy/text", trust_env=False).text
    start, end = (int(parse_qs(address.query)[name][0]) for name in ("start", "end"))
    assert text[start:end] == ANSWER
    with page.expect_popup() as opened:
        link.click()
    expect(opened.value.locator("[id='s4.1']")).to_be_in_viewport()
    assert page.url == f"{blog.url}/"


def test_the_other_passages_are_folded_and_each_has_its_own_link(page: Page, blog: Site, host: str) -> None:
    page.goto(blog.page(html(host)))
    turn = ask(page)
    others = turn.locator(".others li")
    expect(others.first).to_be_hidden()
    turn.get_by_text("Басқа үзінділер: 3").click()
    expect(others.first).to_be_visible()
    links = [one.get_attribute("href") for one in others.get_by_role("link").all()]
    assert len(set(links)) == 3


def test_what_the_essay_does_not_answer_is_said_with_the_nearest_sections(page: Page, blog: Site, host: str) -> None:
    page.goto(blog.page(html(host, 'lang="en"')))
    turn = ask(page, NOT_ANSWERED)
    expect(turn.locator(".nothing")).to_have_text("The essay does not answer this.")
    expect(turn.locator(".quote")).to_have_count(0)
    expect(turn.get_by_role("link")).to_have_count(4)
    expect(page.get_by_role("status")).to_have_text("The essay does not answer this.")


def test_the_answer_is_said_to_those_who_hear_the_page(page: Page, blog: Site, host: str) -> None:
    page.goto(blog.page(html(host)))
    status = page.get_by_role("status")
    expect(status).to_have_text("")
    ask(page)
    expect(status).to_have_text(f"{ANSWER} §4, БҰҰ-дағы рөлі")


def test_a_site_that_may_not_ask_is_told_what_its_owner_must_do(opening: Opening, host: str) -> None:
    page = opening(**LARGE, may_fail=("blocked by CORS policy", "net::ERR_FAILED", "400 (Bad Request)"))
    with site() as stranger:
        page.goto(stranger.page(html(host, 'lang="en"')))
        turn = ask(page)
        expected = (
            f"{urlsplit(host).netloc} takes no questions from this site. "
            f"Its owner must add {stranger.url} to the setting QA_CORS_ORIGINS."
        )
        expect(turn.locator(".failure")).to_have_text(expected)
        expect(page.get_by_role("status")).to_have_text(expected)


# A page that holds the essay itself.


def essay(host: str) -> str:
    """The essay as content systems publish it: labels in bold, other quotes and dashes, entities, split words."""
    text = httpx.get(f"{host}/documents/kazakh-diplomacy/text", trust_env=False).text
    lines = [line.strip(" •") for line in text.splitlines() if line.strip()]
    labelled = [re.sub(r"^([^.:]{1,60}):", r"<b>\1</b>:", line) for line in lines]
    paragraphs = "".join(f"<p>{line}</p>\n" for line in labelled)
    return paragraphs.replace(" — ", "&nbsp;– ").replace("Біріккен", "Бірік&shy;<i>кен</i>\n  ")


DECOYS = (
    f"<script type='text/plain'>{ANSWER}</script><noscript>{ANSWER}</noscript><textarea aria-label='x'>{ANSWER}</textarea>"
    f"<p hidden>{ANSWER}</p>"
)


def test_a_page_that_holds_the_essay_scrolls_to_the_sentence_and_marks_it(page: Page, blog: Site, host: str) -> None:
    page.goto(blog.page(html(host, after=DECOYS + essay(host))))
    turn = ask(page)
    link = turn.locator(".source a").first
    expect(link).to_have_accessible_name("§4, БҰҰ-дағы рөлі (осы беттен көрсетеді)")
    link.click()
    found = marked(page)
    assert "".join(str(found["text"]).replace("\u00ad", "").split()) == "".join(ANSWER.split())
    assert (found["seen"], found["marks"]) == (True, 1)
    expect(page.get_by_role("status")).to_have_text("Үзінді осы бетте белгіленді.")
    assert (len(page.context.pages), page.url) == (1, f"{blog.url}/")
    # Another citation takes the mark over, and a click that asks for a tab gets one.
    turn.locator("summary").click()
    turn.locator(".others a").first.click()
    assert marked(page)["text"] != found["text"]
    assert marked(page)["seen"] is True
    with page.context.expect_page() as opened:
        link.click(modifiers=["ControlOrMeta"])
    opened.value.wait_for_url(f"{host}/read/**")


def test_the_mark_is_visible(page: Page, blog: Site, host: str) -> None:
    page.goto(blog.page(html(host, after=essay(host))))
    ask(page).locator(".source a").first.click()
    style = "getComputedStyle(document.body, '::highlight(suraq-chat)').backgroundColor"
    assert page.evaluate(style) == "rgb(255, 224, 138)"


def test_a_sentence_within_closed_details_and_a_scrolling_box_is_brought_into_view(
    page: Page, blog: Site, host: str
) -> None:
    around = f"<details><summary>Эссе</summary><div style='height: 12rem; overflow: auto'>{essay(host)}</div></details>"
    page.goto(blog.page(html(host, after=around)))
    ask(page).locator(".source a").first.click()
    assert marked(page)["seen"] is True
    assert page.evaluate("document.querySelector('details').open") is True


def test_a_sentence_deep_in_one_long_paragraph_is_brought_into_view(page: Page, blog: Site, host: str) -> None:
    lines = re.sub(r"</?[pbi]>", "", essay(host)) + "Тағы бірдеңе. " * 2000
    page.goto(blog.page(html(host, after=f"<p>{'Алдымен бірдеңе. ' * 2000} {lines}</p>")))
    ask(page).locator(".source a").first.click()
    assert marked(page)["seen"] is True


def test_a_label_that_the_page_sets_apart_does_not_hide_the_sentence(page: Page, blog: Site, host: str) -> None:
    label, sentence = ANSWER.split(": ")
    page.goto(blog.page(html(host, after=f"<h2>{label} туралы</h2><p>«{sentence}»</p>")))
    ask(page).locator(".source a").first.click()
    assert marked(page)["text"] == f"«{sentence}»"


def test_a_browser_without_highlights_selects_the_sentence(page: Page, blog: Site, host: str) -> None:
    page.add_init_script("delete window.Highlight")
    page.goto(blog.page(html(host, after=essay(host))))
    ask(page).locator(".source a").first.click()
    selected = page.evaluate("getSelection().toString()")
    assert "".join(selected.replace("\u00ad", "").split()) == "".join(ANSWER.split())


def test_a_page_that_lost_the_sentence_since_opens_the_reading_page(page: Page, blog: Site, host: str) -> None:
    page.goto(blog.page(html(host, after=f"<p id='only'>{ANSWER}</p>")))
    link = ask(page).locator(".source a").first
    page.evaluate("document.getElementById('only').remove()")
    with page.expect_popup() as opened:
        link.click()
    assert opened.value.url.startswith(f"{host}/read/")


# What it leaves alone.


def test_it_adds_no_global_no_cookie_no_storage_and_loads_nothing_else(page: Page, blog: Site, host: str) -> None:
    page.goto(blog.page(f"<!doctype html><html lang=kk><title>x</title><suraq-chat src='{host}'></suraq-chat>"))
    before = page.evaluate("Object.getOwnPropertyNames(window)")
    requests: list[str] = []
    page.on("request", lambda request: requests.append(f"{request.method} {request.url}"))
    page.add_script_tag(url=f"{host}/widget.js")
    ask(page)
    assert page.evaluate("Object.getOwnPropertyNames(window)") == before
    assert page.context.cookies() == []
    assert page.context.storage_state()["origins"] == []
    assert page.evaluate("[document.cookie, localStorage.length, sessionStorage.length]") == ["", 0, 0]
    assert [one for one in requests if not one.startswith("OPTIONS")] == [f"GET {host}/widget.js", f"POST {host}/ask"]


def test_to_load_the_script_twice_is_harmless(page: Page, blog: Site, host: str) -> None:
    page.goto(blog.page(html(host, head=f'<script src="{host}/widget.js"></script>')))
    page.add_script_tag(url=f"{host}/widget.js")
    expect(ask(page).locator(".quote")).to_have_text(ANSWER)
    expect(page.get_by_role("textbox")).to_have_count(1)


def test_two_widgets_on_a_page_do_not_mix(page: Page, blog: Site, host: str) -> None:
    page.goto(blog.page(html(host, after=f'<suraq-chat src="{host}" lang="ru"></suraq-chat>')))
    first, second = page.locator("suraq-chat").all()
    ask(page, QUESTION, first)
    ask(page, NOT_ANSWERED, second)
    expect(first.locator(".quote")).to_have_count(1)
    expect(second.locator(".nothing")).to_have_text("В тексте нет ответа на этот вопрос.")
    expect(first.locator(".turn")).to_have_count(1)
    assert violations(page) == []


def test_without_src_it_asks_where_its_script_came_from(page: Page, blog: Site, host: str) -> None:
    page.goto(blog.page(html(host).replace(f'<suraq-chat src="{host}" ', "<suraq-chat ")))
    expect(ask(page).locator(".quote")).to_have_text(ANSWER)


def test_without_src_a_service_behind_a_path_is_asked_there(page: Page, blog: Site, host: str) -> None:
    script = httpx.get(f"{host}/widget.js", trust_env=False).text
    blog.page(script, "/suraq/widget.js", Content_Type="text/javascript")
    blog.page("{}", "/suraq/ask")
    page.goto(blog.page('<!doctype html><script src="/suraq/widget.js"></script><suraq-chat></suraq-chat>'))
    with page.expect_request(lambda request: request.method == "POST") as asked:
        page.get_by_role("textbox").fill(QUESTION)
        page.keyboard.press("Enter")
    assert asked.value.url == f"{blog.url}/suraq/ask"


HOSTILE = """<style>
*, suraq-chat { display: none !important; font: 900 90px/3 cursive !important; color: red !important;
  opacity: 0 !important; visibility: hidden !important; transform: scale(0) !important; height: 0 !important;
  overflow: hidden !important; letter-spacing: 1em !important; text-transform: uppercase !important;
  pointer-events: none !important; width: 3px !important; writing-mode: vertical-rl !important; direction: rtl; }
html, body, main { display: block !important; visibility: visible !important; opacity: 1 !important; color: red;
  transform: none !important; height: auto !important; overflow: visible !important; width: auto !important;
  pointer-events: auto !important; }
html { font-size: 3px !important; }
</style>"""


def test_hostile_styles_of_the_page_do_not_break_it(page: Page, blog: Site, host: str) -> None:
    page.goto(blog.page(html(host, head=HOSTILE)))
    quote = ask(page).locator(".quote")
    expect(quote).to_be_visible()
    assert quote.inner_text() == ANSWER
    style = "(one) => { const {color, letterSpacing, direction} = getComputedStyle(one); return [color, letterSpacing, direction]; }"
    assert page.locator("suraq-chat form").evaluate(style) == ["rgb(28, 33, 38)", "normal", "ltr"]
    assert float(str(quote.evaluate("(one) => parseFloat(getComputedStyle(one).fontSize)"))) < 25
    box = page.locator("suraq-chat .panel").bounding_box()
    assert box is not None
    assert box["width"] >= 240
    page.locator("suraq-chat .send").click(trial=True)


def test_it_has_the_typeface_of_the_page_and_the_place_that_the_page_gives_it(
    page: Page, blog: Site, host: str
) -> None:
    style = "<style>body { font: 18px monospace; } suraq-chat { margin: 50px auto; max-width: 400px; }</style>"
    page.goto(blog.page(html(host, head=style)))
    box = page.locator("suraq-chat .panel").bounding_box()
    assert box is not None
    assert (box["width"], box["x"]) == (400, 440)
    font = page.get_by_role("textbox").evaluate("(one) => getComputedStyle(one).font")
    assert font.endswith("18px / 27px monospace")


def test_a_hidden_widget_is_hidden(page: Page, blog: Site, host: str) -> None:
    page.goto(blog.page(html(host, "hidden")))
    page.wait_for_function("!!customElements.get('suraq-chat')")
    expect(page.locator("suraq-chat .panel")).to_be_hidden()


def test_a_strict_policy_needs_two_sources_and_no_more(page: Page, blog: Site, host: str) -> None:
    policy = f"default-src 'none'; script-src {host}; connect-src {host}; require-trusted-types-for 'script'"
    page.goto(blog.page(html(host, 'accent="#0a7"', after=f"<p>{ANSWER}</p>"), Content_Security_Policy=policy))
    turn = ask(page)
    expect(turn.locator(".quote")).to_have_text(ANSWER)
    send = page.locator("suraq-chat .send")
    assert send.evaluate("(one) => getComputedStyle(one).backgroundColor") == "rgb(0, 170, 119)"
    turn.locator(".source a").first.click()
    assert marked(page)["text"] == ANSWER


def test_the_example_works_under_its_own_policy(page: Page, blog: Site, host: str) -> None:
    example = (ROOT / "docs" / "examples" / "widget.html").read_text(encoding="utf-8")
    page.goto(blog.page(example.replace("https://essay.example", host)))
    expect(ask(page).locator(".quote")).to_have_text(ANSWER)


def test_a_policy_that_keeps_it_from_asking_is_named(opening: Opening, blog: Site, host: str) -> None:
    page = opening(**LARGE, may_fail=("Content Security Policy",))
    page.goto(blog.page(html(host, 'lang="en"'), Content_Security_Policy=f"default-src 'none'; script-src {host}"))
    expect(ask(page).locator(".failure")).to_contain_text("does not allow it to reach")


def test_what_was_typed_shows_as_text(page: Page, blog: Site, host: str) -> None:
    page.goto(blog.page(html(host)))
    hostile = "<img src=x onerror=document.title='broken'><script>document.title='broken'</script>"
    turn = ask(page, hostile)
    expect(turn.locator("img, script")).to_have_count(0)
    assert page.title() == "Блог"


# How it looks, and to whom.


@pytest.mark.parametrize("attributes", ['accent="#fd0"', "floating"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("screen", [LARGE, PHONE], ids=["large", "phone"])
def test_nobody_is_kept_from_using_it(
    opening: Opening, blog: Site, host: str, screen: dict[str, object], scheme: str, attributes: str
) -> None:
    page = opening(**screen, color_scheme=scheme)
    page.goto(blog.page(html(host, attributes)))
    if attributes == "floating":
        page.get_by_role("button", name="Сұрақ қою").click()
    ask(page).locator("summary").click()
    ask(page, NOT_ANSWERED)
    assert violations(page) == []
    widest = page.evaluate("Math.max(...[...document.querySelectorAll('*')].map((one) => one.scrollWidth))")
    assert widest <= page.evaluate("innerWidth")


def test_by_keyboard_alone(page: Page, blog: Site, host: str) -> None:
    page.goto(blog.page(html(host, after="<button>Келесі</button>")))
    page.wait_for_function("!!customElements.get('suraq-chat')")
    page.keyboard.press("Tab")
    page.keyboard.type(QUESTION)
    page.keyboard.press("Enter")
    page.locator("suraq-chat .quote").wait_for()
    names = []
    for _ in range(3):
        page.keyboard.press("Shift+Tab")
        names.append(page.evaluate("document.activeElement.shadowRoot?.activeElement?.textContent ?? ''"))
    # From the box back through what is folded and the citation to the conversation, which the arrow keys scroll.
    assert names[0] == "Басқа үзінділер: 3"
    assert names[1].startswith("§4, БҰҰ-дағы рөлі")
    assert names[2].startswith(QUESTION)
    page.keyboard.press("Tab")
    with page.expect_popup() as opened:
        page.keyboard.press("Enter")
    assert opened.value.url.endswith("#s4.1")


def test_a_floating_widget_opens_and_closes_by_keyboard(page: Page, blog: Site, host: str) -> None:
    page.goto(blog.page(html(host, "floating")))
    panel, opener = page.locator("suraq-chat .panel"), page.get_by_role("button", name="Сұрақ қою")
    expect(opener).to_have_attribute("aria-expanded", "false")
    expect(panel).to_be_hidden()
    page.keyboard.press("Tab")
    expect(opener).to_be_focused()
    page.keyboard.press("Enter")
    expect(panel).to_be_visible()
    expect(opener).to_have_attribute("aria-expanded", "true")
    expect(page.get_by_role("textbox")).to_be_focused()
    page.keyboard.press("Escape")
    expect(panel).to_be_hidden()
    expect(opener).to_be_focused()
    opener.click()
    page.get_by_role("button", name="Жабу").click()
    expect(panel).to_be_hidden()


def test_on_a_phone_a_floating_widget_makes_way_for_the_sentence(opening: Opening, blog: Site, host: str) -> None:
    page = opening(**PHONE)
    page.goto(blog.page(html(host, "floating", after=essay(host))))
    page.get_by_role("button", name="Сұрақ қою").click()
    ask(page).locator(".source a").first.click()
    expect(page.locator("suraq-chat .panel")).to_be_hidden()
    assert marked(page)["seen"] is True


@pytest.mark.parametrize(
    ("attributes", "lang", "locale", "name"),
    [
        ('lang="ru"', "kk", "en-GB", "Спросить"),
        ('lang="en-GB"', "kk", "ru-RU", "Ask"),
        ("", "ru-KZ", "en-GB", "Спросить"),
        ("", "", "kk-KZ", "Сұрау"),
        # A language that it does not speak: the browser's, and at the end English.
        ('lang="tr"', "tr", "ru-RU", "Спросить"),
        ("", "tr", "de-DE", "Ask"),
        ("", "constructor", "de-DE", "Ask"),
    ],
)
def test_it_speaks_the_language_of_its_attribute_or_of_the_page_or_of_the_browser(
    opening: Opening, blog: Site, host: str, attributes: str, lang: str, locale: str, name: str
) -> None:
    page = opening(locale=locale)
    page.goto(blog.page(html(host, attributes, lang=lang)))
    expect(page.get_by_role("button")).to_have_text(name)


CONTRAST = """(one) => {
    const box = one.shadowRoot.querySelector(".box"), link = one.shadowRoot.querySelector("a");
    const send = one.shadowRoot.querySelector(".send"), panel = one.shadowRoot.querySelector(".panel");
    const light = (colour) => {
        const [r, g, b] = colour.match(/[\\d.]+/g).map((part) => part / 255)
            .map((part) => part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4);
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const ratio = (a, b) => (Math.max(light(a), light(b)) + 0.05) / (Math.min(light(a), light(b)) + 0.05);
    const style = (element) => getComputedStyle(element);
    return [style(send).backgroundColor, ratio(style(send).color, style(send).backgroundColor),
            ratio(style(link).color, style(panel).backgroundColor)];
}"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_any_accent_stays_readable_and_what_is_no_colour_is_ignored(
    opening: Opening, blog: Site, host: str, scheme: str
) -> None:
    page = opening(**LARGE, color_scheme=scheme)
    page.goto(blog.page(html(host, head="<style>:root { --brand: #c0f; }</style>")))
    ask(page)
    widget = page.locator("suraq-chat")
    own = "rgb(11, 107, 88)" if scheme == "light" else "rgb(109, 205, 181)"
    accents = {
        "#0a7": "rgb(0, 170, 119)",
        "yellow": "rgb(255, 255, 0)",
        "white": "rgb(255, 255, 255)",
        "#000": "rgb(0, 0, 0)",
        "rgb(119 119 119)": "rgb(119, 119, 119)",
        "hsl(270 50% 40%)": "rgb(102, 51, 153)",
        "var(--brand)": "rgb(204, 0, 255)",
        "greenish": own,
        "inherit": own,
        "red; background: url(http://127.0.0.1:9/x)": own,
        "": own,
    }
    for accent, expected in accents.items():
        widget.evaluate("(one, accent) => one.setAttribute('accent', accent)", accent)
        filled, upon, text = widget.evaluate(CONTRAST)
        assert filled == expected, accent
        assert upon >= 4.5, accent
        assert text >= 4.49, accent


def test_attributes_are_followed_and_the_conversation_stays(page: Page, blog: Site, host: str) -> None:
    page.goto(blog.page(html(host)))
    turn = ask(page)
    turn.locator("summary").click()
    widget = page.locator("suraq-chat")

    def put(name: str, value: str | None) -> None:
        change = "(one, [name, value]) => value === null ? one.removeAttribute(name) : one.setAttribute(name, value)"
        widget.evaluate(change, [name, value])

    put("title", "Менің сұрағым")
    put("placeholder", "Осында жазыңыз")
    expect(page.get_by_role("group", name="Менің сұрағым")).to_be_visible()
    expect(page.get_by_role("textbox")).to_have_attribute("placeholder", "Осында жазыңыз")
    # What was unfolded stays so, until its words change.
    expect(turn.locator(".others")).to_be_visible()
    put("lang", "en")
    expect(widget.locator("summary")).to_have_text("Other passages: 3")
    expect(page.get_by_role("button")).to_have_text("Ask")
    put("title", None)
    expect(page.get_by_role("group", name="Ask the essay")).to_be_visible()
    put("floating", "")
    expect(widget.locator(".panel")).to_be_hidden()
    put("floating", None)
    expect(turn.locator(".quote")).to_have_text(ANSWER)
    put("src", "javascript:alert(1)")
    expect(ask(page).locator(".failure")).to_contain_text("not valid: src=")


def test_it_is_as_light_or_dark_as_the_reader_wants_or_the_page_says(opening: Opening, blog: Site, host: str) -> None:
    page = opening(color_scheme="dark")
    page.goto(blog.page(html(host)))
    panel = page.locator("suraq-chat .panel")
    dark, light = "rgb(27, 31, 35)", "rgb(255, 255, 255)"
    expect(panel).to_have_css("background-color", dark)
    page.emulate_media(color_scheme="light")
    expect(panel).to_have_css("background-color", light)
    page.locator("suraq-chat").evaluate("(one) => one.setAttribute('theme', 'dark')")
    expect(panel).to_have_css("background-color", dark)


def test_a_widget_that_is_moved_keeps_its_conversation(page: Page, blog: Site, host: str) -> None:
    page.goto(blog.page(html(host)))
    ask(page)
    page.evaluate("document.body.prepend(document.querySelector('suraq-chat'))")
    expect(page.locator("suraq-chat .quote")).to_have_text(ANSWER)
    ask(page, NOT_ANSWERED)
    expect(page.locator("suraq-chat .turn")).to_have_count(2)


def test_chat_and_mcp_clients_in_a_page_may_call_with_headers_of_their_own(page: Page, blog: Site, host: str) -> None:
    page.goto(blog.page("<!doctype html><html lang=en><title>x</title>"))
    call = """async ([address, body, headers]) => {
        const sent = {"Content-Type": "application/json", Authorization: "Bearer unused", ...headers};
        const reply = await fetch(address, {method: "POST", headers: sent, body: JSON.stringify(body)});
        return [reply.status, await reply.text(), reply.headers.get("X-Index-Generation")];
    }"""
    chat = {"model": "suraq", "messages": [{"role": "user", "content": QUESTION}]}
    headers = {"X-Stainless-Lang": "js", "X-Stainless-Retry-Count": "0"}
    status, said, generation = page.evaluate(call, [f"{host}/v1/chat/completions", chat, headers])
    assert (status, "1992" in said) == (200, True)
    assert generation
    ping = {"jsonrpc": "2.0", "id": 1, "method": "ping"}
    headers = {"Accept": "application/json, text/event-stream", "Mcp-Protocol-Version": "2025-06-18"}
    status, said, _ = page.evaluate(call, [f"{host}/mcp", ping, headers])
    assert (status, said) == (200, '{"jsonrpc":"2.0","id":1,"result":{}}')
