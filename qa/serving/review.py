"""``/index/unanswered`` and ``/index/report``: how well the service answers, for its owner."""

from __future__ import annotations

from typing import NoReturn
from urllib.parse import parse_qs

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import HTMLResponse, Response
from pydantic import BaseModel, Field

from qa.serving.listening import UnansweredPart
from qa.serving.parts import SettingsPart
from qa.serving.problems import described
from qa.serving.security import AdminOnly, check_token
from qa.serving.unanswered import Place, UnansweredQuestion
from qa.serving.web.policy import HEADERS
from qa.settings import Settings

router = APIRouter(prefix="/index", tags=["administration"], responses=described(401, 403))

# The report is one page that runs nothing and loads nothing; what it holds may come from anywhere.
_REPORT_POLICY = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:"
_REPORT_HEADERS = {**HEADERS, "Content-Security-Policy": _REPORT_POLICY, "Cache-Control": "no-store"}


class UnansweredReply(BaseModel):
    place: Place = Field(description="where they are kept, by QA_UNANSWERED")
    of_this_worker: bool = Field(description="whether these are one worker's alone: in memory each keeps its own")
    questions: list[UnansweredQuestion] = Field(description="the last 200, the newest first")


@router.get("/unanswered", dependencies=[AdminOnly], responses=described(507))
def unanswered(kept: UnansweredPart, settings: SettingsPart) -> UnansweredReply:
    """The last questions that found no answer."""
    try:
        questions = kept.newest()
    except OSError as error:
        _refuse("read", error)
    of_this_worker = kept.place == "memory" and settings.processes() > 1
    return UnansweredReply(place=kept.place, of_this_worker=of_this_worker, questions=questions)


@router.delete("/unanswered", dependencies=[AdminOnly], status_code=204, responses=described(507))
def forget(kept: UnansweredPart) -> Response:
    """Forget them."""
    try:
        kept.clear()
    except OSError as error:
        _refuse("emptied", error)
    return Response(status_code=204)


def _refuse(done: str, error: OSError) -> NoReturn:
    raise HTTPException(507, f"the file that QA_UNANSWERED names cannot be {done} ({error.strerror})") from error


@router.get("/report", dependencies=[AdminOnly], response_class=HTMLResponse, responses=described(404))
def report(settings: SettingsPart) -> Response:
    """The page that ``qa eval --report`` wrote."""
    return _report(settings)


# A browser sends no header of our own when it opens a page, and a page that scripts fetch would live under the policy
# of the one that did. So a form sends the token, as RFC 6750, section 2.2, has it.
@router.post("/report", include_in_schema=False)
async def report_by_form(request: Request, settings: SettingsPart) -> Response:
    """The same for a form with the field ``access_token``."""
    fields = parse_qs((await request.body()).decode("utf-8", "replace"))
    check_token(settings, fields.get("access_token", [""])[0].encode())
    return _report(settings)


def _report(settings: Settings) -> Response:
    if settings.report is None:
        raise HTTPException(404, "there is no report; set QA_REPORT to the page that qa eval --report writes")
    try:
        content = settings.report.read_bytes()
    except OSError as error:
        detail = f"the page that QA_REPORT names cannot be read ({error.strerror}); qa eval --report writes it"
        raise HTTPException(404, detail) from error
    return HTMLResponse(content, headers=_REPORT_HEADERS)
