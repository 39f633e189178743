"""Which generations are complete, and why one was held back: a manifest and a line for each."""

from __future__ import annotations

from pydantic import BaseModel, ValidationError

from qa.errors import DamagedGenerationError, MismatchError, MissingCollectionError
from qa.indexing.manifest import FORMAT_VERSION, Manifest
from qa.indexing.milvus.connection import Connection
from qa.indexing.milvus.parts import Parts
from qa.indexing.store import Held

_MANIFEST, _STATE = "manifest ", "state "
_REBUILD = "run qa index build --full"


class _Format(BaseModel):
    format: int


class Catalogue:
    """One collection. A generation counts as complete from when it is marked."""

    def __init__(self, connection: Connection, collection: str) -> None:
        self._parts = Parts(connection, collection)

    def create(self) -> None:
        """Make the collection, if it is not there."""
        self._parts.create()

    def ids(self) -> list[str]:
        """The complete generations, oldest first."""
        try:
            return [key.removeprefix(_STATE) for key in self._parts.keys(_STATE)]
        except MissingCollectionError:
            return []

    def held(self, id_: str) -> Held | None:
        """Why a generation was kept aside; None where it was not."""
        try:
            return Held.model_validate_json(self._parts.get([_STATE + id_]).get(_STATE + id_, b""))
        except (MissingCollectionError, ValidationError):
            return None

    def manifest(self, id_: str) -> Manifest:
        """The manifest of a generation.

        Raises:
            DamagedGenerationError: it is missing or not a manifest.
            MismatchError: it is of another format.
        """
        try:
            data = self._parts.get([_MANIFEST + id_]).get(_MANIFEST + id_, b"")
            # By itself first: the rest of another format may have another shape.
            format_ = _Format.model_validate_json(data).format
            if format_ != FORMAT_VERSION:
                raise MismatchError(
                    f"the generation {id_} has the format {format_}, this version reads {FORMAT_VERSION}; {_REBUILD}"
                )
            return Manifest.model_validate_json(data)
        except (MissingCollectionError, ValidationError) as error:
            raise DamagedGenerationError(
                f"the generation {id_} has no readable manifest in Milvus ({self._parts.collection}); {_REBUILD}"
            ) from error

    def write(self, manifest: Manifest) -> None:
        """Note the manifest of a generation that is staged."""
        content = manifest.model_dump_json(indent=1).encode() + b"\n"
        self._parts.put([(_MANIFEST + manifest.generation, content)])

    def mark(self, id_: str, held: Held | None) -> None:
        """Have a generation count as complete, and as held back or not."""
        self._parts.put([(_STATE + id_, held.model_dump_json().encode() if held else b"")])

    def remove(self, id_: str) -> None:
        """Let a generation count as complete no longer."""
        self._parts.remove(_STATE + id_)
        self._parts.remove(_MANIFEST + id_)
