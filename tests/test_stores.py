"""Whatever keeps the index, files or Milvus, answers the same. Milvus is milvus-lite, for real."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.conftest import ROOT, environment, eventually, run_qa, serving

STORES = ("faiss", "milvus")
QUESTIONS = (
    "ШЫҰ не үшін құрылған?",
    "shyu ne ushin qurylgan?",
    "What does Kazakhstan do in the United Nations?",
    "Какой чай пьют?",
    "Қазақстан қандай халықаралық ұйымдарға мүше?",
    "БҰҰ деген не?",
    "How far away is Saturn?",
    "?!",
)
KOZHE, MOUNTAIN, CLOCK = "қазақша/Наурыз көже 100%", "қазақша/жазбалар", "русский/жазбалар"
BEES, BREAD = "english/notes", "english/archive/notes"
QUOTE = "Орталық Азиядағы қауіпсіздік пен тұрақтылықты"


def env_of(store: str, folder: Path, corpus: Path) -> dict[str, str]:
    settings = {"QA_STORE": store, "QA_CORPUS_DIR": str(corpus)}
    if store == "milvus":
        settings["QA_MILVUS_URI"] = str(folder / "suraq.db")
    return environment(folder, **settings)


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory, corpus: Path) -> Iterator[tuple[httpx.Client, httpx.Client]]:
    """A service on each store, over the same corpus."""
    yield from on_both_stores(tmp_path_factory, corpus)


def on_both_stores(factory: pytest.TempPathFactory, corpus: Path) -> Iterator[tuple[httpx.Client, httpx.Client]]:
    with ExitStack() as stack:
        folders = [factory.mktemp(store) for store in STORES]
        yield tuple(  # type: ignore[misc]
            stack.enter_context(serving(env_of(store, folder, corpus)))
            for store, folder in zip(STORES, folders, strict=True)
        )


def asked(client: httpx.Client, question: str, **more: Any) -> dict[str, Any]:
    reply = client.post("/ask", json={"question": question, **more})
    assert reply.status_code == 200, reply.text
    body: dict[str, Any] = reply.json()
    return body


def shown(body: dict[str, Any]) -> dict[str, Any]:
    """A reply without what differs from build to build, and without figures."""
    kept = {key: value for key, value in body.items() if key not in ("index", "took_ms", "confidence", "passages")}
    passages = [{key: value for key, value in one.items() if key != "score"} for one in body["passages"]]
    return {**kept, "passages": passages}


def figures(body: dict[str, Any]) -> list[float]:
    return [body["confidence"], *(passage["score"] for passage in body["passages"])]


@pytest.mark.parametrize("question", QUESTIONS)
def test_both_stores_give_the_same_passages_in_the_same_order_with_the_same_scores(
    both: tuple[httpx.Client, httpx.Client], question: str
) -> None:
    faiss, milvus = (asked(client, question, top_k=50) for client in both)
    assert len(faiss["passages"]) > 20
    assert shown(milvus) == shown(faiss)
    assert figures(milvus) == pytest.approx(figures(faiss), abs=1e-4)


def test_both_find_the_passage_that_answers(both: tuple[httpx.Client, httpx.Client]) -> None:
    for client in both:
        first = asked(client, QUESTIONS[0])["passages"][0]
        assert first["citation"]["item"] == "Шанхай ынтымақтастық ұйымы (ШЫҰ)"


@pytest.mark.parametrize("documents", [["tea"], ["letter", "kazakh-diplomacy"], ["letter"]])
def test_both_search_within_the_documents_that_are_named(
    both: tuple[httpx.Client, httpx.Client], documents: list[str]
) -> None:
    faiss, milvus = (asked(client, "Кто пьёт чай?", top_k=20, documents=documents) for client in both)
    assert {one["citation"]["document"] for one in milvus["passages"]} <= set(documents)
    assert milvus["passages"]
    assert shown(milvus) == shown(faiss)
    assert figures(milvus) == pytest.approx(figures(faiss), abs=1e-4)


def test_both_refuse_a_document_that_is_not_there(both: tuple[httpx.Client, httpx.Client]) -> None:
    bodies = [client.post("/ask", json={"question": "чай", "documents": ['x" or 1 == 1']}) for client in both]
    assert [body.status_code for body in bodies] == [404, 404]
    assert bodies[0].json()["detail"] == bodies[1].json()["detail"]


@pytest.mark.parametrize(
    "route",
    [
        "/documents",
        "/documents/tea",
        "/documents/tea/text",
        "/documents/kazakh-diplomacy/passages",
        "/documents/nothing",
        "/read/kazakh-diplomacy/at/s4.2",
        "/read/kazakh-diplomacy/at/%22%20or%20position%20%3E%200",
        "/read/kazakh-diplomacy/at/%ED%A0%80",
    ],
)
def test_both_tell_of_documents_alike(both: tuple[httpx.Client, httpx.Client], route: str) -> None:
    faiss, milvus = (client.get(route) for client in both)
    assert milvus.status_code == faiss.status_code
    assert re.sub(r'"request_id":"[^"]*"', "", milvus.text) == re.sub(r'"request_id":"[^"]*"', "", faiss.text)


@pytest.mark.parametrize(
    "quote", [QUOTE, f"{QUOTE}  жаңа қамтамасыз етуге ұмтылуда", "Nothing of the kind was ever said.", "чай"]
)
def test_both_find_what_became_of_a_quote(both: tuple[httpx.Client, httpx.Client], quote: str) -> None:
    verdicts = [
        client.post("/citations/verify", json={"document": "kazakh-diplomacy", "quote": quote}).json()
        for client in both
    ]
    assert verdicts[0] == verdicts[1]
    assert verdicts[0]["status"] in ("verbatim", "changed", "moved", "gone")


def test_both_find_each_passage_by_its_id(both: tuple[httpx.Client, httpx.Client]) -> None:
    ids = [one["id"] for one in both[0].get("/documents/tea/passages").json()["passages"]]
    assert ids
    for id_ in [*ids, "0" * 16]:
        faiss, milvus = (client.get(f"/passages/{id_}") for client in both)
        assert (milvus.status_code, milvus.json().get("citation")) == (faiss.status_code, faiss.json().get("citation"))


@pytest.fixture(scope="module")
def libraries(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[httpx.Client, httpx.Client]]:
    """A service on each store, over folders of documents with metadata, and one with pages."""
    corpus = Path(shutil.copytree(ROOT / "tests" / "library", tmp_path_factory.mktemp("library") / "corpus"))
    shutil.copy(ROOT / "tests" / "formats" / "pdf" / "aral-sea.pdf", corpus)
    yield from on_both_stores(tmp_path_factory, corpus)


@pytest.mark.parametrize(
    ("among", "documents"),
    [
        ({"documents": ["english/"]}, {BEES, BREAD}),
        ({"documents": ["english/", CLOCK]}, {BEES, BREAD, CLOCK}),
        ({"filters": {"author": "айгүл серікқызы"}}, {KOZHE, MOUNTAIN}),
        ({"filters": {"date": {"gte": "1994", "lt": "2005-12"}}}, {MOUNTAIN, CLOCK}),
        ({"filters": {"tags": "craft", "language": ["en", "ru"]}}, {BEES, BREAD}),
        ({"filters": {"publisher": {"exists": True}}}, {KOZHE}),
        ({"filters": {"author": {"ne": "Ruth Hale"}}, "documents": ["english/", "aral-sea"]}, {BREAD, "aral-sea"}),
        ({"filters": {"author": "Nobody"}}, set()),
    ],
)
def test_both_search_within_the_documents_that_a_folder_or_a_filter_names(
    libraries: tuple[httpx.Client, httpx.Client], among: dict[str, Any], documents: set[str]
) -> None:
    faiss, milvus = (asked(client, "What do the notes tell of?", top_k=50, **among) for client in libraries)
    assert {one["citation"]["document"] for one in milvus["passages"]} == documents
    assert shown(milvus) == shown(faiss)
    assert figures(milvus) == pytest.approx(figures(faiss), abs=1e-4)


def test_both_tell_the_copies_of_a_passage_with_the_best_of_them(
    libraries: tuple[httpx.Client, httpx.Client],
) -> None:
    faiss, milvus = (asked(client, "May this text be copied and shared?", top_k=10) for client in libraries)
    first = milvus["passages"][0]
    assert {one["document"] for one in (first["citation"], *first["duplicates"])} == {BEES, BREAD}
    assert shown(milvus) == shown(faiss)
    alone = [asked(client, "May this text be copied?", documents=[BREAD])["passages"][0] for client in libraries]
    assert ["duplicates" in one for one in alone] == [False, False]


def test_both_cite_pages_authors_and_the_authors_own_page(libraries: tuple[httpx.Client, httpx.Client]) -> None:
    faiss, milvus = (asked(client, "На сколько минут отставали часы?") for client in libraries)
    citation = milvus["passages"][0]["citation"]
    assert (citation["author"], citation["date"]) == ("Пётр Часовой", "2005-11")
    assert citation["source_url"].startswith("https://essays.example/")
    assert "#:~:text=" in citation["source_url"]
    assert shown(milvus) == shown(faiss)
    part = {"offset": 3, "limit": 5}
    of_files, of_milvus = (client.get("/documents/aral-sea/passages", params=part).json() for client in libraries)
    assert len(of_milvus["passages"]) == 5
    assert all(one["citation"]["page"] >= 1 for one in of_milvus["passages"])
    assert of_milvus == of_files


@pytest.mark.parametrize(
    "parameters",
    [{}, {"limit": 2}, {"limit": 2, "offset": 4}, {"offset": 100}, {"q": "notes on"}, {"q": "NOTES", "offset": 1}],
)
def test_both_list_documents_a_page_at_a_time(
    libraries: tuple[httpx.Client, httpx.Client], parameters: dict[str, Any]
) -> None:
    faiss, milvus = (client.get("/documents", params=parameters) for client in libraries)
    assert milvus.json()["total"] == (2 if "q" in parameters else 6)
    assert (milvus.json(), milvus.headers.get("link")) == (faiss.json(), faiss.headers.get("link"))


@pytest.mark.parametrize(
    ("condition", "documents"),
    [
        ({"name": ["author"], "comparison_operator": "contains", "value": "Hale"}, {BEES}),
        ({"name": ["kind"], "comparison_operator": "is", "value": "footnote"}, {"aral-sea"}),
        ({"name": ["label"], "comparison_operator": "contains", "value": "Мағынасы"}, {KOZHE}),
        ({"name": ["start"], "comparison_operator": "<", "value": "60"}, None),
    ],
)
def test_both_meet_conditions_on_passages(
    libraries: tuple[httpx.Client, httpx.Client], condition: dict[str, Any], documents: set[str] | None
) -> None:
    """Single passages, here and there, are looked for in the store too."""
    body = {
        "knowledge_id": "suraq",
        "query": "notes",
        "retrieval_setting": {"top_k": 20, "score_threshold": 0},
        "metadata_condition": {"logical_operator": "and", "conditions": [condition]},
    }
    faiss, milvus = (client.post("/retrieval", json=body).json()["records"] for client in libraries)
    found = {one["metadata"]["document"] for one in milvus}
    assert found == documents if documents is not None else len(found) > 1
    assert [one["metadata"]["id"] for one in milvus] == [one["metadata"]["id"] for one in faiss]


@pytest.fixture(params=STORES)
def env(request: pytest.FixtureRequest, tmp_path: Path) -> dict[str, str]:
    """Settings of a store with a corpus of its own."""
    shutil.copytree(ROOT / "tests" / "essays", tmp_path / "corpus")
    return env_of(request.param, tmp_path, tmp_path / "corpus")


def told(env: dict[str, str], *arguments: str) -> str:
    done = run_qa(*arguments, env=env)
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr


def edit(env: dict[str, str], old: str, new: str) -> None:
    file = Path(env["QA_CORPUS_DIR"]) / "tea.md"
    assert old in file.read_text(encoding="utf-8")
    file.write_text(file.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")


def generations(env: dict[str, str]) -> list[tuple[str, bool]]:
    lines = told(env, "index", "list").splitlines()
    return [(line.split()[0], line.split()[1] == "live") for line in lines]


def test_an_edit_is_built_anew_without_encoding_the_rest_and_can_be_gone_back_from(env: dict[str, str]) -> None:
    assert "0 kept" in told(env, "index", "build")
    assert told(env, "index", "build") == "Nothing changed: the index is up to date.\n"
    edit(env, "чашка без ручки", "чашечка без ручки")
    assert "; 1 encoded)" in told(env, "index", "build")
    newest, first = generations(env)
    assert (newest[1], first[1]) == (True, False)
    assert "changed" in told(env, "index", "diff")
    assert "is whole" in told(env, "index", "verify")
    assert f"{first[0]} is live again; it was {newest[0]}" in told(env, "index", "rollback")
    assert generations(env) == [(newest[0], False), (first[0], True)]
    assert "stale       yes: changed tea.md" in told(env, "index", "status")
    assert "чашка без ручки" in told(env, "ask", "чашка без ручки", "-k", "5")


def test_a_running_service_takes_over_what_is_built_and_knows_former_passages(env: dict[str, str]) -> None:
    with serving(env) as client:
        (former,) = (
            one for one in client.get("/documents/tea/passages").json()["passages"] if "без ручки" in one["text"]
        )
        before = client.get("/readyz").json()["generation"]
        edit(env, "чашка без ручки", "чашечка без ручки")
        told(env, "index", "build")
        eventually(lambda: client.get("/readyz").json()["generation"] != before, 30)
        now = client.get(f"/passages/{former['id']}", follow_redirects=True)
        assert now.status_code == 200
        assert "чашечка без ручки" in now.text
        assert any("чашечка без ручки" in one["text"] for one in asked(client, "чашечка без ручки")["passages"])


def test_administration_over_http_looks_at_generations_and_goes_back(env: dict[str, str]) -> None:
    token = {"Authorization": "Bearer the administrator's own token"}
    told(env, "index", "build")
    edit(env, "чашка без ручки", "чашечка без ручки")
    with serving({**env, "QA_ADMIN_TOKEN": token["Authorization"].removeprefix("Bearer ")}) as client:
        newest, first = client.get("/index/generations", headers=token).json()["generations"]
        assert (newest["live"], first["live"], first["damaged"]) == (True, False, None)
        assert newest["size_bytes"] > 10_000
        whole = client.post("/index/verify", json={}, headers=token).json()
        assert (whole["generation"], whole["whole"]) == (newest["generation"], True)
        changes = client.get("/index/diff", headers=token).json()
        assert (changes["counts"]["changed"], changes["a"]) == (1, first["generation"])
        back = client.post("/index/rollback", json={}, headers=token).json()
        assert back == {"generation": first["generation"], "previous": newest["generation"]}
        eventually(lambda: client.get("/readyz").json()["generation"] == first["generation"], 30)
        assert "чашка без ручки" in client.get("/documents/tea/text").text
        job = client.post("/index/rebuild", headers=token)
        eventually(lambda: client.get(job.headers["Location"], headers=token).json()["phase"] == "published", 60)
        eventually(lambda: "чашечка без ручки" in client.get("/documents/tea/text").text, 30)


def test_older_generations_are_removed_but_for_those_that_are_kept(env: dict[str, str]) -> None:
    for word in ("чашечка", "кружка", "пиала"):
        told(env, "index", "build")
        edit(env, " без ручки", f" без ручки {word}")
    told({**env, "QA_KEEP_GENERATIONS": "2"}, "index", "build")
    kept = generations(env)
    assert [live for _, live in kept] == [True, False]


def test_a_build_that_fails_leaves_what_is_live(env: dict[str, str]) -> None:
    told(env, "index", "build")
    live = generations(env)
    shutil.rmtree(env["QA_CORPUS_DIR"])
    Path(env["QA_CORPUS_DIR"]).mkdir()
    assert run_qa("index", "build", env=env).returncode == 1
    assert generations(env) == live


@pytest.mark.parametrize("corpus_of", ["essays", "library"])
def test_a_generation_goes_from_store_to_store_and_back_byte_for_byte(tmp_path: Path, corpus_of: str) -> None:
    shutil.copytree(ROOT / "tests" / corpus_of, tmp_path / "corpus")
    files, milvus = (env_of(store, tmp_path, tmp_path / "corpus") for store in STORES)
    told(files, "index", "build")
    (id_,) = (one for one, _ in generations(files))
    assert "all equal" in told(files, "index", "copy", "--to", milvus["QA_MILVUS_URI"])
    assert generations(milvus) == [(id_, True)]
    assert told(milvus, "index", "build") == "Nothing changed: the index is up to date.\n"
    assert "all equal" in told(milvus, "index", "copy", "--to", f"faiss:{tmp_path / 'back'}")
    there, back = (folder / "generations" / id_ for folder in (tmp_path / "index", tmp_path / "back"))
    names = sorted(str(path.relative_to(there)) for path in there.rglob("*") if path.is_file())
    assert len(names) > 10
    assert names == sorted(str(path.relative_to(back)) for path in back.rglob("*") if path.is_file())
    assert all((there / name).read_bytes() == (back / name).read_bytes() for name in names)


def test_a_copy_does_not_replace_another_live_index_unless_forced(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "tests" / "essays", tmp_path / "corpus")
    files, milvus = (env_of(store, tmp_path, tmp_path / "corpus") for store in STORES)
    told(milvus, "index", "build")
    told(files, "index", "build")
    (mine, _), (theirs, _) = generations(files)[0], generations(milvus)[0]
    refused = run_qa("index", "copy", "--to", milvus["QA_MILVUS_URI"], env=files)
    assert refused.returncode == 1
    assert f"whose generation {theirs} is live; --force copies over it" in refused.stderr
    assert generations(milvus) == [(theirs, True)]
    told(files, "index", "copy", "--to", milvus["QA_MILVUS_URI"], "--force")
    assert (mine, True) in generations(milvus)


def test_a_copy_to_no_store_is_refused_without_telling_its_password(tmp_path: Path) -> None:
    env = environment(tmp_path)
    refused = run_qa("index", "copy", "--to", "ftp://me:secret@host", env=env)
    assert refused.returncode == 1
    assert "write faiss:FOLDER, milvus://HOST:PORT" in refused.stderr
    assert "secret" not in refused.stderr
