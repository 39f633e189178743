"""Which files of a folder may be documents, whatever else lies there; and their bytes."""

from __future__ import annotations

import errno
import os
import stat
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from qa.errors import CorpusError
from qa.reading.kinds import READ, kind_of
from qa.reading.sidecar import SUFFIX as SIDECAR
from qa.reading.sidecar import is_sidecar

LARGEST_FILE = 32 * 1024 * 1024
TOO_LARGE = f"larger than {LARGEST_FILE // 1024**2} MiB; split it"
# What `/documents/{id}` has below it: an id of a file in a folder may not end so.
TAKEN_BY_ROUTES = ("/text", "/passages")


@dataclass(frozen=True, slots=True)
class Skipped:
    """A file of the corpus that is no document, and why; with its hash where its content is the reason."""

    name: str
    reason: str
    sha256: str | None = None


def is_hidden(name: str) -> bool:
    """Whether a file or folder, named relative to the corpus, is hidden, in a hidden folder, or an editor's backup."""
    return name.endswith("~") or any(part.startswith((".", "~")) for part in name.split("/"))


def is_of_a_kind_read(name: str) -> bool:
    """Whether files so named are read, as documents or for their metadata."""
    return is_sidecar(name) or kind_of(name) is not None


def files_of(folder: Path) -> tuple[list[tuple[str, str, Path]], list[Skipped]]:
    """Id, name and path of each document, and what is none with the reason.

    Hidden files and editors' backups are passed over in silence.

    Raises:
        CorpusError: the folder does not exist.
    """
    if not folder.is_dir():
        raise CorpusError(
            f"the corpus folder {folder} does not exist; make it and put a .txt or .md file there, or set QA_CORPUS_DIR"
        )
    files: list[tuple[str, str, Path]] = []
    skipped: list[Skipped] = []
    taken: dict[str, str] = {}
    root = folder.resolve()
    inside = cache(lambda place: _leads_into(root, place))
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        linked = path.is_symlink()
        if is_hidden(name) or (_is_folder(path) and not linked):
            continue
        shown = "".join(sign if sign.isprintable() else _escaped(sign) for sign in name)
        id_ = name[: -len(path.suffix)] if path.suffix else name
        if is_sidecar(name) and path.with_name(path.name[: -len(SIDECAR)]).is_file() and not linked:
            continue  # read with the document that it lies beside
        reason = _unusable(path, inside(path if linked else path.parent), id_, taken.get(id_))
        if shown != name:
            reason = "its name is not UTF-8 or holds control characters; rename it"
        if reason:
            skipped.append(Skipped(shown, f"{shown}: {reason}"))
        else:
            taken[id_] = name
            files.append((id_, name, path))
    return files, skipped


def _unusable(path: Path, inside: bool, id_: str, twin: str | None) -> str | None:
    if _is_folder(path):
        return "a link to a folder, which is not followed; move the folder itself here"
    if is_sidecar(path.name):
        return "metadata is read from a file beside its document, which this is not; rename it, or remove it"
    if not is_of_a_kind_read(path.name):
        return f"files of kind {path.suffix or 'without suffix'} are not read, but {READ}; save it as one of these"
    try:
        found = path.stat()
    except OSError:
        return "it cannot be looked at, or is a link that leads nowhere; check its permissions or remove it"
    if not inside:
        return "a link that leads out of the corpus folder; copy the file there instead of linking to it"
    if not stat.S_ISREG(found.st_mode):
        return "a pipe, a socket or a device and no file; remove it"
    if found.st_size > LARGEST_FILE:
        return TOO_LARGE
    if id_.endswith(TAKEN_BY_ROUTES):
        return "its address would be that of another document's part; rename it"
    if twin is not None:
        return f"its id is already that of {twin}; rename one of the two"
    return None


def _leads_into(root: Path, place: Path) -> bool:
    try:
        return place.resolve().is_relative_to(root)
    except (OSError, RuntimeError):  # links in a circle
        return False


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except OSError:
        return False


def _escaped(sign: str) -> str:
    """A character that would break a line, or is half of one, as it is written in code."""
    return sign.encode("unicode_escape").decode()


def read_file(path: Path) -> bytes:
    """The bytes of a regular file, one more than `LARGEST_FILE` at most: it may grow faster than it is read.

    Raises:
        OSError: it cannot be opened, or is a pipe, a socket or a device, which might never end.
    """
    # Without O_NONBLOCK a pipe would be waited for until somebody writes to it.
    handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    with os.fdopen(handle, "rb") as file:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise OSError(errno.EINVAL, "it is no regular file")
        return file.read(LARGEST_FILE + 1)
