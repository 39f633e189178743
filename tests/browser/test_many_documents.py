"""The pages with more documents than they show at once, in a real browser."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest
from playwright.sync_api import expect

from tests.browser.conftest import PHONE, Opening, violations
from tests.conftest import environment, serving
from tests.test_many_documents import COUNT, write_many

TOKEN = "0123456789-abcdefgh"


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    folder = tmp_path_factory.mktemp("many")
    write_many(folder / "corpus")
    settings = {"QA_CORPUS_DIR": str(folder / "corpus"), "QA_ADMIN_TOKEN": TOKEN}
    with serving(environment(folder, **settings)) as client:
        yield client


@pytest.mark.parametrize("screen", [{}, PHONE])
def test_the_owner_finds_a_document_among_many(many: httpx.Client, opening: Opening, screen: dict[str, object]) -> None:
    page = opening(**{"locale": "en-GB", **screen})
    page.goto(f"{many.base_url}/admin")
    page.locator("#token").fill(TOKEN)
    page.locator("#signing-in button").click()
    rows = page.locator("#documents tbody tr")
    expect(rows).to_have_count(100)
    expect(page.locator("#found-count")).to_have_text(f"100 of {COUNT} shown")
    assert not violations(page)
    page.get_by_role("searchbox", name="Find a document by its title").fill("essay 117")
    page.locator("#found button").click()
    expect(rows).to_have_count(1)
    expect(rows).to_contain_text("117.txt")
    page.locator("#find-document").fill("")
    page.locator("#found button").click()
    expect(rows).to_have_count(100)


@pytest.mark.parametrize("script", [True, False])
def test_a_reader_finds_a_text_among_many_with_and_without_scripts(
    many: httpx.Client, opening: Opening, script: bool
) -> None:
    page = opening(locale="en-GB", java_script_enabled=script)
    page.goto(f"{many.base_url}/")
    page.get_by_role("searchbox", name="Find a text by its title").fill("essay 117")
    page.get_by_role("button", name="Find").click()
    expect(page.locator(".documents li a")).to_have_count(1)
    page.locator(".documents li a").click()
    expect(page.get_by_role("heading", name="Essay 117")).to_be_visible()
