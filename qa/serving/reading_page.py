"""``/read/{id}``: the essay as a page whose anchors are the citations'."""

from __future__ import annotations

from html import escape

from fastapi import APIRouter
from fastapi.responses import HTMLResponse

from qa.indexing.generation import Generation
from qa.records import Document, Passage, Section
from qa.serving.parts import AnswererPart
from qa.serving.problems import described

router = APIRouter(tags=["reading"], responses=described(404, 503))

# Nothing on the page is loaded from anywhere or runs; the one style sheet is the one below.
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
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


@router.get("/read/{document_id:path}", response_class=HTMLResponse)
def read(document_id: str, answerer: AnswererPart) -> HTMLResponse:
    """The essay; ``#s4.2`` scrolls to a passage and marks it."""
    generation = answerer.generation
    document = generation.document(document_id)
    return HTMLResponse(_page(document, generation), headers={"Content-Security-Policy": _POLICY})


def _page(document: Document, generation: Generation) -> str:
    own: dict[str, list[Passage]] = {}
    for passage in generation.passages_of(document.id):
        own.setdefault(passage.section_anchor, []).append(passage)
    body = "\n".join(_section(section, own.get(section.anchor, [])) for section in document.sections)
    title = escape(document.title)
    return (
        f'<!doctype html>\n<html lang="{escape(document.language or "und")}">\n<head>\n<meta charset="utf-8">\n'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">\n<title>{title}</title>\n'
        f"<style>{_STYLE}</style>\n</head>\n<body>\n<h1>{title}</h1>\n{body}\n</body>\n</html>\n"
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
