"""What a composed document is put together from."""

from __future__ import annotations

from dataclasses import dataclass

from qa.reading.outline import Heading


@dataclass(frozen=True, slots=True)
class Part:
    """What is written as one stretch: a title, a heading, or a block of some kind.

    ``joined``: it stands on the line below what is above it, not after a blank one. ``strong``: the size of
    its type where all of it is bold.
    ``after``: how many parts stood before that which refers to it. ``page``: the page that begins here; 0: the
    next, or as many on as the text has page turns.
    """

    kind: str  # title, heading, page, or as in `Block`
    text: str = ""
    lead: str = ""
    joined: bool = False
    labels: tuple[str, ...] = ()
    context: str | None = None
    plain: str | None = None
    heading: Heading | None = None
    strong: float = 0.0
    after: int | None = None
    page: int = 0


@dataclass(frozen=True, slots=True)
class Note:
    """A footnote that is written where its section ends."""

    part: Part
    after: int
