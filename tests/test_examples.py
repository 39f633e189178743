"""The examples of chat frontends run against the service, and name nothing that is not there."""

from __future__ import annotations

import asyncio
import importlib.util
import json
import os
import re
import subprocess
import sys
from types import ModuleType
from typing import Any
from urllib.parse import unquote, urlsplit

import httpx
import openai
import pytest
import yaml

from qa.cli import main
from qa.settings import Settings
from tests.conftest import ROOT
from tests.test_docs import commands

EXAMPLES = ROOT / "docs" / "examples"
QUESTIONS = {"kk": "Қазақстан БҰҰ-ға қашан мүше болды?", "en": "When did Kazakhstan join the UN?"}


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """The examples heed the environment's proxies, which do not reach this machine's loopback."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


def example(name: str) -> ModuleType:
    """The program as a module, loaded from where it lies."""
    spec = importlib.util.spec_from_file_location(name, EXAMPLES / f"{name}.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    # Pydantic looks the names in annotations up by the module's own.
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def address(service: httpx.Client) -> str:
    return str(service.base_url).rstrip("/")


def opens_at_its_passage(service: httpx.Client, url: str) -> bool:
    """Whether a link leads to the service's own page, and that page has the anchor."""
    page, anchor = url.split("#")
    reply = httpx.get(page, trust_env=False)
    return page.startswith(address(service)) and reply.status_code == 200 and f'id="{unquote(anchor)}"' in reply.text


def check_metadata(service: httpx.Client, text: str, metadata: dict[str, Any]) -> None:
    """A passage's metadata cite it to the character."""
    source = service.get(f"/documents/{metadata['document']}/text").text
    assert source[metadata["start"] : metadata["end"]] == text
    assert opens_at_its_passage(service, metadata["url"])


@pytest.mark.parametrize("language", QUESTIONS)
def test_the_langchain_retriever_gives_documents_that_cite_their_sections(service: httpx.Client, language: str) -> None:
    retriever = example("langchain_retriever").SuraqRetriever(base_url=address(service), top_k=3)
    documents = retriever.invoke(QUESTIONS[language])
    assert len(documents) == 3
    assert "1992" in documents[0].page_content
    assert documents[0].metadata["label"] == "§4, БҰҰ-дағы рөлі"
    assert documents[0].metadata["source"] == documents[0].metadata["url"]
    assert documents[0].metadata["answerable"] is True
    for document in documents:
        check_metadata(service, document.page_content, document.metadata)
        assert service.get(f"/passages/{document.id}").json()["text"] == document.page_content


def test_the_langchain_retriever_searches_the_documents_that_it_is_given(service: httpx.Client) -> None:
    retriever = example("langchain_retriever").SuraqRetriever(base_url=address(service), documents=("tea",))
    found = asyncio.run(retriever.ainvoke(QUESTIONS["en"]))
    assert {document.metadata["document"] for document in found} == {"tea"}


@pytest.mark.parametrize("language", QUESTIONS)
def test_the_llamaindex_retriever_gives_nodes_that_cite_their_sections(service: httpx.Client, language: str) -> None:
    hits = example("llamaindex_retriever").SuraqRetriever(address(service), top_k=3).retrieve(QUESTIONS[language])
    assert len(hits) == 3
    assert "1992" in hits[0].text
    assert (hits[0].metadata["section"], hits[0].metadata["answerable"]) == ("4", True)
    assert hits[0].score > hits[1].score
    for hit in hits:
        check_metadata(service, hit.text, hit.metadata)
        assert (hit.node.start_char_idx, hit.node.end_char_idx) == (hit.metadata["start"], hit.metadata["end"])


def test_a_language_model_is_shown_of_a_llamaindex_node_what_it_cites_by(service: httpx.Client) -> None:
    retriever = example("llamaindex_retriever").SuraqRetriever(address(service), top_k=1)
    (hit,) = asyncio.run(retriever.aretrieve(QUESTIONS["en"]))
    shown = hit.node.get_content(metadata_mode="llm")
    assert "label: §4, БҰҰ-дағы рөлі" in shown
    assert hit.metadata["url"] in shown
    assert "sha256" not in shown


@pytest.mark.parametrize(("name", "method"), [("langchain_retriever", "invoke"), ("llamaindex_retriever", "retrieve")])
def test_a_retriever_says_what_the_service_refuses(service: httpx.Client, name: str, method: str) -> None:
    retriever = example(name).SuraqRetriever(base_url=address(service))
    with pytest.raises(RuntimeError, match=r"answered 422: .*at most 1000 characters"):
        getattr(retriever, method)("a" * 1001)


@pytest.mark.parametrize("language", QUESTIONS)
def test_the_openai_conversation_streams_and_gathers_its_citations(service: httpx.Client, language: str) -> None:
    with example("openai_client").client_of(address(service)) as client:
        conversation = example("openai_client").Conversation(client)
        pieces = list(conversation.ask(QUESTIONS[language]))
    assert len(pieces) > 1
    assert "1992" in "".join(pieces)
    assert conversation.citations[0].title.startswith("§4, БҰҰ-дағы рөлі")
    for citation in conversation.citations:
        assert citation.marker.endswith(f"]({citation.url})")
        assert opens_at_its_passage(service, citation.url)


