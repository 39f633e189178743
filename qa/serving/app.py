"""The application: finished parts in, routes out."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial

from anyio.to_thread import current_default_thread_limiter
from fastapi import FastAPI
from fastapi_offline import FastAPIOffline

from qa import __version__
from qa.builders import builders
from qa.loading import load_answerer, reload_answerer
from qa.logs import set_up_logs
from qa.retrieval.answerer import Answerer
from qa.serving import (
    ask,
    citations,
    cors,
    differences,
    documents,
    doors,
    edits,
    generations,
    health,
    index,
    openapi,
    problems,
    rebuilding,
    review,
)
from qa.serving.chat import completions, dify, embeddings, models, responses, ui_stream, vector_stores
from qa.serving.headers import SecurityHeaders
from qa.serving.live import Live
from qa.serving.mcp import route as mcp
from qa.serving.middleware import Failures, GenerationHeader, Head
from qa.serving.observability import Observability
from qa.serving.supervisor import end_with_the_supervisor
from qa.serving.unanswered import unanswered_of
from qa.serving.watched import watched
from qa.serving.web import administration, asking, assets, reading, widget
from qa.settings import Settings, load_settings

_DESCRIPTION = "Answers questions from an essay with its own passages and exact section citations."


# Of routes that run in a thread, questions are the most (`Settings.at_once`); the others are not to wait for them. With
# forty threads, the default, they keep the event loop waiting for a second at a time.
_OTHER_THREADS = 4


def create_app(
    settings: Settings, load: Callable[[], Answerer], reload: Callable[[Answerer], Answerer] | None = None
) -> FastAPI:
    """The service. ``load`` is called in the background; until it returns, ``/readyz`` says 503.

    When another generation becomes live, ``reload`` is called with what answered before; without it, ``load`` is.
    """
    threads = settings.at_once() + _OTHER_THREADS
    live = Live(load, reload or (lambda _: load()), watched(settings))

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        current_default_thread_limiter().total_tokens = threads
        live.start()
        if settings.admin_token.get_secret_value():
            builders().stand_by()
        yield
        builders().close()
        live.stop()
        app.state.unanswered.close()
        observability.close()

    # FastAPI's own /docs loads its scripts from elsewhere; this one brings them along.
    app = FastAPIOffline(
        title="Suraq",
        version=__version__,
        description=_DESCRIPTION,
        lifespan=lifespan,
        redoc_url=None,
        redirect_slashes=False,
    )
    app.state.settings = settings
    app.state.live = live
    app.state.unanswered = unanswered_of(settings)
    problems.install(app)
    for part in (
        ask,
        documents,
        edits,
        citations,
        index,
        rebuilding,
        generations,
        differences,
        review,
        health,
        asking,
        reading,
        administration,
        widget,
        assets,
    ):
        app.include_router(part.router)
    for protocol in (models, completions, mcp, ui_stream, dify, responses, vector_stores, embeddings):
        app.include_router(protocol.router)
    doors.install(app, settings)
    app.add_middleware(Failures)
    app.add_middleware(Head)
    cors.install(app, settings.cors_origins)
    app.add_middleware(GenerationHeader, generation=lambda: live.generation)
    app.add_middleware(SecurityHeaders)
    observability = Observability(app, live, settings)
    app.openapi = openapi.described(app, doors.described(settings))  # type: ignore[method-assign]
    return app


def create_app_from_environment() -> FastAPI:
    """The service as the settings say; what each worker process calls."""
    end_with_the_supervisor()
    settings = load_settings()
    set_up_logs(settings)
    return create_app(settings, partial(load_answerer, settings), partial(reload_answerer, settings))
