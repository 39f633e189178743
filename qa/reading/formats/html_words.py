"""The words that stand in an element of a web page, laid out on one line or in a cell."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from qa.reading.formats.css import Type, type_of
from qa.reading.formats.html_marks import BLOCKS, SILENT, reason_to_drop
from qa.reading.formats.html_notes import Notes
from qa.reading.formats.words import Words
from qa.reading.formats.xml import Element, local, steps

_SPACES = re.compile(r"[ \t\r\n\f]+")
_LINK_TO_ITSELF = frozenset({"#", "¶", "§", "🔗", ""})


@dataclass(slots=True)
class Run:
    """Words as they are come upon, and the notes that they refer to."""

    words: Words = field(default_factory=Words)
    notes: list[Element] = field(default_factory=list)


class Speaker:
    """Reads the words of elements; ``book``: nothing in it is there for a browser only."""

    def __init__(self, notes: Notes, sheet: Mapping[str, Type], *, book: bool) -> None:
        self.notes, self.sheet, self.book = notes, sheet, book

    def flat(self, element: Element) -> str:
        """All that stands in an element."""
        run = Run()
        self.speak(element, run, Type(False, 1.0))
        return run.words.text

    def speak(self, element: Element, run: Run, around: Type) -> None:
        """Add what stands in an element, blocks in it on lines of their own; its tail is not part of it."""
        if self.passed_over(element, run):
            return
        types = [self.type(element, around)]
        self.say(run, element.text, types[-1])
        for opens, one, skip in steps(element):
            name = local(one)
            if opens:
                passed = self.passed_over(one, run)
                if passed:
                    skip()
                types.append(types[-1] if passed else self.type(one, types[-1]))
                self._begin(one, name, run, types[-1], passed=passed)
            else:
                types.pop()
                if name in BLOCKS and name not in ("td", "th"):
                    run.words.add("\n")
                elif name == "q":
                    run.words.add("”")
                self.say(run, one.tail, types[-1])

    def _begin(self, element: Element, name: str, run: Run, type_: Type, *, passed: bool) -> None:
        if name == "br":
            run.words.add("\n")
        elif name in BLOCKS:
            run.words.add(" " if name in ("td", "th") else "\n")
        elif name == "q":
            run.words.add("“")
        if not passed:
            self.say(run, element.text, type_)

    def say(self, run: Run, text: str | None, type_: Type) -> None:
        """Add text as it stands in the source, where a line's end is a space."""
        run.words.add(_SPACES.sub(" ", text) if text else None, bold=bool(type_.bold), size=type_.size or 1.0)

    def type(self, element: Element, around: Type) -> Type:
        own = type_of(element, self.sheet)
        return Type(around.bold if own.bold is None else own.bold, around.size if own.size is None else own.size)

    def passed_over(self, element: Element, run: Run) -> bool:
        """Whether an element says nothing here: it is a note or leads to one, or is none of the author's text."""
        name = local(element)
        if name == "a":
            if element in self.notes.text_of:
                run.notes.append(self.notes.text_of[element])
                return True
            if element in self.notes.back:
                return True
            itself = (element.get("href") or "").startswith("#")
            return itself and "".join(element.itertext()).strip() in _LINK_TO_ITSELF
        if element in self.notes.texts or name in SILENT:
            return True
        return name not in BLOCKS and reason_to_drop(element, book=True) is not None
