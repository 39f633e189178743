"""Word documents (.docx): Office Open XML, transitional and strict."""

from __future__ import annotations

from collections.abc import Iterator

from qa.errors import DocumentError
from qa.reading.composition import Composed, Composition
from qa.reading.formats.docx_numbering import Numbering
from qa.reading.formats.docx_package import WANTED, Package
from qa.reading.formats.docx_styles import Styles, integer, number_of, on
from qa.reading.formats.docx_words import Spoken, words_of
from qa.reading.formats.flow import Flow, Listed
from qa.reading.formats.words import Words
from qa.reading.formats.xml import Element, attribute, child, children, every, local

_WRAPPERS = frozenset({"sdtContent", "customXml", "ins", "moveTo", "smartTag"})
_GONE = ("del", "moveFrom")
_LEFT_OUT = (("header", "page header"), ("footer", "page footer"), ("comments", "comment"))
_DECLARED = {"title": "title", "creator": "author", "language": "language", "created": "date"}
_DEEPEST = 50  # tables and boxes within each other; what is deeper is left out of the order, not of the text
_WIDEST = 100  # columns


def read(data: bytes, fallback_title: str) -> Composed:
    """Read a Word document.

    Raises:
        DocumentError: it is none, is damaged, encrypted or too large.
    """
    return _Reader(Package(data)).read(fallback_title)


class _Reader:
    def __init__(self, package: Package) -> None:
        self.package = package
        self.composition = Composition()
        self.flow = Flow(self.composition)
        self.styles = Styles(package.part("styles"))
        self.numbering = Numbering(package.part("numbering"), lambda style: self.styles.number(style)[0])
        self.notes = {kind: _by_id(package.part(f"{kind}s")) for kind in ("footnote", "endnote")}
        self.told: set[tuple[str, str]] = set()
        self.carried: Spoken | None = None  # from a paragraph whose end was deleted

    def read(self, fallback_title: str) -> Composed:
        body = child(self.package.main, "body")
        if body is None:
            raise DocumentError(f"the file is no {WANTED}: it has no body; save it anew")
        self._blocks(body, 0)
        self.flow.end_code()
        for kind, reason in _LEFT_OUT:
            for root in self.package.parts(kind):
                for one in children(root, "comment") if kind == "comments" else [root]:
                    self.composition.drop(" ".join(self._paragraphs(one)), reason)
        for one in every(self.package.properties(), *_DECLARED):
            self.composition.declare(_DECLARED[local(one)], one.text)
        return self.composition.build(fallback_title)

    def _blocks(self, container: Element, depth: int) -> None:
        for element in _flat(container):
            name = local(element)
            if name == "p":
                self._paragraph(element, depth)
            elif name == "tbl":
                self._table(element, depth)
            elif name == "sdt":  # a table of contents: others are laid open
                self.composition.drop(" ".join(self._paragraphs(element)), "table of contents")
            elif name == "altChunk":
                self.composition.drop("altChunk", "another file within this one")

    def _paragraph(self, element: Element, depth: int) -> None:
        properties = child(element, "pPr")
        spoken = words_of(element, self.styles, self.carried)
        self.carried = spoken if child(properties, "rPr", "del") is not None else None
        if self.carried is not None:
            return
        style = attribute(child(properties, "pStyle"), "val")
        level = integer(attribute(child(properties, "outlineLvl"), "val"))
        role, rank = self.styles.role(style, level)
        self.flow.paragraph(spoken.words, role, rank, self._listed(properties, style))
        self._tell(spoken)
        for box in spoken.boxes if depth < _DEEPEST else ():
            self._blocks(box, depth + 1)

    def _listed(self, properties: Element | None, style: str | None) -> Listed | None:
        list_, depth = number_of(properties)
        by_style, depth_by_style, source = self.styles.number(style)
        if list_ is None:
            list_, depth = by_style, depth if depth is not None else depth_by_style
        else:
            source = None
        found = self.numbering.next(list_, depth, source)
        return Listed("" if found[1] else found[0], found[2] + 1) if found else None

    def _tell(self, spoken: Spoken) -> None:
        """Add the notes that were referred to, each once."""
        for kind, id_ in spoken.notes:
            note = self.notes[kind].get(id_)
            if note is not None and (kind, id_) not in self.told:
                self.told.add((kind, id_))
                self.composition.footnote("\n".join(self._paragraphs(note)), str(len(self.told)))

    def _paragraphs(self, element: Element) -> Iterator[str]:
        for one in every(element, "p"):
            if words := words_of(one, self.styles).words:
                yield words.text

    def _table(self, table: Element, depth: int) -> None:
        rows = [row for row in _flat(table) if local(row) == "tr" and child(row, "trPr", "del") is None]
        cells = [[cell for cell in _flat(row) if local(cell) == "tc"] for row in rows]
        # A table of one column sets a frame around paragraphs.
        if all(len(row) <= 1 for row in cells) and depth < _DEEPEST:
            for row in cells:
                for cell in row:
                    self._blocks(cell, depth + 1)
            return
        spoken = Spoken()
        words = [[one for cell in row for one in self._cell(cell, spoken)] for row in cells]
        self.flow.table(words, True if rows and _repeated(rows[0]) else None)
        self._tell(spoken)

    def _cell(self, cell: Element, table: Spoken) -> Iterator[Words]:
        """The words of a cell, and nothing for each further column that it spans."""
        words = Words()
        for paragraph in every(cell, "p"):
            spoken = words_of(paragraph, self.styles)
            words.join(spoken.words)
            table.notes.extend(spoken.notes)
        yield words
        span = integer(attribute(child(cell, "tcPr", "gridSpan"), "val")) or 1
        for _ in range(min(span, _WIDEST) - 1):
            yield Words()


def _flat(container: Element) -> Iterator[Element]:
    """What a container holds, without the wrappers around some of it and without what was deleted."""
    waiting = [iter(container)]
    while waiting:
        element = next(waiting[-1], None)
        if element is None:
            waiting.pop()
            continue
        name = local(element)
        if name in _WRAPPERS or (name == "sdt" and not _is_contents(element)):
            waiting.append(iter(element))
        elif name == "AlternateContent":
            waiting.append(iter(element[0] if len(element) else ()))
        elif name not in _GONE:
            yield element


def _is_contents(element: Element) -> bool:
    gallery = attribute(child(element, "sdtPr", "docPartObj", "docPartGallery"), "val")
    return gallery == "Table of Contents"


def _repeated(row: Element) -> bool:
    """Whether a row stands at the head of each page."""
    found = child(row, "trPr", "tblHeader")
    return found is not None and on(attribute(found, "val"))


def _by_id(root: Element | None) -> dict[str, Element]:
    notes = children(root, "footnote", "endnote")
    return {attribute(one, "id") or "": one for one in notes if attribute(one, "type") in (None, "normal")}
