"""The parts of a Word document, and how they refer to each other."""

from __future__ import annotations

from collections.abc import Iterator
from posixpath import basename, dirname, join, normpath

from qa.errors import DocumentError
from qa.reading.formats.archive import Archive
from qa.reading.formats.xml import Element, attribute, children, parse_xml

WANTED = "Word document (.docx)"
_OTHERS = (
    ("macroEnabled", "a Word file with macros (.docm)"),
    ("template", "a Word template (.dotx)"),
    ("spreadsheetml", "a spreadsheet (.xlsx)"),
    ("presentationml", "a presentation (.pptx)"),
)
_USUAL = "word/document.xml"


class Package:
    """Raises:
    DocumentError: the bytes are no Word document.
    """

    def __init__(self, data: bytes) -> None:
        self._archive = Archive(data, WANTED)
        main = next((target for kind, target in self._related("") if kind == "officeDocument"), _USUAL)
        self._check_type(main)
        self.main = parse_xml(self._archive.needed(main, WANTED), main)
        self._parts: dict[str, list[str]] = {}
        for kind, target in self._related(main):
            self._parts.setdefault(kind, []).append(target)
        self._own = [target for kind, target in self._related("") if kind == "core-properties"]

    def parts(self, kind: str) -> Iterator[Element]:
        """The roots of the parts of a kind that the document refers to, say ``styles``."""
        for name in self._parts.get(kind, ()):
            data = self._archive.part(name)
            if data:
                yield parse_xml(data, name)

    def part(self, kind: str) -> Element | None:
        return next(self.parts(kind), None)

    def properties(self) -> Element | None:
        data = self._archive.part(self._own[0]) if self._own else None
        return parse_xml(data, self._own[0]) if data else None

    def _related(self, part: str) -> Iterator[tuple[str, str]]:
        """The kind and the name of each part that a part refers to; "": the package itself."""
        name = join(dirname(part), "_rels", f"{basename(part)}.rels")
        data = self._archive.part(name)
        for one in children(parse_xml(data, name) if data else None, "Relationship"):
            target = attribute(one, "Target") or ""
            if attribute(one, "TargetMode") != "External" and target:
                inside = target.lstrip("/") if target.startswith("/") else join(dirname(part), target)
                yield (attribute(one, "Type") or "").rpartition("/")[2], normpath(inside)

    def _check_type(self, main: str) -> None:
        data = self._archive.part("[Content_Types].xml")
        for one in children(parse_xml(data, "[Content_Types].xml") if data else None, "Override"):
            if (attribute(one, "PartName") or "").lstrip("/") == main:
                kind = attribute(one, "ContentType") or ""
                for sign, name in _OTHERS:
                    if sign in kind:
                        raise DocumentError(f"the file is {name}, no {WANTED}; save it as .docx")
