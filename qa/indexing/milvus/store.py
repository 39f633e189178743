"""Generations in Milvus: which there are, which one is live, and publishing another.

<prefix>_catalogue   of each complete generation its manifest, and whether it was held back
<prefix>_live        an alias of the live generation's collection: Milvus moves it at one stroke

A generation whose collections are there without a line in the catalogue was not completed: the next builder removes
them. Builders hold each other off by a lock in the index folder, so they run on one machine; any number of services on
any number of machines answer from what is live.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from qa.errors import (
    DamagedGenerationError,
    GenerationError,
    MissingCollectionError,
    NoGenerationError,
    UnknownGenerationError,
)
from qa.indexing.generation import Generation
from qa.indexing.manifest import Manifest
from qa.indexing.milvus.catalogue import Catalogue
from qa.indexing.milvus.collections import ROWS, Collections
from qa.indexing.milvus.connection import Connection
from qa.indexing.milvus.legs import MilvusDense
from qa.indexing.milvus.parts import checksum
from qa.indexing.milvus.row import Row
from qa.indexing.store import Held, IndexStore
from qa.indexing.verification import check

# What `_name` makes of an id, and what belongs to it. Another prefix may begin with this one.
_GENERATION = r"_\d{8}T\d{12}_[0-9a-f]{8}(_rows)?"
# Of so many passages it is seen that they are found by their ids: each is a question to the server.
_LOOKED_UP = 50
_REBUILD = "run qa index build --full"


class MilvusStore:
    """See `qa.indexing.stores.Store`. ``folder`` has the builders' lock and journal."""

    def __init__(self, connection: Connection, prefix: str, folder: Path) -> None:
        self.folder = folder
        self._connection, self._prefix = connection, prefix
        self._alias = f"{prefix}_live"
        self._catalogue = Catalogue(connection, f"{prefix}_catalogue")
        self._was_live: str | None = None

    def __str__(self) -> str:
        return f"Milvus at {self._connection.shown} ({self._prefix})"

    # Looking

    def live_id(self) -> str:
        """See `IndexStore.live_id`."""
        try:
            told = self._connection.ask("describe_alias", self._alias)
        except MissingCollectionError:
            raise NoGenerationError(f"there is no index in {self}; run qa index build") from None
        return self._id(str(told["collection_name"]))

    def live(self) -> Generation:
        return self.load(self.live_id())

    def live_manifest(self) -> Manifest:
        return self.manifest(self.live_id())

    def check_live(self) -> None:
        """Compare the live generation's tables and counts with its manifest."""
        self._check(self.live_manifest())

    def ids(self) -> list[str]:
        return self._catalogue.ids()

    def named(self, id_: str) -> str:
        if id_ not in self.ids():
            raise UnknownGenerationError(f"no generation has the id {id_!r}; qa index list shows them")
        return id_

    def before(self, id_: str) -> str:
        """See `IndexStore.before`."""
        older = [other for other in self.ids() if other < id_ and self.held(other) is None]
        if not older:
            raise GenerationError(f"no generation is older than {id_}; qa index list shows them")
        return older[-1]

    def held(self, id_: str) -> Held | None:
        return self._catalogue.held(id_)

    def manifest(self, id_: str) -> Manifest:
        """See `qa.indexing.manifest.read_manifest`."""
        return self._catalogue.manifest(id_)

    def load(self, id_: str) -> Generation:
        manifest = self.manifest(id_)
        return self._collections(id_).open(manifest)

    def damage(self, id_: str, _manifest: Manifest) -> str | None:
        """What of a generation is missing, as far as that is seen without reading it."""
        for name in (self._name(id_), f"{self._name(id_)}_rows"):
            if not self._connection.ask("has_collection", name):
                return f"the collection {name} is missing"
        return None

    def verified(self, id_: str) -> Generation:
        """See `qa.indexing.verification.verified`; every row is read."""
        collections = self._collections(id_, "Strong")
        manifest = self.manifest(id_)
        collections.load()
        generation = collections.open(manifest)
        assert isinstance(generation.dense, MilvusDense)
        packed, tokens = generation.dense.rows.packed(), 0

        def rows() -> Iterator[bytes]:
            nonlocal tokens
            for number, data in enumerate(packed):
                tokens += len(Row.unpack(data, f"passage {number}").tokens.scales)
                yield data

        if checksum(rows()) != manifest.files[ROWS].sha256:
            raise DamagedGenerationError(
                f"the passages of the generation {id_} in {self} are not those that were written; {_REBUILD}"
            )
        self._check(manifest, collections)
        if tokens != manifest.counts.tokens:
            raise DamagedGenerationError(
                f"the generation {id_} has {tokens} tokens in {self}, not {manifest.counts.tokens}; {_REBUILD}"
            )
        check(generation, _LOOKED_UP)
        return self._collections(id_).open(manifest)

    def _check(self, manifest: Manifest, collections: Collections | None = None) -> None:
        collections = collections or self._collections(manifest.generation)
        collections.tables(manifest)
        found = collections.searched()
        if found != manifest.counts.passages:
            raise DamagedGenerationError(
                f"{manifest.counts.passages} passages of the generation {manifest.generation} were written, "
                f"and {found} can be searched for in {self}; {_REBUILD}"
            )

    # Changing

    @contextmanager
    def building(self, waiting: Callable[[str], None]) -> Iterator[None]:
        """See `IndexStore.building`."""
        with IndexStore(self.folder).building(waiting):
            self._catalogue.create()
            self._clear()
            yield

    def _clear(self) -> None:
        """Remove what builders left that did not come to their end."""
        own = re.compile(re.escape(self._prefix) + _GENERATION)
        complete = {name for id_ in self.ids() for name in self._names(id_)}
        with suppress(NoGenerationError):
            complete |= set(self._names(self.live_id()))
        for name in self._connection.do("list_collections"):
            if own.fullmatch(name) and name not in complete:
                self._connection.do("drop_collection", name)

    def stage(self, generation: Generation, threshold: Callable[[], float] | None = None) -> str:
        """Write a generation beside the others, where only this builder looks: its id.

        Raises:
            UnreachableStoreError: the server does not answer; nothing has changed for those who ask.
        """
        collections = self._collections(generation.id)
        try:
            files = collections.write(generation, lambda _: None)
            finished = generation.with_threshold(threshold()) if threshold else generation
            self._catalogue.write(finished.manifest.model_copy(update={"files": files}))
        except BaseException:
            self.discard(generation.id)
            raise
        return generation.id

    @contextmanager
    def staging(self, id_: str) -> Iterator[Path]:
        """See `IndexStore.staging`: a folder on this machine, for as long as it takes; `finish` brings it to Milvus."""
        with IndexStore(self.folder).staging(id_) as work:
            yield work
        shutil.rmtree(work, ignore_errors=True)

    def finish(self, work: Path, manifest: Manifest) -> None:
        """Write what lies in a folder, with its manifest. Raises as `stage` does."""
        self.stage(Generation.opened(work, manifest))

    def make_live(self, id_: str) -> None:
        """Let readers move over to a generation that is staged or there. Raises as `stage` does."""
        before = None
        with suppress(NoGenerationError):
            before = self.live_id()
        if id_ not in self.ids():  # staged; until it is live it is not taken for one that was
            self._catalogue.mark(id_, Held())
        self._collections(id_).load()
        if before != id_:
            self._connection.do("alter_alias" if before else "create_alias", self._name(id_), self._alias)
            self._was_live = before
        self._catalogue.mark(id_, None)

    def hold(self, id_: str, held: Held) -> None:
        self._catalogue.mark(id_, held)
        with suppress(GenerationError):
            self._collections(id_).release()

    def discard(self, id_: str) -> None:
        """Remove a generation, staged or there, unless it is live."""
        with suppress(GenerationError):
            if self.live_id() == id_:
                return
        with suppress(GenerationError):
            self._catalogue.remove(id_)  # gone at one stroke, however long removing takes
            self._collections(id_).drop()

    def rollback(self, id_: str | None, usable: Callable[[Manifest], None] | None = None) -> tuple[str, str]:
        """See `IndexStore.rollback`."""
        live = self.live_id()
        chosen = self.named(id_ if id_ is not None else self.before(live))
        manifest = self.manifest(chosen)
        collections = self._collections(chosen, "Strong")
        with suppress(MissingCollectionError):  # then the check tells
            collections.load()
        self._check(manifest, collections)
        if usable is not None:
            usable(manifest)
        self.make_live(chosen)
        return chosen, live

    def prune(self, keep: int) -> None:
        """See `IndexStore.prune`. What was live just before stays too: services may still be answering from it. The
        other ones leave the server's memory.
        """
        ids = self.ids()
        answering = {self.live_id(), self._was_live}
        spared = answering | {id_ for id_ in ids[-1:] if self.held(id_)}
        for id_ in [id_ for id_ in ids if id_ not in spared][: max(0, len(ids) - keep)]:
            self.discard(id_)
        for id_ in self.ids():
            if id_ not in answering:
                with suppress(GenerationError):
                    self._collections(id_).release()

    def close(self) -> None:
        """Let go of the server, or of the file."""
        self._connection.close()

    def problem(self) -> str | None:
        """Why the server could not be asked last; None where it could."""
        return self._connection.problem

    # Names

    def _collections(self, id_: str, consistency: str = "Bounded") -> Collections:
        return Collections(self._connection, self._name(id_), consistency)

    def _name(self, id_: str) -> str:
        return f"{self._prefix}_{id_.replace('-', '_')}"

    def _names(self, id_: str) -> tuple[str, str]:
        return self._name(id_), f"{self._name(id_)}_rows"

    def _id(self, name: str) -> str:
        return name.removeprefix(f"{self._prefix}_").replace("_", "-")
