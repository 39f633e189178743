"""Runs the service: in this process, or in several that are started again when they end.

The several are forked from a process that has done no more than import what all of them need: they start in half the
time, and share the memory of it.
"""

from __future__ import annotations

import asyncio
import ctypes
import multiprocessing
import os
import signal
import socket
import struct
import sys
import threading
import time
from asyncio.trsock import TransportSocket
from collections.abc import Iterable
from contextlib import suppress
from multiprocessing.connection import wait
from multiprocessing.context import ForkServerContext, ForkServerProcess

from uvicorn import Config, Server
from uvicorn import _subprocess as workers
from uvicorn.supervisors import Multiprocess

# Of Linux's <asm-generic/socket.h>; Python's `socket` does not name it.
_SO_ATTACH_FILTER = 26
# Classic BPF (Linux's Documentation/networking/filter.rst) over a TCP header, whose byte 13 has the flags: a SYN is
# dropped, anything else comes through whole.
_NO_SYN = (
    (0x30, 0, 0, 13),  # load the byte
    (0x54, 0, 0, 0x02),  # of it, the flag SYN
    (0x15, 0, 1, 0x02),  # if it is not set, pass over the next
    (0x06, 0, 0, 0),
    (0x06, 0, 0, 0xFFFFFFFF),
)
_SAFE_PATH = "PYTHONSAFEPATH"
_LOOK_EVERY_S = 1.0
# A handshake that had begun takes a round trip more; then its connection is there to be accepted.
_HANDSHAKE_S = 0.1


class Draining(Server):
    """uvicorn's, but who has just connected when the service ends is answered, not reset."""

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        ignore_who_connects(listening for server in self.servers for listening in server.sockets)
        await asyncio.sleep(_HANDSHAKE_S)
        await super().shutdown(sockets)


class Supervisor(Multiprocess):
    """uvicorn's, but who connects while the workers drain is refused, and does not wait for nobody."""

    def terminate_all(self) -> None:
        ignore_who_connects(self.sockets)
        time.sleep(_HANDSHAKE_S)
        # Held open here, they would take connections that no worker accepts any more.
        for listening in self.sockets:
            listening.close()
        super().terminate_all()


class _Worker(ForkServerProcess):
    def start(self) -> None:
        # The process that workers are forked from is begun with the first of them, and again if it was killed. It would
        # look for modules in the current folder, where anything may lie.
        before = os.environ.get(_SAFE_PATH)
        os.environ[_SAFE_PATH] = "1"
        try:
            super().start()
        finally:
            del os.environ[_SAFE_PATH]
            if before is not None:
                os.environ[_SAFE_PATH] = before


class _Forking(ForkServerContext):
    Process = _Worker


def end_with_the_supervisor() -> None:
    """In a worker: end in order when the supervisor is no more, or the process that the worker was forked from. Nobody
    else would end it, and it would keep its share of the connections and the address for itself.
    """
    supervisor, forked_from = multiprocessing.parent_process(), os.getppid()
    if supervisor is None:
        return

    def follow() -> None:
        while not wait([supervisor.sentinel], _LOOK_EVERY_S) and os.getppid() == forked_from:
            pass
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=follow, name="supervisor", daemon=True).start()


def ignore_who_connects(listening: Iterable[socket.socket | TransportSocket]) -> None:
    """Let nobody begin a connection to these sockets, in whichever process they are also open.

    Who tries is refused when the sockets are closed, a second later at most. Linux only.
    """
    if sys.platform != "linux":
        return
    code = ctypes.create_string_buffer(b"".join(struct.pack("@HBBI", *each) for each in _NO_SYN))
    program = struct.pack("@HP", len(_NO_SYN), ctypes.addressof(code))
    for one in listening:
        with suppress(
            OSError
        ):  # a kernel, or who watches over it, may refuse; then a moment is left in which it happens
            one.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, program)


def run(config: Config) -> int:
    """Serve until a signal ends it: the exit status."""
    if config.workers == 1:
        server = Draining(config)
        with suppress(KeyboardInterrupt):  # raised again once all is drained
            server.run()
        return 0 if server.started else 3
    forking = _Forking()
    forking.set_forkserver_preload(["qa.serving.preloading"])
    workers.spawn = forking  # type: ignore[assignment]  # uvicorn has no setting for how its workers begin
    Supervisor(config, sockets=[config.bind_socket()]).run()
    return 0
