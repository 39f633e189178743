"""Edits of a corpus folder, without a service."""

from __future__ import annotations

import hashlib
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from qa.editing import ANY, Condition, Editor
from qa.errors import (
    ConflictError,
    DocumentError,
    EditError,
    InvalidIdError,
    PreconditionError,
    UnknownDocumentError,
)
from qa.files import replace_file

TEA = "# Чай\n\nЧай пьют в степи.\n".encode()
LETTER = b"A letter about the steppe and its horses.\n"
OTHER = b"Another letter, about rivers.\n"

HOSTILE = [
    "",
    "/tea",
    "tea/",
    "a//b",
    ".",
    "..",
    "../tea",
    "a/../../tea",
    "a/./b",
    ".hidden",
    "a/.git/config",
    "~tea",
    "tea~",
    "a\\b",
    "a\x00b",
    "a\nb",
    "a\x7fb",
    "\u202eabc",
    "a\u00a0b",
    "a /b",
    " a",
    "a\ufffdb",
    "\udc80",
    "a/text",
    "a/passages",
    "ұ" * 101,
    "/".join(["a" * 150] * 7),
]


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def matching(*hashes: str) -> Condition:
    return Condition(match=frozenset(hashes))


NEW_ONLY = Condition(none_match=frozenset({ANY}))


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    folder = tmp_path / "corpus"
    folder.mkdir()
    (folder / "tea.md").write_bytes(TEA)
    (folder / "letter.txt").write_bytes(LETTER)
    return folder


@pytest.fixture
def editor(corpus: Path) -> Editor:
    return Editor(corpus, corpus.parent / "index")


def listed(corpus: Path) -> dict[str, bytes]:
    return {path.relative_to(corpus).as_posix(): path.read_bytes() for path in corpus.rglob("*") if path.is_file()}


def test_a_new_document_is_a_file_by_its_kind_in_folders_that_are_made(editor: Editor, corpus: Path) -> None:
    written = editor.write("essays/2026/rivers", OTHER, ".txt")
    assert (written.id, written.sha256, written.created) == ("essays/2026/rivers", sha256(OTHER), True)
    assert editor.write("Өзен v1.2", TEA, ".md").created
    assert listed(corpus) == {
        "tea.md": TEA, "letter.txt": LETTER, "essays/2026/rivers.txt": OTHER, "Өзен v1.2.md": TEA,
    }  # fmt: skip


def test_a_document_keeps_its_files_name_and_permissions(editor: Editor, corpus: Path) -> None:
    (corpus / "tea.md").rename(corpus / "tea.MARKDOWN")
    (corpus / "tea.MARKDOWN").chmod(0o600)
    assert not editor.write("tea", b"# Tea\n\nIt is green.\n", ".md").created
    assert (corpus / "tea.MARKDOWN").read_bytes() == b"# Tea\n\nIt is green.\n"
    assert (corpus / "tea.MARKDOWN").stat().st_mode & 0o777 == 0o600
    assert not (corpus / "tea.md").exists()


def test_text_of_another_kind_is_refused_and_names_the_file(editor: Editor, corpus: Path) -> None:
    with pytest.raises(ConflictError, match=r"the file tea\.md"):
        editor.write("tea", OTHER, ".txt")
    assert listed(corpus)["tea.md"] == TEA


@pytest.mark.parametrize(
    ("id_", "condition", "holds"),
    [
        ("letter", matching(sha256(LETTER)), True),
        ("letter", matching(sha256(OTHER), sha256(LETTER)), True),
        ("letter", matching(ANY), True),
        ("letter", matching(sha256(OTHER)), False),
        ("letter", matching(f'W/"{sha256(LETTER)}"'), False),
        ("letter", NEW_ONLY, False),
        ("letter", Condition(none_match=frozenset({sha256(LETTER)})), False),
        ("letter", Condition(none_match=frozenset({sha256(OTHER)})), True),
        ("new", matching(ANY), False),
        ("new", matching(sha256(LETTER)), False),
        ("new", NEW_ONLY, True),
    ],
)
def test_an_edit_is_made_where_its_condition_holds(
    editor: Editor, corpus: Path, id_: str, condition: Condition, holds: bool
) -> None:
    before = listed(corpus)
    if holds:
        editor.write(id_, OTHER, ".txt", condition)
        assert listed(corpus)[f"{id_}.txt"] == OTHER
    else:
        with pytest.raises(PreconditionError):
            editor.write(id_, OTHER, ".txt", condition)
        assert listed(corpus) == before


def test_a_refused_edit_names_both_hashes(editor: Editor) -> None:
    with pytest.raises(PreconditionError) as caught:
        editor.write("letter", OTHER, ".txt", matching(sha256(TEA)))
    assert sha256(LETTER) in str(caught.value)
    assert sha256(TEA) in str(caught.value)


