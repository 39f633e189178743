"""What a language model writes, as pieces of a reply: citations as the service's own markers, all else made safe."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence

from qa.conversation.reply import Marker, Piece
from qa.records import Hit
from qa.serving.synthesis.plain_text import PlainText
from qa.serving.synthesis.quotations import Quotations

# [1]  [^1]  [1, 3]  [1-3]  【1】  【1†source】, with the space before them.
_NUMBER = r"\s?\^?\d{1,3}\s?"
_MARKER = re.compile(
    rf"[ \t]{{0,8}}[\[［【](?P<numbers>{_NUMBER}(?:[,;，、–-]{_NUMBER}){{0,9}})(?:†[^\[\]【】\n]{{0,40}})?[\]］】]"
)
_BEGUN = re.compile(r"[ \t]{0,8}(?:[\[［【][\s\d^,;，、–-]{0,60}(?:†[^\[\]【】\n]{0,40})?)?\Z")
_PARTS = re.compile(r"[,;，、]")
_RANGE = re.compile(r"[–-]")


class CitedText:
    """Reads what a model writes, in deltas cut anywhere, and gives the pieces that can be shown by now.

    A number that a passage has becomes that source's marker; one that none has is left out. A sentence without a
    number stays as it is: an introduction or a summary needs none, and a reader sees that it has none. A quotation
    that stands in no passage is followed by ``unverified``. The text is made safe as `PlainText` does it.
    """

    def __init__(self, sources: Sequence[Hit], marker: Marker, unverified: str) -> None:
        self._sources, self._marker, self._unverified = sources, marker, unverified
        self._quotations = Quotations(sources)
        self._plain = PlainText()
        self._held = ""
        self._last = ""

    def read(self, delta: str) -> Iterator[Piece]:
        """The pieces that a delta completes."""
        text, at = self._held + delta, 0
        for match in _MARKER.finditer(text):
            yield from self._text(text[at : match.start()])
            yield from self._citations(match["numbers"])
            at = match.end()
        begun = _BEGUN.search(text, at)
        end = begun.start() if begun else len(text)
        self._held = text[end:]
        yield from self._text(text[at:end])

    def finish(self) -> Iterator[Piece]:
        """The pieces that are left when the model has ended."""
        held, self._held = self._held, ""
        yield from self._text(held)
        yield from self._shown(self._plain.finish())
        if self._quotations.finish():
            yield from self._shown([f" {self._unverified}"])

    def _text(self, text: str) -> Iterator[Piece]:
        for part, strange in self._quotations.split(text):
            yield from self._shown(self._plain.read(part))
            if strange:
                yield from self._shown([*self._plain.finish(), f" {self._unverified}"])

    def _citations(self, numbers: str) -> Iterator[Piece]:
        for number in _numbers(numbers):
            if not 1 <= number <= len(self._sources):
                continue
            yield from self._shown(self._plain.finish())
            # Before a marker that is a link, a mark of exclamation would make it an image.
            if self._last and not self._last.isspace() and unicodedata.category(self._last) not in ("Ps", "Pi"):
                yield Piece(" ")
            yield Piece(self._marker(number, self._sources[number - 1]), number - 1)
            self._last = ")"
            self._plain.marked()

    def _shown(self, texts: Iterable[str]) -> Iterator[Piece]:
        for text in texts:
            if text:
                self._last = text[-1]
                yield Piece(text)


def _numbers(spelt: str) -> Iterator[int]:
    """The numbers of ``1, 3-5``."""
    for part in _PARTS.split(spelt):
        ends = [int(end.replace("^", " ")) for end in _RANGE.split(part)]
        yield from range(ends[0], ends[-1] + 1)
