"""Rebuilding with real processes and the real model: nothing encoded in vain, nothing lost."""

from __future__ import annotations

import errno
import json
import os
import random
import re
import resource
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from qa.errors import DamagedGenerationError
from qa.files import NEW
from qa.indexing.manifest import CHECKSUM, MANIFEST, read_manifest, write_manifest
from qa.indexing.store import GENERATIONS, IndexStore
from qa.reading import CHUNKER_VERSION
from tests.conftest import ROOT, environment, run_qa

ESSAYS = ROOT / "tests" / "essays"


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    shutil.copytree(ESSAYS, tmp_path / "corpus")
    return environment(tmp_path, QA_CORPUS_DIR=str(tmp_path / "corpus"))


def edit(env: dict[str, str], old: str, new: str) -> None:
    (file,) = (path for path in Path(env["QA_CORPUS_DIR"]).iterdir() if old in path.read_text(errors="replace"))
    file.write_text(file.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")


def build(env: dict[str, str], *options: str) -> str:
    done = run_qa("index", "build", *options, env=env)
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr


def store_of(env: dict[str, str]) -> IndexStore:
    return IndexStore(Path(env["QA_INDEX_DIR"]))


def leftovers(env: dict[str, str]) -> list[str]:
    index = Path(env["QA_INDEX_DIR"])
    hidden = [path.name for path in (index / GENERATIONS).glob(".*")]
    return [*hidden, *(path.name for path in index.glob(f"{NEW}*"))]


def test_only_what_changed_is_encoded_and_told(env: dict[str, str]) -> None:
    assert re.search(r"\((\d+) added, 0 changed, 0 moved, 0 removed, 0 kept; \1 encoded\)", build(env))
    assert build(env) == "Nothing changed: the index is up to date.\n"
    assert len(store_of(env).ids()) == 1
    # Nothing is written then, so the index may lie on a disk that cannot be.
    (Path(env["QA_INDEX_DIR"]) / ".build.lock").unlink()
    build(env)
    assert [path.name for path in Path(env["QA_INDEX_DIR"]).glob(".*")] == []
    edit(env, "чашка без ручки", "чашечка без ручки")
    told = build(env)
    assert "building: changed tea.md" in told
    assert "(0 added, 1 changed, 0 moved, 0 removed," in told
    assert "; 1 encoded)" in told
    whole = build(env, "--full")
    assert "0 added, 0 changed, 0 moved, 0 removed" in whole
    assert not whole.endswith("; 0 encoded)")
    # A new chapter before the others renumbers them: nothing of them is encoded.
    essay = Path(env["QA_CORPUS_DIR"]) / "numbered.txt"
    essay.write_text("Эссе\n\n1. Бірінші\n\nАлма ағашы гүлдеді.\n\n2. Екінші\n\nӨзен мұзы еріді.\n", encoding="utf-8")
    build(env)
    essay.write_text(
        "Эссе\n\n1. Жаңа\n\nҚар жауды.\n\n2. Бірінші\n\nАлма ағашы гүлдеді.\n\n3. Екінші\n\nӨзен мұзы еріді.\n",
        encoding="utf-8",
    )
    assert re.search(r"\(1 added, 0 changed, 2 moved, 0 removed, \d+ kept; 1 encoded\)", build(env))


def test_generations_are_listed_verified_compared_and_gone_back_to(env: dict[str, str]) -> None:
    build(env)
    first = store_of(env).live_id()
    edit(env, "чашка без ручки", "чашечка без ручки")
    build(env)
    second = store_of(env).live_id()
    listed = run_qa("index", "list", env=env).stdout.splitlines()
    assert [line.split()[:2] for line in listed] == [[second, "live"], [first, listed[1].split()[1]]]
    assert [row["live"] for row in json.loads(run_qa("index", "list", "--json", env=env).stdout)] == [True, False]
    compared = run_qa("index", "diff", env=env).stdout
    assert compared.startswith(f"from {first} to {second}: ")
    assert "changed  tea#" in compared
    assert "чашечка" in compared
    assert "its sources are those of the corpus" in run_qa("index", "verify", env=env).stdout
    assert "changed tea.md" in run_qa("index", "verify", first, env=env).stdout
    assert run_qa("index", "rollback", env=env).stdout == f"{first} is live again; it was {second}\n"
    assert store_of(env).live_id() == first
    assert run_qa("index", "rollback", second, env=env).returncode == 0
    assert store_of(env).live_id() == second
    for arguments in (["rollback", "nothing"], ["verify", "../.."], ["diff", "nothing"]):
        refused = run_qa("index", *arguments, env=env)
        assert (refused.returncode, refused.stderr.count("\n")) == (1, 1)
        assert "qa index list" in refused.stderr
    run_qa("index", "rollback", env=env)
    assert "no generation is older" in run_qa("index", "rollback", env=env).stderr


def test_what_stood_in_a_generation_that_was_rolled_back_is_still_known(env: dict[str, str]) -> None:
    build(env)
    edit(env, "чашка без ручки", "чашечка без ручки")
    build(env)
    (reworded,) = (one.id for one in store_of(env).live().passages if "чашечка без ручки" in one.text)
    assert run_qa("index", "rollback", env=env).returncode == 0
    edit(env, "чашечка без ручки", "чашка совсем без ручки")
    build(env)
    now = store_of(env).live().now(reworded)
    assert now is not None
    assert "чашка совсем без ручки" in now.text


def test_another_version_of_the_chunker_is_a_reason_that_is_told(env: dict[str, str]) -> None:
    build(env)
    folder = store_of(env).path(store_of(env).live_id())
    manifest = read_manifest(folder)
    for name in (MANIFEST, CHECKSUM):
        (folder / name).unlink()
    write_manifest(folder, manifest.model_copy(update={"chunker": 0}))
    told = build(env)
    assert f"building: built with chunker version 0, now {CHUNKER_VERSION}" in told
    assert "; 0 encoded)" in told


GOLDEN = [
    ("чашка без ручки", "Какая чашка не имеет ручки?"),
    ("чашка без ручки", "Что такое пиала?"),
    ("чашка без ручки", "пиала"),
    ("чашка без ручки", "What is a cup without a handle?"),
    ("чашка без ручки", "Из какой чашки пьют чай?"),
    ("чашка без ручки", "Маленькая чашка"),
]


def test_a_build_that_answers_worse_is_kept_aside_until_it_is_forced(env: dict[str, str], tmp_path: Path) -> None:
    golden = tmp_path / "golden.jsonl"
    golden.write_text(
        "".join(
            json.dumps(
                {
                    "id": f"g{number}",
                    "lang": "ru",
                    "kind": "fact",
                    "question": question,
                    "gold": [{"section": "Посуда", "contains": contains}],
                }
            )
            + "\n"
            for number, (contains, question) in enumerate(GOLDEN)
        )
    )
    env["QA_GATE"] = str(golden)
    build(env)
    good = store_of(env).live_id()
    edit(env, "чашка без ручки", "ложка")
    held = run_qa("index", "build", env=env)
    assert held.returncode == 1
    assert re.search(r"kept aside.*hit@3 fell by .*g1.*--force", held.stderr)
    assert store_of(env).live_id() == good
    assert re.search(r"kept aside .*hit@3 fell", run_qa("index", "status", env=env).stdout)
    count = len(store_of(env).ids())
    again = run_qa("index", "build", env=env)
    assert (again.returncode, len(store_of(env).ids())) == (1, count)
    aside = store_of(env).ids()[-1]
    assert "published now" in build(env, "--force")
    assert store_of(env).live_id() == aside
    assert "kept aside" not in run_qa("index", "status", env=env).stdout
    assert "answers  Что такое пиала?" in run_qa("index", "diff", env=env).stdout
    env["QA_GATE"] = str(tmp_path / "missing.jsonl")
    edit(env, "ложка", "вилка")
    assert "missing.jsonl" in run_qa("index", "build", env=env).stderr
    assert store_of(env).live_id() == aside


def test_two_builders_at_once_work_one_after_the_other(env: dict[str, str]) -> None:
    command = [sys.executable, "-m", "qa", "index", "build", "--full"]
    running = [subprocess.Popen(command, env=env, cwd=ROOT, stderr=subprocess.PIPE, text=True) for _ in range(3)]
    told = [process.communicate(timeout=120)[1] for process in running]
    assert [process.returncode for process in running] == [0, 0, 0], told
    assert sum("builds since" in lines or "another process builds" in lines for lines in told) >= 1
    assert len(store_of(env).ids()) == 3
    assert leftovers(env) == []
    store_of(env).check_live()


def test_a_build_killed_at_any_moment_leaves_the_live_index_and_the_next_build_is_clean(env: dict[str, str]) -> None:
    build(env)
    dice = random.Random(4)
    essay = Path(env["QA_CORPUS_DIR"]) / "killed.txt"
    started = time.monotonic()
    essay.write_text("Алғашқы сөйлем.\n", encoding="utf-8")
    build(env)
    whole = time.monotonic() - started
    for number in range(30):
        essay.write_text(f"Сөйлем нөмірі {number}.\n", encoding="utf-8")
        process = subprocess.Popen(
            [sys.executable, "-m", "qa", "index", "build"], env=env, cwd=ROOT, stderr=subprocess.DEVNULL
        )
        time.sleep(dice.uniform(0.2, 1.1) * whole)
        process.kill()
        process.wait()
        live = store_of(env).live()
        assert len(live.passages) == len(live.dense) == len(live.tokens)
    essay.write_text("Соңғы сөйлем.\n", encoding="utf-8")
    build(env)
    assert leftovers(env) == []
    assert store_of(env).live().documents["killed"].text == "Соңғы сөйлем.\n"
    assert run_qa("index", "verify", env=env).returncode == 0


def test_a_changed_byte_in_any_file_of_a_generation_is_told_by_the_files_name(env: dict[str, str]) -> None:
    build(env)
    folder = store_of(env).path(store_of(env).live_id())
    files = [path for path in folder.rglob("*") if path.is_file() and path.stat().st_size]
    assert len(files) >= 15
    for path in files:
        whole = path.read_bytes()
        damaged = bytearray(whole)
        damaged[len(damaged) // 2] ^= 0x10
        path.write_bytes(damaged)
        with pytest.raises(DamagedGenerationError, match=re.escape(named(path.relative_to(folder)))):
            store_of(env).live()
        path.write_bytes(whole)
    assert store_of(env).live()
    (folder / "dense.faiss").write_bytes(b"")
    for command in (["index", "verify"], ["index", "build"], ["ask", "Что такое пиала?"]):
        refused = run_qa(*command, env=env)
        assert refused.returncode == 1
        assert re.search(r"dense\.faiss .*has 0 bytes.*run qa index build --full", refused.stderr)
    build(env, "--full")
    assert run_qa("index", "verify", env=env).returncode == 0


def named(path: Path) -> str:
    """The file that an error about ``path`` names."""
    return "manifest.json" if path.name == "manifest.json.sha256" else path.as_posix()


@contextmanager
def mounted(folder: Path, options: str) -> Iterator[bool]:
    """A small file system of its own at ``folder``, where this user may mount one."""
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)]
    done = os.geteuid() == 0 and subprocess.run(mount, capture_output=True, check=False).returncode == 0
    try:
        yield done
    finally:
        if done:
            subprocess.run(["umount", str(folder)], check=True)


