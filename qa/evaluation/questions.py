"""Question sets.

A set is JSON Lines; each line has ``id``, ``lang``, ``kind``, ``question`` and ``gold``, a list of acceptable passages,
each ``{"section", "contains"}`` (a number as written, or the heading path joined by " > "; and a substring of the
passage) or ``{"document"}``. An empty list says that the corpus does not answer the question; ``near`` then tells
whether it is about the same subject.
"""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ValidationError

from qa.errors import QAError, first_line
from qa.records import Passage


class EvaluationError(QAError):
    """A question set or a report cannot be used, or a report cannot be written."""


class Gold(BaseModel):
    """One acceptable passage, or a whole document of which any passage is."""

    document: str | None = None
    section: str | None = None
    contains: str | None = None

    def accepts(self, passage: Passage) -> bool:
        if self.document is not None:
            return passage.document == self.document
        found = " ".join(passage.text.split())
        return self.names(passage) and " ".join((self.contains or "").split()) in found

    def names(self, passage: Passage) -> bool:
        """Whether a passage stands in the gold section."""
        if self.document is not None:
            return passage.document == self.document
        wanted = (self.section or "").split(" > ")
        path = list(passage.path)
        steps = any(path[start : start + len(wanted)] == wanted for start in range(len(path)))
        return passage.section == self.section or (not wanted[0].replace(".", "").isdigit() and steps)


class Case(BaseModel):
    """A question of a set."""

    id: str
    lang: str
    kind: str
    question: str
    gold: list[Gold]
    near: bool = False


def read_cases(path: Path) -> list[Case]:
    """The questions of a set.

    Raises:
        EvaluationError: the file cannot be read, or a line is no question; the message names the line.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise EvaluationError(f"the question set {path} cannot be read ({first_line(error)})") from error
    cases = []
    for number, line in enumerate(lines, start=1):
        if line.strip():
            try:
                cases.append(Case.model_validate_json(line))
            except ValidationError as error:
                problem = error.errors()[0]
                where = ".".join(map(str, problem["loc"])) or "the line"
                raise EvaluationError(f"{path}, line {number}: {where}: {problem['msg']}") from error
    if not cases:
        raise EvaluationError(f"the question set {path} holds no question")
    return cases
