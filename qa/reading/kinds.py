"""The kinds of files that are read, by what their names end with."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePath


@dataclass(frozen=True, slots=True)
class Kind:
    """``text``: a file of it is text as it stands; of another one the text is made, by `qa.reading.formats`."""

    name: str
    suffixes: tuple[str, ...]
    media_types: tuple[str, ...]
    text: bool = False


KINDS = (
    Kind("plain", (".txt", ".text"), ("text/plain",), text=True),
    Kind("markdown", (".md", ".markdown"), ("text/markdown",), text=True),
    Kind("docx", (".docx",), ("application/vnd.openxmlformats-officedocument.wordprocessingml.document",)),
    Kind("odt", (".odt",), ("application/vnd.oasis.opendocument.text",)),
    Kind("html", (".html", ".htm", ".xhtml"), ("text/html", "application/xhtml+xml")),
    Kind("epub", (".epub",), ("application/epub+zip",)),
    Kind("pdf", (".pdf",), ("application/pdf",)),
    Kind("rtf", (".rtf",), ("application/rtf", "text/rtf")),
)
_BY_SUFFIX = {suffix: kind for kind in KINDS for suffix in kind.suffixes}
READ = ", ".join(kind.suffixes[0] for kind in KINDS)


def kind_of(name: str) -> Kind | None:
    """The kind of a file by its name; None: files so named are not read."""
    return _BY_SUFFIX.get(PurePath(name).suffix.lower())