def test_a_full_disk_is_told_and_leaves_nothing(env: dict[str, str], tmp_path: Path) -> None:
    env |= {"QA_INDEX_DIR": str(tmp_path / "full"), "QA_CORPUS_DIR": "corpus"}
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    with mounted(tmp_path / "full", "size=300k") as small:
        # Where nothing can be mounted, a limit on the size of each file stands for the full disk.
        resource.setrlimit(resource.RLIMIT_FSIZE, (limits[0] if small else 50_000, limits[1]))
        done = run_qa("index", "build", env=env)
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        assert (done.returncode, done.stderr.count("qa: the index folder")) == (1, 1), done.stderr
        assert any(os.strerror(code) in done.stderr for code in (errno.ENOSPC, errno.EFBIG))
        assert "make room" in done.stderr
        assert list((tmp_path / "full" / GENERATIONS).iterdir()) == []


def test_a_folder_that_may_not_be_written_is_told(env: dict[str, str], tmp_path: Path) -> None:
    with mounted(tmp_path / "locked", "ro") as locked:
        (tmp_path / "locked").chmod(0o555) if not locked else None
        # Root may write to any folder but one of the kernel's.
        folder = Path("/sys") if os.geteuid() == 0 and not locked else tmp_path / "locked"
        done = run_qa("index", "build", env={**env, "QA_INDEX_DIR": str(folder / "index")})
    assert done.returncode == 1
    assert any(os.strerror(code) in done.stderr for code in (errno.EROFS, errno.EACCES, errno.EPERM)), done.stderr


def test_an_index_folder_that_is_a_file_is_told(env: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "index").write_text("")
    done = run_qa("index", "build", env=env)
    assert done.returncode == 1
    assert os.strerror(errno.EEXIST) in done.stderr or os.strerror(errno.ENOTDIR) in done.stderr
