"""The language model that may write replies: any server that speaks OpenAI's chat completions."""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import TYPE_CHECKING, Any, NamedTuple

from pydantic import SecretStr

from qa.errors import first_line
from qa.serving.synthesis.prompt import Prompt
from qa.serving.synthesis.thoughts import Thoughts
from qa.settings import Settings

if TYPE_CHECKING:
    from openai import AsyncOpenAI, AsyncStream
    from openai.types.chat import ChatCompletionChunk

log = logging.getLogger(__name__)

# Returns once who asked has gone away.
Gone = Callable[[], Awaitable[None]]
# The whole reply may take so many times the longest wait for its next words.
_WAITS = 6
# In characters. A model that never ends would otherwise be stopped by the clock alone.
LONGEST_TEXT = 20_000
# A lone surrogate cannot be sent on, a control character can change a terminal.
_UNPRINTABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")
_BROKEN_REASONS = ("length", "content_filter")


class BrokenOffError(Exception):
    """The model wrote nothing, or not to the end. The log has the reason, which is nothing for who asked."""


class LanguageModel(NamedTuple):
    """``timeout`` is how long the next words may take, the first ones too, in seconds."""

    base_url: str
    name: str
    api_key: SecretStr
    timeout: float

    @classmethod
    def of(cls, settings: Settings) -> LanguageModel | None:
        """The one that is set, or None."""
        if not settings.llm_base_url:
            return None
        return cls(settings.llm_base_url, settings.llm_model, settings.llm_api_key, settings.llm_timeout)

    async def write(self, prompt: Prompt, gone: Gone | None = None) -> AsyncGenerator[str]:
        """What the model writes, as it comes. It is stopped when ``gone`` returns.

        Raises:
            BrokenOffError: the server fails, refuses or takes too long, the text breaks off, or it was stopped.
        """
        words: asyncio.Queue[str | BrokenOffError | None] = asyncio.Queue()
        # A task of its own: it ends when it is told to, even while nobody takes the next words from this iterator.
        reading = asyncio.create_task(self._read(prompt, words))
        tasks = [reading, *([asyncio.create_task(_cancel_after(gone, reading))] if gone else [])]
        try:
            while (written := await words.get()) is not None:
                if isinstance(written, BrokenOffError):
                    raise written
                yield written
        finally:
            for task in tasks:
                task.cancel()

    async def _read(self, prompt: Prompt, words: asyncio.Queue[str | BrokenOffError | None]) -> None:
        """Put what is written into ``words``, and at the end None or what went wrong."""
        end: BrokenOffError | None = BrokenOffError("it was stopped")
        try:
            # The first one imports it, which takes half a second.
            client = await asyncio.to_thread(self._client)
            whole, waiting = asyncio.timeout(_WAITS * self.timeout), asyncio.timeout(self.timeout)
            async with client, whole, waiting, await self._ask(client, prompt) as stream:
                await self._pass_on(stream, words, waiting)
            end = None
        except TimeoutError:
            end = self._broken(f"it took longer than {self.timeout} s for the next words, or {_WAITS} times that")
        except Exception as error:  # what a foreign server sends may be anything
            end = self._broken(first_line(error.__cause__ or error))
        finally:
            words.put_nowait(end)

    def _client(self) -> AsyncOpenAI:
        from openai import AsyncOpenAI

        client = AsyncOpenAI(
            base_url=self.base_url,
            api_key=self.api_key.get_secret_value() or "none",  # it takes no empty one
            admin_api_key="",
            max_retries=0,
            timeout=None,  # `_read` has its own
        )
        # From the environment they would come here, and are no business of another server's.
        client.organization = client.project = None
        return client

    async def _ask(self, client: AsyncOpenAI, prompt: Prompt) -> AsyncStream[ChatCompletionChunk]:
        return await client.chat.completions.create(
            model=self.name,
            # One message of the user: some models take no two in a row.
            messages=[{"role": "system", "content": prompt.rules}, {"role": "user", "content": prompt.data}],
            stream=True,
        )

    async def _pass_on(
        self, stream: AsyncStream[ChatCompletionChunk], words: asyncio.Queue[Any], waiting: asyncio.Timeout
    ) -> None:
        thoughts, length = Thoughts(), 0
        async for chunk in stream:
            waiting.reschedule(asyncio.get_running_loop().time() + self.timeout)
            for choice in chunk.choices[:1]:
                if choice.delta.refusal:
                    raise BrokenOffError("it refused")
                if choice.delta.content:
                    text = thoughts.read(_UNPRINTABLE.sub("", choice.delta.content))
                    words.put_nowait(text)
                    length += len(text)
                if length > LONGEST_TEXT:
                    raise BrokenOffError(f"it wrote more than {LONGEST_TEXT} characters")
                if choice.finish_reason in _BROKEN_REASONS:
                    raise BrokenOffError(f"it ended with the reason {choice.finish_reason}")
                if choice.finish_reason:
                    return  # what follows is not read: a server may leave the connection open
        raise BrokenOffError("the stream ended before the reply did")

    def _broken(self, reason: str) -> BrokenOffError:
        log.warning("the language model %s did not answer: %s", self.name, reason)
        return BrokenOffError(reason)


async def _cancel_after(gone: Gone, task: asyncio.Task[None]) -> None:
    await gone()
    task.cancel()
