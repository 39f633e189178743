"""A browser, and pages in it that must not complain."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from tests.conftest import ROOT

# It looks for updates and Google's hosts by itself otherwise.
_QUIET = (
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-quic",
    "--no-first-run",
)
AXE = ROOT / "tests" / "clients" / "node_modules" / "axe-core" / "axe.min.js"
PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True, "device_scale_factor": 2}
# A context with Playwright's settings (``locale``, ``color_scheme``, ``java_script_enabled``, `PHONE` …), see `opening`.
Opening = Callable[..., Page]


# Of the package, since Playwright keeps the thread's event loop running, which other tests start anew.
@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    program = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    assert program, "Chromium is not installed; on Debian: apt install chromium"
    with sync_playwright() as playwright:
        # Root may not use Chromium's own sandbox.
        chromium = playwright.chromium.launch(executable_path=program, args=[*_QUIET, "--no-sandbox"])
        yield chromium
        chromium.close()


@pytest.fixture
def opening(browser: Browser) -> Iterator[Opening]:
    """Opens a new page in a context of its own; at the end none may have had an error or written one to its console.

    ``may_fail`` names what a message of the console may contain all the same.
    """
    contexts: list[BrowserContext] = []
    complaints: list[str] = []

    def open_(*, may_fail: tuple[str, ...] = (), **settings: object) -> Page:
        context = browser.new_context(**{"locale": "kk-KZ", **settings})  # type: ignore[arg-type]
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(10_000)
        page.on("pageerror", lambda error: complaints.append(str(error)))

        def note(kind: str, text: str) -> None:
            if kind in ("error", "warning") and not any(one in text for one in may_fail):
                complaints.append(f"{kind}: {text}")

        page.on("console", lambda message: note(message.type, message.text))
        return page

    yield open_
    for context in contexts:
        context.close()
    assert not complaints


@pytest.fixture
def page(opening: Opening) -> Page:
    """A page on a large screen, in Kazakh, by day."""
    return opening(viewport={"width": 1280, "height": 860})


def violations(page: Page) -> list[str]:
    """What axe-core finds that keeps some people from using a page, a line each."""
    page.evaluate("() => {" + AXE.read_text(encoding="utf-8") + "}")
    found = page.evaluate("async () => (await axe.run(document, {resultTypes: ['violations']})).violations")
    return [f"{one['id']}: {one['help']} ({one['nodes'][0]['html'][:200]})" for one in found]
