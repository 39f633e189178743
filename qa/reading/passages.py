"""Blocks of an outline become passages: one a block, cut at sentence ends where a block is long."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace

from qa.errors import DocumentError
from qa.language.cleaning import visible
from qa.language.sentences import sentence_spans
from qa.reading.lines import Lines
from qa.reading.outline import Block, Outline
from qa.records import Passage, Section, Span

# About the size at which a passage is still one thought, and well inside an encoder's 512 tokens.
LONGEST_PASSAGE = 1200
# An item shorter than this says too little alone: the encoder also reads what introduces its list.
_SHORT_ITEM = 60
_LONGEST_INTRODUCTION = 300
_CLAUSE_END = re.compile(r"[;,:—–]\s")
_SPACE = re.compile(r"\s*")
_ID_LENGTH = 20  # hex digits: 80 bits
# Every passage repeats the headings above it, its labels, and what it needs to be understood. Of a text written to
# that end they would fill any memory: in characters, what all of a document's passages may hold besides their text.
_MOST_REPEATED = 256 * 1024 * 1024


def cut_passages(document: str, text: str, outline: Outline, lines: Lines) -> tuple[Passage, ...]:
    """All passages of a document in the source's order. They do not overlap and cross no section.

    Raises:
        DocumentError: what they repeat would take too much memory.
    """
    found: list[tuple[tuple[str, ...], Passage]] = []
    repeated = 0
    for part in outline.sections:
        above = sum(map(len, part.section.path))
        for block in _introduced(part.blocks, text, outline.plain_text):
            names = (*part.names, *block.labels)
            own = list(_block_passages(document, text, part.section, block, outline, lines))
            found.extend((names, one) for one in own)
            repeated += len(own) * (above + sum(map(len, block.labels)) + len(block.context or ""))
            if repeated > _MOST_REPEATED:
                raise DocumentError(f"{document}: too many passages under long headings or labels; shorten those")
    return _with_ids(sorted(found, key=lambda pair: pair[1].start))


def section_label(number: str | None, heading: str | None, item: str | None, title: str) -> str:
    """A citation as people write it: ``§4, Item``, ``§4, Heading``, ``Heading, Item``, or the title."""
    name = f"§{number}" if number else heading
    detail = item or (heading if number else None)
    return ", ".join(part for part in (name, detail) if part) or title


def _introduced(blocks: tuple[Block, ...], text: str, plain_text: Callable[[str], str]) -> Iterator[Block]:
    """The blocks, each short list item with the sentence that introduces its list as context."""
    introduction = ""
    for block in blocks:
        if block.kind == "footnote":  # at the foot of a page it may stand between what introduces a list and the list
            yield block
        elif block.kind != "item":
            spoken = visible(text[block.start : block.end])
            introduction = plain_text(_last_sentence(spoken)) if spoken.endswith(":") else ""
            introduction = introduction if len(introduction) <= _LONGEST_INTRODUCTION else ""
            yield block
        elif introduction and len(text[block.start : block.end]) < _SHORT_ITEM:
            yield replace(block, context=introduction)
        else:
            yield block


def _last_sentence(text: str) -> str:
    start, end = sentence_spans(text)[-1]
    return text[start:end]


def _block_passages(
    document: str, text: str, section: Section, block: Block, outline: Outline, lines: Lines
) -> Iterator[Passage]:
    # What holds control characters only is nothing that could be read.
    pieces = [piece for piece in _pieces(text, block) if visible(text[piece[0][0] : piece[-1][1]])]
    for place, sentences in enumerate(pieces):
        start, end = sentences[0][0], sentences[-1][1]
        piece = text[start:end]
        item = block.labels[-1] if block.labels else None
        first, last = lines.span(start, end)
        yield Passage(
            id="",
            document=document,
            text=piece,
            start=start,
            end=end,
            line_start=first,
            line_end=last,
            section=section.number,
            heading=section.heading,
            item=item,
            path=(*section.path, *block.labels),
            label=section_label(section.number, section.heading, item, section.path[0]),
            anchor=block.anchor if place == 0 else f"{block.anchor}-{place + 1}",
            section_anchor=section.anchor,
            kind=block.kind,
            context=block.context,
            plain=_plain(block, piece, outline.plain_text, whole=len(pieces) == 1),
            sentences=tuple((s - start, e - start) for s, e in sentences),
        )


def _plain(block: Block, piece: str, plain_text: Callable[[str], str], *, whole: bool) -> str:
    if whole and block.plain is not None:
        return block.plain
    own = (visible(piece) if block.kind == "code" else plain_text(piece)) or visible(piece)
    return f"{block.context} {own}" if block.context and block.kind == "item" else own


def _pieces(text: str, block: Block) -> Iterator[list[Span]]:
    """The sentences of a block, as spans of the document, in groups of at most `LONGEST_PASSAGE` characters."""
    whole = text[block.start : block.end]
    sentences = [(block.start + start, block.start + end) for start, end in sentence_spans(whole)]
    if len(whole) > LONGEST_PASSAGE:
        sentences = [piece for span in sentences for piece in _short_enough(text, span)]
    group: list[Span] = []
    for span in sentences:
        if group and span[1] - group[0][0] > LONGEST_PASSAGE:
            yield group
            group = []
        group.append(span)
    if group:
        yield group


def _short_enough(text: str, span: Span) -> Iterator[Span]:
    """A sentence, cut where a clause ends or else between words if it is longer than a passage may be."""
    start, end = span
    while end - start > LONGEST_PASSAGE:
        window = text[start : start + LONGEST_PASSAGE]
        clauses = [found.end() for found in _CLAUSE_END.finditer(window, LONGEST_PASSAGE // 2)]
        spaces = [found.end() for found in re.finditer(r"\s+", window)]
        cut = start + (clauses or spaces or [LONGEST_PASSAGE])[-1]
        yield start, start + len(text[start:cut].rstrip())
        space = _SPACE.match(text, cut, end)
        start = space.end() if space else cut
    yield start, end


def _with_ids(found: list[tuple[tuple[str, ...], Passage]]) -> tuple[Passage, ...]:
    """Give each passage an id made of what it says and where: its text, document, and headings without numbers.

    So the id stays when sections elsewhere come, go or are renumbered. The second of two equal passages
    under one heading is told apart by its count.
    """
    seen: Counter[str] = Counter()
    named = []
    for names, passage in found:
        content = "\x1f".join([passage.document, *names, passage.text])
        seen[content] += 1
        digest = hashlib.sha256(f"{content}\x1f{seen[content]}".encode()).hexdigest()
        named.append(replace(passage, id=digest[:_ID_LENGTH]))
    return tuple(named)
