"""Web pages (.html)."""

from __future__ import annotations

from collections.abc import Iterator

from qa.reading.composition import Composed, Composition
from qa.reading.formats.css import sheet_of
from qa.reading.formats.html_bytes import parse_html, parse_xhtml
from qa.reading.formats.html_marks import main_text, words_in
from qa.reading.formats.html_notes import Notes
from qa.reading.formats.html_page import Page
from qa.reading.formats.html_words import Speaker
from qa.reading.formats.xml import Element, child, every, local

_SPACE = b"\xef\xbb\xbf \t\r\n"
_DECLARED = {
    "author": "author",
    "article:author": "author",
    "date": "date",
    "dcterms.created": "date",
    "article:published_time": "date",
    "og:url": "url",
}


def read(data: bytes, fallback_title: str) -> Composed:
    """Read a web page.

    Raises:
        DocumentError: the bytes are none.
    """
    root = parse_xhtml(data, "text") if data.lstrip(_SPACE).startswith(b"<?xml") else parse_html(data)
    composition = Composition()
    body = child(root, "body")
    body = root if body is None else body
    sheet = sheet_of("\n".join(one.text or "" for one in every(root, "style")))
    page = Page(composition, Speaker(Notes([("", root)]), sheet, book=False))
    main = main_text(body)
    _name(composition, root, main)
    for outside in _outside(body, main):
        page.drop(outside, "outside the main text")
    page.read(main)
    _declare(composition, root)
    return composition.build(fallback_title)


def _name(composition: Composition, root: Element, main: Element) -> None:
    """The title where the main text has no heading that is: the page's only other one, else what a browser shows."""
    title = next(every(root, "title"), None)
    composition.name("".join(title.itertext()) if title is not None else "")
    inside = set(main.iter())
    others = [one for one in every(root, "h1") if one not in inside]
    if len(others) == 1 and not any(local(one) == "h1" for one in inside):
        composition.name("".join(others[0].itertext()))


def _outside(body: Element, main: Element) -> Iterator[Element]:
    """What stands around the main text."""
    inner = main
    while inner is not body:
        around = inner.getparent()
        yield from (one for one in around if one is not inner and local(one))
        inner = around


def _declare(composition: Composition, root: Element) -> None:
    language = root.get("lang") or root.get("{http://www.w3.org/XML/1998/namespace}lang") or root.get("xml:lang")
    composition.declare("language", language)
    for one in every(root, "link", "meta", "title"):
        if local(one) == "title":
            composition.declare("title", "".join(one.itertext()))
        elif local(one) == "link" and words_in(one, "rel") == "canonical":
            composition.declare("url", one.get("href"))
        else:
            name = (one.get("name") or one.get("property") or "").lower()
            if name in _DECLARED:
                composition.declare(_DECLARED[name], one.get("content"))
