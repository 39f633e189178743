"""Sockets that are about to be closed: who had connected is accepted, who had not is refused."""

from __future__ import annotations

import errno
import select
import socket
import sys

import pytest

from qa.serving.supervisor import ignore_who_connects

SO_ATTACH_FILTER, SO_LOCK_FILTER = 26, 44

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the filter is Linux's")


def test_who_connects_to_a_socket_that_is_about_to_be_closed_waits_and_is_then_refused() -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as listening,
        socket.create_connection(listening.getsockname()) as before,
        socket.socket() as after,
    ):
        ignore_who_connects([listening])
        after.setblocking(False)
        assert after.connect_ex(listening.getsockname()) == errno.EINPROGRESS
        accepted, _ = listening.accept()
        with accepted:
            before.sendall(b"question")
            assert accepted.recv(8) == b"question"
            accepted.sendall(b"answer")
            assert before.recv(6) == b"answer"
        listening.settimeout(0.2)
        with pytest.raises(TimeoutError):
            listening.accept()
        listening.close()
        select.select([], [after], [], 10)
        assert after.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) == errno.ECONNREFUSED


def test_where_the_kernel_refuses_the_service_ends_all_the_same() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        ignore_who_connects([listening])
        listening.setsockopt(socket.SOL_SOCKET, SO_LOCK_FILTER, 1)
        ignore_who_connects([listening])
        with pytest.raises(PermissionError):
            listening.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, bytes(16))
