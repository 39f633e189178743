"""A report's figures as lines of text."""

from __future__ import annotations

from qa.evaluation.figures import MEASURES
from qa.evaluation.report import Report

COLUMNS = ("n", *MEASURES)


def plain_table(report: Report) -> str:
    rows = [*report.groups.items(), ("all", report.total)]
    width = max(len(name) for name, _ in rows) + 2
    lines = [" " * width + "".join(f"{column:>10}" for column in COLUMNS)]
    for name, found in rows:
        cells = (
            f"{found[column]:>10.0f}" if column == "n" else f"{found[column]:>10.3f}" if column in found else " " * 10
            for column in COLUMNS
        )
        lines.append(f"{name:<{width}}" + "".join(cells))
    rest = {name: value for name, value in report.total.items() if name not in COLUMNS}
    return "\n".join([*lines, "", "  ".join(f"{name} {value:.3f}" for name, value in rest.items())])
