"""The parts of a book (.epub): its chapters in reading order, its table of contents, what it says of itself."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from posixpath import dirname, join, normpath
from urllib.parse import unquote

from qa.errors import DocumentError
from qa.reading.formats.archive import Archive
from qa.reading.formats.html_bytes import parse_xhtml
from qa.reading.formats.html_marks import words_in
from qa.reading.formats.xml import Element, attribute, child, children, every, local, parse_xml

WANTED = "book (.epub)"
_CONTAINER = "META-INF/container.xml"
_PAGES = ("application/xhtml+xml", "text/html", "application/x-dtbook+xml")
_FONTS = ("http://www.idpf.org/2008/embedding", "http://ns.adobe.com/pdf/enc#RC")
_DECLARED = {"title": "title", "creator": "author", "language": "language", "date": "date", "source": "url"}


@dataclass(frozen=True, slots=True)
class Chapter:
    """A page of the book: where it lies in the archive, and its root. ``aside``: it is no part of the order."""

    path: str
    root: Element
    aside: bool


class Book:
    """Raises:
    DocumentError: the bytes are no book, or one that is locked.
    """

    def __init__(self, data: bytes) -> None:
        self._archive = Archive(data, WANTED)
        container = parse_xml(self._archive.needed(_CONTAINER, WANTED), _CONTAINER)
        path = next((attribute(one, "full-path") for one in every(container, "rootfile")), None)
        if not path:
            raise DocumentError(f"the file is no {WANTED}: its container names no package; save it anew")
        self._path = path
        self._package = parse_xml(self._archive.needed(path, WANTED), path)
        self._items = {one.get("id"): one for one in children(child(self._package, "manifest"), "item")}
        self._check_locks()

    def chapters(self) -> Iterator[Chapter]:
        """The pages in reading order, those at the end that stand outside of it."""
        spine = list(children(child(self._package, "spine"), "itemref"))
        for aside in (False, True):
            for one in spine:
                item = self._items.get(one.get("idref"))
                if item is None or item.get("media-type") not in _PAGES or (one.get("linear") == "no") != aside:
                    continue
                path = self._at(item.get("href"))
                data = self._archive.part(path)
                if data and "nav" not in words_in(item, "properties").split():
                    yield Chapter(path, parse_xhtml(data, path), aside)

    def titles(self) -> dict[str, str]:
        """What the table of contents calls each page; the first entry of a page counts."""
        found: dict[str, str] = {}
        for item in self._items.values():
            path = self._at(item.get("href"))
            is_navigation = "nav" in words_in(item, "properties").split()
            if not is_navigation and item.get("media-type") != "application/x-dtbncx+xml":
                continue
            data = self._archive.part(path)
            entries = _navigation(parse_xhtml(data, path), is_navigation) if data else ()
            for href, title in entries:
                found.setdefault(normpath(join(dirname(path), unquote(href.partition("#")[0]))), title)
        return found

    def sheets(self) -> Iterator[str]:
        """The style sheets."""
        for item in self._items.values():
            if item.get("media-type") == "text/css":
                yield (self._archive.part(self._at(item.get("href"))) or b"").decode("utf-8", "replace")

    def declared(self) -> Iterator[tuple[str, str]]:
        """What the book says of itself."""
        for one in every(child(self._package, "metadata"), *_DECLARED):
            yield _DECLARED[local(one)], one.text or ""

    def _at(self, href: str | None) -> str:
        return normpath(join(dirname(self._path), unquote(href or "").partition("#")[0]))

    def _check_locks(self) -> None:
        """Fonts may be made unreadable, which does no harm; pages may not."""
        data = self._archive.part("META-INF/encryption.xml")
        for one in every(parse_xml(data, "META-INF/encryption.xml") if data else None, "EncryptedData"):
            if attribute(child(one, "EncryptionMethod"), "Algorithm") not in _FONTS:
                raise DocumentError("the file is encrypted: the book is locked to its buyer; take one without a lock")


def _navigation(root: Element, html: bool) -> Iterator[tuple[str, str]]:
    if html:
        contents = [one for one in every(root, "nav") if attribute(one, "type") in ("toc", None)]
        for link in every(contents[0], "a") if contents else ():
            yield link.get("href") or "", "".join(link.itertext())
        return
    for point in every(root, "navPoint"):
        label = child(point, "navLabel", "text")
        yield attribute(child(point, "content"), "src") or "", (label.text or "") if label is not None else ""
