"""What the routers share: the finished parts of the app, as FastAPI dependencies."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, HTTPException, Request

from qa.jobs import Jobs
from qa.retrieval.answerer import Answerer
from qa.serving.live import Live
from qa.settings import Settings


# FastAPI would call a plain function in a thread, which takes longer than all that these do.
async def settings_of(request: Request) -> Settings:
    settings: Settings = request.app.state.settings
    return settings


def live_of(request: Request) -> Live:
    live: Live = request.app.state.live
    return live


async def answerer_of(request: Request) -> Answerer:
    """As `answering`; FastAPI asks once a request."""
    return answering(request)


def answering(request: Request) -> Answerer:
    """What is to answer this request to its end, so ask once. Raises as `Live.answerer` does."""
    answerer = live_of(request).answerer()
    # The id alone: a connection that is kept open holds its last request's state.
    request.state.generation = answerer.generation.id
    return answerer


async def jobs_of(request: Request) -> Jobs:
    return Jobs((await settings_of(request)).index_dir)


async def require_json(request: Request) -> None:
    """Refuse a body that does not say that it is JSON."""
    media_type = request.headers.get("content-type", "").split(";")[0].strip().lower()
    main, _, kind = media_type.partition("/")
    if main != "application" or not (kind == "json" or kind.endswith("+json")):
        said = f"it is {media_type}" if media_type else "there is none"
        raise HTTPException(415, f"the body must be JSON: send the header Content-Type: application/json ({said})")


async def require_json_if_any(request: Request) -> None:
    """Where there is a body, refuse one that does not say that it is JSON."""
    if await request.body():
        await require_json(request)


SettingsPart = Annotated[Settings, Depends(settings_of)]
JobsPart = Annotated[Jobs, Depends(jobs_of)]
AnswererPart = Annotated[Answerer, Depends(answerer_of)]
