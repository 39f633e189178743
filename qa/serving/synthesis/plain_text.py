"""A language model's text as Markdown that leads nowhere: whatever it was made to write, no link of its own remains."""

from __future__ import annotations

import re
from collections.abc import Iterator

# What could begin a link, an image, HTML, an entity, code, a quotation in a block. Emphasis and lists may stay.
_SPECIAL = re.compile(r"[\\`\[\]<>&~]")
# Where an address may stand: Latin letters, digits and the signs of addresses. It is taken whole up to its end.
_LONGEST_RUN = 2000
_RUN = re.compile(rf"([A-Za-z0-9._:/?#@$&+,;=%-]{{1,{_LONGEST_RUN}}})")
# Readers of Markdown make links of these by themselves; some of a bare host's name too.
_ADDRESS = re.compile(r"://|www\.|[\w.+-]@[\w-]|(?:[A-Za-z0-9-]+\.)+(?:[a-z]{2,}|[A-Z]{2,})")
_ENDS = ".,;:?"
# After our own marker these would make of it a link to, or the name of, what follows.
_JOINING = ("(", ":")


class PlainText:
    """Reads a text in pieces; what could be an address is held until its end is known and then shown as code."""

    def __init__(self) -> None:
        self._held = ""
        self._after_marker = False

    def read(self, text: str) -> Iterator[str]:
        """What can be shown by now."""
        if text and self._after_marker:
            self._after_marker = False
            if text.startswith(_JOINING):
                yield f"\\{text[0]}"
                text = text[1:]
        # Texts and runs in turn, beginning and ending with a text.
        *parts, last = _RUN.split(self._held + text)
        self._held = ""
        if not last and parts and len(parts[-1]) < _LONGEST_RUN:
            self._held = parts.pop()
        yield from (_shown(part) for part in [*parts, last] if part)

    def finish(self) -> Iterator[str]:
        """What was held."""
        held, self._held = self._held, ""
        if held:
            yield _shown(held)

    def marked(self) -> None:
        """Be told that a marker of a source stands here in the text, after `finish`."""
        self._after_marker = True


def _shown(part: str) -> str:
    if not (_RUN.fullmatch(part) and _ADDRESS.search(part)):
        return _escaped(part)
    address = part.rstrip(_ENDS)
    # In code no reader of Markdown looks for addresses; a backslash inside one would be overlooked.
    return f"`{address}`{part[len(address) :]}"


def _escaped(text: str) -> str:
    return _SPECIAL.sub(lambda match: "\\" + match[0], text)
