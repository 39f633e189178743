"""What runs in a process of its own and reads one file after another: `qa.reading.isolation` starts it.

On standard input comes a request, the lengths of its two parts as two 4-byte numbers and then these: what is asked, as
JSON, and a file's bytes. On standard output goes the answer, its length as a 4-byte number and then JSON: plain data,
from which nothing but a text and its outline can be made whatever has become of this process.
"""

from __future__ import annotations

import json
import os
import struct
import sys
import traceback
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict
from functools import partial
from importlib import import_module
from typing import BinaryIO

from qa.errors import DocumentError
from qa.reading.composition import Composed

REQUEST, ANSWER = struct.Struct(">II"), struct.Struct(">I")


def main() -> None:
    """Answer until the input ends."""
    requests, answers = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # a library that prints must not print into the answers
    limited = False
    while head := requests.read(REQUEST.size):
        asked, data = (requests.read(length) for length in REQUEST.unpack(head))
        question = json.loads(asked)
        formats = import_module(question["formats"])
        if not limited:
            _limit_memory(question["memory"])
            limited = True
        _limit_time(question["seconds"])
        _answer(answers, _read(partial(formats.convert, question["kind"], data, question["title"])))


def _read(convert: Callable[[], Composed]) -> dict[str, object]:
    try:
        return {"composed": _plain(convert())}
    except DocumentError as error:
        return {"refused": str(error)}
    except MemoryError:
        return {"memory": True}
    except Exception as error:  # whatever a file does to its reader, the next one is read
        return {"failed": type(error).__name__, "trace": traceback.format_exc()[-4000:]}


def _plain(composed: Composed) -> dict[str, object]:
    outline = composed.outline
    return {
        "text": composed.text,
        "title": outline.title,
        "sections": [asdict(section) for section in outline.sections],
        "dropped": [asdict(dropped) for dropped in outline.dropped],
        "pages": composed.pages,
        "declared": dict(composed.declared),
    }


def _answer(answers: BinaryIO, answer: dict[str, object]) -> None:
    try:
        data = json.dumps(answer).encode()
    except MemoryError:
        data = json.dumps({"memory": True}).encode()
    answers.write(ANSWER.pack(len(data)))
    answers.write(data)
    answers.flush()


def _limit_memory(most: int) -> None:
    """From here on take so many bytes more at most, write no file and leave no core: where the system can see to it."""
    with suppress(ImportError, OSError, ValueError):
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
        with open("/proc/self/statm", "rb") as file:  # noqa: PTH123  # no path is made of it
            taken = int(file.read().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (taken + most, taken + most))


def _limit_time(seconds: float) -> None:
    """End, if whoever asked is not there any more to see to it."""
    with suppress(ImportError, OSError, ValueError):
        import resource

        used = resource.getrusage(resource.RUSAGE_SELF)
        soft = int(used.ru_utime + used.ru_stime + seconds) + 5
        resource.setrlimit(resource.RLIMIT_CPU, (soft, resource.RLIM_INFINITY))


if __name__ == "__main__":
    main()
