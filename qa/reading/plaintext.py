"""Plain text, as people write and paste it, becomes an outline."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise

from qa.language.cleaning import visible
from qa.reading.debris import debris_tail, is_debris
from qa.reading.front_matter import FrontMatter
from qa.reading.headings import CAPITALS_RANK, LONGEST_HEADING, Candidate, candidate, run_on, unnumbered_rank
from qa.reading.lines import Line, Lines
from qa.reading.outline import Block, Heading, Outline, OutlineBuilder

# Marks that begin a list item whatever follows; the last ones are Word's, in its symbol fonts.
DOTS = "•●○◦▪▫■□◆◇❖►▶▸➢➤✓✔‣·∙\uf0b7\uf0a7\uf0d8"
_BULLET = re.compile(
    rf"(?P<marker>[{DOTS}](?=\s*\S)|[-*+–—−](?=\s+\S)|o(?=\t)"
    r"|(?:\d{1,3}[.)]|\(\d{1,3}\)|\(?[^\W\d_][\u0300-\u036f]?\)|[ivx]{1,5}\))(?=\s+\S))\s*"
)
_EMPTY_BULLET = re.compile(rf"[{DOTS}*+–—−-]")
_RULE = re.compile(r"(?:[-–—=_*~#.•+]\s*){3,}")
_UNDERLINE = re.compile(r"=+|-{3,}|~{3,}")
_LABEL = re.compile(r"(?P<label>[^:\n\r]{1,100}?):(?=\s|$)")
_SENTENCE_END_INSIDE = re.compile(r"[.!?]\s+[^\W\d_]")
_LONGEST_LABEL_WORDS = 12
_PAGE = re.compile(r"[\s.…·_]+\d{1,4}$")  # the page number at the end of a line of a table of contents
_SENTENCE_END = tuple('.!?…:;»"”)')


def parse_plain_text(text: str, fallback_title: str) -> Outline:
    """Recognise title, headings, items and paragraphs of a plain text; see `headings` for what is a heading."""
    return _Parser(text).parse(fallback_title)


def item_label(text: str) -> str | None:
    """The label of ``"Label: text"``, or None. A label is short and holds no end of a sentence."""
    found = _LABEL.match(text)
    if not found:
        return None
    label = visible(found["label"])
    fits = len(label.split()) <= _LONGEST_LABEL_WORDS and not _SENTENCE_END_INSIDE.search(label)
    return label if label and fits and any(character.isalpha() for character in label) else None


@dataclass(frozen=True, slots=True)
class _Item:
    """A list item that is open: the columns of its mark and of its text, and its label."""

    indent: int
    text: int
    label: str | None


class _Numbers:
    """The numbers met so far: of the headings that are open, and of list items since."""

    def __init__(self) -> None:
        self._open: list[Candidate] = []
        self._item: Candidate | None = None
        self._next_to_it = False

    def last(self, found: Candidate) -> Candidate | None:
        """The open heading of the same rank."""
        return next((above for above in reversed(self._open) if above.rank == found.rank), None)

    def is_item(self, found: Candidate, in_sequence: bool) -> bool:
        """Whether a number goes on counting a list rather than the headings."""
        return self._item is not None and found.follows(self._item) and (self._next_to_it or not in_sequence)

    def heading(self, found: Candidate) -> None:
        self._open = [*(above for above in self._open if above.rank < found.rank), found]
        self._item = None

    def item(self, found: Candidate) -> None:
        self._item, self._next_to_it = found, True

    def other(self, part: bool) -> None:
        """A line without a number; ``part`` says that it is a heading under which numbers begin anew."""
        self._next_to_it = False
        if part:
            self._open.clear()
            self._item = None


def _entry(found: Candidate) -> tuple[str, str]:
    """Number and title, as a table of contents and the heading itself have them in common."""
    return found.number, _PAGE.sub("", found.title).casefold().rstrip(". ")


class _Parser:
    """One pass over the lines; the headings are decided first, since lists depend on them."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.builder = OutlineBuilder(Lines(text))
        self.lines = self.builder.lines.all
        front = FrontMatter.of(text)
        self.front = front if front is not None and front.is_meant else None
        # Of metadata nothing is text: the lines after it are as if it were not there.
        self.first = sum(1 for line in self.lines if self.front and line.start < self.front.end)
        self.written = [place for place, line in enumerate(self.lines) if place >= self.first and not line.blank]
        self.candidates = {place: candidate(self.lines[place].text) for place in self.written}
        self.headings: dict[int, Heading] = {}
        self.skipped: set[int] = set()
        self.open: Line | None = None  # the last line of the block that the next line may continue
        self.items: list[_Item] = []  # each item that is open, outermost first

    def parse(self, fallback_title: str) -> Outline:
        self._numbered_headings()
        self._underlined_headings()
        self._debris()
        self._title()
        self.headings |= self._unnumbered_headings()
        if self.front:
            self.builder.drop(0, self.front.end, "front matter")
        for place, line in enumerate(self.lines[self.first :], self.first):
            if place in self.headings:
                self._close()
                self.builder.heading(self.headings[place])
            elif place not in self.skipped:
                self._line(line)
        return self.builder.build(fallback_title)

    # Headings

    def _numbered_headings(self) -> None:
        self._contents()
        written = [place for place in self.written if place not in self.skipped]
        seen = _Numbers()
        for order, place in enumerate(written):
            found = self.candidates[place]
            following = self.candidates[written[order + 1]] if order + 1 < len(written) else None
            if found is None:
                seen.other(self._is_capitals(place))
            elif found.plausible and self._is_heading(found, place, following, seen):
                seen.heading(found)
                start, end = self.lines[place].content
                self.headings[place] = found.heading(visible(self.lines[place].text), start, end)
            else:
                seen.item(found)
        self._titles_below()

    def _contents(self) -> None:
        """Drop a table of contents: numbered lines that come again, with their text, further down."""
        numbered = {place: _entry(found) for place, found in self.candidates.items() if found is not None}
        last = {entry: place for place, entry in numbered.items()}
        entries = [place for place, entry in numbered.items() if last[entry] > place]
        if len(entries) >= 2:
            for place in entries:
                self._skip(place, "table of contents")

    def _is_capitals(self, place: int) -> bool:
        return self._apart(place) == (True, True) and unnumbered_rank(self.lines[place].text) == CAPITALS_RANK

    def _is_heading(self, found: Candidate, place: int, following: Candidate | None, seen: _Numbers) -> bool:
        """A candidate in its place: not inside a list of its own kind, not counting back, and set apart."""
        last = seen.last(found)
        in_sequence = last is not None and found.follows(last)
        counts_back = last is not None and last.form == found.form and found.key <= last.key
        listed = following is not None and following.follows(found) and not in_sequence
        # A last line that nothing follows heads nothing.
        alone = place == self.written[-1] and not in_sequence
        if seen.is_item(found, in_sequence) or counts_back or listed or alone:
            return False
        apart_above, apart_below = self._apart(place)
        if apart_above and apart_below:
            return found.marked or in_sequence or self._begins_a_sequence(found)
        ended = apart_above or self.lines[place - 1].text.rstrip().endswith(_SENTENCE_END)
        expected = in_sequence or last is None
        return ended and expected and run_on(found) and (apart_below or self._text_below(place))

    def _begins_a_sequence(self, found: Candidate) -> bool:
        """Whether a number without a mark ("1 Мая", "I Have a Dream") is the first of several."""
        others = self.candidates.values()
        return found.key == (1,) and any(other is not None and other.follows(found) for other in others)

    def _titles_below(self) -> None:
        """A heading that is only a number ("Глава 2") takes a title that stands by itself on the next line."""
        next_written = dict(pairwise(self.written))
        for place, heading in list(self.headings.items()):
            below = next_written.get(place)
            if below is None or below in self.headings or heading.name or below == self.written[-1]:
                continue
            title = visible(self.lines[below].text)
            if unnumbered_rank(title) is not None and self._apart(below)[1] and below - place <= 2:
                end = self.lines[below].content[1]
                shown = f"{heading.shown.rstrip('.')}. {title}"
                self.headings[place] = Heading(heading.number, title, shown, heading.rank, heading.start, end)
                self.skipped.add(below)

    def _apart(self, place: int) -> tuple[bool, bool]:
        """Whether the line has nothing, a blank line or a heading above it, and nothing or a blank line below."""
        above = place == self.first or self.lines[place - 1].blank or place - 1 in self.headings
        below = place + 1 == len(self.lines) or self.lines[place + 1].blank
        return above, below

    def _text_below(self, place: int) -> bool:
        """Whether the next line is a text of its own, not the rest of a list item: longer, and not indented."""
        line, below = self.lines[place], self.lines[place + 1]
        text = below.text.strip()
        return below.indent <= line.indent and len(text) > len(line.text.strip()) and not text[0].islower()

    def _underlined_headings(self) -> None:
        for place in self.written:
            under = place + 1
            if under >= len(self.lines) or not _UNDERLINE.fullmatch(self.lines[under].text.strip()):
                continue
            line, shown = self.lines[place], visible(self.lines[place].text)
            fits = len(shown) <= LONGEST_HEADING and not _RULE.fullmatch(shown) and self._apart(place)[0]
            if fits and len(self.lines[under].text.strip()) >= 3:
                start, end = line.content
                rank = CAPITALS_RANK if "=" in self.lines[under].text else CAPITALS_RANK + 1
                self.headings.setdefault(place, Heading(None, shown, shown, rank, start, end))
                self._skip(under, "underline of a heading")

    def _title(self) -> None:
        """The first line, where it stands alone above the rest and does not end as a sentence."""
        if not self.written:
            return
        place = self.written[0]
        line, heading = self.lines[place], self.headings.get(place)
        shown = visible(line.text)
        more = any(later not in self.skipped for later in self.written[1:])
        if heading is not None and heading.number is not None:
            return
        alone = heading is not None or self._apart(place)[1] or place + 1 in self.headings
        titled = len(shown) <= LONGEST_HEADING and not shown.endswith((".", ";", ",", ":")) and not _BULLET.match(shown)
        if more and alone and titled:
            self.builder.title = shown
            self.headings.pop(place, None)
            self.skipped.add(place)

    def _unnumbered_headings(self) -> dict[int, Heading]:
        found: dict[int, Heading] = {}
        remaining = [place for place in self.written if place not in self.skipped]
        for place, after in pairwise(remaining):
            line = self.lines[place]
            if place in self.headings or (after in self.headings and unnumbered_rank(line.text) != CAPITALS_RANK):
                continue
            rank = unnumbered_rank(line.text) if self._apart(place) == (True, True) else None
            if rank is not None and not _BULLET.match(line.text.strip()):
                start, end = line.content
                shown = visible(line.text)
                found[place] = Heading(None, shown, shown, rank, start, end)
        return found

    # Body

    def _debris(self) -> None:
        """Drop what a web page left after the last section's text began."""
        unnumbered = reversed(self._unnumbered_headings())
        last = next((place for place in unnumbered if not is_debris(self.lines[place])), -1)
        first = max([*self.headings, last]) + 1
        place_of = {line.start: place for place, line in enumerate(self.lines)}
        for line, reason in debris_tail(self.lines[first:]):
            self._skip(place_of[line.start], reason)

    def _skip(self, place: int, reason: str) -> None:
        self.skipped.add(place)
        self.builder.drop(*self.lines[place].content, reason)

    def _line(self, line: Line) -> None:
        stripped = line.stripped
        bullet = _BULLET.match(stripped)
        if not stripped:
            self.open = None
        elif _RULE.fullmatch(stripped):
            self._close()
            self.builder.drop(*line.content, "decoration")
        elif _EMPTY_BULLET.fullmatch(stripped):
            self.open = None
            self.builder.drop(*line.content, "list marker without text")
        elif bullet and not self._continues_number(line, bullet):
            self._item(line, bullet)
        elif self._continues(line):
            self.builder.extend(line.content[1])
            self.open = line
        else:
            self._close()
            self.builder.add(Block("paragraph", *line.content))
            self.open = line

    def _continues_number(self, line: Line, bullet: re.Match[str]) -> bool:
        """A wrapped line that happens to begin with a number or a dash ("… in\\n12. It …") is no item."""
        if self.open is None or self.items or self.open.text.rstrip().endswith(_SENTENCE_END):
            return False
        return self._wrapped(line) and bullet["marker"][0] not in f"{DOTS}*"

    def _item(self, line: Line, bullet: re.Match[str]) -> None:
        while self.items and self.items[-1].indent >= line.indent:
            self.items.pop()
        start, end = line.content[0] + bullet.end(), line.content[1]
        label = item_label(self.text[start:end])
        above = tuple(item.label for item in self.items if item.label)
        self.items.append(_Item(line.indent, line.indent + bullet.end(), label))
        self.builder.add(Block("item", start, end, (*above, label) if label else above))
        self.open = line

    def _continues(self, line: Line) -> bool:
        """Whether a line belongs to the block above it."""
        if self.open is None:
            # After a blank line a paragraph is an item's only where it stands under the item's text; indented in
            # any other way it is a paragraph whose first line is.
            return bool(self.items) and not line.text.startswith("\t") and line.indent == self.items[-1].text
        if self.items and line.indent > self.items[-1].indent:
            return True
        return self._wrapped(line) or not self.open.text.rstrip().endswith(_SENTENCE_END)

    def _wrapped(self, line: Line) -> bool:
        """Whether the line above ends where it does because this line's first word did not fit: it is the
        longest, or adding that word would make it longer than the longest of the two."""
        assert self.open is not None
        first_word = line.text.split(maxsplit=1)[0]
        above = len(self.open.text.rstrip())
        width = max(above, len(line.text.rstrip()))
        return above + 1 + len(first_word) > width and width <= 120 and above >= 40

    def _close(self) -> None:
        self.open = None
        self.items.clear()
