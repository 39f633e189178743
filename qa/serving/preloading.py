"""What every worker needs, imported once, in the process that they are forked from.

Nothing here may start a thread or open what a worker writes to: neither survives a fork.
"""

from __future__ import annotations

import gc
from importlib import import_module

from qa.language.lexicon import Lexicon

# By name: each of these is imported by one file only, which a worker comes to when it loads the index.
for _name in ("faiss", "onnxruntime", "tokenizers", "uvicorn.protocols.http.httptools_impl"):
    import_module(_name)
for _name in ("qa.serving.app", "qa.serving.connection"):
    import_module(_name)
# Common words, by each spelling.
Lexicon.general().nearest_by_skeleton("")
Lexicon.general().nearest_by_fold("")
# What is never freed need not be looked at again: that would copy it into each worker.
gc.collect()
gc.freeze()
