"""``/admin``: the owner's page. It holds no secret: what it shows and does, it asks for with the owner's token."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from qa.serving.parts import SettingsPart
from qa.serving.web.templates import page

router = APIRouter(tags=["administration"])


@router.get("/admin", response_class=HTMLResponse)
def administration(request: Request, settings: SettingsPart) -> HTMLResponse:
    """The owner's page: documents, builds, generations, and the questions that found no answer."""
    known: dict[str, object] = {
        "is_on": bool(settings.admin_token.get_secret_value()),
        "has_report": settings.report is not None and settings.report.is_file(),
    }
    return page("administration", request, known)
