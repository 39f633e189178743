"""Rich Text (.rtf), as word processors save it."""

from __future__ import annotations

import codecs
from dataclasses import replace

from qa.errors import DocumentError
from qa.reading.composition import BULLET, Composed, Composition
from qa.reading.formats.disguise import refuse
from qa.reading.formats.rtf_groups import DECLARED, DROPPED, KEEPS_NOTHING, TARGETS, State
from qa.reading.formats.rtf_paragraphs import Paragraphs
from qa.reading.formats.rtf_styles import Style, Styles
from qa.reading.formats.rtf_tokens import CHARSETS, SYMBOLS, Token, tokens_of

_WANTED = "Rich Text file (.rtf)"
_SIGNS = {
    "tab": " ", "line": "\n", "softline": "\n", "emdash": "—", "endash": "–", "lquote": "‘", "rquote": "’",
    "ldblquote": "“", "rdblquote": "”", "bullet": "•", "~": " ", "_": "-", "emspace": " ", "enspace": " ",
    "qmspace": " ", "page": " ", "column": " ", "nestcell": " ", "nestrow": "\n",
}  # fmt: skip
_PAGES = {"mac": "mac_roman", "pc": "cp437", "pca": "cp850"}
_DEEPEST = 10_000


def read(data: bytes, fallback_title: str) -> Composed:
    """Read a Rich Text file.

    Raises:
        DocumentError: the bytes are none, or end too early.
    """
    if not data.lstrip()[:5] == b"{\\rtf":
        raise refuse(data, _WANTED)
    return _Reader().read(data, fallback_title)


