"""A report as one HTML page that needs nothing from elsewhere."""

from __future__ import annotations

import os
import tempfile
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from jinja2 import Environment, StrictUndefined

from qa.errors import first_line
from qa.evaluation.outcomes import DEPTH, Outcome
from qa.evaluation.plots import plots
from qa.evaluation.questions import EvaluationError
from qa.evaluation.report import Report
from qa.evaluation.table import COLUMNS
from qa.evaluation.uncertainty import Interval, intervals

_TILES = {
    "hit@1": "right passage first",
    "hit@3": "right passage among the first three",
    "ndcg@10": "order of the first ten",
    "section@1": "right section first",
    "answered": "of the answerable questions",
    "refused": "of the unanswerable questions",
    "auroc_off": "answerable against other subjects",
    "auroc_near": "answerable against the same subject",
    "coverage@5%": "answered at 5 % of false answers",
    "p50_ms": "for a question, in the median",
}
_NAMES = {
    "ndcg@10": "nDCG@10",
    "auroc_off": "ROC area, off topic",
    "auroc_near": "ROC area, near topic",
    "coverage@5%": "coverage",
    "p50_ms": "time",
}


@dataclass(frozen=True)
class Tile:
    """One of the main figures; ``value`` is None where no question of the set bears on it."""

    name: str
    value: str | None
    interval: Interval | None
    about: str


@dataclass(frozen=True)
class Failures:
    """Questions that went wrong in one way, the most confident first."""

    title: str
    about: str
    outcomes: list[Outcome]


def render(report: Report) -> str:
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    template = environment.from_string((files("qa.evaluation") / "page.html").read_text(encoding="utf-8"))
    asked = [one for one in report.outcomes if one.answerable]
    return template.render(
        report=report,
        asked=len(asked),
        near=sum(not one.answerable and one.near for one in report.outcomes),
        off=sum(not one.answerable and not one.near for one in report.outcomes),
        tiles=_tiles(report),
        plots=plots(report),
        columns=COLUMNS,
        tables=_tables(report),
        failures=_failures(report.outcomes),
        depth=DEPTH,
    )


def _tiles(report: Report) -> list[Tile]:
    known = intervals(report.outcomes)
    return [
        Tile(_NAMES.get(name, name), _shown(name, report.total.get(name)), known.get(name), about)
        for name, about in _TILES.items()
    ]


def _shown(name: str, value: float | None) -> str | None:
    if value is None:
        return None
    return f"{value:.0f} ms" if name.endswith("_ms") else f"{value:.2f}"


def _tables(report: Report) -> dict[str, dict[str, dict[str, float]]]:
    """The rows of the languages, of the kinds, and of all, by their names."""
    found: dict[str, dict[str, dict[str, float]]] = {"lang": {}, "kind": {}}
    for name, row in report.groups.items():
        group, _, own = name.partition(" ")
        found[group][own] = row
    return {"Language": found["lang"], "Kind": found["kind"], "": {"all": report.total}}


def _failures(outcomes: list[Outcome]) -> list[Failures]:
    ordered = sorted(outcomes, key=lambda one: -one.confidence)
    return [
        Failures(
            "Another passage came first",
            "Answerable questions whose first passage is not acceptable.",
            [one for one in ordered if one.answerable and one.rank != 1],
        ),
        Failures(
            "Refused, though the right passage came first",
            "Answerable questions whose confidence fell short of the threshold.",
            [one for one in ordered if one.rank == 1 and not one.answered],
        ),
        Failures(
            "Answered, though the corpus has no answer",
            "Unanswerable questions whose confidence reached the threshold.",
            [one for one in ordered if not one.answerable and one.answered],
        ),
    ]


def check_writable(path: Path) -> None:
    """Find out whether a page can be written, before hundreds of questions are asked for it.

    Raises:
        EvaluationError: it cannot; the message says why.
    """
    try:
        target = path.resolve()
        if target.exists() and not (target.is_file() and os.access(target, os.W_OK)):
            raise EvaluationError(f"the page {path} cannot be written (it is no file that may be overwritten)")
        with tempfile.TemporaryFile(dir=target.parent):
            pass
    except (OSError, RuntimeError) as error:  # a loop of links is a RuntimeError before Python 3.13
        raise EvaluationError(f"the page {path} cannot be written ({first_line(error)})") from error


def write(report: Report, path: Path) -> None:
    """Write a report's page; what stood at ``path`` stays until the whole page is there.

    Raises:
        EvaluationError: it cannot be written.
    """
    target = path.resolve()
    unfinished = target.with_name(f".suraq-{os.getpid()}.html")
    try:
        unfinished.write_text(render(report), encoding="utf-8", newline="\n")
        unfinished.replace(target)
    except OSError as error:
        raise EvaluationError(f"the page {path} cannot be written ({first_line(error)})") from error
    finally:
        unfinished.unlink(missing_ok=True)