def test_the_file_on_disk_counts_even_if_its_time_and_size_do_not_tell(editor: Editor, corpus: Path) -> None:
    at = (corpus / "letter.txt").stat()
    editor.write("letter", LETTER, ".txt", matching(sha256(LETTER)))
    (corpus / "letter.txt").write_bytes(LETTER.upper())
    os.utime(corpus / "letter.txt", ns=(at.st_atime_ns, at.st_mtime_ns))
    with pytest.raises(PreconditionError):
        editor.write("letter", OTHER, ".txt", matching(sha256(LETTER)))


def test_of_many_edits_to_the_same_file_one_wins(editor: Editor, corpus: Path) -> None:
    texts = [b"Letter number %d.\n" % number for number in range(8)]

    def write(data: bytes) -> bytes | None:
        try:
            Editor(corpus, editor.index).write("letter", data, ".txt", matching(sha256(LETTER)))
        except PreconditionError:
            return None
        return data

    with ThreadPoolExecutor(8) as pool:
        won = [data for data in pool.map(write, texts) if data is not None]
    assert won == [listed(corpus)["letter.txt"]]


@pytest.mark.parametrize("id_", HOSTILE)
def test_what_cannot_be_an_id_is_refused(editor: Editor, corpus: Path, id_: str) -> None:
    before = listed(corpus.parent)
    with pytest.raises(InvalidIdError):
        editor.write(id_, OTHER, ".txt")
    with pytest.raises(InvalidIdError):
        editor.remove(id_)
    assert listed(corpus.parent) == before


@pytest.mark.parametrize(
    "data",
    [b"", b" \n\t\n", b"\xef\xbb\xbf", b"\xff\xfe\x41\x00", "Хат".encode("cp1251"), b"a\0b", b"# Heading only\n"],
)
def test_what_is_no_text_to_cite_is_refused(editor: Editor, corpus: Path, data: bytes) -> None:
    before = listed(corpus)
    with pytest.raises(DocumentError):
        editor.write("new", data, ".md")
    assert listed(corpus) == before


@pytest.mark.parametrize("linked", ["away/new", "tea.md/new", "inside/new"])
def test_no_document_goes_through_a_link_or_a_file(editor: Editor, corpus: Path, linked: str) -> None:
    (corpus.parent / "elsewhere").mkdir()
    (corpus / "folder").mkdir()
    (corpus / "away").symlink_to(corpus.parent / "elsewhere")
    (corpus / "inside").symlink_to(corpus / "folder")
    with pytest.raises(ConflictError):
        editor.write(linked, OTHER, ".txt")
    assert list((corpus.parent / "elsewhere").iterdir()) == []
    assert list((corpus / "folder").iterdir()) == []


def test_a_file_that_is_no_document_is_not_written_over(editor: Editor, corpus: Path) -> None:
    secret = corpus.parent / "secret.txt"
    secret.write_bytes(b"Keep this.")
    (corpus / "linked.txt").symlink_to(secret)
    (corpus / "folder.txt").mkdir()
    for id_ in ("linked", "folder"):
        with pytest.raises(ConflictError, match="is no document"):
            editor.write(id_, OTHER, ".txt")
    with pytest.raises(UnknownDocumentError):
        editor.remove("linked")
    assert secret.read_bytes() == b"Keep this."


def test_a_document_is_removed_and_the_last_one_is_not(editor: Editor, corpus: Path) -> None:
    (corpus / "empty.txt").write_bytes(b"")
    with pytest.raises(UnknownDocumentError):
        editor.remove("nothing")
    with pytest.raises(PreconditionError):
        editor.remove("letter", matching(sha256(TEA)))
    editor.remove("letter", matching(sha256(LETTER)))
    with pytest.raises(ConflictError, match="the last document"):
        editor.remove("tea")
    editor.remove("empty")
    assert listed(corpus) == {"tea.md": TEA}


@pytest.mark.parametrize("call", ["fsync", "replace"])
def test_a_write_that_fails_leaves_what_was_there(
    editor: Editor, corpus: Path, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    before = listed(corpus)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device", str(corpus))

    monkeypatch.setattr(*{"fsync": ("os.fsync", full), "replace": ("pathlib.Path.replace", full)}[call])
    with pytest.raises(EditError, match="No space left on device") as caught:
        editor.write("letter", OTHER, ".txt")
    assert str(corpus) not in str(caught.value)
    assert listed(corpus) == before


def test_a_reader_of_a_file_that_is_replaced_finds_it_whole(tmp_path: Path) -> None:
    path = tmp_path / "file"
    sizes = [1, 100_000]
    replace_file(path, b"x" * sizes[0])

    def read(_: int) -> int:
        return len(path.read_bytes())

    with ThreadPoolExecutor(2) as pool:
        reads = pool.map(read, range(300))
        for size in sizes * 100:
            replace_file(path, b"x" * size, durable=False)
    assert set(reads) <= set(sizes)
