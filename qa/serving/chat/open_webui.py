"""Open WebUI: its source events, and the small tasks that it sets the model about a chat."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from typing import Any

from qa.conversation.phrases import Phrases
from qa.conversation.reply import Reply
from qa.conversation.suggestions import suggestions
from qa.language.identification import detect_language
from qa.retrieval.answerer import Answerer
from qa.retrieval.trace import traced
from qa.serving.chat.speaking import Message, Speaker, title_of, turns_of
from qa.serving.schemas import LONGEST_QUESTION

_TASK = "### Task:"
_USER = re.compile(r"^USER:\s*(.*?)(?=^(?:USER|ASSISTANT):|\Z|^</chat_history>)", re.MULTILINE | re.DOTALL)
_LONGEST_TITLE = 60
_FOLLOW_UPS = 3


def source_events(reply: Reply, speaker: Speaker) -> Iterator[dict[str, Any]]:
    """A source for each number in the text, in their order, with its passage and score."""
    for number, hit in enumerate(reply.sources, start=1):
        name = title_of(hit.citation)
        # Open WebUI counts two sources of one name as one; the number keeps those of one section apart.
        unique = (
            f"{name} ({number})" if name in [title_of(one.citation) for one in reply.sources[: number - 1]] else name
        )
        place = f"{hit.citation.document}#{hit.citation.anchor}"
        yield {
            "type": "source",
            "data": {
                "source": {"id": place, "name": unique, "url": speaker.url_of(hit.citation)},
                "document": [hit.passage.text],
                "metadata": [{"source": place, "name": unique}],
                "distances": [round(hit.score, 4)],
            },
        }


def task_reply(messages: Sequence[Message], answerer: Answerer) -> str | None:
    """What Open WebUI asks about a chat (its title, tags, what to ask next), as the JSON that it wants; else None."""
    turns = turns_of(messages)
    if len(turns) != 1 or not turns[0].text.lstrip().startswith(_TASK):
        return None
    task = turns[0].text
    said = [" ".join(words.split()) for words in _USER.findall(task)]
    question = said[0] if said else ""
    # The instructions name the key that they want, a chat after them may name any.
    wanted = task.split("<chat_history>")[0]
    reply: dict[str, Any]
    if '"follow_ups"' in wanted:
        phrases = Phrases.of(detect_language(question))
        reply = {"follow_ups": suggestions(answerer, phrases, _FOLLOW_UPS)}
    elif '"tags"' in wanted:
        reply = {"tags": _tags(question, answerer)}
    elif '"title"' in wanted:
        reply = {"title": _title(question)}
    elif '"queries"' in wanted:
        reply = {"queries": said[-1:]}
    elif '"text"' in wanted:
        reply = {"text": ""}
    else:
        return None
    return json.dumps(reply, ensure_ascii=False)


def _title(question: str) -> str:
    if len(question) <= _LONGEST_TITLE:
        return question or "Suraq"
    return f"{question[:_LONGEST_TITLE].rsplit(' ', 1)[0].rstrip(' ,;:')} …"


def _tags(question: str, answerer: Answerer) -> list[str]:
    """The headings of what answers the chat's first question."""
    if not question:
        return []
    with traced(None):
        hits = answerer.answer(question[:LONGEST_QUESTION], 2).hits
    return list(dict.fromkeys(hit.citation.heading or hit.citation.title for hit in hits))
