"""``/widget.js``: the element ``<suraq-chat>`` for a page of any site, in one script that loads nothing else."""

from __future__ import annotations

import hashlib
import json
from functools import cache
from importlib.resources import files

from fastapi import APIRouter, Request, Response

from qa.serving.web.assets import Asset
from qa.serving.web.interface import LANGUAGES, texts
from qa.serving.web.policy import FOR_EVERY_SITE

router = APIRouter(include_in_schema=False)
# In this order, within one function: each uses what those before it declare, and the page sees none of it.
_PARTS = ("colours.js", "place.js", "service.js", "answer.js", "element.js")
# Its address stays the same, so that pages never need an edit: a new version reaches them after so many seconds.
_KEPT = "public, max-age=300"


@cache
def script() -> Asset:
    """The whole script: what it says in each language, its style sheet, and its parts."""
    folder = files("qa.serving.web.widget")
    said = {language: dict(texts("widget", language)) for language in LANGUAGES}
    constants = {"TEXTS": said, "STYLE": (folder / "widget.css").read_text(encoding="utf-8")}
    lines = [
        "// Suraq: a page's own box to ask an essay. MIT licence.",
        "(() => {",
        '"use strict";',
        "const SCRIPT = document.currentScript?.src;",
        'if (customElements.get("suraq-chat")) return;',
        *(f"const {name} = {json.dumps(value, ensure_ascii=False)};" for name, value in constants.items()),
        *((folder / part).read_text(encoding="utf-8") for part in _PARTS),
        "})();\n",
    ]
    return Asset.of("widget.js", "\n".join(lines).encode())


@cache
def _tag() -> str:
    # Weak, since the compressed script and the plain one share it.
    return f'W/"{hashlib.sha256(script().content).hexdigest()[:16]}"'


@router.get("/widget.js")
async def widget(request: Request) -> Response:
    """The script, for every site."""
    headers = {"ETag": _tag(), "Cache-Control": _KEPT}
    known = {one.strip().removeprefix("W/") for one in request.headers.get("if-none-match", "").split(",")}
    if known & {_tag().removeprefix("W/"), "*"}:
        return Response(status_code=304, headers={**FOR_EVERY_SITE, **headers, "Vary": "Accept-Encoding"})
    return script().reply(request, headers)
