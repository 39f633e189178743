"""``/read/{id}``: the essay as a page whose anchors are the citations'."""

from __future__ import annotations

import base64
import hashlib
from html import escape

from fastapi import APIRouter
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from qa.errors import GonePassageError, UnknownPassageError
from qa.indexing.generation import Generation
from qa.records import Document, Passage, Section
from qa.serving.citations import NOT_KEPT
from qa.serving.parts import AnswererPart, SettingsPart
from qa.serving.problems import described
from qa.serving.schemas import reading_url
from qa.settings import Settings

router = APIRouter(tags=["reading"], responses=described(404, 503))

# Where the address has an anchor that the page does not: ask what became of it, and go there. The redirect is left to
# the browser, since a reply to fetch does not tell the anchor; what is remembered keeps it from going in circles.
_SCRIPT = """
(() => {
  const seek = () => {
    try {
      const place = decodeURIComponent(location.hash.slice(1));
      if (!place || document.getElementById(place)) return sessionStorage.removeItem("sought");
      const address = location.pathname + "/at/" + encodeURIComponent(place);
      if (sessionStorage.getItem("sought") === address) return;
      fetch(address, { method: "HEAD", redirect: "manual" }).then((reply) => {
        if (reply.type !== "opaqueredirect") return;
        sessionStorage.setItem("sought", address);
        location.replace(address);
      }, () => {});
    } catch {}
  };
  addEventListener("hashchange", seek);
  seek();
})();
"""
_SCRIPT_HASH = base64.b64encode(hashlib.sha256(_SCRIPT.encode()).digest()).decode()
# Nothing on the page is loaded from anywhere; the one style sheet and the one script are those here.
_POLICY = (
    f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{_SCRIPT_HASH}'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_STYLE = """
:root { color-scheme: light dark; }
body { max-width: 38rem; margin: 3rem auto; padding: 0 1.25rem; font: 1.125rem/1.6 Georgia, "Noto Serif", serif; }
h1, h2, h3, h4, h5, h6 { line-height: 1.25; margin: 2.2em 0 .6em; text-wrap: balance; }
h1 { margin-top: 0; }
.passage { white-space: pre-line; overflow-wrap: anywhere; margin: .8em 0; }
.item, .row { padding-left: 1.2em; }
.code { white-space: pre-wrap; font-family: monospace; font-size: .9em; }
.quote { border-left: .2em solid; padding-left: 1em; opacity: .85; }
.context { display: block; font-size: .85em; opacity: .7; }
:target { background: #ffec99; color: #111; box-shadow: 0 0 0 .35em #ffec99; scroll-margin-top: 20vh; }
"""


# The longer address comes first: an id may hold slashes.
@router.get(
    "/read/{document_id:path}/at/{place}",
    status_code=308,
    response_class=RedirectResponse,
    responses={308: {"description": "Where it stands now, on the reading page"}, **described(410)},
)
def read_at(document_id: str, place: str, answerer: AnswererPart, settings: SettingsPart) -> Response:
    """Where an anchor or a passage's id of a document, of now or of before, stands now; 410 where it is gone."""
    generation = answerer.generation
    if f"{document_id}/at/{place}" in generation.documents:  # an id may read like this address
        return read(f"{document_id}/at/{place}", answerer, settings)
    document, anchor = _standing(generation, document_id, place)
    return RedirectResponse(reading_url(settings.base_url, document, anchor), 308, NOT_KEPT)


def _standing(generation: Generation, document_id: str, place: str) -> tuple[str, str]:
    """The document and the anchor that a place leads to."""
    history = generation.history
    if not history.knows_document(document_id):
        generation.document(document_id)
    live = generation.documents.get(document_id)
    if live and any(section.anchor == place for section in live.sections):
        return document_id, place
    found = generation.passage_at(document_id, place) or generation.now(place)
    if found is not None:
        return found.document, found.anchor
    if history.knows_anchor(document_id, place) or history.knows_id(place):
        raise GonePassageError(f"what stood at {place!r} in {document_id!r} is gone and nothing took its place")
    raise UnknownPassageError(f"{document_id!r} has no place {place!r}; GET /read/{document_id} shows the document")


@router.get("/read/{document_id:path}", response_class=HTMLResponse)
def read(document_id: str, answerer: AnswererPart, settings: SettingsPart) -> Response:
    """The essay; ``#s4.2`` scrolls to a passage and marks it."""
    generation = answerer.generation
    if document_id not in generation.documents and generation.history.knows_document(document_id):
        return _renamed(generation, document_id, settings)
    document = generation.document(document_id)
    return HTMLResponse(_page(document, generation), headers={"Content-Security-Policy": _POLICY})


def _renamed(generation: Generation, document_id: str, settings: Settings) -> Response:
    """To where its passages are now; a browser keeps the ``#…`` of the address that it had."""
    successor = generation.successor(document_id)
    if successor is None:
        raise GonePassageError(f"the document {document_id!r} is gone and nothing took its place")
    return RedirectResponse(reading_url(settings.base_url, successor, "").rstrip("#"), 308, NOT_KEPT)


def _page(document: Document, generation: Generation) -> str:
    own: dict[str, list[Passage]] = {}
    for passage in generation.passages_of(document.id):
        own.setdefault(passage.section_anchor, []).append(passage)
    body = "\n".join(_section(section, own.get(section.anchor, [])) for section in document.sections)
    title = escape(document.title)
    return (
        f'<!doctype html>\n<html lang="{escape(document.language or "und")}">\n<head>\n<meta charset="utf-8">\n'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">\n<title>{title}</title>\n'
        f"<style>{_STYLE}</style>\n</head>\n<body>\n<h1>{title}</h1>\n{body}\n<script>{_SCRIPT}</script>\n</body>\n</html>\n"
    )


def _section(section: Section, passages: list[Passage]) -> str:
    level = min(section.level + 1, 6)
    heading = f'<h{level} id="{escape(section.anchor)}">{escape(section.path[-1])}</h{level}>' if section.level else ""
    return "\n".join([heading, *map(_passage, passages)])


def _passage(passage: Passage) -> str:
    context = (
        f'<span class="context">{escape(passage.context)}</span>' if passage.context and passage.kind == "row" else ""
    )
    kind = escape(passage.kind)
    return f'<div class="passage {kind}" id="{escape(passage.anchor)}">{context}{escape(passage.text)}</div>'
