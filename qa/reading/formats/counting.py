"""The numbers that a word processor shows before the paragraphs of a list, counted as it counts them."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace

_ROMAN = ((1000, "m"), (900, "cm"), (500, "d"), (400, "cd"), (100, "c"), (90, "xc"), (50, "l"), (40, "xl"), (10, "x"),
          (9, "ix"), (5, "v"), (4, "iv"), (1, "i"))  # fmt: skip
_LATIN, _RUSSIAN = "abcdefghijklmnopqrstuvwxyz", "абвгдежзиклмнопрстуфхцчшщэюя"
_PLACE = re.compile(r"%(\d)")
_MOST = 1_000_000


@dataclass(frozen=True, slots=True)
class Level:
    """How one level of a list is numbered. ``text`` holds %1, %2, … where the numbers of levels stand; ``form`` is
    decimal, lower or upper roman, latin or russian, bullet or none."""

    form: str
    text: str
    start: int = 1
    restarts: bool = True
    decimal: bool = False  # the numbers of the levels above are shown as decimals


@dataclass(slots=True)
class Counter:
    """Counts the paragraphs of one list; ``counts``, by depth, may be shared with those that it goes on from."""

    levels: dict[int, Level]
    counts: dict[int, int] = field(default_factory=dict)

    def next(self, depth: int) -> str:
        """What stands before the next paragraph at a depth, counted from 0."""
        level = self.levels.get(depth)
        if level is None:
            return ""
        self.counts[depth] = min(self.counts.get(depth, level.start - 1) + 1, _MOST)
        for deeper in [one for one in self.counts if one > depth]:
            if deeper not in self.levels or self.levels[deeper].restarts:
                del self.counts[deeper]
        return self._shown(level) if level.form not in ("bullet", "none") else ""

    def is_bullet(self, depth: int) -> bool:
        return depth in self.levels and self.levels[depth].form == "bullet"

    def restart(self, depth: int, start: int) -> None:
        """Let the next paragraph at a depth have that number."""
        if depth in self.levels:
            self.levels[depth] = replace(self.levels[depth], start=start)
        self.counts.pop(depth, None)

    def forget(self) -> None:
        self.counts.clear()

    def _shown(self, level: Level) -> str:
        def number(found: re.Match[str]) -> str:
            other = self.levels.get(int(found[1]) - 1)
            if other is None or other.form in ("bullet", "none"):
                return ""
            count = self.counts.get(int(found[1]) - 1, other.start)
            return numeral(count, "decimal" if level.decimal else other.form)

        return _PLACE.sub(number, level.text).strip()


def numeral(count: int, form: str) -> str:
    """A number in a form: ``decimal``, ``lower roman``, ``upper latin``, …"""
    case, _, letters = form.rpartition(" ")
    if letters == "roman" and 0 < count < 4000:
        shown = _roman(count)
    elif letters in ("latin", "russian") and count > 0:
        alphabet = _LATIN if letters == "latin" else _RUSSIAN
        # After z come aa, bb, …, as word processors have it; no list is so long that it would come to four of them.
        shown = alphabet[(count - 1) % len(alphabet)] * min((count - 1) // len(alphabet) + 1, 4)
    else:
        return str(count)
    return shown.upper() if case == "upper" else shown


def _roman(count: int) -> str:
    shown = ""
    for value, signs in _ROMAN:
        shown += signs * (count // value)
        count %= value
    return shown
