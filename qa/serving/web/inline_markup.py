"""What Markdown's inline markup makes of a stretch of text, in pieces that lead back to each of its characters.

markdown-it-py reads the markup but does not tell where; its tokens come in the source's order, so that each can be
looked for from where the last one ended. Where one is not found the text is shown as it was written.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache, lru_cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from qa.serving.web.marking import Piece

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.token import Token

# Prose without any of these, the most of it, needs no parser.
_MARKUP = re.compile(r"[\\`*_\[\]<&]|\n")
_MARKS_BEFORE_LINE = re.compile(r"(?<=\n)[ \t]*(?:>[ \t]?)*[ \t]*")
_BREAK = re.compile(r"[ \t]*\\?\r?\n")
_LINK_TARGET = re.compile(
    r"""\]\(\s*(?:<[^<>\n]*>|(?:[^\s()\\]|\\.|\((?:[^\s()\\]|\\.)*\))*)(?:\s+(?:"[^"]*"|'[^']*'|\([^()]*\)))?\s*\)"""
    r"|\]\[[^\]]*\]|\]"
)
_LINE_ELEMENT = re.compile(r"<br\s*/?>", re.IGNORECASE)
_NOTE = re.compile(r"(\[\^)([^\[\]\s]+)(\])")
_WEB = ("http://", "https://")
# A passage takes a quarter of a millisecond, and books have thousands.
_KEPT = 1 << 14
_TAGS = {"strong": "strong", "em": "em"}


@cache
def _parser() -> MarkdownIt:
    from markdown_it import MarkdownIt

    # Joined text would not tell an escaped character from another.
    return MarkdownIt("commonmark", {"maxNesting": 40}).disable("text_join")


def pieces_of(text: str, definitions: str, notes: Mapping[str, str]) -> list[Piece]:
    """The pieces of a text, which cover it.

    ``definitions`` are those of the document's links, as written; ``notes`` gives the anchor of each footnote by its
    label.
    """
    if not _MARKUP.search(text):
        return [Piece(0, len(text))]
    return [part for piece in _aligned(text, definitions) for part in _with_notes(text, piece, notes)]


@lru_cache(maxsize=_KEPT)
def _aligned(text: str, definitions: str) -> tuple[Piece, ...]:
    try:
        return tuple(_Alignment(text, _references_of(definitions)).pieces())
    except _NotFoundError:
        return (Piece(0, len(text)),)


@lru_cache(maxsize=64)
def _references_of(definitions: str) -> Mapping[str, Any]:
    environment: dict[str, Any] = {}
    _parser().parse(definitions, environment)
    return MappingProxyType(environment.get("references", {}))


class _NotFoundError(Exception):
    """The source does not read as its tokens say."""


class _Alignment:
    """Walks the tokens of a text and the text itself side by side."""

    def __init__(self, text: str, references: Mapping[str, Any]) -> None:
        self.text = text
        self.references = dict(references)
        self.at = 0
        self.tags: list[str] = []
        self.hrefs: list[str | None] = []

    def pieces(self) -> Iterator[Piece]:
        source = _MARKS_BEFORE_LINE.sub("", self.text)
        for inline in _parser().parseInline(source, {"references": self.references}):
            for token in inline.children or ():
                yield from self._token(token)
        if self.text[self.at :].strip():
            raise _NotFoundError
        if self.at < len(self.text):
            yield self._to(len(self.text), "hidden")

    def _token(self, token: Token) -> Iterator[Piece]:  # noqa: C901
        match token.type:
            case "text":
                yield from self._shown(token.content)
            case "text_special":
                yield from self._special(token)
            case "strong_open" | "em_open":
                yield self._expect(token.markup)
                self.tags.append(_TAGS[token.type.removesuffix("_open")])
            case "strong_close" | "em_close":
                self.tags.pop()
                yield self._expect(token.markup)
            case "link_open":
                yield self._expect("<" if token.markup == "autolink" else "[")
                address = str(token.attrs.get("href", ""))
                self.hrefs.append(address if address.lower().startswith(_WEB) else None)
            case "link_close":
                self.hrefs.pop()
                yield self._expect(">") if token.markup == "autolink" else self._target()
            case "code_inline":
                yield from self._code(token)
            case "softbreak" | "hardbreak":
                yield self._to(self._match(_BREAK), *(["break"] if token.type == "hardbreak" else []))
                if (after := self._match(_MARKS_BEFORE_LINE)) > self.at:
                    yield self._to(after, "hidden")
            case "image":
                yield self._expect("![")
                yield from self._shown(token.content)
                yield self._target()
            case "html_inline":
                end = self.at + len(token.content)
                yield self._to(end, *(["break"] if _LINE_ELEMENT.fullmatch(token.content) else []))
            case _:
                raise _NotFoundError

    def _shown(self, content: str) -> Iterator[Piece]:
        if content:
            if not self.text.startswith(content, self.at):
                raise _NotFoundError
            yield self._to(self.at + len(content))

    def _special(self, token: Token) -> Iterator[Piece]:
        if token.markup == f"\\{token.content}":
            yield self._expect("\\")
            yield from self._shown(token.content)
        else:
            yield self._expect(token.markup)._replace(instead=token.content)

    def _code(self, token: Token) -> Iterator[Piece]:
        yield self._expect(token.markup)
        end = self.text.find(token.markup, self.at)
        while 0 <= end < len(self.text) and self.text[end + len(token.markup) :].startswith("`"):
            run = re.compile("`+").match(self.text, end)
            end = self.text.find(token.markup, run.end() if run else len(self.text))
        if end < 0:
            raise _NotFoundError
        yield self._to(end, "code")
        yield self._expect(token.markup)

    def _target(self) -> Piece:
        return self._to(self._match(_LINK_TARGET), "hidden")

    def _match(self, pattern: re.Pattern[str]) -> int:
        found = pattern.match(self.text, self.at)
        if not found:
            raise _NotFoundError
        return found.end()

    def _expect(self, markup: str) -> Piece:
        if not self.text.startswith(markup, self.at):
            raise _NotFoundError
        return self._to(self.at + len(markup), "hidden")

    def _to(self, end: int, *tags: str) -> Piece:
        """The piece from where the last one ended."""
        start, self.at = self.at, end
        own = tags if "hidden" in tags else (*self.tags, *tags)
        return Piece(start, end, own, next((one for one in reversed(self.hrefs) if one), None))


def _with_notes(text: str, piece: Piece, notes: Mapping[str, str]) -> Iterator[Piece]:
    """The piece with each mark of a footnote raised, and leading to it."""
    at = piece.start
    if not {"hidden", "code"} & set(piece.tags):
        for found in _NOTE.finditer(text, piece.start, piece.end):
            anchor = notes.get(found[2])
            if anchor is None:
                continue
            if at < found.start():
                yield piece._replace(start=at, end=found.start())
            yield Piece(*found.span(1), ("hidden",))
            yield Piece(*found.span(2), (*piece.tags, "sup"), f"#{anchor}")
            yield Piece(*found.span(3), ("hidden",))
            at = found.end()
    if at < piece.end:
        yield piece._replace(start=at)
