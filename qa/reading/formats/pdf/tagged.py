"""Pages with tags: what a stretch is, its maker said."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from qa.language.cleaning import visible
from qa.reading.formats.pdf.furniture import left_out
from qa.reading.formats.pdf.lines import joined, with_raised
from qa.reading.formats.pdf.pieces import BRACKETED, Piece, Words, bold_lead, mark_of, with_marks, without_mark
from qa.reading.formats.pdf.sheet import Element, Run, Sheet

_FEWEST_TAGGED = (
    0.9  # of the letters that are no artifacts: what has fewer was tagged by halves, and is read by its layout
)
_HEADINGS = {f"H{level}": level for level in range(1, 7)} | {"H": 0, "Title": 1}
_CELLS, _NOTES = frozenset({"TD", "TH"}), frozenset({"Note", "FENote"})
_AROUND = "P LI LBody Lbl Caption BlockQuote TOCI Div Sect Art Part Document Figure Aside Index TR Table L TOC Form"
_BLOCKS = frozenset(_AROUND.split()) | _HEADINGS.keys() | _CELLS | _NOTES
_REFERENCES = frozenset({"Link", "Reference"})
_MARKER = re.compile(
    r"(?:[•●○◦▪▫■□◆◇❖►▶▸➢➤✓✔‣·∙\uf0b7\uf0a7\uf0d8*–—-]|\(?(?:\d{1,3}|[^\W\d_]|[ivx]{1,5})[.)])\s*(?=\S)"
)
_ONE_LINE = 0.5  # of the letters' size: runs nearer in height stand on one line


def is_tagged(sheets: Sequence[Sheet]) -> bool:
    """Whether the tags cover the text."""
    letters = [(run.element >= 0, len(run.text)) for sheet in sheets for run in sheet.runs if not run.artifact]
    return sum(count for tagged, count in letters if tagged) > _FEWEST_TAGGED * sum(count for _, count in letters)


@dataclass(slots=True)
class _Group:
    """The runs of one block: what a paragraph, an item, a cell or a note is in the tags."""

    kind: str
    page: int
    chain: tuple[int, ...]  # places of the tags around it on its page, the innermost first
    begins: bool
    ends: bool
    runs: list[tuple[int, Run]] = field(default_factory=list)
    marker: list[Run] = field(default_factory=list)
    depth: int = 0
    rank: int = 0
    row: int = -1
    table: int = -1
    column: int = -1
    head: bool = False

    def lines(self) -> list[tuple[list[Run], int]]:
        """Its runs, line by line, each with its page."""
        found: list[tuple[list[Run], int]] = []
        for page, run in self.runs:
            last = found[-1] if found and found[-1][1] == page else None
            if last and abs(last[0][-1].baseline - run.baseline) < _ONE_LINE * run.size and run.left > last[0][-1].left:
                last[0].append(run)
            else:
                found.append(([run], page))
        return found


def tagged_pieces(sheets: Sequence[Sheet]) -> Iterator[Piece]:
    groups: list[_Group] = []
    for sheet in sheets:
        own = _groups(sheet)
        first = own[0] if own else None
        if groups and first is not None and not first.begins and not groups[-1].ends and groups[-1].kind == first.kind:
            groups[-1].runs.extend(first.runs)
            groups[-1].ends = first.ends
            own.pop(0)
        groups.extend(own)
    words = Words([joined(line) for group in groups for line, _ in group.lines()])
    counted = _numbered(groups)
    for group, table in zip(groups, counted, strict=True):
        yield from _piece(group, words, table)
    for sheet in sheets:
        yield from left_out(sheet, tagged=True)


def _piece(group: _Group, words: Words, table: tuple[int, int]) -> Iterator[Piece]:
    lines = group.lines()
    text = words.joined([(with_marks(runs), page) for runs, page in lines])
    runs = [run for _, run in group.runs if not run.raised]
    if not visible(text):
        return
    sizes = [run.size for run in runs for _ in run.text] or [0.0]
    marker = visible("".join(run.text for run in group.marker))
    lead = bold_lead(lines[0][0])
    if group.kind == "item" and not group.marker and (found := _MARKER.match(text.lstrip())):
        marker, text = found[0].strip(), text.lstrip()[found.end() :]
        lead = lead.removeprefix(marker).strip() or bold_lead([run for _, run in group.runs][1:])
    if group.kind == "footnote":
        marker, text = (mark_of(marker), text) if marker else without_mark(text)
    yield Piece(
        group.kind,
        text,
        group.page,
        max(set(sizes), key=sizes.count),
        all(run.bold for run in runs),
        len(lines),
        group.depth,
        marker,
        group.rank,
        cells=(str(table[1]),) if group.kind == "cell" else (),
        header=group.head,
        table=table[0],
        lead=lead,
    )


def _numbered(groups: Sequence[_Group]) -> list[tuple[int, int]]:
    """For each cell its table and its row, counted over all pages; a table that goes on on the next page is one."""
    found: list[tuple[int, int]] = []
    table = row = 0
    before: _Group | None = None
    for group in groups:
        if group.kind != "cell":
            before = None
        else:
            if before is None or (before.page == group.page and before.table != group.table):
                table, row = table + 1, 0
            elif (before.page, before.row) != (group.page, group.row):
                row += 1
            before = group
        found.append((table, row))
    return found


def _groups(sheet: Sheet) -> list[_Group]:
    """The blocks of a page in the order of its tags."""
    found: dict[int, _Group] = {}
    for run in with_raised(sheet.runs):
        if run.element < 0 or run.artifact:
            continue
        chain = tuple(_chain(sheet.elements, run.element))
        key = _key(sheet.elements, chain)
        types = [sheet.elements[place].type for place in chain]
        if key not in found:
            found[key] = _group(sheet, key, chain, types)
        if types[0] in _REFERENCES and BRACKETED.fullmatch(run.text.strip()):
            run = replace(run, raised=True)
        innermost = next((kind for kind in types if kind in _BLOCKS), "")
        if innermost == "Lbl" and ("LI" in types or _NOTES & {*types}):
            found[key].marker.append(run)
        else:
            found[key].runs.append((sheet.number, run))
    return [found[key] for key in sorted(found)]


def _chain(elements: Sequence[Element], place: int) -> Iterator[int]:
    while place >= 0:
        yield place
        place = elements[place].parent


def _key(elements: Sequence[Element], chain: Sequence[int]) -> int:
    """The tag that what belongs together has in common: the cell, the note, else the item, else the innermost block."""
    for kinds in (_CELLS | _NOTES | _HEADINGS.keys(), frozenset({"LI"}), _BLOCKS):
        for place in chain:
            if elements[place].type in kinds:
                return place
    return chain[-1]


def _group(sheet: Sheet, key: int, chain: Sequence[int], types: Sequence[str]) -> _Group:
    element, elements = sheet.elements[key], sheet.elements
    group = _Group("paragraph", sheet.number, tuple(chain), element.begins, element.ends)
    if "TOC" in types or "TOCI" in types:
        group.kind = "drop:table of contents"
    elif element.type in _CELLS:
        around = {elements[place].type: place for place in chain}
        group.kind, group.head = "cell", element.type == "TH"
        group.row, group.table = around.get("TR", -1), around.get("Table", -1)
    elif element.type in _NOTES:
        group.kind = "footnote"
    elif element.type in _HEADINGS:
        group.kind, group.rank = "heading", _HEADINGS[element.type] or max(1, types.count("Sect"))
    elif element.type == "LI":
        group.kind, group.depth = "item", types.count("L") or 1
    elif "BlockQuote" in types:
        group.kind = "quote"
    elif "Figure" in types and element.type != "Caption":
        group.kind = "drop:lettering of a picture"
    return group
