"""Documents written to and removed from the corpus: whole or not at all, and never over an edit that was not seen."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from qa.errors import (
    ConflictError,
    DocumentError,
    EditError,
    InvalidIdError,
    PreconditionError,
    QAError,
    UnknownDocumentError,
)
from qa.files import replace_file, sync_folder
from qa.reading import Source, read_document
from qa.reading.corpus import document_files, same_kind
from qa.reading.folder import TAKEN_BY_ROUTES
from qa.reading.kinds import kind_of
from qa.reading.sidecar import sidecar_of

ANY = "*"
LOCK = "corpus.lock"
_LONGEST_PART, _LONGEST_ID = 200, 1000  # bytes; file systems allow 255 a part, the suffix included
_LONGEST_WAIT = 30.0  # seconds


@dataclass(frozen=True, slots=True)
class Condition:
    """What must hold of the file on disk: its sha256 is in ``match`` and not in ``none_match``; `ANY`: it exists."""

    match: frozenset[str] | None = None
    none_match: frozenset[str] | None = None

    def check(self, id_: str, current: str | None) -> None:
        """Compare with the sha256 of the file on disk, None where there is none.

        Raises:
            PreconditionError: it does not hold; the message has both hashes.
        """
        found = {ANY, current} if current is not None else set()
        if self.match is not None and not found & self.match:
            now = f"has the sha256 {current}" if current else "does not exist"
            wanted = ", ".join(sorted(self.match))[:200]
            raise PreconditionError(
                f"the document {id_!r} {now}, and the edit is one to {wanted}; read it again and repeat the edit"
            )
        if self.none_match is not None and found & self.none_match:
            raise PreconditionError(f"the document {id_!r} exists already, with the sha256 {current}")


_ALWAYS = Condition()


@dataclass(frozen=True, slots=True)
class Written:
    """A document that was written, and whether it is new."""

    id: str
    sha256: str
    created: bool


class Editor:
    """Edits the documents of a corpus folder, one at a time across all processes; the lock lies in the index folder."""

    def __init__(self, corpus: Path, index: Path) -> None:
        self.corpus = corpus
        self.index = index

    def write(self, id_: str, data: bytes, suffix: str, condition: Condition = _ALWAYS) -> Written:
        """Write a document's file, the one it has or a new one with ``suffix``.

        Raises:
            InvalidIdError: the id cannot be that of a document.
            DocumentError: the text is not UTF-8 or holds nothing that could be cited.
            PreconditionError: ``condition`` does not hold.
            ConflictError: the file there is of another kind or no document, or another edit takes too long.
            EditError: the file cannot be written; what was there stays.
        """
        check_id(id_)
        sha256 = _check(id_, data, suffix)
        with self._locked():
            path = _no_link(document_files(self.corpus).get(id_))
            condition.check(id_, _sha256(path))
            replace_file(self._new(id_, suffix) if path is None else _of_kind(path, suffix), data)
        return Written(id_, sha256, created=path is None)

    def remove(self, id_: str, condition: Condition = _ALWAYS) -> None:
        """Remove a document's file, and the file of metadata beside it.

        Raises:
            InvalidIdError, PreconditionError, EditError: as in `write`.
            UnknownDocumentError: there is no such document.
            ConflictError: it is the last one, or another edit takes too long.
        """
        check_id(id_)
        with self._locked():
            files = document_files(self.corpus)
            path = _no_link(files.pop(id_, None))
            if path is None:
                raise UnknownDocumentError(f"no document of the corpus has the id {id_!r}")
            condition.check(id_, _sha256(path))
            if not any(_holds_document(one, other) for one, other in files.items()):
                raise ConflictError(f"{id_!r} is the last document, and an index of nothing cannot be built")
            beside = sidecar_of(path)
            path.unlink()
            if beside is not None:
                beside.unlink(missing_ok=True)
            sync_folder(path.parent)

    def _new(self, id_: str, suffix: str) -> Path:
        """Where a new document goes; its folders are made."""
        *parts, last = id_.split("/")
        folder = self.corpus
        for part in parts:
            folder /= part
            if folder.is_symlink() or (folder.exists() and not folder.is_dir()):
                raise ConflictError(f"{part} in {id_!r} is a file or a link, and documents lie in folders")
            if not folder.exists():
                folder.mkdir()
                sync_folder(folder.parent)
        path = folder / f"{last}{suffix}"
        if path.exists() or path.is_symlink():
            raise ConflictError(f"the file {id_}{suffix} exists and is no document; qa outline tells why")
        return path

    @contextmanager
    def _locked(self) -> Iterator[None]:
        try:
            self.index.mkdir(parents=True, exist_ok=True)
            with FileLock(self.index / LOCK, timeout=_LONGEST_WAIT):
                yield
        except Timeout as error:
            raise ConflictError("another edit is being written; try again in a moment") from error
        except OSError as error:
            raise EditError(f"the corpus cannot be written ({error.strerror}); nothing was changed") from error


def check_id(id_: str) -> None:
    """Refuse what cannot be the id of a document: a relative path of plain names.

    Raises:
        InvalidIdError: the message says which rule it breaks.
    """
    reason = _unfit(id_)
    if reason is not None:
        raise InvalidIdError(f"{id_[:80]!r} cannot be the id of a document: {reason}")


def _unfit(id_: str) -> str | None:
    parts = id_.split("/")
    if not all(parts):
        return "a part of it is empty"
    if any(part.startswith((".", "~")) or part.endswith("~") for part in parts):
        return "a part of it begins with . or ~, or ends with ~"
    if "\\" in id_ or "\ufffd" in id_ or not id_.isprintable() or any(part != part.strip() for part in parts):
        return "it holds a backslash, a control character, a space at an end, or is not UTF-8"
    if id_.endswith(TAKEN_BY_ROUTES):
        return f"it ends with {' or '.join(TAKEN_BY_ROUTES)}, the address of another document's part"
    sizes = [len(part.encode()) for part in parts]
    if max(sizes) > _LONGEST_PART or sum(sizes) + len(sizes) > _LONGEST_ID:
        return f"a part of it has more than {_LONGEST_PART} bytes, or the whole more than {_LONGEST_ID}"
    return None


def _check(id_: str, data: bytes, suffix: str) -> str:
    """The sha256 of what can be a document."""
    name = f"{id_}{suffix}"
    kind = kind_of(name)
    if kind is None or kind.text:
        _check_text(name, data)
    sha256 = hashlib.sha256(data).hexdigest()
    read_document(Source(id_, name, data, sha256))
    return sha256


def _check_text(name: str, data: bytes) -> None:
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise DocumentError(f"{name}: byte {error.start} is not UTF-8; send the text as UTF-8") from error
    if "\0" in text:
        raise DocumentError(f"{name}: it holds a null character, so it is no text")


def _of_kind(path: Path, suffix: str) -> Path:
    if not same_kind(path.suffix, suffix):
        raise ConflictError(f"the document is the file {path.name}, which is of another kind; remove it first")
    return path


def _no_link(path: Path | None) -> Path | None:
    """What an edit may be made to: the file itself, since another document may be read through a link to the same."""
    if path is not None and path.is_symlink():
        raise ConflictError(f"the file {path.name} is a link; edit the document that it leads to")
    return path


def _sha256(path: Path | None) -> str | None:
    return None if path is None else hashlib.sha256(path.read_bytes()).hexdigest()


def _holds_document(id_: str, path: Path) -> bool:
    data = path.read_bytes()
    try:
        read_document(Source(id_, path.name, data, ""))
    except QAError:
        return False
    return True
