"""What a reasoning model thinks before it replies."""

from __future__ import annotations

_BEGIN, _END = "<think>", "</think>"


class Thoughts:
    """Leaves thoughts out of a text that begins with them; some servers send them so, others apart from the text."""

    def __init__(self) -> None:
        self._held = ""
        self._over = False

    def read(self, delta: str) -> str:
        """What of a text's next delta is the reply's."""
        if self._over:
            return delta
        text = (self._held + delta).lstrip()
        if text.startswith(_BEGIN):
            thought, over, text = text.partition(_END)
            if not over:
                # Of thoughts, which may be long, only what could begin their end.
                self._held = _BEGIN + thought[len(_BEGIN) :][1 - len(_END) :]
                return ""
        elif _BEGIN.startswith(text):
            self._held = text
            return ""
        self._over = True
        return text
