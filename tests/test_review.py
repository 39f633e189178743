"""What the owner looks at over HTTP: the page itself, what changed between generations, and the quality report."""

from __future__ import annotations

import shutil
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

import httpx
import pytest

from qa.serving.differences import LONGEST, MOST
from qa.serving.web.assets import assets
from tests.conftest import ROOT, environment, run_qa, serving
from tests.test_admin import TOKEN
from tests.test_service import problem

REPORT = "<!doctype html><title>Сапа</title><p>0,93</p>"


@dataclass
class Reviewed:
    client: httpx.Client
    folder: Path
    generations: list[str]


@pytest.fixture(scope="module")
def reviewed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reviewed]:
    """A service whose live generation, of three, differs from the one before in each of the ways there are."""
    folder = tmp_path_factory.mktemp("reviewed")
    corpus = folder / "corpus"
    shutil.copytree(ROOT / "tests" / "essays", corpus)
    env = environment(folder, QA_CORPUS_DIR=str(corpus), QA_ADMIN_TOKEN=TOKEN, QA_REPORT=str(folder / "report.html"))
    many = "".join(f"Бұл {number}-сөйлем, оның өз саны бар: {number * number}.\n\n" for number in range(MOST + 20))
    for step in (lambda: None, lambda: _edit(corpus), lambda: (corpus / "many.txt").write_text(many, encoding="utf-8")):
        step()
        done = run_qa("index", "build", env=env)
        assert done.returncode == 0, done.stderr
    with serving(env) as client:
        client.headers = httpx.Headers({b"Authorization": f"Bearer {TOKEN}".encode()})
        ids = [one["generation"] for one in client.get("/index/generations").json()["generations"]]
        yield Reviewed(client, folder, ids)


def _edit(corpus: Path) -> None:
    tea = (corpus / "tea.md").read_text(encoding="utf-8")
    tea = tea.replace("маленькая чашка без ручки", "совсем маленькая чашка без ручки")
    tea = tea.replace("> Чай не пил — какая сила?\n", "").replace("## Посуда", "## Утварь")
    (corpus / "tea.md").write_text(tea, encoding="utf-8")
    (corpus / "river.txt").write_text(f"Ертіс солтүстікке ағады{' және ағады' * 90}.\n", encoding="utf-8")


def test_the_difference_of_two_generations_has_what_the_command_tells_and_the_texts(reviewed: Reviewed) -> None:
    _, edited, first = reviewed.generations
    found = reviewed.client.get("/index/diff", params={"a": first, "b": edited}).raise_for_status().json()
    assert (found["a"], found["b"]) == (first, edited)
    (added,) = found["added"]
    assert added["document"] == "river"
    assert added["text"].startswith("Ертіс солтүстікке ағады және")
    assert added["text"].endswith("…")
    assert len(added["text"]) <= LONGEST + 1
    assert [one["text"] for one in found["removed"]] == ["Чай не пил — какая сила?"]
    (changed,) = found["changed"]
    assert changed["before"]["text"] == "**Пиала**: маленькая чашка без ручки."
    assert changed["after"]["text"] == "**Пиала**: совсем маленькая чашка без ручки."
    assert {one["after"]["text"] for one in found["moved"]} >= {"жаровой, на углях;", "электрический."}
    assert all(one["before"]["text"] == one["after"]["text"] for one in found["moved"])
    assert found["counts"]["kept"] > 0
    env = environment(reviewed.folder)
    told = run_qa("index", "diff", first, edited, env=env).stdout
    for kind in ("added", "removed", "changed", "moved"):
        assert found["counts"][kind] == len(found[kind]) == told.count(f"\n{kind}")


def test_without_names_the_live_generation_is_compared_with_the_one_before_and_much_is_cut(reviewed: Reviewed) -> None:
    found = reviewed.client.get("/index/diff").raise_for_status().json()
    assert [found["b"], found["a"]] == reviewed.generations[:2]
    assert found["counts"]["added"] == MOST + 20
    assert len(found["added"]) == MOST
    assert found["added"][1]["text"] == "Бұл 1-сөйлем, оның өз саны бар: 1."


def test_of_what_is_not_there_no_difference_is_told(reviewed: Reviewed) -> None:
    client, oldest = reviewed.client, reviewed.generations[-1]
    for name in ("a", "b"):
        assert "../CURRENT" in problem(client.get("/index/diff", params={name: "../CURRENT"}), 404)["detail"]
    assert "older than" in problem(client.get("/index/diff", params={"b": oldest}), 409)["detail"]


def test_the_report_is_sent_as_it_is_and_may_do_nothing(reviewed: Reviewed) -> None:
    assert "QA_REPORT" in problem(reviewed.client.get("/index/report"), 404)["detail"]
    assert "report-heading" not in reviewed.client.get("/admin").text
    (reviewed.folder / "report.html").write_text(REPORT, encoding="utf-8")
    assert "report-heading" in reviewed.client.get("/admin").text
    by_header = reviewed.client.get("/index/report")
    by_form = httpx.post(f"{reviewed.client.base_url}/index/report", data={"access_token": TOKEN}, trust_env=False)
    for reply in (by_header, by_form):
        assert reply.text == REPORT
        assert reply.headers["content-type"] == "text/html; charset=utf-8"
        assert reply.headers["content-security-policy"].startswith("sandbox; default-src 'none';")


@pytest.mark.parametrize("sent", [{}, {"access_token": ""}, {"access_token": "wrong"}, {"token": TOKEN}])
def test_a_form_without_the_token_gets_no_report(
    reviewed: Reviewed, service: httpx.Client, sent: dict[str, str]
) -> None:
    problem(httpx.post(f"{reviewed.client.base_url}/index/report", data=sent, trust_env=False), 401)
    problem(httpx.post(f"{service.base_url}/index/report", data=sent, trust_env=False), 403)


@pytest.mark.parametrize("language", ["kk", "ru", "en"])
def test_the_page_holds_no_secret_and_speaks_each_language(reviewed: Reviewed, language: str) -> None:
    reply = httpx.get(f"{reviewed.client.base_url}/admin", params={"lang": language}, trust_env=False)
    assert reply.status_code == 200
    assert TOKEN not in reply.text
    assert reviewed.generations[0] not in reply.text
    assert f'<html lang="{language}">' in reply.text
    assert "script-src 'self'" in reply.headers["content-security-policy"]


def test_every_text_of_the_page_is_there_in_each_language_and_is_used() -> None:
    said = tomllib.loads((files("qa.serving.web.interface") / "administration.toml").read_text(encoding="utf-8"))
    assert said["kk"].keys() == said["ru"].keys() == said["en"].keys()
    for name in said["en"]:
        placeholders = {tuple(sorted(part.split("}")[0] for part in one[name].split("{")[1:])) for one in said.values()}
        assert len(placeholders) == 1, name
    template = (files("qa.serving.web") / "templates" / "administration.html").read_text(encoding="utf-8")
    scripts = [one.content.decode() for name, one in assets().items() if name.startswith("administration")]
    used = "\n".join([template, *scripts])
    made = ("phase_", "files_", "passages_", "kept_in_", "language_")  # of a value that the service sends
    for name in said["en"]:
        assert name.startswith(made) or f'"{name}"' in used or f"texts.{name} " in used, name
