"""Hard negatives: passages that look like an answer to a question, by their letters or to the untrained encoder."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from qa.encoding.encoder import Encoder
from qa.encoding.means import LanguageMeans
from qa.indexing.lexical import LexicalIndex
from scripts.training_material import Example, TrainingPassage

_LOOKED_AT = 30  # of each leg
# A passage that the encoder finds nearer than the one that answers, or nearly as near, may answer as well.
_SURELY_FARTHER = 0.01


def mined(
    examples: list[Example], passages: list[TrainingPassage], encoder: Encoder, means: LanguageMeans, count: int
) -> list[Example]:
    """The examples with up to ``count`` negatives each, half from each leg; other languages' passages are left out."""
    pool = [passage for passage in passages if passage.lang == "kk"]
    vectors = np.stack(
        [means.passage_vector(one.vector, "kk") for one in encoder.encode_passages([passage.text for passage in pool])]
    )
    lexical = LexicalIndex.from_texts([passage.text for passage in pool], [passage.title for passage in pool])
    place = {passage.group: position for position, passage in enumerate(pool)}
    found = []
    for example in examples:
        (encoding,) = encoder.encode_questions([example.question])
        cosines = vectors @ means.question_vector(encoding.vector, example.lang)
        letters = lexical.scores(example.question)[0]
        limit = cosines[place[example.passage.group]] - _SURELY_FARTHER
        found.append(replace(example, negatives=_chosen(example, pool, [letters, cosines], cosines, limit, count)))
    return found


def _chosen(
    example: Example,
    pool: list[TrainingPassage],
    legs: list[np.ndarray],
    cosines: np.ndarray,
    limit: float,
    count: int,
) -> tuple[TrainingPassage, ...]:
    chosen: dict[str, TrainingPassage] = {}
    for number, leg in enumerate(legs):
        wanted = count * (number + 1) // len(legs)
        for position in np.argsort(-leg, kind="stable")[:_LOOKED_AT]:
            passage = pool[position]
            if len(chosen) >= wanted:
                break
            if leg[position] > 0 and cosines[position] < limit and passage.group != example.passage.group:
                chosen[passage.id] = passage
    return tuple(chosen.values())
