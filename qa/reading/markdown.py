"""Markdown becomes an outline. markdown-it-py reads the structure; its line maps lead back to offsets."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from qa.language.cleaning import visible
from qa.reading.debris import debris_tail, is_debris
from qa.reading.front_matter import FrontMatter
from qa.reading.headings import number_of_title
from qa.reading.lines import Lines
from qa.reading.markup import Environment, parser, without_comments, without_markup
from qa.reading.outline import Block, Heading, Outline, OutlineBuilder, trimmed
from qa.reading.plaintext import item_label
from qa.records import Span

if TYPE_CHECKING:
    from markdown_it.tree import SyntaxTreeNode

_ATX = re.compile(r" {0,3}#{1,6}(?=\s|$)")
_SETEXT = re.compile(r" {0,3}(?:=+|-+)[ \t]*")
_ROW_START = re.compile(r"[ \t]*(?:>[ \t]?)*[ \t]*(?:[-*+][ \t]+)?(?:\|[ \t]*)?")
_BOLD_LABEL = re.compile(r"(?P<mark>\*\*|__)(?P<label>[^*_\n]{1,100}?):?(?P=mark)(?=.*\w)", re.DOTALL)
_SCRIPT = re.compile(r"\s*<(?:script|style)\b", re.IGNORECASE)
_DECORATION = re.compile(r"[\s>*_-]+")
_LINK_DEFINITION = re.compile(r"\s*\[[^^\]][^\]]*\]:")
_FOOTNOTE_DEFINITION = re.compile(r"\s*\[\^[^\]]+\]:")

# In characters. What is longer is no heading, whatever mark it bears; of a header cell the beginning names the column.
_LONGEST_HEADING, _LONGEST_COLUMN, _LONGEST_HEADER = 1000, 100, 1000


def parse_markdown(text: str, fallback_title: str) -> Outline:
    """Recognise headings, list items, tables, quotes, footnotes, code and front matter of a Markdown text."""
    return _Reader(text).read(fallback_title)


class _Reader:
    """Walks the syntax tree once; what no node covered is reported as dropped at the end."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.builder = OutlineBuilder(Lines(text))
        self.lines = self.builder.lines.all
        self.covered: set[int] = set()
        self.environment: Environment = {}
        self.plain: Callable[[str], str] = visible
        self.front_matter: FrontMatter | None = None
        self.footnote_sections: dict[int, int] = {}
        self.section = -1  # where blocks are put: the current section, or the one that refers to a footnote

    def read(self, fallback_title: str) -> Outline:
        from markdown_it.tree import SyntaxTreeNode

        end = self._debris()
        self.front_matter = FrontMatter.of(self.text)
        tree = SyntaxTreeNode(parser(self.front_matter is not None).parse(self.text[:end], self.environment))
        self.plain = self.builder.plain_text = without_markup(self.environment)
        title = self._title(tree)
        for node in tree.children:
            if node.type == "heading" and node is not title:
                self._heading(node)
            elif node is not title:
                self._block(node, (), "paragraph")
        self._uncovered(end)
        return self.builder.build(fallback_title)

    # Structure

    def _title(self, tree: SyntaxTreeNode) -> SyntaxTreeNode | None:
        """The heading of level one where there is but one, and it comes first; else the front matter's title."""
        headings = [node for node in tree.children if node.type == "heading"]
        first = [node for node in headings if node.tag == "h1"]
        if len(first) == 1 and headings[0] is first[0] and 0 < len(self._shown(first[0])) <= _LONGEST_HEADING:
            self.builder.title = self._shown(first[0])
            self._cover(first[0])
            return first[0]
        if tree.children and tree.children[0].type == "front_matter":
            title = self.front_matter.title if self.front_matter else None
            self.builder.title = title if title and len(title) <= _LONGEST_HEADING else None
        return None

    def _shown(self, node: SyntaxTreeNode) -> str:
        return self.plain(node.children[0].content) if node.children else ""

    def _heading(self, node: SyntaxTreeNode) -> None:
        start, end = self._cover(node)
        shown = self._shown(node)
        if not shown:
            self.builder.drop(start, end, "heading without text")
            return
        if len(shown) > _LONGEST_HEADING:
            self._paragraph(node, (), "paragraph")
            return
        number, title = number_of_title(shown) or (None, shown)
        self.builder.heading(Heading(number, title or shown, shown, int(node.tag[1:]), start, end))
        self._footnote_marks(node)

    def _block(self, node: SyntaxTreeNode, labels: tuple[str, ...], kind: str) -> None:  # noqa: C901
        match node.type:
            case "paragraph" | "heading":
                self._paragraph(node, labels, kind)
            case "bullet_list" | "ordered_list":
                for item in node.children:
                    self._item(item, labels)
            case "blockquote":
                for child in node.children:
                    self._block(child, labels, "quote")
            case "table":
                self._table(node, labels)
            case "fence" | "code_block":
                self._code(node, labels)
            case "html_block":
                self._html(node, labels)
            case "front_matter":
                self.builder.drop(*self._cover(node), "front matter")
            case "footnote_block":
                for footnote in node.children:
                    self._footnote(footnote)

    def _add(self, block: Block) -> None:
        self.builder.add(block, self.section)

    def _paragraph(self, node: SyntaxTreeNode, labels: tuple[str, ...], kind: str) -> None:
        start, end = self._cover(node)
        if self.plain(self.text[start:end]):
            self._add(Block(kind, start, end, labels))
        elif end > start:
            self.builder.drop(start, end, "markup without text")
        self._footnote_marks(node)

    def _item(self, item: SyntaxTreeNode, labels: tuple[str, ...]) -> None:
        """The item's own paragraphs are one block; what is nested in it has blocks of its own."""
        own = [child for child in item.children if child.type == "paragraph"]
        label = self._label(own[0].children[0].content) if own and own[0] is item.children[0] else None
        labels = (*labels, label) if label else labels
        begun = False
        for child in item.children:
            start, end = self._cover(child) if child.type == "paragraph" else (0, 0)
            spoken = bool(self.plain(self.text[start:end]))
            if begun and spoken:
                self.builder.extend(end, self.section)
                self._footnote_marks(child)
            else:
                self._block(child, labels, "item")
            begun = spoken

    def _label(self, content: str) -> str | None:
        bold = _BOLD_LABEL.match(content)
        return visible(bold["label"]).rstrip(":") if bold else item_label(self.plain(content))

    def _table(self, node: SyntaxTreeNode, labels: tuple[str, ...]) -> None:
        """Each row is a block that knows its header cells; the first one begins at the header itself."""
        header, *rows = [row for part in node.children for row in part.children]
        names = [self._shown(cell)[:_LONGEST_COLUMN] for cell in header.children]
        context = " | ".join(names)[:_LONGEST_HEADER]
        start = self._row_span(header)[0]
        self._cover(node)
        for row in rows or [header]:
            cells = [self._shown(cell) for cell in row.children]
            pairs = "; ".join(
                f"{name}: {cell}" if name else cell for name, cell in zip(names, cells, strict=False) if cell
            )
            own = (cells[0],) if cells and cells[0] else ()
            row_start, end = self._row_span(row)
            plain = (pairs if rows else context) or None
            self._add(
                Block("row", start if row is (rows or [header])[0] else row_start, end, (*labels, *own), context, plain)
            )
            for cell in row.children:
                self._footnote_marks(cell)

    def _row_span(self, row: SyntaxTreeNode) -> Span:
        line = self.lines[(row.map or (0, 0))[0]]
        lead = _ROW_START.match(line.text)
        assert lead  # it matches the empty string
        tail = line.text.rstrip(" \t")
        if tail.endswith("|") and not tail.endswith("\\|"):
            tail = tail[:-1].rstrip(" \t")
        return line.start + lead.end(), line.start + max(lead.end(), len(tail))

    def _code(self, node: SyntaxTreeNode, labels: tuple[str, ...]) -> None:
        first, after = node.map or (0, 0)
        if node.type == "fence":
            first += 1
            closing = self.lines[after - 1].text.strip(" \t>") if after - 1 >= first else ""
            after -= closing.startswith(node.markup) and not closing.strip(node.markup[0])
        if after > first:
            start, end = trimmed(self.text, self.lines[first].start, self.lines[after - 1].end)
            if end > start:
                self.covered.update(range(first, after))
                self._add(Block("code", start, end, labels))

    def _html(self, node: SyntaxTreeNode, labels: tuple[str, ...]) -> None:
        start, end = self._cover(node)
        markup = self.text[start:end]
        if not _SCRIPT.match(markup) and self.plain(without_comments(markup)):
            self._add(Block("paragraph", start, end, labels))
        else:
            self.builder.drop(
                start, end, "comment in the source" if markup.startswith("<!--") else "markup without text"
            )

    # Footnotes are passages of the section that first refers to them

    def _footnote_marks(self, node: SyntaxTreeNode) -> None:
        for inline in node.children:
            for child in inline.children:
                if child.type == "footnote_ref":
                    self.footnote_sections.setdefault(int(child.meta["id"]), self.builder.section_index)

    def _footnote(self, footnote: SyntaxTreeNode) -> None:
        section = self.footnote_sections.get(int(footnote.meta.get("id", -1)), -1)
        self.section = section
        for child in footnote.children:
            if child.map:
                self._block(child, (), "footnote")
        self.section = -1

    # Offsets

    def _cover(self, node: SyntaxTreeNode) -> Span:
        """The span of a node's own text: from where its content begins on the first line to the last line's end."""
        first, after = node.map or (0, 0)
        while after - 1 > first and self.lines[after - 1].blank:
            after -= 1
        self.covered.update(range(first, after))
        line = self.lines[first]
        start = line.content[0]
        if node.children and node.children[0].type == "inline":
            # What stands before the content on its line is markers: the content ends where the line does.
            content = node.children[0].content.split("\n")[0].rstrip()
            at = line.text.rstrip().rfind(content)
            start = line.start + at if at >= 0 else start
        return start, max(start, self.lines[after - 1].content[1])

    def _debris(self) -> int:
        """Drop the web page's remains at the end and return the offset where the essay ends."""
        headings = reversed(list(self._heading_lines()))
        last = next((number for number in headings if not is_debris(self.lines[number])), -1)
        tail = debris_tail(self.lines[last + 1 :])
        for line, reason in tail:
            self.builder.drop(*line.content, reason)
        return tail[0][0].start if tail else len(self.text)

    def _heading_lines(self) -> Iterator[int]:
        for number, line in enumerate(self.lines):
            under = self.lines[number + 1].text if number + 1 < len(self.lines) else ""
            if _ATX.match(line.text) or (_SETEXT.fullmatch(under) and not line.blank):
                yield number

    def _uncovered(self, end: int) -> None:
        for number, line in enumerate(self.lines):
            if line.start < end and not line.blank and number not in self.covered:
                self.builder.drop(*line.content, _reason(line.text))


def _reason(line: str) -> str:
    if line.strip().startswith(("```", "~~~")):
        return "code fence"
    if _LINK_DEFINITION.match(line):
        return "link definition"
    if _FOOTNOTE_DEFINITION.match(line):
        return "footnote that nothing refers to"
    return "decoration" if _DECORATION.fullmatch(line) else "markup without text"
