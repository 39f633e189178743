"""An answer as text: the service's own words around the corpus's, and where in the text what is cited."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from qa.conversation.markdown import one_line, quotation
from qa.conversation.phrases import Phrases
from qa.records import Answer, Hit

Kind = Literal["answer", "unanswered", "greeting", "thanks"]
# The number of a source, from one, and the source, to what stands in the text for it: a link, or the number itself.
Marker = Callable[[int, Hit], str]

# Of a passage beside the answer so much is shown, in characters.
_EXCERPT = 300


class Piece(NamedTuple):
    """A stretch of a reply's text; ``source`` is the place in `Reply.sources` of what it is the marker of."""

    text: str
    source: int | None = None


class Mark(NamedTuple):
    """Where the marker of a source stands in a text, in characters."""

    start: int
    end: int
    source: int


@dataclass(frozen=True, slots=True)
class Reply:
    """``language`` is the one that the service speaks in it; ``answer`` is None for a greeting and for thanks."""

    kind: Kind
    language: str
    answer: Answer | None
    pieces: tuple[Piece, ...]
    sources: tuple[Hit, ...] = ()

    @property
    def text(self) -> str:
        return "".join(piece.text for piece in self.pieces)


def marks(pieces: Iterable[Piece]) -> list[Mark]:
    """Where the markers stand in the text that the pieces make up."""
    found, at = [], 0
    for piece in pieces:
        if piece.source is not None:
            found.append(Mark(at, at + len(piece.text), piece.source))
        at += len(piece.text)
    return found


def compose(answer: Answer, phrases: Phrases, marker: Marker, closing: Marker | None) -> Reply:
    """The reply to a question: the answering sentence as a quotation and further passages, or the nearest sections.

    ``closing``, if given, is what each source is called in a list at the end.
    """
    if answer.span is not None:
        pieces = _answered(answer, answer.span.text, phrases, marker)
    else:
        pieces = [Piece(f"{phrases.unanswered}\n")]
        if answer.hits:
            pieces += [Piece(f"\n{phrases.nearest}\n"), *_listed(list(enumerate(answer.hits)), marker)]
    if closing is not None and answer.hits:
        pieces.append(Piece(f"\n{closing_list(answer.hits, phrases, closing)}"))
    kind: Kind = "answer" if answer.span is not None else "unanswered"
    return Reply(kind, phrases.language, answer, tuple(pieces), answer.hits)


def _answered(answer: Answer, sentence: str, phrases: Phrases, marker: Marker) -> list[Piece]:
    pieces = [
        Piece(f"{phrases.answer}\n\n{quotation(sentence)}\n>\n> "),
        Piece(marker(1, answer.hits[0]), 0),
        Piece("\n"),
    ]
    further = list(enumerate(answer.hits))[1:]
    if further:
        pieces += [Piece(f"\n{phrases.further}\n"), *_listed(further, marker)]
    return pieces


def _listed(hits: Sequence[tuple[int, Hit]], marker: Marker) -> list[Piece]:
    pieces = []
    for place, hit in hits:
        pieces += [Piece(f"\n- {one_line(_excerpt(hit))} "), Piece(marker(place + 1, hit), place)]
    return [*pieces, Piece("\n")]


def closing_list(hits: Sequence[Hit], phrases: Phrases, closing: Marker) -> str:
    """All sources with their numbers, as a reply ends."""
    listed = "".join(f"{number}. {closing(number, hit)}\n" for number, hit in enumerate(hits, start=1))
    return f"{phrases.sources}\n\n{listed}"


def _excerpt(hit: Hit) -> str:
    """A passage, or its first sentences; what is left out is marked."""
    text = hit.passage.text
    if len(text) <= _EXCERPT:
        return text
    whole = [end for _, end in hit.passage.sentences if end <= _EXCERPT]
    # A first sentence that is longer than that is cut after a word.
    end = whole[-1] if whole else text.rfind(" ", 0, _EXCERPT)
    return f"{text[: end if end > 0 else _EXCERPT].rstrip()} …"
