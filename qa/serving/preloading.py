"""What every worker needs, imported once, in the process that they are forked from.

Nothing here may start a thread or open what a worker writes to: neither survives a fork.
"""

from __future__ import annotations

import gc
import os
import signal
from importlib import import_module

from qa.language.lexicon import Lexicon

# A signal for all processes of the service is for the supervisor and the workers: with this process, their way to tell
# each other that they ended would end too soon.
_FOR_OTHERS = (signal.SIGTERM, signal.SIGHUP)


def _heed_again() -> None:
    for number in _FOR_OTHERS:
        signal.signal(number, signal.SIG_DFL)


for _number in _FOR_OTHERS:
    signal.signal(_number, signal.SIG_IGN)
os.register_at_fork(after_in_child=_heed_again)

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
