"""A web page, or the chapter of a book, becomes part of a composition."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from qa.reading.composition import BULLET, Composition
from qa.reading.formats.counting import numeral
from qa.reading.formats.css import Type
from qa.reading.formats.docx_styles import integer
from qa.reading.formats.flow import Flow
from qa.reading.formats.html_marks import BLOCKS, HEADINGS, holds_notes, reason_to_drop
from qa.reading.formats.html_words import Run, Speaker
from qa.reading.formats.words import Words
from qa.reading.formats.xml import Element, children, every, local, steps

_LISTS = ("ul", "ol", "menu", "dir")
_FORMS = {"a": "lower latin", "A": "upper latin", "i": "lower roman", "I": "upper roman"}
_CODE = ("pre", "listing", "xmp", "plaintext")
_DEEPEST, _WIDEST = 80, 100
_NUMBER = re.compile(r"\d{1,3}(?:\.\d{1,3})+\.?|\d{1,3}\.")
_USUAL = Type(False, 1.0)


@dataclass(slots=True)
class _Place:
    """Where paragraphs go: into which kind of block, and into which list item, whose first one has the marker."""

    kind: str = "paragraph"
    depth: int = 0
    marker: str | None = None
    label: str = ""


class Page:
    """Walks the elements of a page. What is nested too deep to be walked is read as words."""

    def __init__(self, composition: Composition, speaker: Speaker) -> None:
        self.composition = composition
        self.flow = Flow(composition)
        self.speaker = speaker
        self.told: set[Element] = set()
        self.laid: set[Element] = set()  # what holds blocks

    def read(self, body: Element) -> None:
        """Add what stands in an element."""
        for one in body.iter():
            if local(one) in BLOCKS:
                for above in one.iterancestors():
                    if above in self.laid:
                        break
                    self.laid.add(above)
        self._container(body, _Place(), 0)
        self.flow.end_code()

    def drop(self, element: Element, reason: str) -> None:
        self.composition.drop(self.speaker.flat(element), reason)

    def _container(self, element: Element, place: _Place, deep: int, around: Type = _USUAL) -> None:
        """The blocks of an element, and as paragraphs what stands between them."""
        run, type_ = Run(), self.speaker.type(element, around)
        self.speaker.say(run, element.text, type_)
        for one in element:
            name = local(one)
            if name == "br":
                run.words.add("\n")
            elif (name in BLOCKS or one in self.laid) and deep < _DEEPEST:
                run = self._end(run, place)
                self._block(one, name, place, deep + 1, type_)
            elif name:
                self.speaker.speak(one, run, type_)
            self.speaker.say(run, one.tail, type_)
        self._end(run, place)

    def _block(self, element: Element, name: str, place: _Place, deep: int, around: Type) -> None:  # noqa: C901
        if element in self.speaker.notes.texts:
            return
        reason = reason_to_drop(element, book=self.speaker.book)
        if reason is None and holds_notes(element) and any(one in self.speaker.notes.texts for one in element.iter()):
            reason = "around the notes"
        if reason is not None:
            self.drop(element, reason)
            return
        match name:
            case _ if name in HEADINGS:
                self._heading(element, int(name[1]), place)
            case _ if name in _LISTS:
                self._list(element, name, place, deep)
            case "li":
                self._container(element, _Place(place.kind, place.depth + 1, BULLET), deep, around)
            case "dl":
                self._definitions(element, place)
            case "table":
                self._table(element, place, deep, around)
            case "blockquote":
                self._container(element, _Place("quote", place.depth), deep, around)
            case _ if name in _CODE:
                self.composition.paragraph(_as_it_stands(element), "code", place.depth)
            case _:
                self._container(element, place, deep, around)

    def _heading(self, element: Element, rank: int, place: _Place) -> None:
        run = Run()
        self.speaker.speak(element, run, _USUAL)
        if place.depth or place.kind != "paragraph":  # it heads no section
            self._end(run, place)
        else:
            self.composition.heading(_spaced(run.words.text.strip()), rank)
            self._tell(run)

    def _end(self, run: Run, place: _Place) -> Run:
        """Add the paragraph that ends here."""
        words = run.words
        if words and place.marker is not None:
            self.composition.item(words.text, place.depth, place.marker, place.label or words.bold)
            place.marker = None
        elif words:
            strong = words.strong if place.kind == "paragraph" and not place.depth else 0.0
            self.composition.paragraph(words.text, place.kind, place.depth, strong=strong)
        self._tell(run)
        return Run()

    def _tell(self, run: Run) -> None:
        for note in run.notes:
            if note not in self.told:
                self.told.add(note)
                self.composition.footnote(self._note(note), str(len(self.told)))

    def _note(self, element: Element) -> str:
        """The words of a note, without its mark and what leads back."""
        self.speaker.notes.texts.discard(element)
        try:
            return self.speaker.flat(element)
        finally:
            self.speaker.notes.texts.add(element)

    def _list(self, element: Element, name: str, above: _Place, deep: int) -> None:
        count = integer(element.get("start")) if element.get("start") else 1
        count = 1 if count is None else count
        for one in element:
            if local(one) == "li":
                count = integer(one.get("value")) or count
                marker = (
                    f"{numeral(count, _FORMS.get(element.get('type') or '', 'decimal'))}." if name == "ol" else BULLET
                )
                if reason_to_drop(one, book=True) is None and one not in self.speaker.notes.texts:
                    self._container(one, _Place(above.kind, above.depth + 1, marker), deep)
                count += 1
            elif local(one):
                deeper = _Place(above.kind, above.depth + (local(one) in _LISTS))
                self._block(one, local(one), deeper, deep + 1, _USUAL)

    def _definitions(self, element: Element, above: _Place) -> None:
        """Each term with what is said of it, as a labelled item."""
        term, said = Words(), Run()

        def end() -> None:
            words = Words()
            words.join(term)
            words.join(said.words)
            place = _Place(above.kind, above.depth + 1, "", " ".join(term.text.split()) if said.words else "")
            self._end(Run(words, said.notes), place)

        for one in every(element, "dt", "dd"):
            run = Run()
            self.speaker.speak(one, run, _USUAL)
            if local(one) == "dt":
                if said.words:
                    end()
                    term, said = Words(), Run()
                term.join(run.words)
            else:
                said.words.join(run.words)
            said.notes.extend(run.notes)
        end()

    # Tables

    def _table(self, table: Element, place: _Place, deep: int, around: Type) -> None:
        rows = list(_rows(table))
        cells = [list(children(row, "td", "th")) for row in rows]
        frames = (table.get("role") or "") in ("presentation", "none") or all(len(row) <= 1 for row in cells)
        inside = any(local(one) in ("table", *HEADINGS) for one in table.iter() if one is not table)
        if frames or inside:
            for row in cells:
                for cell in row:
                    self._container(cell, place, deep + 1, around)
            return
        for caption in children(table, "caption"):
            self._container(caption, place, deep + 1, around)
        run = Run()
        words = [self._cells(row, run) for row in cells]
        header = bool(cells) and all(local(cell) == "th" for cell in cells[0])
        headed = rows and local(rows[0].getparent()) == "thead"
        self.flow.table(words, True if header or headed else None, place.depth)
        self._tell(run)

    def _cells(self, row: list[Element], table: Run) -> list[Words]:
        found: list[Words] = []
        for cell in row:
            run = Run()
            self.speaker.speak(cell, run, _USUAL)
            table.notes.extend(run.notes)
            span = min(integer(cell.get("colspan")) or 1, _WIDEST)
            found.extend([run.words, *(Words() for _ in range(span - 1))])
        return found[:_WIDEST]


def _rows(table: Element) -> Iterator[Element]:
    """The rows, the head's first and the foot's last."""
    groups: dict[str, list[Element]] = {"thead": [], "tbody": [], "tfoot": []}
    for one in table:
        if local(one) == "tr":
            groups["tbody"].append(one)
        elif local(one) in groups:
            groups[local(one)].extend(children(one, "tr"))
    for rows in groups.values():
        yield from rows


def _spaced(heading: str) -> str:
    """A heading with a space after its number; LibreOffice writes the one that it counted right before the title."""
    number = _NUMBER.match(heading)
    at = number.end() if number else 0
    return f"{heading[:at]} {heading[at:]}" if heading[at : at + 1].isupper() else heading


def _as_it_stands(element: Element) -> str:
    pieces = [element.text or ""]
    for opens, one, _ in steps(element):
        if opens:
            pieces.append("\n" if local(one) == "br" else one.text or "")
        else:
            pieces.append(one.tail or "")
    return "".join(pieces)