class _Reader:
    def __init__(self) -> None:
        self.composition = Composition()
        self.styles = Styles()
        self.state = State()
        self.above: list[State] = []
        self.code_page = "cp1252"
        self.fonts: dict[int, str] = {}
        self.font, self.style, self.style_number = 0, Style(), 0
        self.kept: list[str] = []  # text that does not go into a paragraph
        self.pending = b""
        self.skipping = 0
        self.paragraphs = Paragraphs(self.composition, self.styles)

    def read(self, data: bytes, fallback_title: str) -> Composed:
        for token in tokens_of(data):
            match token.kind:
                case "{":
                    self._open()
                case "}":
                    self._close()
                case "word":
                    self._word(token.word, token.number)
                case "bytes":
                    self._bytes(token)
        self._decode()
        if self.above:
            raise DocumentError("the file is damaged: it ends too early; open it where it was made and save it again")
        self.paragraphs.end(self.state)
        return self.composition.build(fallback_title)

    # Groups

    def _open(self) -> None:
        self._decode()
        self.skipping = 0
        if len(self.above) > _DEEPEST:
            raise DocumentError(f"the file has more than {_DEEPEST} groups within each other; save it again")
        self.above.append(self.state)
        self.state = replace(self.state, starred=False, begins=True)

    def _close(self) -> None:
        self._decode()
        self.skipping = 0
        if not self.above:
            return
        ended, self.state = self.state, self.above.pop()
        if ended.target == "styles" and self.state.target == "styles":
            self.style.name = "".join(self.kept).strip(" ;")
            self.styles.add(self.style_number, self.style)
            self.kept, self.style, self.style_number = [], Style(), 0
        elif ended.target != self.state.target:
            self._finish(ended.target)

    def _finish(self, target: str) -> None:
        """A group of its own kind has ended."""
        if target in KEEPS_NOTHING:
            return
        text = "".join(self.kept)
        match target:
            case "marker":
                self.paragraphs.open.marker = text.strip()
            case "note":
                self.paragraphs.open.notes.append(text)
            case "box":
                self.paragraphs.open.boxes.append(text)
            case _ if target in DROPPED:
                self.composition.drop(text, target)
            case _ if target in DECLARED:
                self.composition.declare(DECLARED[target], text)
        self.kept = []

    # Control words

    def _word(self, word: str, number: int | None) -> None:
        if word == "u" and number is not None:
            self._decode()
            self._text(chr(number % 0x10000))
            self.skipping = self.state.fallback
            return
        self._decode()
        if self.skipping:
            self.skipping -= 1
            return
        begins, self.state.begins = self.state.begins, False
        if word == "*":
            self.state.starred = self.state.begins = True
        elif begins and self._begins_target(word):
            return
        elif self.state.starred and begins:
            self.state.target = "nothing"
        elif word in _SIGNS:
            self._text(_SIGNS[word])
        elif self.state.target == "fonts":
            self._font(word, number)
        elif self.state.target == "styles":
            self._style(word, number)
        else:
            self._set(word, number)

    def _begins_target(self, word: str) -> bool:
        """Whether a group is of a kind of its own by its first word."""
        target = TARGETS.get(word)
        if self.state.target == "info" and word in DECLARED:
            target = word
        if target is None or self.state.target == "nothing":
            return False
        if self.state.target not in ("text", "shape", "info") and target not in ("nothing", "marker"):
            return False
        self.state.target = target if not (target == "marker" and self.state.target == "note") else "nothing"
        return True

    def _font(self, word: str, number: int | None) -> None:
        if word == "f":
            self.font = number or 0
        elif word == "fcharset" and number is not None:
            self.fonts[self.font] = "symbols" if number == SYMBOLS else CHARSETS.get(number, "")

    def _style(self, word: str, number: int | None) -> None:
        match word:
            case "s":
                self.style_number = number or 0
            case "cs" | "ds" | "ts":
                self.style_number = -1 - (number or 0)  # of letters, sections and tables: not asked for
            case "sbasedon":
                self.style.based_on = number
            case "outlinelevel":
                self.style.level = number
            case "b":
                self.style.bold = number != 0

    def _set(self, word: str, number: int | None) -> None:  # noqa: C901
        state = self.state
        match word:
            case "par" | "sect" if state.target != "text":
                self._text("\n")
            case "par" | "sect":
                self.paragraphs.end_line(state)
            case "cell":
                self.paragraphs.end_cell()
            case "row":
                self.paragraphs.end_row()
            case "pard":
                state.style, state.level, state.depth, state.in_list, state.in_table = 0, None, 0, False, False
            case "plain":
                state.bold = state.hidden = False
            case "b":
                state.bold = number != 0
            case "v" | "deleted":
                state.hidden = number != 0
            case "f":
                state.font = -1 if number is None else number
            case "uc":
                state.fallback = min(max(number or 0, 0), 16)
            case "s":
                state.style = number or 0
            case "outlinelevel":
                state.level = number
            case "ilvl":
                state.depth = min(max(number or 0, 0), 8)
            case "ls":
                state.in_list = bool(number)
            case "intbl":
                state.in_table = True
            case "trowd":
                self.paragraphs.header = False
            case "trhdr":
                self.paragraphs.header = True
            case "ansicpg" if number:
                self.code_page = _known(f"cp{number}")
            case _ if word in _PAGES:
                self.code_page = _PAGES[word]

    # Text

    def _bytes(self, token: Token) -> None:
        data = token.data
        if self.skipping:
            left = data[self.skipping :]
            self.skipping = max(0, self.skipping - len(data))
            data = left
        self.state.begins = False
        self.pending += data
        if len(self.pending) > 4096 and token.word != "hex":
            self._decode()

    def _decode(self) -> None:
        """Add the bytes that have come as text in the code page of their font."""
        if self.pending:
            page = self.fonts.get(self.state.font) or self.code_page
            data, self.pending = self.pending, b""
            if page == "symbols":
                self._text("".join(chr(one) if one < 0x80 else BULLET for one in data))
            else:
                self._text(data.decode(page, "replace"))

    def _text(self, text: str) -> None:
        if self.state.target == "nothing" or self.state.hidden:
            return
        if self.state.target == "text":
            self.paragraphs.open.words.add(text, bold=self.state.bold)
        elif self.state.target == "styles" or self.state.target not in KEEPS_NOTHING:
            self.kept.append(text)


def _known(page: str) -> str:
    try:
        return codecs.lookup("utf-8" if page == "cp65001" else page).name
    except LookupError:
        return "cp1252"
