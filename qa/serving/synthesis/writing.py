"""A reply written by a language model from the passages that were found, in place of the passages alone."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing

from qa.conversation.phrases import Phrases
from qa.conversation.reply import Marker, Piece, Reply, closing_list
from qa.retrieval.trace import note
from qa.serving.synthesis.cited_text import CitedText
from qa.serving.synthesis.language_model import BrokenOffError, Gone, LanguageModel
from qa.serving.synthesis.prompt import prompt_of


async def synthesised(
    reply: Reply, model: LanguageModel, marker: Marker, closing: Marker | None, gone: Gone | None = None
) -> AsyncIterator[Piece]:
    """What a model writes of a reply's passages, piece by piece; ``marker`` and ``closing`` as in `compose`.

    Where the model fails, the reply itself follows, after a line that says so and whatever the model had written.
    Once ``gone`` returns, the model is let go of at once.
    """
    assert reply.answer is not None
    phrases = Phrases.of(reply.language)
    text = CitedText(reply.sources, marker, phrases.unverified)
    written = False
    try:
        async with aclosing(_written(text, model.write(prompt_of(reply.answer), gone))) as pieces:
            async for piece in pieces:
                written = written or bool(piece.text.strip())
                if written:
                    yield piece
        if not written:
            raise BrokenOffError("it wrote nothing")
    except BrokenOffError:
        note("not written")
        yield Piece(f"\n\n{phrases.fallen_back}\n\n" if written else f"{phrases.fallen_back}\n\n")
        for piece in reply.pieces:
            yield piece
        return
    note("written")
    if closing is not None:
        yield Piece(f"\n\n{closing_list(reply.sources, phrases, closing)}")


async def _written(text: CitedText, writing: AsyncGenerator[str]) -> AsyncGenerator[Piece]:
    async with aclosing(writing) as deltas:
        async for delta in deltas:
            for piece in text.read(delta):
                yield piece
    for piece in text.finish():
        yield piece
