"""A report's plots, and how to read them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from qa.evaluation.figures import MEASURES, Confidences, calibration_error, coverage_curve, reliability
from qa.evaluation.outcomes import DEPTH, Outcome
from qa.evaluation.report import Report
from qa.evaluation.svg import FIRST, INK, MUTED, NEAR, OFF, THIRD, WIDTH, WRONG, drawn
from qa.evaluation.uncertainty import wilson

_LONGEST = 18  # characters of a group's name
_SHARES = ([0, 0.25, 0.5, 0.75, 1], ["0", "0.25", "0.5", "0.75", "1"])
_DASHED = (0, (3, 2))


@dataclass(frozen=True)
class Plot:
    """``caption`` says how to read it; ``svg`` is None where the set lacks the questions that it would show."""

    name: str
    title: str
    caption: str
    svg: str | None


def plots(report: Report) -> list[Plot]:
    return [
        Plot(name, title, caption, drawn(name, title, partial(draw, report))) for name, title, caption, draw in _PLOTS
    ]


def _by_language(report: Report) -> Figure | None:
    return _quality(report, lambda one: one.lang)


def _by_kind(report: Report) -> Figure | None:
    return _quality(report, lambda one: one.kind)


def _quality(report: Report, group: Callable[[Outcome], str]) -> Figure | None:
    grouped: dict[str, list[Outcome]] = defaultdict(list)
    for one in report.outcomes:
        if one.answerable:
            grouped[group(one)].append(one)
    if not grouped:
        return None
    groups = dict(sorted(grouped.items(), key=lambda item: (len(item[1]), item[0])))
    figure = Figure(figsize=(WIDTH, 0.9 + 0.34 * len(groups)))
    axes = figure.subplots()
    _proportions(axes, "hit@1", list(groups.values()), 0.16, FIRST, filled=True)
    _proportions(axes, "hit@3", list(groups.values()), -0.16, THIRD, filled=False)
    for height, outcomes in enumerate(groups.values()):
        axes.text(1.06, height, f"{len(outcomes)}", color=MUTED, va="center", ha="center")
    axes.text(1.06, len(groups) - 0.4, "n", color=MUTED, va="bottom", ha="center")
    axes.set_yticks(range(len(groups)), [_shortened(name) for name in groups])
    axes.set_xticks(*_SHARES)
    axes.set(xlim=(0, 1), ylim=(-0.6, len(groups) - 0.4))
    axes.grid(axis="x")
    axes.legend(loc="lower left", bbox_to_anchor=(-0.02, 1), ncols=2, handletextpad=0.1, columnspacing=1)
    return figure


def _proportions(
    axes: Axes, name: str, groups: list[list[Outcome]], offset: float, colour: str, *, filled: bool
) -> None:
    hits = [round(sum(map(MEASURES[name], outcomes))) for outcomes in groups]
    counts = [len(outcomes) for outcomes in groups]
    heights = np.arange(len(groups)) + offset
    low, high = zip(*map(wilson, hits, counts), strict=True)
    axes.hlines(heights, low, high, color=colour, linewidth=1.5, alpha=0.6)
    face = colour if filled else "none"
    axes.plot(
        np.divide(hits, counts), heights, "o", color=colour, markerfacecolor=face, label=name, gid=name, clip_on=False
    )


def _shortened(name: str) -> str:
    return name if len(name) <= _LONGEST else name[: _LONGEST - 1] + "…"


def _ranks(report: Report) -> Figure | None:
    ranks = [one.rank for one in report.outcomes if one.answerable]
    if not ranks:
        return None
    spans = {"1": (1, 1), "2": (2, 2), "3": (3, 3), "4 to 10": (4, 10), f"11 to {DEPTH}": (11, DEPTH)}
    counts = {name: sum(low <= rank <= high for rank in ranks if rank) for name, (low, high) in spans.items()}
    counts["not there"] = ranks.count(None)
    figure = Figure(figsize=(WIDTH, 2.7))
    axes = figure.subplots()
    bars = axes.barh(list(counts), list(counts.values()), 0.66, color=[FIRST, THIRD, THIRD, WRONG, WRONG, WRONG])
    axes.bar_label(bars, padding=4)
    axes.invert_yaxis()
    axes.set_ylabel("rank")
    axes.xaxis.set_visible(False)
    axes.spines["bottom"].set_visible(False)
    axes.margins(x=0.08)
    return figure


def _confidences(report: Report) -> Figure:
    unanswerable = [one for one in report.outcomes if not one.answerable]
    rows = [
        ("right passage first", FIRST, [one for one in report.outcomes if one.rank == 1]),
        ("another passage first", WRONG, [one for one in report.outcomes if one.answerable and one.rank != 1]),
        ("same subject, not answerable", NEAR, [one for one in unanswerable if one.near]),
        ("another subject", OFF, [one for one in unanswerable if not one.near]),
    ]
    rows = [row for row in rows if row[2]]
    figure = Figure(figsize=(WIDTH, 0.5 + 1.0 * len(rows)))
    for axes, (name, colour, outcomes) in zip(
        figure.subplots(len(rows), sharex=True, squeeze=False)[:, 0], rows, strict=True
    ):
        axes.hist([one.confidence for one in outcomes], np.linspace(0, 1, 21), color=colour, rwidth=0.86)
        axes.axvline(report.threshold, color=INK, linewidth=1, linestyle=_DASHED)
        axes.set_title(f"{name}: {sum(one.answered for one in outcomes)} of {len(outcomes)} answered")
        axes.yaxis.set_major_locator(MaxNLocator(2, integer=True))
        axes.tick_params(axis="y", labelcolor=MUTED)
        axes.set_xlim(0, 1)
        axes.set_xticks(*_SHARES)
    axes.set_xlabel(f"confidence (threshold {report.threshold:.2f})")
    return figure


def _reliability(report: Report) -> Figure:
    bins = reliability(report.outcomes)
    figure, axes = _square("mean confidence", "share with the right passage first")
    places, shares = [one.confidence for one in bins], [one.right / one.count for one in bins]
    low, high = zip(*(wilson(one.right, one.count) for one in bins), strict=True)
    axes.plot([0, 1], [0, 1], color=MUTED, linewidth=1, linestyle=_DASHED)
    axes.vlines(places, low, high, color=FIRST, linewidth=1.5, alpha=0.6)
    axes.plot(places, shares, "o-", color=FIRST, linewidth=1, gid="bins", clip_on=False)
    counts = sorted({one.count for one in bins})
    each = " to ".join(map(str, counts))
    axes.set_title(f"{len(bins)} bins of {each} questions; expected calibration error {calibration_error(bins):.2f}")
    return figure


def _coverage(report: Report) -> Figure | None:
    answerable, near, off = Confidences.of(report.outcomes)
    if not answerable or not near + off:
        return None
    figure, axes = _square("unanswerable questions answered", "answerable questions answered")
    axes.axvline(0.05, color=MUTED, linewidth=1, linestyle=_DASHED)
    for name, negatives, colour in (
        ("same subject", near, NEAR),
        ("other subjects", off, OFF),
        ("all", near + off, INK),
    ):
        if negatives:
            false, covered = zip(*coverage_curve(answerable, negatives), strict=True)
            axes.step(false, covered, where="post", label=name, color=colour, gid=name.replace(" ", "-"))
            now = [np.mean(np.asarray(some) >= report.threshold) for some in (negatives, answerable)]
            axes.plot(*now, "o", color=colour, clip_on=False)
    axes.legend(loc="lower right")
    return figure


def _square(x: str, y: str) -> tuple[Figure, Axes]:
    figure = Figure(figsize=(WIDTH, 4.4))
    axes = figure.subplots()
    axes.set(xlim=(0, 1), ylim=(0, 1), xlabel=x, ylabel=y)
    axes.set_xticks(*_SHARES)
    axes.set_yticks(*_SHARES)
    axes.tick_params(axis="y", labelcolor=MUTED)
    axes.grid()
    return figure, axes


_INTERVALS = "The lines are 95 % Wilson intervals: the fewer questions (n), the longer."
_PLOTS: tuple[tuple[str, str, str, Callable[[Report], Figure | None]], ...] = (
    (
        "languages",
        "Quality by language",
        (
            "The share of answerable questions with an acceptable passage first (filled), and among the first three "
            f"(hollow). {_INTERVALS}"
        ),
        _by_language,
    ),
    ("kinds", "Quality by kind of question", f"The same by what the questions are like. {_INTERVALS}", _by_kind),
    (
        "ranks",
        "Where the right passage came",
        (
            "The number of answerable questions by the rank of the first acceptable passage. What came second or third "
            f"was found but ordered wrongly; what is not among the first {DEPTH} was not found."
        ),
        _ranks,
    ),
    (
        "confidences",
        "Confidence, by what the corpus answers",
        (
            "The number of questions by confidence. From the dashed threshold on a question counts as answered: "
            "questions that the corpus answers belong to the right of it, the others to the left."
        ),
        _confidences,
    ),
    (
        "reliability",
        "Is the confidence a probability?",
        (
            "Questions in bins of equal counts: their mean confidence against the share of them with an acceptable "
            "passage first, with its 95 % Wilson interval; an unanswerable question counts as wrong. Below the "
            "diagonal the confidence is too high."
        ),
        _reliability,
    ),
    (
        "coverage",
        "What a threshold costs",
        (
            "For every threshold, the share of answerable questions that are answered against the share of "
            "unanswerable ones that are answered too: up and left is better. The dots are the threshold in force; the "
            "dashed line is 5 % of false answers."
        ),
        _coverage,
    ),
)
