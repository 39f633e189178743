"""What was said so far."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from qa.errors import TurnError
from qa.language.cleaning import visible


@dataclass(frozen=True, slots=True)
class Turn:
    """What one side said at once."""

    role: Literal["user", "assistant"]
    text: str


def question_of(turns: Sequence[Turn]) -> tuple[str, tuple[Turn, ...]]:
    """The question to answer, the user's last turn, and the turns before it.

    Raises:
        TurnError: the user said nothing, or nothing visible.
    """
    places = [place for place, turn in enumerate(turns) if turn.role == "user"]
    if not places:
        raise TurnError("no message has the role user; send a question")
    question = turns[places[-1]].text
    if not visible(question):
        raise TurnError("the last message of the user has no text; write a question")
    return question, tuple(turns[: places[-1]])
