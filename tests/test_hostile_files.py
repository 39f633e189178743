"""What may lie in a corpus folder besides documents: none of it is waited for, read from elsewhere, or written through."""

from __future__ import annotations

import os
import socket
import threading
from pathlib import Path

import pytest

from qa.editing import Editor
from qa.errors import ConflictError, InvalidIdError, UnknownDocumentError
from qa.reading import read_corpus, source_hashes, source_stats
from qa.reading.folder import LARGEST_FILE, read_file

SECRET = "The secret that lies elsewhere."


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    folder = tmp_path / "corpus"
    folder.mkdir()
    (folder / "tea.txt").write_text("Tea is black.", encoding="utf-8")
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "secret.txt").write_text(SECRET, encoding="utf-8")
    return folder


def reasons(corpus: Path) -> dict[str, str]:
    return {file.name: file.reason for file in read_corpus(corpus).skipped}


def test_links_out_of_the_folder_are_told_and_neither_read_nor_hashed(corpus: Path) -> None:
    elsewhere = corpus.parent / "elsewhere"
    (corpus / "file.txt").symlink_to(elsewhere / "secret.txt")
    (corpus / "relative.md").symlink_to("../elsewhere/secret.txt")
    (corpus / "folder").symlink_to(elsewhere)
    (corpus / "device.txt").symlink_to("/dev/zero")
    (corpus / "nowhere.txt").symlink_to(corpus / "gone.txt")
    (corpus / "circle.txt").symlink_to("circle.txt")
    (corpus / "chain.txt").symlink_to("file.txt")
    reading, told = read_corpus(corpus), reasons(corpus)
    assert [document.id for document in reading.documents] == ["tea"]
    assert told.keys() == {
        "file.txt", "relative.md", "folder", "device.txt", "nowhere.txt", "circle.txt", "chain.txt",
    }  # fmt: skip
    assert all(reason.startswith(f"{name}: ") and "link" in reason for name, reason in told.items())
    assert source_hashes(corpus).keys() == source_stats(corpus).keys() == {"tea.txt"}
    assert SECRET not in str(reading)


def test_a_linked_corpus_folder_and_links_within_it_and_hard_links_are_read(corpus: Path) -> None:
    (corpus / "again.txt").symlink_to("tea.txt")
    os.link(corpus.parent / "elsewhere" / "secret.txt", corpus / "hard.txt")
    link = corpus.parent / "link"
    link.symlink_to(corpus)
    assert [document.id for document in read_corpus(link).documents] == ["again", "hard", "tea"]
    assert source_hashes(link).keys() == {"again.txt", "hard.txt", "tea.txt"}


def test_a_link_to_a_folder_within_the_corpus_is_not_followed_and_is_told(corpus: Path) -> None:
    (corpus / "all").symlink_to(corpus)
    assert "not followed" in reasons(corpus)["all"]
    assert [document.id for document in read_corpus(corpus).documents] == ["tea"]


def test_pipes_sockets_and_devices_are_told_and_not_waited_for(corpus: Path) -> None:
    os.mkfifo(corpus / "pipe.txt")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(corpus / "socket.txt"))
        assert {name: "no file" in reason for name, reason in reasons(corpus).items()} == {
            "pipe.txt": True, "socket.txt": True,
        }  # fmt: skip
    assert source_hashes(corpus).keys() == {"tea.txt"}


def test_a_pipe_that_takes_a_files_place_after_it_was_looked_at_is_not_waited_for(corpus: Path) -> None:
    os.mkfifo(corpus / "pipe.txt")
    with pytest.raises(OSError, match="no regular file"):
        read_file(corpus / "pipe.txt")
    with pytest.raises(OSError, match="no regular file"):
        read_file(Path("/dev/zero"))


def test_a_file_that_grows_as_long_as_it_is_read_is_read_to_the_limit(corpus: Path) -> None:
    path, stop = corpus / "grows.txt", threading.Event()
    path.write_bytes(b"x" * LARGEST_FILE)

    def grow() -> None:
        with path.open("ab") as file:
            while not stop.is_set() and file.tell() < 4 * LARGEST_FILE:
                file.write(b"y" * 1_000_000)
                file.flush()

    thread = threading.Thread(target=grow)
    thread.start()
    try:
        assert len(read_file(path)) <= LARGEST_FILE + 1
    finally:
        stop.set()
        thread.join()
    assert "larger than 32 MiB" in reasons(corpus)["grows.txt"]


def test_odd_names_are_told_in_one_printable_line(corpus: Path) -> None:
    names = [b"new\nline.txt", b"bell\x07.txt", b"bidi\xe2\x80\xaetxt.md", b"\xff\xfe.txt", b"\xed\xa0\x80.txt"]
    for name in names:
        (corpus / os.fsdecode(name)).write_text("Text.", encoding="utf-8")
    reading = read_corpus(corpus)
    assert [document.id for document in reading.documents] == ["tea"]
    assert len(reading.skipped) == len(names)
    for file in reading.skipped:
        assert file.name.isprintable()
        assert file.reason.isprintable()
        assert "rename it" in file.reason
    assert "new\\nline.txt" in {file.name for file in reading.skipped}


def test_no_edit_goes_through_a_link(corpus: Path) -> None:
    secret = corpus.parent / "elsewhere" / "secret.txt"
    (corpus / "out.txt").symlink_to(secret)
    (corpus / "again.txt").symlink_to("tea.txt")
    (corpus / "folder").symlink_to(secret.parent)
    editor = Editor(corpus, corpus.parent / "index")
    for id_ in ("out", "again", "folder/secret", "folder/new"):
        with pytest.raises(ConflictError):
            editor.write(id_, b"Overwritten.", ".txt")
        with pytest.raises((ConflictError, UnknownDocumentError)):
            editor.remove(id_)
    assert secret.read_text(encoding="utf-8") == SECRET
    assert (corpus / "tea.txt").read_text(encoding="utf-8") == "Tea is black."
    assert (corpus / "again.txt").is_symlink()
    assert [path.name for path in secret.parent.iterdir()] == ["secret.txt"]


@pytest.mark.parametrize(
    "id_",
    ["../x", "a/../x", "a/./x", "/etc/x", "a//x", "..\\x", "a\0b", "a\nb", "~x", "x~", ".x", "x" * 201, "x/" * 600 + "x", "\u202ex", " x", "a\ud800"],
)  # fmt: skip
def test_no_id_leads_out_of_the_folder(corpus: Path, id_: str) -> None:
    before = sorted(corpus.parent.rglob("*"))
    with pytest.raises(InvalidIdError):
        Editor(corpus, corpus.parent / "index").write(id_, b"Text.", ".txt")
    assert sorted(corpus.parent.rglob("*")) == before
