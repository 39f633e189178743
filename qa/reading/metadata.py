"""What is stated about a document becomes its `Metadata`; what cannot be used is left out, with a warning."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator
from datetime import date
from typing import Any, NamedTuple
from urllib.parse import quote, urlsplit

from qa.language.cleaning import visible
from qa.reading.stated import Scalar, Stated
from qa.records import Metadata

# In characters, and in how many of them.
LONGEST_NAME, LONGEST_VALUE, LONGEST_URL = 64, 1000, 2000
MOST_FIELDS, MOST_LISTED, _MOST_WARNINGS = 50, 50, 20

_ALSO = {"authors": "author", "creator": "author", "lang": "language", "keywords": "tags", "tag": "tags"}
# What filters call something else.
_TAKEN = frozenset({"document", "id", "folder"})
# What programs write where nobody said anything.
_NOBODY = frozenset({"unknown", "unknown author"})
_NAME = re.compile(r"\w[\w .-]*")
_DATE = re.compile(r"(?P<year>[0-9]{4})(?:-(?P<month>[0-9]{2})(?:-(?P<day>[0-9]{2})(?:[Tt ].*)?)?)?")
_LANGUAGE = re.compile(r"(?P<code>[A-Za-z]{2,3})(?:[-_][A-Za-z0-9]{1,8})*")
_RESERVED = "!#$%&'()*+,/:;=?@[]~"


class Said(NamedTuple):
    """What was made of it; ``title`` is None where none is stated."""

    title: str | None
    metadata: Metadata
    warnings: tuple[str, ...]


def metadata_of(stated: Stated) -> Said:
    """The metadata in what YAML, a page's head or a file's properties state.

    ``author``, ``date``, ``url``, ``language``, ``tags`` and ``title`` mean what they say, in whatever case they are
    written; any other name is a field of its own. Of a date and a time the date is kept.
    """
    return _Reader().read(stated)


class _Reader:
    def __init__(self) -> None:
        self.warnings: list[str] = []

    def read(self, stated: Stated) -> Said:
        named = {_ALSO.get(name, name): (name, value) for name, value in self._named(stated)}
        known = {name: self._known(name, *named.pop(name)) for name in _READERS if name in named}
        fields = dict(self._fields(named))
        title = named_title(stated)
        metadata = Metadata(
            authors=known.get("author") or (),
            date=known.get("date"),
            url=known.get("url"),
            language=known.get("language"),
            tags=known.get("tags") or (),
            fields=fields,
        )
        return Said(title, metadata, tuple(self.warnings[:_MOST_WARNINGS]))

    def _named(self, stated: Stated) -> Iterator[tuple[str, Scalar | tuple[Scalar, ...] | None]]:
        for given, value in stated.items():
            name = visible(given).lower()
            if len(name) > LONGEST_NAME or not _NAME.fullmatch(name) or name in _TAKEN:
                self._warn(given, "cannot be the name of a field")
            elif name != "title":
                yield name, value

    def _known(self, name: str, given: str, value: Scalar | tuple[Scalar, ...] | None) -> Any:
        if value is None or value == "":
            return None
        try:
            return _READERS[name](value)
        except ValueError as error:
            self._warn(given, str(error))
            return None

    def _fields(self, named: dict[str, tuple[str, Scalar | tuple[Scalar, ...] | None]]) -> Iterator[tuple[str, Scalar]]:
        for place, (name, (given, value)) in enumerate(named.items()):
            own = visible(value) if isinstance(value, str) else value
            if own is None or own == "":
                continue
            if place >= MOST_FIELDS:
                self._warn(given, f"is one of more than {MOST_FIELDS} fields")
            elif isinstance(own, tuple):
                self._warn(given, "is a list, which only author and tags may be")
            elif isinstance(own, str) and len(own) > LONGEST_VALUE:
                self._warn(given, f"has {len(own)} characters, more than {LONGEST_VALUE}")
            elif isinstance(own, float) and not math.isfinite(own):
                self._warn(given, "is no finite number")
            else:
                yield name, own

    def _warn(self, name: str, reason: str) -> None:
        self.warnings.append(f"{visible(name)[:LONGEST_NAME]!r} {reason}; it is left out of the metadata")


def named_title(stated: Stated) -> str | None:
    """The title that is stated, if it is a text of a title's length."""
    title = next((value for name, value in stated.items() if name.strip().lower() == "title"), None)
    shown = visible(title) if isinstance(title, str) else ""
    return shown if 0 < len(shown) <= LONGEST_VALUE else None


def _authors(value: Scalar | tuple[Scalar, ...]) -> tuple[str, ...]:
    return tuple(name for name in _listed(value, ";") if name.casefold() not in _NOBODY)


def _tags(value: Scalar | tuple[Scalar, ...]) -> tuple[str, ...]:
    return _listed(value, ",")


def _listed(value: Scalar | tuple[Scalar, ...], separator: str) -> tuple[str, ...]:
    """The texts of a list, or of one text with a separator; each once."""
    texts = value if isinstance(value, tuple) else str(value).split(separator)
    found = tuple(dict.fromkeys(text for one in texts if (text := visible(str(one)))))
    if len(found) > MOST_LISTED:
        raise ValueError(f"lists {len(found)}, more than {MOST_LISTED}")
    if any(len(text) > LONGEST_VALUE for text in found):
        raise ValueError(f"has more than {LONGEST_VALUE} characters")
    return found


def _single(value: Scalar | tuple[Scalar, ...]) -> str:
    if isinstance(value, tuple):
        raise ValueError("is a list; write one value")
    return visible(str(value))


def _date(value: Scalar | tuple[Scalar, ...]) -> str:
    text = _single(value)
    found = _DATE.fullmatch(text)
    try:
        if found:
            date(int(found["year"]), int(found["month"] or 1), int(found["day"] or 1))
            return "-".join(part for part in found.group("year", "month", "day") if part)
    except ValueError:
        pass
    raise ValueError(f"is {text[:80]!r}, which is no date such as 1994, 1994-03 or 1994-03-07")


def _language(value: Scalar | tuple[Scalar, ...]) -> str:
    text = _single(value)
    found = _LANGUAGE.fullmatch(text)
    if not found:
        raise ValueError(f"is {text[:80]!r}, which is no code of a language such as kk")
    return found["code"].lower()


def _url(value: Scalar | tuple[Scalar, ...]) -> str:
    text = _single(value)
    fault = ValueError(f"is {text[:80]!r}, which is no address such as https://site.example/essay")
    if len(text) > LONGEST_URL or any(sign.isspace() or sign in '\\"<>^`{|}' for sign in text):
        raise fault
    try:
        parts = urlsplit(text)
        host, port = (parts.hostname or "").encode("idna").decode() if "[" not in text else "", parts.port
    except ValueError:  # UnicodeError too
        raise fault from None
    if parts.scheme not in ("http", "https") or not host or "@" in parts.netloc:
        raise fault
    netloc = f"{host}:{port}" if port is not None else host
    return quote(parts._replace(netloc=netloc).geturl(), safe=_RESERVED)


_READERS: dict[str, Callable[[Scalar | tuple[Scalar, ...]], Any]] = {
    "author": _authors,
    "date": _date,
    "url": _url,
    "language": _language,
    "tags": _tags,
}
KNOWN_NAMES = frozenset({"title", *_READERS, *_ALSO})
