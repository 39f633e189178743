"""Bytes become text. The text keeps every character of the source but a leading byte order mark."""

from __future__ import annotations

import codecs
from dataclasses import dataclass

from qa.errors import DocumentError

# Longest mark first: the UTF-32 mark begins with the UTF-16 one.
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
# The single-byte encodings that Kazakh and Russian essays are found in. KZ-1048 is Windows-1251 with the
# Kazakh letters in the places of the Serbian and Macedonian ones.
_LEGACY = ["cp1251", "kz1048", "koi8_r", "utf_16_le", "utf_16_be"]
_KAZAKH_LETTERS = frozenset("әғқңөұүһіӘҒҚҢӨҰҮҺІ")


@dataclass(frozen=True, slots=True)
class Decoded:
    """The text of a source and the name of the encoding that it was in."""

    text: str
    encoding: str


def decode(data: bytes, name: str) -> Decoded:
    """Decode a text file: by its byte order mark, else as UTF-8, else by what its bytes look like.

    Raises:
        DocumentError: the bytes are no text, or in no encoding that can be told; the message names ``name``.
    """
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return _strict(data[len(mark) :], encoding, name)
    if b"\0" not in data:
        try:
            return Decoded(data.decode("utf-8"), "utf-8")
        except UnicodeDecodeError:
            pass
    decoded = _guess(data)
    if decoded is None or "\0" in decoded.text:
        raise DocumentError(f"{name}: not a text file, or in an encoding that cannot be told; save it as UTF-8")
    return decoded


def _strict(data: bytes, encoding: str, name: str) -> Decoded:
    try:
        return Decoded(data.decode(encoding), encoding)
    except UnicodeDecodeError as error:
        raise DocumentError(
            f"{name}: its byte order mark says {encoding}, but byte {error.start} cannot be decoded; save it as UTF-8"
        ) from error


def _guess(data: bytes) -> Decoded | None:
    from charset_normalizer import from_bytes

    best = from_bytes(data, cp_isolation=_LEGACY, preemptive_behaviour=False).best()
    if best is None:
        return None
    return _prefer_kazakh(data, Decoded(str(best), best.encoding))


def _prefer_kazakh(data: bytes, decoded: Decoded) -> Decoded:
    """Windows-1251 and KZ-1048 differ in a few bytes only, where Kazakh text gives the choice away."""
    if decoded.encoding not in ("cp1251", "kz1048"):
        return decoded
    russian = data.decode("cp1251", errors="replace")
    kazakh = data.decode("kz1048", errors="replace")
    differing = [k for r, k in zip(russian, kazakh, strict=True) if r != k]
    if differing and all(letter in _KAZAKH_LETTERS for letter in differing):
        return Decoded(kazakh, "kz1048")
    return Decoded(russian, "cp1251") if "\ufffd" not in russian else decoded
