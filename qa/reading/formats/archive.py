"""A zip archive that somebody else made: nothing in it is unpacked unless it is asked for, and no more than so much."""

from __future__ import annotations

import zipfile
import zlib
from io import BytesIO
from posixpath import normpath

from qa.errors import DocumentError
from qa.reading.formats.disguise import refuse

_MOST_ENTRIES = 10_000
_LARGEST, _LARGEST_PART = 256 * 1024**2, 64 * 1024**2
# XML takes a tenth of its room when it is packed; what takes far less was made to.
_SUSPECT, _MOST_TIMES = 32 * 1024**2, 200
_ENCRYPTED = 0x1
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)


class Archive:
    """The parts of an archive by their names.

    Raises:
        DocumentError: the bytes are none, are damaged or encrypted, or would take too much room.
    """

    def __init__(self, data: bytes, wanted: str) -> None:
        if not data.startswith(b"PK"):
            raise refuse(data, wanted)
        try:
            self._zip = zipfile.ZipFile(BytesIO(data))
            entries = self._zip.infolist()
        except (zipfile.BadZipFile, ValueError, NotImplementedError, OSError, EOFError) as error:
            raise DocumentError(
                f"the file is damaged: its zip archive has no end ({str(error)[:80]}); save it again"
            ) from error
        if len(entries) > _MOST_ENTRIES:
            raise DocumentError(f"the file has {len(entries)} parts, and no {wanted} needs more than {_MOST_ENTRIES}")
        unpacked = sum(entry.file_size for entry in entries)
        if unpacked > _LARGEST or (unpacked > _SUSPECT and unpacked > _MOST_TIMES * len(data)):
            raise DocumentError(
                f"the file would unpack to {unpacked // 1024**2} MiB, which is too much; split it or save it anew"
            )
        if any(entry.flag_bits & _ENCRYPTED for entry in entries):
            raise DocumentError("the file is encrypted; open it, remove its password and save it again")
        self._entries = {_plain(entry.filename): entry for entry in entries}

    def __contains__(self, name: str) -> bool:
        return _plain(name) in self._entries

    def names(self) -> list[str]:
        return list(self._entries)

    def part(self, name: str) -> bytes | None:
        """The bytes of a part, None where there is none.

        Raises:
            DocumentError: it cannot be unpacked, or is too large.
        """
        entry = self._entries.get(_plain(name))
        if entry is None:
            return None
        if entry.file_size > _LARGEST_PART:
            raise DocumentError(f"its part {name} has more than {_LARGEST_PART // 1024**2} MiB; split the document")
        if entry.compress_type not in _METHODS:
            raise DocumentError(f"its part {name} is packed in an unusual way; save it again")
        try:
            return self._zip.read(entry)
        except (zipfile.BadZipFile, zlib.error, EOFError, ValueError, RuntimeError, OSError) as error:
            raise DocumentError(f"the file is damaged: its part {name} cannot be unpacked; save it again") from error

    def needed(self, name: str, wanted: str) -> bytes:
        """The bytes of a part without which there is nothing to read.

        Raises:
            DocumentError: as in `part`, or there is none.
        """
        data = self.part(name)
        if data is None:
            raise DocumentError(f"the file is a zip archive but no {wanted}: it has no {name}; save it anew")
        return data


def _plain(name: str) -> str:
    return normpath(name.replace("\\", "/")).lstrip("/")
