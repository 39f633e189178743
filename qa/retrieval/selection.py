"""Which passages a question is asked of: some documents, folders of them, those that meet a filter, or all."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from qa.errors import UnknownDocumentError
from qa.indexing.dense import Positions
from qa.indexing.generation import Generation
from qa.retrieval.filters import Filter, attributes_of

FOLDER = "/"


@dataclass(frozen=True, slots=True)
class Selection:
    """All that it names must hold of a passage; what names nothing is everything.

    ``documents`` are ids, and folders by their names with a slash at the end; ``filter`` is on what `attributes_of`
    tells of a document. Both can be looked up by an engine. ``passages`` are positions, where a protocol's own
    conditions on passages have been looked at already.
    """

    documents: tuple[str, ...] = ()
    filter: Filter | None = None
    passages: tuple[int, ...] | None = None

    @classmethod
    def of(cls, among: Selection | Sequence[str] | None) -> Selection:
        """A selection as it is, or of some documents; none or no id is everything."""
        return among if isinstance(among, Selection) else cls(tuple(among or ()))

    @property
    def is_everything(self) -> bool:
        return self == EVERYTHING

    def ids(self, generation: Generation) -> tuple[str, ...]:
        """The documents that it allows, in the order of the generation where a folder or a filter picks them.

        Raises:
            UnknownDocumentError: a document or folder is not in the generation.
        """
        named = tuple(dict.fromkeys(self._named(generation)))
        if self.filter is None:
            return named if self.documents else tuple(generation.document_ids)
        told = map(generation.documents.summary, named) if self.documents else generation.documents.summaries()
        return tuple(one.about.id for one in told if self.filter.holds(attributes_of(one.about)))

    def positions(self, generation: Generation) -> Positions | None:
        """The positions of the passages that it allows, in ascending order for each document; None for all of them.

        Raises:
            UnknownDocumentError: as `ids` does.
        """
        if self.is_everything:
            return None
        if self.passages is not None:
            chosen = np.asarray(self.passages, dtype=np.int64)
            rest = Selection(self.documents, self.filter).positions(generation)
            return chosen if rest is None else np.intersect1d(chosen, rest)
        ids = self.ids(generation)
        return generation.positions(ids) if ids else np.empty(0, dtype=np.int64)

    def _named(self, generation: Generation) -> Iterator[str]:
        for name in self.documents:
            if not name.endswith(FOLDER):
                yield generation.summary(name).about.id
                continue
            inside = [id_ for id_ in generation.document_ids if id_.startswith(name)]
            if not inside:
                raise UnknownDocumentError(f"no document lies in the folder {name!r}; GET /documents lists them")
            yield from inside


EVERYTHING = Selection()
