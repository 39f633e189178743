"""``PUT`` and ``DELETE /documents/{id}``: a document is written or removed, and a rebuild is started."""

from __future__ import annotations

import logging
import re
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Depends, Header, HTTPException, Request, Response
from pydantic import BaseModel, Field
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect

from qa.editing import ANY, Condition, Editor
from qa.errors import JobError
from qa.jobs import Jobs
from qa.reading.folder import LARGEST_FILE
from qa.reading.kinds import KINDS
from qa.serving.parts import JobsPart, SettingsPart
from qa.serving.problems import described
from qa.serving.security import AdminOnly

log = logging.getLogger(__name__)

router = APIRouter(
    prefix="/documents",
    tags=["administration"],
    dependencies=[AdminOnly],
    responses=described(400, 401, 403, 409, 412, 422, 507),
)
_KINDS = {media_type: kind for kind in KINDS for media_type in kind.media_types}
_TAG = r'(?:W/)?"[^"*]*"'  # a star within quotes must not pass for the one without
_TAGS = re.compile(rf"{_TAG}(?:\s*,\s*{_TAG})*")
_BODY = {
    "required": True,
    "content": {
        name: {"schema": {"type": "string"} if kind.text else {"type": "string", "format": "binary"}}
        for name, kind in _KINDS.items()
    },
}


class EditReply(BaseModel):
    document: str
    job: str | None = Field(description="the rebuild; null where none could be started, and POST /index/rebuild is due")


class WriteReply(EditReply):
    source_sha256: str


def editor_of(settings: SettingsPart) -> Editor:
    return Editor(settings.corpus_dir, settings.index_dir)


def condition_of(
    if_match: Annotated[list[str] | None, Header(description="the ETag that the edit was made to, or *")] = None,
    if_none_match: Annotated[list[str] | None, Header(description="*: only where there is none yet")] = None,
) -> Condition:
    """RFC 9110: If-Match compares strongly, so a weak tag never fits; If-None-Match compares weakly."""
    match = _tags("If-Match", if_match)
    none_match = _tags("If-None-Match", if_none_match)
    return Condition(match, none_match and frozenset(tag.removeprefix("W/").strip('"') for tag in none_match))


EditorPart = Annotated[Editor, Depends(editor_of)]
ConditionPart = Annotated[Condition, Depends(condition_of)]


@router.put(
    "/{document_id:path}",
    responses={**described(413, 415), 201: {"description": "Created", "model": WriteReply}},
    openapi_extra={"requestBody": _BODY},
)
async def write(
    document_id: str, request: Request, response: Response, editor: EditorPart, jobs: JobsPart, condition: ConditionPart
) -> WriteReply:
    """Write a document, then rebuild the index in the background."""
    suffix = _suffix(request)
    data = await _body(request)
    written = await run_in_threadpool(editor.write, document_id, data, suffix, condition)
    response.status_code = 201 if written.created else 200
    response.headers["Location"] = f"/documents/{quote(document_id)}"
    response.headers["ETag"] = f'"{written.sha256}"'
    return WriteReply(document=written.id, source_sha256=written.sha256, job=await run_in_threadpool(_rebuild, jobs))


@router.delete("/{document_id:path}", responses=described(404))
def remove(document_id: str, editor: EditorPart, jobs: JobsPart, condition: ConditionPart) -> EditReply:
    """Remove a document, then rebuild the index in the background."""
    editor.remove(document_id, condition)
    return EditReply(document=document_id, job=_rebuild(jobs))


def _rebuild(jobs: Jobs) -> str | None:
    try:
        return jobs.start().job.id
    except JobError as error:  # the edit is made all the same
        log.error("after an edit, %s", error)
        return None


def _suffix(request: Request) -> str:
    media_type, *parameters = request.headers.get("content-type", "").lower().split(";")
    kind = _KINDS.get(media_type.strip())
    charsets = [value.strip(' "') for name, _, value in (one.partition("=") for one in parameters) if "charset" in name]
    if kind is None or (kind.text and any(charset not in ("utf-8", "utf8") for charset in charsets)):
        known = ", ".join(_KINDS)
        raise HTTPException(415, f"the body must be a document: send its Content-Type ({known}), text in UTF-8")
    return kind.suffixes[0]


async def _body(request: Request) -> bytes:
    declared = request.headers.get("content-length", "")
    received = bytearray()
    try:
        if not (declared.isdigit() and int(declared[:20]) > LARGEST_FILE):
            async for chunk in request.stream():
                received += chunk
                if len(received) > LARGEST_FILE:
                    break
            else:
                return bytes(received)
    except ClientDisconnect:
        raise HTTPException(400, "the body ended before it was complete; nothing was changed") from None
    raise HTTPException(413, f"the body has more than {LARGEST_FILE // 1024**2} MiB; split the document")


def _tags(name: str, values: list[str] | None) -> frozenset[str] | None:
    """The entity tags of a header, the weak ones with their mark; what is none must not pass for no condition."""
    if values is None:
        return None
    value = ", ".join(values).strip()
    if value == ANY:
        return frozenset({ANY})
    if not _TAGS.fullmatch(value):
        raise HTTPException(400, f'{name} must be * or ETags in quotes, as in {name}: "5f2b…"')
    return frozenset(tag if tag.startswith("W/") else tag.strip('"') for tag in re.findall(_TAG, value))
