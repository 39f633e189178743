"""Books (.epub), of version 2 and 3."""

from __future__ import annotations

from qa.errors import DocumentError
from qa.language.cleaning import visible
from qa.reading.composition import Composed, Composition
from qa.reading.formats.css import sheet_of
from qa.reading.formats.epub_package import WANTED, Book, Chapter
from qa.reading.formats.html_marks import HEADINGS
from qa.reading.formats.html_notes import Notes
from qa.reading.formats.html_page import Page
from qa.reading.formats.html_words import Speaker
from qa.reading.formats.xml import Element, child, every

# In characters: what has less and no heading is a cover, a dedication, a page with nothing but the title.
_SHORTEST = 300


def read(data: bytes, fallback_title: str) -> Composed:
    """Read a book.

    Raises:
        DocumentError: it is none, is damaged, locked or too large.
    """
    book = Book(data)
    chapters = list(book.chapters())
    if not chapters:
        raise DocumentError(f"the file is no {WANTED} with text: no page is in its reading order; save it anew")
    composition = Composition()
    for name, value in book.declared():
        composition.declare(name, value)
        if name == "title":
            composition.name(value)
    titles = book.titles()
    headed = any(_has_heading(one.root) for one in chapters)
    notes = Notes([(one.path, one.root) for one in chapters])
    page = Page(composition, Speaker(notes, sheet_of("\n".join(book.sheets())), book=True))
    for chapter in chapters:
        body = _body(chapter)
        title = visible(titles.get(chapter.path, ""))
        if title and _needs(title, body, headed):
            composition.heading(title, 1)
        page.read(body)
    return composition.build(fallback_title)


def _body(chapter: Chapter) -> Element:
    body = child(chapter.root, "body")
    return chapter.root if body is None else body


def _has_heading(root: Element) -> bool:
    return next(every(root, *HEADINGS), None) is not None


def _needs(title: str, body: Element, headed: bool) -> bool:
    """Whether a chapter has no heading of its own, be it one that only looks so."""
    if _has_heading(body):
        return False
    first = next((text for text in (visible("".join(one.itertext())) for one in every(body, "p", "div")) if text), "")
    if not headed and first.casefold() == title.casefold():
        return False
    return sum(len(visible(one)) for one in body.itertext()) >= _SHORTEST
