"""Where the passages of earlier generations are now, so that an old citation is not lost with its generation."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from pydantic import TypeAdapter

from qa.indexing.difference import Difference, Many, difference
from qa.records import Passage

# About 10 MB on disk, and years of edits of a large essay.
MOST_ENTRIES = 50_000


@dataclass(frozen=True, slots=True)
class Past:
    """A passage that stood under an anchor of a document and stands there no more.

    ``to`` is the id of the live passage that it became, its own where it only stands elsewhere, None where it
    is gone; ``generation`` is the last one that had it.
    """

    document: str
    anchor: str
    id: str
    to: str | None
    generation: str

    @property
    def key(self) -> tuple[str, str, str]:
        return self.document, self.anchor, self.id


_PAST = TypeAdapter(Past)


@dataclass(frozen=True)
class History:
    """What once stood where, the longest gone first. It belongs to one generation: every ``to`` is live in it."""

    entries: tuple[Past, ...]

    @classmethod
    def empty(cls) -> History:
        return cls(())

    @classmethod
    def after(cls, previous: History, before: Many, after: Many, before_generation: str) -> History:
        """The history of the generation that holds ``after``, from that of the one that held ``before``.

        What became of an earlier target is followed to the newest one. A passage that is back in its old place is
        dropped; one that is back elsewhere leads to itself. The newest `MOST_ENTRIES` are kept.
        """
        became = _became(difference(before, after))
        live: set[str] = set()
        places: set[int] = set()
        for passage in after:
            live.add(passage.id)
            places.add(hash((passage.document, passage.anchor, passage.id)))
        entries = {entry.key: replace(entry, to=_target(entry, became, live)) for entry in previous.entries}
        for old in before:
            key = old.document, old.anchor, old.id
            entries.pop(key, None)
            if hash(key) not in places:
                entries[key] = Past(*key, became.get(old.id, old.id), before_generation)
        past = [entry for key, entry in entries.items() if hash(key) not in places]
        return cls(tuple(past[-MOST_ENTRIES:]))

    @classmethod
    def load(cls, path: Path) -> History:
        """Read what `save` wrote."""
        lines = path.read_bytes().splitlines()
        return cls(tuple(_PAST.validate_json(line) for line in lines))

    def save(self, path: Path) -> None:
        path.write_bytes(b"".join(_PAST.dump_json(entry) + b"\n" for entry in self.entries))

    def resolve_id(self, id_: str) -> str | None:
        """The id of the live passage that a former one became; None where it is gone or was never there."""
        entry = self._by_id.get(id_)
        return entry.to if entry else None

    def resolve_anchor(self, document: str, anchor: str) -> str | None:
        """The same for what last stood under an anchor."""
        entry = self._by_anchor.get((document, anchor))
        return entry.to if entry else None

    def successor(self, document: str) -> str | None:
        """The id of a live passage that what once stood in a document became: of the one that became so last."""
        return next((entry.to for entry in reversed(self.entries) if entry.document == document and entry.to), None)

    def knows_id(self, id_: str) -> bool:
        return id_ in self._by_id

    def knows_anchor(self, document: str, anchor: str) -> bool:
        return (document, anchor) in self._by_anchor

    def knows_document(self, document: str) -> bool:
        return document in self._documents

    # In each of these the newest entry comes last and stays.
    @cached_property
    def _by_id(self) -> dict[str, Past]:
        return {entry.id: entry for entry in self.entries}

    @cached_property
    def _by_anchor(self) -> dict[tuple[str, str], Past]:
        return {(entry.document, entry.anchor): entry for entry in self.entries}

    @cached_property
    def _documents(self) -> frozenset[str]:
        return frozenset(entry.document for entry in self.entries)


def _became(found: Difference) -> dict[str, str | None]:
    """The new id of each passage that has another one, None for the removed."""
    pairs: Iterable[tuple[Passage, Passage]] = (*found.moved, *found.changed)
    return {old.id: new.id for old, new in pairs} | {old.id: None for old in found.removed}


def _target(entry: Past, became: dict[str, str | None], live: set[str]) -> str | None:
    if entry.id in live:
        return entry.id
    to = became.get(entry.to, entry.to) if entry.to else None
    return to if to in live else None
