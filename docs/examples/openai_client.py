"""OpenAI's own client on Suraq: a conversation that streams, its citations, and a search without a conversation.

Against a service on this machine, or the one that ``SURAQ_URL`` names:

    pip install openai
    python openai_client.py "When did Kazakhstan join the UN?"
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from typing import NamedTuple

from openai import OpenAI
from openai.types.chat import ChatCompletionMessageParam


class Citation(NamedTuple):
    """``marker`` is what stands in the reply for it: a Markdown link."""

    marker: str
    title: str
    url: str


def client_of(base_url: str) -> OpenAI:
    # The client insists on a key; the service asks for none.
    return OpenAI(base_url=f"{base_url}/v1", api_key="unused")


class Conversation:
    """The service remembers nothing: each request holds all that was said, which a follow-up needs."""

    def __init__(self, client: OpenAI) -> None:
        self._client = client
        self._messages: list[ChatCompletionMessageParam] = []
        self.citations: list[Citation] = []

    def ask(self, question: str) -> Iterator[str]:
        """The reply piece by piece; once it has ended, ``citations`` holds what it cites, in its order.

        Raises:
            openai.APIStatusError: the service refuses the question; its message says why.
        """
        messages: list[ChatCompletionMessageParam] = [*self._messages, {"role": "user", "content": question}]
        with self._client.chat.completions.stream(model="suraq", messages=messages) as stream:
            for event in stream:
                if event.type == "content.delta":
                    yield event.delta
            message = stream.get_final_completion().choices[0].message
        text = message.content or ""
        cited = [annotation.url_citation for annotation in message.annotations or []]
        self.citations = [Citation(text[one.start_index : one.end_index], one.title, one.url) for one in cited]
        self._messages = [*messages, {"role": "assistant", "content": text}]


def search(client: OpenAI, question: str, count: int = 3) -> list[str]:
    """The nearest passages alone, each with the link to where it stands."""
    page = client.vector_stores.search("suraq", query=question, max_num_results=count)
    return [f"{hit.score:.2f}  {hit.content[0].text}\n      {(hit.attributes or {})['url']}" for hit in page.data]


def main() -> None:
    client = client_of(os.environ.get("SURAQ_URL", "http://127.0.0.1:8000"))
    conversation = Conversation(client)
    for piece in conversation.ask(sys.argv[1]):
        print(piece, end="", flush=True)
    print("\n\nCited:")
    for citation in conversation.citations:
        print(f"- {citation.title}\n  {citation.url}")
    print("\nNearest passages:")
    print("\n".join(search(client, sys.argv[1])))


if __name__ == "__main__":
    main()
