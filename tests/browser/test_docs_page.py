"""The page of the API's description under its own policy, in a browser."""

from __future__ import annotations

import httpx

from tests.browser.conftest import Opening


def test_the_description_is_shown_with_nothing_refused_by_the_policy(opening: Opening, service: httpx.Client) -> None:
    page = opening()
    page.goto(str(service.base_url.join("/docs")))
    page.get_by_text("/citations/verify").first.wait_for()
    page.get_by_role("button", name="GET /livez").first.click()
    page.get_by_role("button", name="Try it out").first.click()
    page.get_by_role("button", name="Execute").first.click()
    page.get_by_text('"alive"').first.wait_for()
