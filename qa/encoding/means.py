"""What all texts of a language share, and taking it away.

The vectors of an encoder such as E5 have a large common part that differs by language and says nothing of what
a text is about. Each vector is compared after the mean of its language has been subtracted. On the development
essays this found the right passage first for 10 to 20 more questions in a hundred.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from zipfile import BadZipFile

import numpy as np

from qa.encoding.encoder import Encoder, Floats, normalised
from qa.errors import ModelError

# Rows of a language's means: of pooled vectors, and of token vectors at length one, for each kind of text.
_QUESTION, _PASSAGE, _QUESTION_TOKENS, _PASSAGE_TOKENS = range(4)


@cache
def background_sentences() -> Mapping[str, tuple[str, ...]]:
    """Sentences about nothing in particular, by language code; see ``background/README.md``."""
    folder = files("qa.encoding") / "background"
    return {
        file.name.removesuffix(".txt"): tuple(file.read_text(encoding="utf-8").split("\n")[:-1])
        for file in sorted(folder.iterdir(), key=lambda file: file.name)
        if file.name.endswith(".txt")
    }


@dataclass(frozen=True, slots=True)
class LanguageMeans:
    """``rows[language]``: (4, dimension); a language that is not there has the mean of all that are."""

    rows: Mapping[str, Floats]
    other: Floats

    @classmethod
    def of(cls, encoder: Encoder) -> LanguageMeans:
        """The means of an encoder over the background sentences."""
        return cls.from_rows({language: _rows(encoder, texts) for language, texts in background_sentences().items()})

    @classmethod
    def from_rows(cls, rows: Mapping[str, Floats]) -> LanguageMeans:
        return cls(rows, np.mean(list(rows.values()), axis=0).astype(np.float32))

    def question_vector(self, vector: Floats, language: str | None) -> Floats:
        """A question's pooled vector less its language's mean, at length one again."""
        return normalised(vector - self._of(language)[_QUESTION])

    def passage_vector(self, vector: Floats, language: str | None) -> Floats:
        """A passage's pooled vector less its language's mean, at length one again."""
        return normalised(vector - self._of(language)[_PASSAGE])

    def question_tokens(self, language: str | None) -> Floats:
        """The mean of the question tokens of a language, (dimension,)."""
        mean: Floats = self._of(language)[_QUESTION_TOKENS]
        return mean

    def passage_tokens(self, language: str | None) -> Floats:
        """The mean of the passage tokens of a language, (dimension,)."""
        mean: Floats = self._of(language)[_PASSAGE_TOKENS]
        return mean

    def _of(self, language: str | None) -> Floats:
        return self.rows.get(language or "", self.other)

    def save(self, path: Path) -> None:
        languages = sorted(self.rows)
        with path.open("wb") as file:
            np.savez(file, languages=np.array(languages), rows=np.stack([self.rows[name] for name in languages]))

    @classmethod
    def load(cls, path: Path) -> LanguageMeans:
        """Read what `save` wrote.

        Raises:
            ModelError: the file is missing or damaged.
        """
        try:
            with np.load(path, allow_pickle=False) as saved:
                return cls.from_rows(dict(zip(saved["languages"].tolist(), saved["rows"], strict=True)))
        except (OSError, ValueError, KeyError, EOFError, BadZipFile) as error:
            raise ModelError(f"the prepared model is damaged ({path.name}); run qa model prepare --again") from error


def _rows(encoder: Encoder, texts: tuple[str, ...]) -> Floats:
    questions, passages = encoder.encode_questions(texts), encoder.encode_passages(texts)
    return np.stack(
        [
            np.mean([encoding.vector for encoding in questions], axis=0),
            np.mean([encoding.vector for encoding in passages], axis=0),
            np.concatenate([normalised(encoding.tokens) for encoding in questions]).mean(axis=0),
            np.concatenate([normalised(encoding.tokens) for encoding in passages]).mean(axis=0),
        ]
    ).astype(np.float32)
