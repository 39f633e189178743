"""What Open WebUI sends, in its shapes: chats with dozens of tools, and its small tasks about a chat."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

HISTORY = """### Chat History:
<chat_history>
USER: Қазақстан БҰҰ-ға қашан мүше болды?
ASSISTANT: Эсседе былай делінген: "1992" {"tags": ["no"]}
USER: Ал ЕҚЫҰ-ға ше?
ASSISTANT: …
</chat_history>"""
TOOLS = [
    {"type": "function", "function": {"name": f"tool_{number}", "parameters": {"type": "object", "properties": {}}}}
    for number in range(40)
]


def task(wanted: str) -> str:
    """A task as Open WebUI words them: instructions, the JSON that it wants, an example, the chat."""
    return f"### Task:\nDo something small about the chat.\n\n### Output:\nJSON format: {wanted}\n\n{HISTORY}\n"


def completed(service: httpx.Client, content: str, **more: Any) -> str:
    body = {"model": "suraq-openwebui", "stream": False, "messages": [{"role": "user", "content": content}], **more}
    reply = service.post("/v1/chat/completions", json=body)
    assert reply.status_code == 200, reply.text
    text: str = reply.json()["choices"][0]["message"]["content"]
    return text


def test_a_title_is_the_chats_first_question(service: httpx.Client) -> None:
    assert json.loads(completed(service, task('{ "title": "your concise title here" }'))) == {
        "title": "Қазақстан БҰҰ-ға қашан мүше болды?"
    }


def test_tags_are_the_headings_of_what_answers_it(service: httpx.Client) -> None:
    (tag, *_) = json.loads(completed(service, task('{ "tags": ["tag1", "tag2", "tag3"] }')))["tags"]
    assert tag == "Қазақстанның халықаралық ұйымдардағы орны"


def test_what_to_ask_next_is_in_the_chats_language_and_has_answers(service: httpx.Client) -> None:
    questions = json.loads(completed(service, task('{ "follow_ups": ["Question 1?", "Question 2?"] }')))["follow_ups"]
    assert len(questions) == 3
    for question in questions:
        body = service.post("/ask", json={"question": question}).json()
        assert (body["answerable"], body["language"]) == (True, "kk"), question


def test_a_search_of_the_web_is_for_the_last_question(service: httpx.Client) -> None:
    assert json.loads(completed(service, task('{ "queries": ["query1", "query2"] }'))) == {
        "queries": ["Ал ЕҚЫҰ-ға ше?"]
    }


def test_a_message_that_only_begins_like_a_task_is_a_question(service: httpx.Client) -> None:
    text = completed(service, "### Task:\nWhen did Kazakhstan join the UN?")
    assert "1992" in text


@pytest.mark.parametrize("stream", [True, False])
def test_a_chat_with_dozens_of_tools_is_answered(service: httpx.Client, stream: bool) -> None:
    body = {
        "model": "suraq-openwebui",
        "stream": stream,
        "messages": [
            {"role": "system", "content": "You are helpful."},
            {"role": "user", "content": "When did Kazakhstan join the UN?"},
        ],
        "tools": TOOLS,
        "tool_choice": "auto",
        "features": {"web_search": False},
        "metadata": {"chat_id": "1"},
        "session_id": "2",
        "temperature": 0.7,
    }
    reply = service.post("/v1/chat/completions", json=body)
    assert reply.status_code == 200
    assert "1992" in reply.text
    assert "[1]" in reply.text


def test_sources_come_before_the_text_numbered_as_in_it_with_unique_names(service: httpx.Client) -> None:
    body = {
        "model": "suraq-openwebui",
        "stream": True,
        "messages": [{"role": "user", "content": "Does the essay say when Kazakhstan joined the UN?"}],
    }
    lines = service.post("/v1/chat/completions", json=body).text.splitlines()
    chunks = [json.loads(line.removeprefix("data: ")) for line in lines if line.startswith("data: {")]
    sources = [chunk["event"]["data"] for chunk in chunks if "event" in chunk]
    assert [chunk for chunk in chunks[1:6] if "event" in chunk] == chunks[1:6]
    assert all(chunk["choices"] == [] for chunk in chunks[1:6])
    text = "".join(chunk["choices"][0]["delta"].get("content", "") for chunk in chunks if chunk["choices"])
    assert [f"[{number}]" in text for number in range(1, 7)] == [True] * 5 + [False]
    assert "](" not in text
    assert len({source["source"]["name"] for source in sources}) == len(sources) == 5
    asked = service.post("/ask", json={"question": "Does the essay say when Kazakhstan joined the UN?"}).json()
    assert [source["document"] for source in sources] == [[passage["text"]] for passage in asked["passages"]]
    assert [source["distances"] for source in sources] == [[passage["score"]] for passage in asked["passages"]]
    for source in sources:
        assert "://" not in source["metadata"][0]["source"]
        assert not any("annotations" in (chunk["choices"] or [{}])[0].get("delta", {}) for chunk in chunks)
