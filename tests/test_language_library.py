"""The general identifier of languages, mapped from what preparing a model unpacked."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from py3langid.langid import classify

from qa.encoding.means import background_sentences
from qa.encoding.prepared import LANGUAGES, PreparedModel
from qa.language import library

TEXTS = [text for own in background_sentences().values() for text in own[:5]]
MAPS = """
import sys
from pathlib import Path
from qa.language import library
library.map_from(Path(sys.argv[1]))
before = int(Path("/proc/self/statm").read_text().split()[1])
print(library.classified("Where is the meeting held?"))
print((int(Path("/proc/self/statm").read_text().split()[1]) - before) * 4096 // 1_000_000)
"""


def test_it_finds_what_the_library_finds(real_model: PreparedModel) -> None:
    mapped = library._mapped(real_model.folder / LANGUAGES)
    for text in [*TEXTS, "", "x", "\ud800", "12 + 4"]:
        assert mapped.classify(text) == classify(text)


def test_a_process_reads_little_of_it(real_model: PreparedModel) -> None:
    done = subprocess.run(
        [sys.executable, "-c", MAPS, str(real_model.folder / LANGUAGES)], capture_output=True, text=True, check=True
    )
    language, megabytes = done.stdout.split()
    assert language == "en"
    assert int(megabytes) < 40  # unpacked in memory it is 75


def test_where_it_is_damaged_the_library_unpacks_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    library._identifier.cache_clear()
    monkeypatch.setattr(library._Place, "folder", tmp_path)
    try:
        assert library.classified("Where is the meeting held?") == "en"
        assert "cannot be read" in caplog.text
    finally:
        library._identifier.cache_clear()
