"""Articles in several languages, sentence by sentence, as passages."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

LANGUAGES = ("kk", "ru", "en", "tr")
# In characters: a passage of a few sentences; a remainder that is shorter joins what is before it.
LONGEST, SHORTEST = 700, 150


def articles(path: Path) -> Iterator[tuple[str, dict[str, list[str]]]]:
    """The name of each article, and its sentences by language."""
    for line in path.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        yield row["article"], {lang: row[lang] for lang in LANGUAGES}


def passages(path: Path) -> Iterator[dict[str, str]]:
    """Each passage of each article in each language, with the article's name."""
    source = path.stem.removeprefix("articles-")
    for article, sentences in articles(path):
        for number, places in enumerate(joined(sentences["kk"])):
            group = f"{source}.{article}.{number}"
            for lang, own in sentences.items():
                yield {
                    "id": f"{group}.{lang}",
                    "source": source,
                    "article": article,
                    "group": group,
                    "lang": lang,
                    # Without its headline the middle of an article does not say what it is about.
                    "title": own[0] if number else "",
                    "text": " ".join(own[place] for place in places),
                }


def joined(sentences: list[str]) -> list[list[int]]:
    """The places of the sentences of each passage."""
    found: list[list[int]] = [[]]
    for place, sentence in enumerate(sentences):
        if found[-1] and _length(found[-1], sentences) + len(sentence) > LONGEST:
            found.append([])
        found[-1].append(place)
    if len(found) > 1 and _length(found[-1], sentences) < SHORTEST:
        rest = found.pop()
        found[-1] += rest
    return found


def _length(places: list[int], sentences: list[str]) -> int:
    return sum(len(sentences[place]) for place in places)
