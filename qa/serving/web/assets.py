"""Style sheets, scripts and pictures, each at an address that changes with its content."""

from __future__ import annotations

import gzip
import hashlib
import mimetypes
from functools import cache
from importlib.resources import files
from typing import NamedTuple

from fastapi import APIRouter, HTTPException, Request, Response

from qa.serving.web.policy import FOR_EVERY_SITE, HEADERS
from qa.serving.web.preference import takes_gzip

router = APIRouter(include_in_schema=False)
_FOREVER, _ASK_AGAIN = "public, max-age=31536000, immutable", "no-cache"
_SMALLEST_COMPRESSED = 512


class Asset(NamedTuple):
    """A file as it is sent; ``compressed`` is None where that would save nothing."""

    content: bytes
    compressed: bytes | None
    media_type: str

    @classmethod
    def of(cls, name: str, content: bytes) -> Asset:
        media_type = mimetypes.guess_type(name)[0] or "application/octet-stream"
        if media_type.startswith("text/"):
            media_type += "; charset=utf-8"
        compressed = gzip.compress(content, mtime=0) if len(content) >= _SMALLEST_COMPRESSED else None
        return cls(content, compressed, media_type)

    def reply(self, request: Request, headers: dict[str, str]) -> Response:
        """What is sent to a browser, smaller if it can read that."""
        own = {**HEADERS, **FOR_EVERY_SITE, **headers, "Vary": "Accept-Encoding"}
        if self.compressed is not None and takes_gzip(request):
            return Response(self.compressed, headers={**own, "Content-Encoding": "gzip"}, media_type=self.media_type)
        return Response(self.content, headers=own, media_type=self.media_type)


@cache
def assets() -> dict[str, Asset]:
    """All files of ``static``, by name."""
    folder = files("qa.serving.web") / "static"
    return {file.name: Asset.of(file.name, file.read_bytes()) for file in folder.iterdir() if file.is_file()}


@cache
def _digest() -> str:
    """Of all files, so that one script may import another by a relative address."""
    found = sorted(assets().items())
    return hashlib.sha256(b"\0".join(name.encode() + b"\0" + asset.content for name, asset in found)).hexdigest()[:16]


def asset_url(name: str) -> str:
    """The address of a file of ``static``.

    Raises:
        KeyError: there is no such file.
    """
    assets()[name]
    return f"/assets/{_digest()}/{name}"


@router.get("/assets/{digest}/{name}")
async def asset(digest: str, name: str, request: Request) -> Response:
    """A file of ``static``; from a page of an earlier version it is the one of now, and is not kept."""
    found = assets().get(name)
    if found is None:
        raise HTTPException(404, f"there is no file {name[:80]!r} for the pages")
    return found.reply(request, {"Cache-Control": _FOREVER if digest == _digest() else _ASK_AGAIN})
