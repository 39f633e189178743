"""From a position in the text that an encoder read back to the source's own characters."""

from __future__ import annotations

import re
import unicodedata

import numpy as np
from numpy.typing import NDArray

from qa.language.cleaning import visible

_SPACE = re.compile(r"\s")
_WORD = re.compile(r"\w+")
# How far markup (a link's address, say) may push the next word away.
_REACH = 500


def align(plain: str, source: str, skip: int = 0) -> NDArray[np.int32]:
    """For each character of ``plain`` the place in ``source`` that it came from, or -1; shape (len(plain) + 1,).

    ``plain`` is ``source`` without markup and invisible characters, possibly with words of other places in it; the
    first ``skip`` characters are known to be such. The last entry is the end of ``source``.
    """
    shown, places = shown_with_places(source)
    found = np.full(len(plain) + 1, -1, dtype=np.int32)
    found[-1] = len(source)
    at = 0
    for word in _WORD.finditer(plain, skip):
        here = shown.find(word[0], at, at + len(word[0]) + _REACH)
        if here >= 0:
            at = here + len(word[0])
            found[word.start() : word.end()] = places[here:at]
    return found


def shown_with_places(source: str) -> tuple[str, list[int]]:
    """The source in NFC without invisible characters, and where each of its characters came from."""
    spaced = _SPACE.sub(" ", source)
    if spaced == visible(source):  # as most text is
        return spaced, list(range(len(source)))
    characters: list[str] = []
    places: list[int] = []
    start = 0
    while start < len(source):
        end = start + 1
        while end < len(source) and unicodedata.combining(source[end]):
            end += 1
        composed = visible(source[start:end]) or (" " if source[start].isspace() else "")
        characters.append(composed)
        places.extend([start] * len(composed))
        start = end
    return "".join(characters), places
