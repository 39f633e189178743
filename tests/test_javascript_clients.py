"""OpenAI's routes as the clients in JavaScript use them, with a real service."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import unquote

import httpx
import pytest

from tests.conftest import ROOT
from tests.javascript import CLIENTS, run_client
from tests.test_service import QUESTIONS

SENTENCE = "> БҰҰ-дағы рөлі: Қазақстан 1992 жылы Біріккен Ұлттар Ұйымына мүше болды.\n"
TITLE = "§4, БҰҰ-дағы рөлі — Қазақ елінің дипломатиялық саясаты"


def ask_by(script: str, service: httpx.Client, *arguments: str, model: str = "suraq") -> Any:
    *chosen, question = arguments
    return run_client(script, *chosen, str(service.base_url.join("/v1")), model, question)


def check_link(service: httpx.Client, url: str) -> None:
    """It opens a page that has its anchor."""
    address, anchor = url.split("#")
    page = service.get(address)
    assert page.status_code == 200
    assert f'id="{unquote(anchor)}"' in page.text


@pytest.mark.parametrize("provider", ["chat", "responses"])
def test_the_ai_sdks_openai_provider_shows_the_citations_as_sources(service: httpx.Client, provider: str) -> None:
    shown = ask_by("ai_sdk.js", service, provider, QUESTIONS["en"])
    assert shown["error"] is None
    assert shown["whole"]["text"] == shown["streamed"]["text"]
    assert SENTENCE in shown["whole"]["text"]
    for way in ("whole", "streamed"):
        sources = shown[way]["sources"]
        assert len(sources) == 5
        assert sources[0]["title"] == TITLE
        for source in sources:
            assert (source["type"], source["sourceType"]) == ("source", "url")
            check_link(service, source["url"])


def test_a_provider_that_drops_citations_has_them_in_the_text(service: httpx.Client) -> None:
    shown = ask_by("ai_sdk.js", service, "compatible", QUESTIONS["en"])
    assert shown["error"] is None
    for way in ("whole", "streamed"):
        assert shown[way]["sources"] == []
        assert SENTENCE in shown[way]["text"]
        links = re.findall(r"\[([^\]]+)\]\((\S+)\)", shown[way]["text"])
        assert links[0][0] == "§4, БҰҰ-дағы рөлі"
        for _, url in links:
            check_link(service, url)


@pytest.mark.parametrize("provider", ["chat", "compatible", "responses"])
def test_the_ai_sdk_tells_the_services_own_words_of_an_error(service: httpx.Client, provider: str) -> None:
    error = ask_by("ai_sdk.js", service, provider, "ШЫҰ?", model="nothing")["error"]
    assert error["name"] == "AI_APICallError"
    assert error["status"] == 404
    assert error["message"].startswith("there is no model 'nothing'")
    error = ask_by("ai_sdk.js", service, provider, "й" * 1001)["error"]
    assert error["status"] == 400
    assert error["message"].startswith("the question has 1001 characters")


def test_openais_own_client_streams_the_text_and_where_its_citations_stand(service: httpx.Client) -> None:
    shown = ask_by("openai.js", service, QUESTIONS["en"])
    assert shown["error"] is None
    assert SENTENCE in shown["text"]
    assert len(shown["annotations"]) == 5
    for annotation in shown["annotations"]:
        cited = annotation["url_citation"]
        marker = shown["text"][cited["start_index"] : cited["end_index"]]
        assert marker.startswith("[§")
        assert marker.endswith(f"]({cited['url']})")
        check_link(service, cited["url"])


def test_openais_own_client_raises_its_error_for_a_model_that_is_not_there(service: httpx.Client) -> None:
    error = ask_by("openai.js", service, "ШЫҰ?", model="nothing")["error"]
    assert (error["name"], error["status"]) == ("NotFoundError", 404)
    assert "there is no model 'nothing'" in error["message"]


def test_the_lock_of_the_clients_names_no_host() -> None:
    assert '"resolved"' not in (CLIENTS / "package-lock.json").read_text(encoding="utf-8")
    assert "node_modules/" in (ROOT / ".gitignore").read_text(encoding="utf-8").splitlines()
