"""OpenDocument texts (.odt), as LibreOffice and others save them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from qa.errors import DocumentError
from qa.reading.composition import Composed, Composition
from qa.reading.formats.archive import Archive
from qa.reading.formats.docx_styles import integer
from qa.reading.formats.flow import Flow, Listed
from qa.reading.formats.odt_styles import Styles
from qa.reading.formats.words import Words
from qa.reading.formats.xml import Element, attribute, child, children, every, local, parse_xml, steps

_WANTED = "OpenDocument text (.odt)"
_TYPE = b"application/vnd.oasis.opendocument.text"
_NO_TEXT = frozenset(
    {"tracked-changes", "ruby-text", "note-citation", "annotation-end", "hidden-text", "number", "title", "desc",
     "image", "object", "object-ole", "event-listeners", "forms", "sequence-decls", "variable-decls",
     "user-field-decls"}
)  # fmt: skip
_WRAPPERS = frozenset({"section", "index-body", "index-title", "page-sequence"})
_INDEXES = frozenset(
    {"table-of-content", "illustration-index", "table-index", "object-index", "user-index", "alphabetical-index"}
)
_ROWS = frozenset({"table-header-rows", "table-rows", "table-row-group"})
_DECLARED = {"title": "title", "creator": "author", "initial-creator": "author", "language": "language",
             "creation-date": "date"}  # fmt: skip
_DEEPEST, _WIDEST, _MOST_ROWS = 50, 100, 1000


def read(data: bytes, fallback_title: str) -> Composed:
    """Read an OpenDocument text.

    Raises:
        DocumentError: it is none, is damaged, encrypted or too large.
    """
    archive = Archive(data, _WANTED)
    if b"encryption-data" in (archive.part("META-INF/manifest.xml") or b"") or "encrypted-package" in archive:
        raise DocumentError("the file is encrypted; open it, remove its password and save it again")
    kind = (archive.part("mimetype") or _TYPE).strip()
    if kind not in (_TYPE, _TYPE + b"-web"):
        raise DocumentError(
            f"the file is of the kind {kind[:80].decode('ascii', 'replace')}, no {_WANTED}; save it anew"
        )
    content = parse_xml(archive.needed("content.xml", _WANTED), "content.xml")
    others = {name: parse_xml(part, name) for name in ("styles.xml", "meta.xml") if (part := archive.part(name))}
    return _Reader(content, others.get("styles.xml"), others.get("meta.xml")).read(fallback_title)


@dataclass(slots=True)
class _Spoken:
    words: Words = field(default_factory=Words)
    notes: list[Element] = field(default_factory=list)
    boxes: list[Element] = field(default_factory=list)
    comments: list[Element] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _List:
    """The list that one is in: its style, and how deep it is nested, the outermost 1."""

    style: str | None
    depth: int


class _Reader:
    def __init__(self, content: Element, styles: Element | None, meta: Element | None) -> None:
        self.content, self.meta = content, meta
        self.styles = Styles([one for one in (styles, content) if one is not None])
        self.pages = styles
        self.composition = Composition()
        self.flow = Flow(self.composition)
        self.notes = 0

    def read(self, fallback_title: str) -> Composed:
        body = child(self.content, "body", "text")
        if body is None:
            raise DocumentError(f"the file is no {_WANTED}: it has no text body; save it anew")
        self._blocks(body, 0)
        self.flow.end_code()
        for one in every(self.pages, "header", "footer"):
            self.composition.drop(self._flat_text(one), f"page {local(one)}")
        for one in every(self.meta, *_DECLARED):
            self.composition.declare(_DECLARED[local(one)], one.text)
        return self.composition.build(fallback_title)

    def _blocks(self, container: Element, depth: int, list_: _List | None = None) -> None:
        if depth > _DEEPEST:
            return
        for element in container:
            name = local(element)
            if name in ("p", "h"):
                self._paragraph(element, name, depth, list_)
            elif name == "list":
                self._list(element, depth, list_)
            elif name == "table":
                self._table(element, depth)
            elif name in _INDEXES:
                self.composition.drop(self._flat_text(element), "table of contents")
            elif name in _WRAPPERS:
                self._blocks(element, depth + 1, list_)
            elif name == "frame":
                for box in every(element, "text-box"):
                    self._blocks(box, depth + 1)

    def _paragraph(self, element: Element, name: str, depth: int, list_: _List | None) -> None:
        style = attribute(element, "style-name")
        spoken = self._spoken(element)
        role, rank = self.styles.role(style)
        if name == "h" and role != "title":
            role, rank = "heading", min(integer(attribute(element, "outline-level")) or 1, 10)
        elif role == "heading":  # looks like one and is none to the author's table of contents
            role = "paragraph"
        self.flow.paragraph(spoken.words, role, rank, self._listed(element, role, rank, style, list_))
        for note in spoken.notes:
            self.notes += 1
            mark = "".join(one.text or "" for one in children(note, "note-citation"))
            texts = [self._spoken(one).words.text for one in every(child(note, "note-body"), "p", "h")]
            self.composition.footnote("\n".join(texts), mark or str(self.notes))
        for comment in spoken.comments:
            self.composition.drop(self._flat_text(comment), "comment")
        for box in spoken.boxes:
            self._blocks(box, depth + 1)

    def _listed(self, element: Element, role: str, rank: int, style: str | None, list_: _List | None) -> Listed | None:
        """What stands before a paragraph: a heading's number, an item's mark."""
        if role == "heading":
            counted, depth = self.styles.outline, rank - 1
            if list_ is not None and list_.style:
                counted, depth = self.styles.counter(list_.style) or counted, list_.depth - 1
            header = attribute(element, "is-list-header") == "true"
            return None if header else Listed(counted.next(depth), depth + 1)
        item = element.getparent()
        if list_ is None or item is None or local(item) == "list-header":
            return None
        counter = self.styles.counter(list_.style) or self.styles.counter(self.styles.list_of(style))
        start = integer(attribute(item, "start-value"))
        if counter is not None and start is not None:
            counter.restart(list_.depth - 1, start)
        return Listed(counter.next(list_.depth - 1) if counter else "", list_.depth)

    def _list(self, element: Element, depth: int, above: _List | None) -> None:
        own = attribute(element, "style-name")
        list_ = _List(own, 1) if above is None else replace(above, style=own or above.style, depth=above.depth + 1)
        goes_on = attribute(element, "continue-numbering") == "true" or attribute(element, "continue-list")
        headings = next(every(element, "h"), None) is not None
        counter = self.styles.counter(list_.style)
        if above is None and counter is not None and not goes_on and not headings:
            counter.forget()
        for item in children(element, "list-item", "list-header"):
            self._item(item, depth + 1, list_)

    def _item(self, item: Element, depth: int, list_: _List) -> None:
        """An item; its paragraphs after the first go on with it."""
        for place, one in enumerate(item):
            if local(one) == "p" and place and self.styles.role(attribute(one, "style-name"))[0] == "paragraph":
                self.flow.goes_on(self._spoken(one).words, list_.depth)
            else:
                self._blocks([one], depth, list_)

    def _table(self, table: Element, depth: int) -> None:
        rows = list(self._rows(table))
        cells = [list(children(row, "table-cell", "covered-table-cell")) for row in rows]
        if all(len(row) <= 1 for row in cells):
            for row in cells:
                for cell in row:
                    self._blocks(cell, depth + 1)
            return
        spoken = _Spoken()
        words = [[one for cell in row for one in self._cell(cell, spoken)] for row in cells]
        header = next(every(table, "table-header-rows"), None) is not None
        self.flow.table(words, True if header else None)
        for note in spoken.notes:
            self.notes += 1
            texts = [self._spoken(one).words.text for one in every(child(note, "note-body"), "p", "h")]
            self.composition.footnote("\n".join(texts), str(self.notes))

    def _rows(self, table: Element) -> Iterator[Element]:
        waiting = [iter(table)]
        while waiting:
            element = next(waiting[-1], None)
            if element is None:
                waiting.pop()
            elif local(element) in _ROWS:
                waiting.append(iter(element))
            elif local(element) == "table-row":
                yield element

    def _cell(self, cell: Element, table: _Spoken) -> Iterator[Words]:
        words = Words()
        for paragraph in every(cell, "p", "h"):
            spoken = self._spoken(paragraph)
            words.join(spoken.words)
            table.notes.extend(spoken.notes)
        repeated = integer(attribute(cell, "number-columns-repeated")) or 1
        for _ in range(min(repeated, _WIDEST) if words or repeated < _WIDEST else 1):
            yield words

    def _spoken(self, paragraph: Element) -> _Spoken:
        """The words of a paragraph, and what is anchored in it."""
        spoken = _Spoken()
        base = bool(self.styles.bold("paragraph", attribute(paragraph, "style-name")))
        bold = [base]
        spoken.words.add(paragraph.text, bold=base)
        for opens, element, skip in steps(paragraph):
            name = local(element)
            if opens and (name in _NO_TEXT or self._anchored(name, element, spoken) or self._is_hidden(element, name)):
                skip()
            if opens:
                own = self.styles.bold("text", attribute(element, "style-name")) if name == "span" else None
                bold.append(bold[-1] if own is None else own)
                if name not in _NO_TEXT and name not in ("note", "annotation", "text-box"):
                    spoken.words.add(_sign(element, name), bold=bold[-1])
            else:
                bold.pop()
                spoken.words.add(element.tail, bold=bold[-1])
        return spoken

    def _anchored(self, name: str, element: Element, spoken: _Spoken) -> bool:
        kept = {"note": spoken.notes, "annotation": spoken.comments, "text-box": spoken.boxes}.get(name)
        if kept is not None:
            kept.append(element)
        return kept is not None

    def _is_hidden(self, element: Element, name: str) -> bool:
        return name == "span" and self.styles.hidden(attribute(element, "style-name"))

    def _flat_text(self, element: Element) -> str:
        return " ".join(self._spoken(one).words.text for one in every(element, "p", "h"))


def _sign(element: Element, name: str) -> str:
    match name:
        case "s":
            return " "
        case "tab":
            return " "
        case "line-break":
            return "\n"
    return str(element.text or "")
