"""The words of a paragraph as a reader of a format comes upon them, and which of them are bold."""

from __future__ import annotations

from itertools import groupby


class Words:
    """Collects a paragraph. A line feed in it breaks the line. ``size`` is that of the type, in any unit."""

    def __init__(self) -> None:
        self._pieces: list[tuple[str, bool, float]] = []

    def add(self, text: str | None, *, bold: bool = False, size: float = 1.0) -> None:
        if text:
            self._pieces.append((text, bold, size))

    def join(self, other: Words) -> None:
        """Add what another paragraph says, on a line of its own."""
        if self and other:
            self._pieces.append(("\n", False, 1.0))
        self._pieces.extend(other._pieces)

    def paired(self) -> Words:
        """The same, with the letters whole that were added as two halves of UTF-16."""
        words = Words()
        for (bold, size), run in groupby(self._pieces, key=lambda piece: piece[1:]):
            piece = "".join(text for text, _, _ in run)
            words.add(piece.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace"), bold=bold, size=size)
        return words

    def __bool__(self) -> bool:
        return any(piece and not piece.isspace() for piece, _, _ in self._pieces)

    @property
    def text(self) -> str:
        return "".join(piece for piece, _, _ in self._pieces)

    @property
    def bold(self) -> str:
        """The bold words that it begins with."""
        found: list[str] = []
        for piece, bold, _ in self._pieces:
            if not bold and piece.strip():
                break
            found.append(piece)
        return "".join(found).strip()

    @property
    def strong(self) -> float:
        """The size of the type where all of it is bold, else 0."""
        seen = [(bold, size) for piece, bold, size in self._pieces if piece.strip()]
        return max(size for _, size in seen) if seen and all(bold for bold, _ in seen) else 0.0
