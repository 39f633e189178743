"""Readers as bad as one may be, told what to do by the file: what `qa.reading.isolation` is for."""

from __future__ import annotations

import ctypes
import os
import sys
import time

from qa.reading import formats
from qa.reading.composition import Composed


def convert(kind: str, data: bytes, fallback_title: str) -> Composed:  # noqa: C901  # a case for each evil
    """Do what the first word of a file says; any other file is read as ever."""
    match data.split(maxsplit=1)[0] if data.split() else b"":
        case b"hang":
            while True:
                pass
        case b"crash":
            ctypes.string_at(0)
        case b"leave":
            os._exit(3)
        case b"eat":
            eaten = [bytearray(64 * 1024**2) for _ in range(64)]
            raise AssertionError(len(eaten))
        case b"starve":  # as native code does that gets no more memory
            eaten = [bytearray(64 * 1024**2) for _ in range(3)]
            time.sleep(0.2)
            os.abort()
        case b"fail":
            raise KeyError("what a reader may raise")
        case b"write":
            with open(data.split()[1], "wb") as file:  # noqa: PTH123
                file.write(b"written")
        case b"tell":
            raise RuntimeError(sorted(os.environ))
        case b"print":
            sys.stdout.write("what a library prints\n")
            sys.stdout.flush()
            os.write(1, b"\0\0\0\x02{}")
    return formats.convert(kind, data, fallback_title)
