"""A report: what was asked of what, every outcome, and the figures."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from pydantic import BaseModel, ValidationError

from qa.errors import first_line
from qa.evaluation.figures import figures
from qa.evaluation.outcomes import Outcome
from qa.evaluation.questions import EvaluationError


class Report(BaseModel):
    """All outcomes of a set, and their figures, in all and by language and kind.

    ``questions`` is the set's file name; ``model``, ``generation`` and ``threshold`` are those of the index.
    """

    questions: str
    model: str
    generation: str
    threshold: float
    made_at: datetime
    total: dict[str, float]
    groups: dict[str, dict[str, float]]
    outcomes: list[Outcome]

    @classmethod
    def of(cls, outcomes: list[Outcome], *, questions: str, model: str, generation: str, threshold: float) -> Report:
        return cls(
            questions=questions,
            model=model,
            generation=generation,
            threshold=threshold,
            made_at=datetime.now(UTC).replace(microsecond=0),
            total=figures(outcomes),
            groups=_groups(outcomes),
            outcomes=outcomes,
        )


def _groups(outcomes: Sequence[Outcome]) -> dict[str, dict[str, float]]:
    groups: dict[str, list[Outcome]] = defaultdict(list)
    for one in outcomes:
        if one.answerable:
            groups[f"lang {one.lang}"].append(one)
            groups[f"kind {one.kind}"].append(one)
    return {name: figures(groups[name]) for name in sorted(groups)}


def read_report(path: Path) -> Report:
    """A report that ``qa eval --json`` printed.

    Raises:
        EvaluationError: it cannot be read, or is not as this version prints it.
    """
    try:
        return Report.model_validate_json(path.read_text(encoding="utf-8"))
    except ValidationError as error:
        problem = error.errors()[0]
        where = ".".join(map(str, problem["loc"])) or "the file"
        raise EvaluationError(
            f"the report {path} is not one that this version saved ({where}: {problem['msg']}); "
            "save it anew with qa eval --json"
        ) from error
    except (OSError, UnicodeDecodeError) as error:
        raise EvaluationError(f"the report {path} cannot be read ({first_line(error)})") from error
