"""The tokens of Rich Text: braces, control words, and letters in a code page."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

_TOKEN = re.compile(
    rb"\\([A-Za-z]{1,40})(-?\d{1,10})? ?|\\'([0-9A-Fa-f]{2})|\\(.)|([{}])|[\r\n]+|([^\\{}\r\n]+)", re.DOTALL
)
# What a font's character set is called, by its number; 0 is the document's own.
CHARSETS = {
    77: "mac_roman", 128: "cp932", 129: "cp949", 134: "cp936", 136: "cp950", 161: "cp1253", 162: "cp1254",
    163: "cp1258", 177: "cp1255", 178: "cp1256", 186: "cp1257", 204: "cp1251", 222: "cp874", 238: "cp1250",
    255: "cp437",
}  # fmt: skip
SYMBOLS = 2


class Token(NamedTuple):
    """``kind``: { or }, a control ``word`` with its ``number``, or ``bytes`` of text."""

    kind: str
    word: str = ""
    number: int | None = None
    data: bytes = b""


def tokens_of(data: bytes) -> Iterator[Token]:
    """The tokens; what follows ``bin`` is left out, as many bytes as it says."""
    at = 0
    while at < len(data):
        found = _TOKEN.match(data, at)
        if found is None:  # a backslash at the end
            return
        at = found.end()
        word, number, code, symbol, brace, text = found.groups()
        if word is not None:
            value = int(number) if number is not None else None
            if word == b"bin":
                at += max(value or 0, 0)
            else:
                yield Token("word", word.decode("ascii"), value)
        elif code is not None:
            yield Token("bytes", "hex", None, bytes([int(code, 16)]))
        elif brace is not None:
            yield Token(brace.decode("ascii"))
        elif text is not None:
            yield Token("bytes", "", None, text)
        elif symbol is not None:
            yield _symbol(symbol)


def _symbol(symbol: bytes) -> Token:
    if symbol in b"\\{}":
        return Token("bytes", "", None, symbol)
    if symbol in b"\r\n":
        return Token("word", "par")
    return Token("word", symbol.decode("latin-1"))
