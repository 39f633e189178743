"""What every worker needs, imported once, in the process that they are forked from.

Nothing here may start a thread or open what a worker writes to: neither survives a fork.
"""

from __future__ import annotations

import gc

import bm25s  # noqa: F401
import faiss  # noqa: F401
import onnxruntime  # noqa: F401
import tokenizers  # noqa: F401
from uvicorn.protocols.http import httptools_impl  # noqa: F401

import qa.serving.app
import qa.serving.connection
from qa.language.lexicon import Lexicon

__all__ = ["qa"]

# Common words, by each spelling.
Lexicon.general().nearest_by_skeleton("")
Lexicon.general().nearest_by_fold("")
# What is never freed need not be looked at again, which would copy it into each worker.
gc.collect()
gc.freeze()
