"""Runs the service: in this process, or in several that are started again when they end.

The several are forked from a process that has done no more than import what all of them need: they start in half the
time, and share the memory of it.
"""

from __future__ import annotations

import asyncio
import ctypes
import multiprocessing
import socket
import struct
import sys
import time
from asyncio.trsock import TransportSocket
from collections.abc import Iterable
from contextlib import suppress

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


def ignore_who_connects(listening: Iterable[socket.socket | TransportSocket]) -> None:
    """Let nobody begin a connection to these sockets, in whichever process they are also open.

    Who tries is refused when the sockets are closed, a second later at most. Linux only.
    """
    if sys.platform != "linux":
        return
    code = ctypes.create_string_buffer(b"".join(struct.pack("@HBBI", *each) for each in _NO_SYN))
    program = struct.pack("@HP", len(_NO_SYN), ctypes.addressof(code))
    for one in listening:
        one.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, program)


def run(config: Config) -> int:
    """Serve until a signal ends it: the exit status."""
    if config.workers == 1:
        server = Draining(config)
        with suppress(KeyboardInterrupt):  # raised again once all is drained
            server.run()
        return 0 if server.started else 3
    forking = multiprocessing.get_context("forkserver")
    forking.set_forkserver_preload(["qa.serving.preloading"])
    workers.spawn = forking  # type: ignore[assignment]  # uvicorn has no setting for how its workers begin
    Supervisor(config, sockets=[config.bind_socket()]).run()
    return 0
