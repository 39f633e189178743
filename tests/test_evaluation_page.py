from __future__ import annotations

import os
import re
from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from qa.evaluation import page
from qa.evaluation.figures import reliability
from qa.evaluation.outcomes import First, Outcome
from qa.evaluation.page import check_writable, render, write
from qa.evaluation.questions import EvaluationError, Gold
from qa.evaluation.report import Report
from tests.conftest import ROOT, environment, run_qa

PLOTS = ("languages", "kinds", "ranks", "confidences", "reliability", "coverage")
VOID = {"meta", "br", "hr", "img", "input", "link"}
HOSTILE = (
    "</script></style></title><script>alert(1)</script><img src=//evil.example/x onerror=alert(1)>'\"{{ 7 * 7 }}&amp;"
)


def outcome(number: int, rank: int | None = 1, confidence: float = 0.9, **other: Any) -> Outcome:
    usual: dict[str, Any] = {
        "id": f"q{number}",
        "lang": "ru",
        "kind": "fact",
        "question": f"question {number}",
        "interpreted_as": f"question {number}",
        "gold": [Gold(section="4", contains="what is expected")],
        "near": False,
        "ndcg10": 1.0 if rank == 1 else 0.0,
        "section_first": rank == 1,
        "answered": confidence >= 0.5,
        "first": First(document="essay", label="§2, Label", text="what came first"),
        "milliseconds": 12.0,
    }
    return Outcome.model_validate({**usual, "rank": rank, "confidence": confidence, **other})


def unanswerable(number: int, confidence: float, *, near: bool = False, **other: Any) -> Outcome:
    return outcome(number, None, confidence, gold=[], near=near, **other)


def report_of(*outcomes: Outcome) -> Report:
    return Report.of(list(outcomes), questions="set.jsonl", model="small", generation="g-17", threshold=0.5)


MIXED = report_of(
    *(outcome(number, 1, 0.99 - number / 50, lang="ru" if number % 2 else "en") for number in range(20)),
    *(outcome(number, 3, 0.6, lang="kk-Cyrl", kind="list") for number in range(20, 24)),
    outcome(24, None, 0.7, lang="ar", question="متى انضمت كازاخستان؟"),
    outcome(25, 1, 0.3, interpreted_as="as it was searched"),
    *(unanswerable(number, (number - 25) / 20, near=True) for number in range(26, 38)),
    *(unanswerable(number, (number - 37) / 100) for number in range(38, 50)),
)


@dataclass
class Element:
    tag: str
    attributes: dict[str, str | None]
    inside: list[Element] = field(default_factory=list)
    text: str = ""

    def all(self, tag: str) -> list[Element]:
        return [self, *self.descend()] if tag == "*" else [one for one in self.descend() if one.tag == tag]

    def descend(self) -> list[Element]:
        return [found for one in self.inside for found in (one, *one.descend())]

    def words(self) -> str:
        return " ".join([self.text, *(one.words() for one in self.inside)])


