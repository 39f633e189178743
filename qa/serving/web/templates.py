"""Pages from templates. Whatever is put into one is escaped."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING
from urllib.parse import quote, urlencode

from fastapi import Request
from fastapi.responses import HTMLResponse

from qa.serving.web.assets import asset_url
from qa.serving.web.interface import COOKIE, LANGUAGES, language_of, texts
from qa.serving.web.policy import CONTENT_SECURITY_POLICY, HEADERS

if TYPE_CHECKING:
    import jinja2

_A_YEAR = 365 * 24 * 3600


def _in_language(request: Request, code: str) -> str:
    """The address of the page in a language, relative: which host it names and by which scheme is for whoever sends the
    request or passes it on to say, and a cache may keep the page for others."""
    asked = [(name, value) for name, value in request.query_params.multi_items() if name != "lang"]
    return "?" + urlencode([*asked, ("lang", code)], quote_via=quote)


@cache
def _environment() -> jinja2.Environment:
    import jinja2  # when the first page is asked for: a service that is asked by programs needs none

    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("qa.serving.web", "templates"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    environment.globals["asset_url"] = asset_url
    return environment


def page(name: str, request: Request, context: Mapping[str, object], *, status: int = 200) -> HTMLResponse:
    """The page of the template ``<name>.html``, in the language that its reader wants.

    The template knows ``context``, ``language``, ``texts`` (of ``interface/<name>.toml``) and ``languages``: for each
    its code, its own name and the address of this page in it.
    """
    language = language_of(request)
    languages = [(code, own, _in_language(request, code)) for code, own in LANGUAGES.items()]
    known = {"language": language, "texts": texts(name, language), "languages": languages}
    html = _environment().get_template(f"{name}.html").render({**known, **context})
    headers = {
        **HEADERS,
        "Content-Security-Policy": CONTENT_SECURITY_POLICY,
        "Content-Language": language,
        "Vary": "Accept-Language, Cookie, Accept",
        "Cache-Control": "no-cache",
    }
    reply = HTMLResponse(html, status, headers)
    if request.query_params.get("lang") in LANGUAGES:
        reply.set_cookie(COOKIE, language, max_age=_A_YEAR, samesite="lax", httponly=True)
    return reply