def test_the_openai_conversation_sends_what_was_said_and_raises_what_is_refused(service: httpx.Client) -> None:
    with example("openai_client").client_of(address(service)) as client:
        conversation = example("openai_client").Conversation(client)
        first = "".join(conversation.ask(QUESTIONS["en"]))
        "".join(conversation.ask(QUESTIONS["kk"]))
        roles = [message["role"] for message in conversation._messages]
        assert roles == ["user", "assistant", "user", "assistant"]
        assert conversation._messages[1]["content"] == first
        with pytest.raises(openai.BadRequestError, match="1001 characters"):
            list(conversation.ask("a" * 1001))
        assert len(conversation._messages) == 4


def test_the_openai_search_gives_passages_and_links_that_open(service: httpx.Client) -> None:
    with example("openai_client").client_of(address(service)) as client:
        found = example("openai_client").search(client, QUESTIONS["kk"], 2)
    assert len(found) == 2
    assert "1992" in found[0]
    for text in found:
        assert opens_at_its_passage(service, text.split()[-1])


@pytest.mark.parametrize("name", ["langchain_retriever", "llamaindex_retriever", "openai_client"])
def test_each_example_runs_as_its_docstring_says(service: httpx.Client, name: str) -> None:
    command = f'python {name}.py "{QUESTIONS["en"]}"'
    assert command in (example(name).__doc__ or "")
    done = subprocess.run(
        [sys.executable, f"{name}.py", QUESTIONS["en"]],
        cwd=EXAMPLES,
        env={**os.environ, "SURAQ_URL": address(service)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    links = [word.strip("()") for word in re.findall(r"https?://[^\s)]+", done.stdout)]
    assert links
    assert all(opens_at_its_passage(service, link) for link in set(links))


def model_names(service: httpx.Client) -> set[str]:
    return {model["id"] for model in service.get("/v1/models").json()["data"]}


def is_there(service: httpx.Client, path: str) -> bool:
    """Whether the service has an address. No route takes OPTIONS: one that is there refuses the method."""
    return service.options(path).status_code != 404


def test_an_address_that_is_not_there_is_seen_not_to_be(service: httpx.Client) -> None:
    assert is_there(service, "/v1/chat/completions")
    assert not is_there(service, "/v1/chat/completion")
    assert not is_there(service, "/nowhere")


def test_the_librechat_example_names_a_route_and_a_model_that_are_there(service: httpx.Client) -> None:
    settings = yaml.safe_load((EXAMPLES / "librechat.yaml").read_text(encoding="utf-8"))
    (endpoint,) = settings["endpoints"]["custom"]
    assert {"name", "apiKey", "baseURL", "models"} <= endpoint.keys()
    assert endpoint["models"]["default"]
    assert set(endpoint["models"]["default"]) <= model_names(service)
    assert endpoint["titleConvo"] is False
    assert is_there(service, urlsplit(endpoint["baseURL"]).path + "/chat/completions")


def test_the_claude_example_names_a_command_and_settings_that_are_there() -> None:
    servers = json.loads((EXAMPLES / "claude_desktop_config.json").read_text(encoding="utf-8"))["mcpServers"]
    (server,) = servers.values()
    assert server["command"].endswith("/qa")
    assert " ".join(server["args"]) in dict(commands(main))
    assert server["env"].keys() <= {f"QA_{name.upper()}" for name in Settings.model_fields}


@pytest.mark.parametrize("name", ["chainlit_app.py", "page.html"])
def test_a_chat_asks_for_a_model_that_is_there(service: httpx.Client, name: str) -> None:
    asked = re.findall(r"""model(?:=|: )['"]([^'"]+)""", (EXAMPLES / name).read_text(encoding="utf-8"))
    assert asked
    assert set(asked) <= model_names(service)


def test_the_widgets_page_has_the_lines_of_the_readme_and_attributes_that_are_there(service: httpx.Client) -> None:
    page = (EXAMPLES / "widget.html").read_text(encoding="utf-8")
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    section = readme.partition("## On your own site\n")[2].partition("\n## ")[0]
    (snippet,) = re.findall(r"```html\n(.*?)```", section, re.DOTALL)
    assert snippet in page
    script = service.get(urlsplit(re.findall(r'<script src="([^"]+)"', snippet)[0]).path).text
    (known,) = re.findall(r"observedAttributes = \[(.*?)\]", script)
    rows = re.findall(r"^\| (`.*?) \|", section, re.MULTILINE)
    assert set(re.findall(r"[a-z]+", " ".join(rows))) == set(re.findall(r"[a-z]+", known))
    assert set(re.findall(r' ([a-z]+)="', snippet.partition("<suraq-chat")[2])) <= set(re.findall(r"[a-z]+", known))


def test_the_page_makes_no_markup_of_what_it_is_sent_and_loads_nothing_from_elsewhere() -> None:
    page = (EXAMPLES / "page.html").read_text(encoding="utf-8")
    assert "textContent" in page
    for sink in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "srcdoc"):
        assert sink not in page
    assert re.findall(r"""(?:from|src=|@import) ?['"]([^'"]+)""", page) == ["./openai/index.mjs"]
