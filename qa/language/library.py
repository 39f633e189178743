"""py3langid: languages that our own model does not know. The only file that imports it.

Its model comes packed; unpacking takes half a second and 75 MB in each process. Where `unpack` has written it, it is
mapped instead, so that processes share it and read only what their texts need.
"""

from __future__ import annotations

import json
import logging
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

log = logging.getLogger(__name__)

_FEATURES, _MOVES, _ROWS, _OUTPUTS = "features.npy", "moves.npy", "rows.npy", "outputs.npy"
_CLASSES = "classes.json"


class _Place:
    """Where the unpacked model lies; one for the process, as the library has it."""

    folder: Path | None = None


def unpack(folder: Path) -> None:
    """Write the library's model as arrays that can be mapped."""
    from py3langid.langid import MODEL_DIR, MODEL_FILE
    from py3langid.modelio import load_model

    features, priors, classes, moves, rows, outputs = load_model(MODEL_DIR / MODEL_FILE)
    folder.mkdir()
    np.save(folder / _FEATURES, features)
    np.save(folder / _MOVES, np.asarray(moves))
    np.save(folder / _ROWS, np.asarray(rows))
    np.save(folder / _OUTPUTS, np.asarray(outputs, dtype=np.int32))
    named = {"classes": classes, "priors": np.asarray(priors, dtype=float).tolist()}
    (folder / _CLASSES).write_text(json.dumps(named) + "\n", encoding="utf-8")


def map_from(folder: Path) -> None:
    """Use what `unpack` wrote, if the library has not been used yet."""
    _Place.folder = folder


def classified(text: str) -> str:
    """The library's code for the language of a text."""
    return str(_identifier().classify(text)[0])


@cache
def _identifier() -> Any:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    if _Place.folder is not None:
        try:
            return _mapped(_Place.folder)
        except (OSError, ValueError, KeyError) as error:
            log.warning("the unpacked model of languages cannot be read (%s); it is unpacked again in memory", error)
    return LanguageIdentifier.from_model_file(MODEL_FILE)


def _mapped(folder: Path) -> Any:
    from py3langid.langid import LanguageIdentifier

    named = json.loads((folder / _CLASSES).read_text(encoding="utf-8"))

    def mapped(name: str) -> Any:
        return np.asarray(np.load(folder / name, mmap_mode="r", allow_pickle=False))

    priors = np.asarray(named["priors"], dtype=np.float32)
    # Views give Python's own numbers, as the library's loops expect, several times as fast as an array's.
    moves, rows, outputs = (memoryview(mapped(name)) for name in (_MOVES, _ROWS, _OUTPUTS))
    return LanguageIdentifier(mapped(_FEATURES), priors, named["classes"], moves, outputs, tk_row=rows)