class Tree(HTMLParser):
    """The elements of a page; one that is not closed, or closed twice, is an error."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.root = Element("", {})
        self.open = [self.root]
        self.feed(text)
        self.close()
        assert self.open == [self.root]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_startendtag(tag, attrs)
        if tag not in VOID:
            self.open.append(self.open[-1].inside[-1])

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert len(dict(attrs)) == len(attrs)
        self.open[-1].inside.append(Element(tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop().tag == tag

    def handle_data(self, data: str) -> None:
        self.open[-1].text += data


def tree(report: Report) -> Element:
    return Tree(render(report)).root


def plot(root: Element, name: str) -> Element:
    (found,) = (one for one in root.all("figure") if one.attributes["id"] == name)
    return found


def marks(root: Element, name: str, series: str) -> int:
    (group,) = (one for one in plot(root, name).all("g") if one.attributes.get("id") == f"{name}-{series}")
    return len(group.all("use"))


def tiles(root: Element) -> dict[str, str]:
    found = [one for one in root.all("div") if one.attributes.get("class") == "tile"]
    return {one.all("dt")[0].text: " ".join(part.text for part in one.all("dd") if part.text.strip()) for one in found}


def failures(root: Element) -> list[list[str]]:
    groups = [one for one in root.all("details") if one.attributes.get("class") == "failures"]
    return [
        [
            next(part.text for part in one.all("span") if re.fullmatch(r"q\d+", part.text))
            for one in group.all("details")
        ]
        for group in groups
    ]


def test_the_page_shows_the_run_and_its_figures() -> None:
    root = tree(MIXED)
    assert root.all("h1")[0].text == "set.jsonl"
    run = " ".join(root.all("header")[0].words().split())
    assert "50 (26 answerable, 12 near topic, 12 off topic)" in run
    assert MIXED.made_at.strftime("%Y-%m-%d %H:%M UTC") in run
    assert "small" in run
    assert "g-17" in run
    shown = tiles(root)
    # 21 and 25 of 26; the intervals are Wilson's.
    assert shown["hit@1"].startswith("0.81 0.62 to 0.91")
    assert shown["hit@3"].startswith("0.96 0.81 to 0.99")
    assert shown["ROC area, off topic"].startswith("1.00")
    assert shown["time"].startswith("12 ms")


def test_the_table_has_a_row_for_each_language_kind_and_all() -> None:
    rows = [[cell.text for cell in (*row.all("th"), *row.all("td"))] for row in tree(MIXED).all("tr")]
    names = [row[0] for row in rows[1:]]
    assert names == ["Language", "ar", "en", "kk-Cyrl", "ru", "Kind", "fact", "list", "all"]
    assert rows[names.index("kk-Cyrl") + 1][:4] == ["kk-Cyrl", "4", "0.000", "1.000"]


def test_the_plots_have_a_mark_for_each_figure() -> None:
    root = tree(MIXED)
    assert tuple(one.attributes["id"] for one in root.all("figure")) == PLOTS
    for series in ("hit@1", "hit@3"):
        assert marks(root, "languages", series) == 4
        assert marks(root, "kinds", series) == 2
    labels = [one.text for one in plot(root, "languages").all("text")]
    assert {"kk-Cyrl", "ru", "en", "ar", "hit@1", "hit@3", "n"} <= set(labels)
    ranks = [one.text for one in plot(root, "ranks").all("text")]
    assert ranks[-6:] == ["21", "0", "4", "0", "0", "1"]
    assert marks(root, "reliability", "bins") == len(reliability(MIXED.outcomes)) == 5
    assert "right passage first: 20 of 21 answered" in plot(root, "confidences").words()
    assert "same subject, not answerable: 3 of 12 answered" in plot(root, "confidences").words()
    assert {"all", "same subject", "other subjects"} <= {one.text for one in plot(root, "coverage").all("text")}


def test_each_plot_is_named_and_explained_and_takes_the_colours_of_the_page() -> None:
    root = tree(MIXED)
    for figure in root.all("figure"):
        (svg,) = figure.all("svg")
        assert svg.attributes["role"] == "img"
        assert svg.all("title")[0].attributes["id"] == svg.attributes["aria-labelledby"]
        assert svg.all("title")[0].text == figure.all("h3")[0].text
        assert len(figure.all("figcaption")[0].text) > 50
        styles = [one.attributes.get("style") or "" for one in svg.descend()]
        colours = {colour for style in styles for colour in re.findall(r"(?:fill|stroke): ([^;]+)", style)}
        assert all(colour == "none" or re.fullmatch(r"var\(--[a-z]+\)", colour) for colour in colours)
        assert not any("font-family" in style for style in styles)


def test_the_failures_are_told_apart_the_most_confident_first() -> None:
    root = tree(MIXED)
    wrong, refused, answered = failures(root)
    assert wrong == ["q24", "q20", "q21", "q22", "q23"]
    assert refused == ["q25"]
    assert answered == ["q37", "q36", "q35"]
    words = " ".join(root.words().split())
    assert "right one at rank 3" in words
    assert "right one not among 20" in words
    assert "§4 what is expected" in words
    assert "§2, Label essay what came first" in words
    assert "Searched as as it was searched" in words
    (arabic,) = (one for one in root.all("span") if one.text == "متى انضمت كازاخستان؟")
    assert arabic.attributes["dir"] == "auto"
    assert arabic.attributes["lang"] == "ar"


def test_nothing_is_loaded_from_anywhere_and_nothing_runs() -> None:
    text = render(MIXED)
    root = Tree(text).root
    assert not {"script", "link", "img", "iframe", "object", "embed", "form", "base"} & {
        one.tag for one in root.all("*")
    }
    ids = Counter(one.attributes["id"] for one in root.all("*") if "id" in one.attributes)
    assert set(ids.values()) == {1}
    for one in root.all("*"):
        for name, value in one.attributes.items():
            assert not name.startswith("on")
            assert name != "src"
            if name.endswith("href"):
                assert str(value)[0] == "#"
                assert str(value)[1:] in ids
    assert {name in ids for name in re.findall(r"url\(#([^)]+)\)", text)} == {True}
    assert not re.search(r"url\((?!#)|@import|https?:", text)


def test_what_the_data_says_is_shown_and_not_obeyed() -> None:
    hostile = First(document=HOSTILE, label=HOSTILE, text=HOSTILE)
    gold = [Gold(section=HOSTILE, contains=HOSTILE), Gold(document=HOSTILE), Gold(contains="x"), Gold(section="")]
    said: dict[str, Any] = {"id": HOSTILE, "question": HOSTILE, "interpreted_as": HOSTILE + "!", "first": hostile}
    report = report_of(
        outcome(0, None, lang=HOSTILE, kind=HOSTILE, gold=gold, **said),
        outcome(1, 1, lang=r"$\frac{$", kind="概念 #000001"),
        unanswerable(2, 0.9, **said),
    ).model_copy(update={"questions": HOSTILE, "model": HOSTILE, "generation": HOSTILE})
    root = tree(report)
    assert {one.tag for one in root.all("*")} == {one.tag for one in tree(MIXED).all("*")}
    assert root.all("h1")[0].text == HOSTILE
    assert [one.text for one in root.all("span") if one.attributes.get("class") == "question"] == [HOSTILE] * 2
    assert r"$\frac{$" in [one.text for one in plot(root, "languages").all("text")]
    assert "概念 #000001" in [one.text for one in plot(root, "kinds").all("text")]


def test_the_same_run_gives_the_same_page_but_for_its_date() -> None:
    later = MIXED.model_copy(update={"made_at": MIXED.made_at + timedelta(days=1)})
    assert render(MIXED) == render(MIXED)
    assert render(MIXED) != render(later)
    without_dates = [re.sub(r"<time.*?</time>", "", render(one)) for one in (MIXED, later)]
    assert without_dates[0] == without_dates[1]


@pytest.mark.parametrize(
    ("outcomes", "missing"),
    [
        ([outcome(number) for number in range(12)], {"coverage"}),
        ([outcome(0)], {"coverage"}),
        ([outcome(0, None, 0.0, first=None)], {"coverage"}),
        ([unanswerable(0, 0.7)], {"languages", "kinds", "ranks", "coverage"}),
        ([unanswerable(number, 0.1, near=True) for number in range(12)], {"languages", "kinds", "ranks", "coverage"}),
        ([outcome(0), unanswerable(1, 0.9)], set()),
    ],
)
def test_a_set_without_some_questions_has_a_page_without_their_plots(
    outcomes: list[Outcome], missing: set[str]
) -> None:
    root = tree(report_of(*outcomes))
    assert {one.attributes["id"] for one in root.all("figure") if not one.all("svg")} == missing
    if not any(one.answerable for one in outcomes):
        assert tiles(root)["hit@1"] == "– no such questions in this set"
        assert [row.all("th")[0].text for row in root.all("tr")[1:]] == ["all"]


def test_a_page_takes_the_place_of_another_only_when_it_is_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target, link = tmp_path / "report.html", tmp_path / "link.html"
    target.write_text("before")
    link.symlink_to(target)

    def fails(report: Report) -> str:
        raise OSError("no space left")

    with monkeypatch.context() as patch:
        patch.setattr(page, "render", fails)
        with pytest.raises(EvaluationError, match=r"link\.html cannot be written \(no space left\)"):
            write(MIXED, link)
    assert target.read_text() == "before"
    check_writable(link)
    write(MIXED, link)
    assert link.is_symlink()
    assert target.read_text(encoding="utf-8") == render(MIXED)
    assert sorted(tmp_path.iterdir()) == [link, target]


@pytest.mark.parametrize("name", ["", "nowhere/report.html", "file/report.html", os.devnull, "x" * 300])
def test_a_page_that_cannot_be_written_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(EvaluationError, match="cannot be written"):
        check_writable(tmp_path / name)


def test_the_command_says_in_one_line_why_it_writes_no_page(tmp_path: Path) -> None:
    questions = tmp_path / "set.jsonl"
    questions.write_bytes((ROOT / "tests" / "questions.jsonl").read_bytes())
    env = environment(tmp_path)
    # There is no index: each of these is found out before anything is asked.
    unwritable = run_qa("eval", str(questions), "--report", str(tmp_path / "nowhere" / "x.html"), env=env)
    assert unwritable.returncode == 1
    assert re.fullmatch(r"qa: the page \S+x\.html cannot be written \(.*\)\n", unwritable.stderr)
    same = run_qa("eval", str(questions), "--report", str(questions), env=env)
    assert same.returncode == 2
    assert "it would overwrite a file that is read" in same.stderr
    (tmp_path / "without").mkdir()
    (tmp_path / "without" / "matplotlib.py").write_text("raise ImportError('No module named matplotlib')")
    path = os.pathsep.join(filter(None, [str(tmp_path / "without"), os.environ.get("PYTHONPATH")]))
    missing = run_qa("eval", str(questions), "--report", str(tmp_path / "x.html"), env={**env, "PYTHONPATH": path})
    assert missing.returncode == 1
    assert re.fullmatch(r"qa: --report needs matplotlib and jinja2 .*pip install '\.\[evaluate\]'\n", missing.stderr)
