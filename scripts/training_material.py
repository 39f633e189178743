"""What the encoder is trained on: passages, and questions that one of them answers.

training/passages.jsonl    {"id", "source", "group", "lang", "title", "text"}: the same group in several languages is
                           the same passage, translated; a passage's document is its id up to the last full stop
training/questions.jsonl   {"passage", "lang", "kind", "question"}, with "answerable": false where the passage is near
                           to the question and does not answer it
"""

from __future__ import annotations

import hashlib
import json
import random
import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from qa.language.letters import LATIN_SPELLINGS, keyboard_fold, spelt
from qa.language.lexicon import CYRILLIC_WORD

FOLDER = Path(__file__).resolve().parent.parent / "training"
# Of Kazakh questions so many are read in other letters, half of these in Latin ones: see `respelt`.
RESPELT = 0.15
# So many questions are asked of the passage in another of its languages, where it has some.
TRANSLATED = 0.2
# Of this source some articles are kept for evaluation.
RESERVED = "news"
_NUMBER = re.compile(r"\d+")


@dataclass(frozen=True, slots=True)
class TrainingPassage:
    """``group`` is the same for the translations of a passage, ``document`` for the passages of a document."""

    id: str
    group: str
    lang: str
    text: str
    title: str = ""

    @property
    def document(self) -> str:
        return self.group.rsplit(".", 1)[0]


@dataclass(frozen=True, slots=True)
class Example:
    """A question, the passage that answers it, passages that do not although they are near, and questions that the
    passage does not answer although they are near.
    """

    question: str
    lang: str
    passage: TrainingPassage
    negatives: tuple[TrainingPassage, ...] = ()
    unanswered: tuple[str, ...] = ()


def read_passages(folder: Path = FOLDER) -> dict[str, TrainingPassage]:
    """The passages by their ids."""
    rows = (json.loads(line) for line in _lines(folder / "passages.jsonl"))
    return {
        row["id"]: TrainingPassage(row["id"], row["group"], row["lang"], row["text"], row.get("title", ""))
        for row in rows
    }


def read_examples(passages: dict[str, TrainingPassage], folder: Path = FOLDER) -> list[Example]:
    """Questions with the passages that answer them."""
    rows = [json.loads(line) for line in _lines(folder / "questions.jsonl")]
    near = defaultdict(list)
    for row in rows:
        if not row.get("answerable", True):
            near[row["passage"]].append(row["question"])
    return [
        Example(row["question"], row["lang"], passages[row["passage"]], (), tuple(near[row["passage"]]))
        for row in rows
        if row.get("answerable", True)
    ]


def varied(examples: Iterable[Example], passages: Iterable[TrainingPassage], seed: int) -> list[Example]:
    """One epoch: some Kazakh questions in other letters, some questions with a translation of their passage, all in
    an order in which the languages are spread evenly.
    """
    chance = random.Random(seed)  # noqa: S311 - no secret
    translations = defaultdict(list)
    for passage in passages:
        translations[passage.group].append(passage)
    rows = []
    for example in examples:
        passage = example.passage
        if chance.random() < TRANSLATED:
            passage = chance.choice(translations[passage.group])
        negatives = tuple(_in(negative, passage.lang, translations) for negative in example.negatives)
        question = example.question
        if example.lang == "kk" and chance.random() < RESPELT:
            question = respelt(question, chance)
        rows.append(replace(example, question=question, passage=passage, negatives=negatives))
    return _spread(rows, chance)


def respelt(question: str, chance: random.Random) -> str:
    """A Kazakh question as it is typed on a Russian keyboard, or in one of the Latin alphabets.

    The noise is that of `qa.language.letters`: the letters that a Russian keyboard lacks become their neighbours
    (ә а, ғ г, қ к, ң н, ө о, ұ ү у, һ х, і и), or each word is spelt in one of the alphabets of 2017 to 2021 or as
    people write without one. Case goes, as it does in haste.
    """
    lower = question.lower()
    if chance.random() < 0.5:
        return keyboard_fold(lower)
    spelling = chance.choice(sorted(LATIN_SPELLINGS))
    return CYRILLIC_WORD.sub(lambda word: spelt(word[0], spelling), lower)


def reserved(article: str) -> bool:
    """Whether a news article is kept for the question sets within one language: an eighth of them are."""
    return int(hashlib.sha256(article.encode()).hexdigest(), 16) % 8 == 0


def held_out(document: str) -> bool:
    """Whether a document is kept for judging: its number can be divided by 3."""
    found = _NUMBER.search(document)
    return found is not None and int(found[0]) % 3 == 0


def _in(passage: TrainingPassage, lang: str, translations: dict[str, list[TrainingPassage]]) -> TrainingPassage:
    return next((other for other in translations[passage.group] if other.lang == lang), passage)


def _spread(rows: Sequence[Example], chance: random.Random) -> list[Example]:
    """Each language's questions at even distances, whatever their number."""
    by_language = defaultdict(list)
    for row in rows:
        by_language[row.lang].append(row)
    placed = []
    for own in by_language.values():
        chance.shuffle(own)
        placed += [((place + chance.random()) / len(own), row) for place, row in enumerate(own)]
    return [row for _, row in sorted(placed, key=lambda one: one[0])]


def batches(rows: Sequence[Example], size: int) -> list[list[Example]]:
    """Batches in which no two questions are about the same document; what fills none is left out."""
    found: list[list[Example]] = []
    open_: list[list[Example]] = []
    for row in rows:
        home = next(
            (one for one in open_ if all(row.passage.document != other.passage.document for other in one)), None
        )
        if home is None:
            home = []
            open_.append(home)
        home.append(row)
        if len(home) == size:
            open_.remove(home)
            found.append(home)
    return found


def _lines(path: Path) -> list[str]:
    return [line for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
