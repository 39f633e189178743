"""A Chainlit chat over ``/v1/chat/completions``: a click on ``[1]`` opens the passage beside the chat.

Against a service on this machine, or the one that ``SURAQ_URL`` names:

    pip install chainlit openai
    chainlit run chainlit_app.py --port 8001

Of the two models ``suraq-openwebui`` is the one that sends each source's passage as an event before the text, and
marks the sources in the text by their numbers alone.
"""

from __future__ import annotations

import os
from typing import Any

import chainlit as cl
from openai import APIError, AsyncOpenAI

client = AsyncOpenAI(base_url=f"{os.environ.get('SURAQ_URL', 'http://127.0.0.1:8000')}/v1", api_key="unused")


@cl.on_message
async def on_message(_message: cl.Message) -> None:
    """Answer; the service remembers nothing, so it is sent all that was said."""
    reply = cl.Message(content="")
    try:
        stream = await client.chat.completions.create(
            model="suraq-openwebui", messages=cl.chat_context.to_openai(), stream=True
        )
        async for chunk in stream:
            event = (chunk.model_extra or {}).get("event")
            if event:
                reply.elements.append(source(len(reply.elements) + 1, event["data"]))
            for choice in chunk.choices:
                await reply.stream_token(choice.delta.content or "")
    except APIError as error:
        await cl.ErrorMessage(content=error.message).send()
        return
    await reply.send()


def source(number: int, data: dict[str, Any]) -> cl.Text:
    """Chainlit makes a link of an element's name wherever the message holds it, so the name is the marker."""
    name, url = data["source"]["name"], data["source"]["url"]
    return cl.Text(name=f"[{number}]", content=f"[{number}] {name}\n\n{data['document'][0]}\n\n{url}", display="side")
