"""A client's connection: uvicorn's, with limits to what it may cost before there is a request, and after a reply."""

from __future__ import annotations

import socket
import struct
from asyncio import TimerHandle, Transport
from typing import Any
from weakref import WeakSet

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol
from uvicorn.server import ServerState

from qa.serving.arrival import LARGEST_HEAD
from qa.settings import load_settings

# A head that is a little too long is refused by `Arrival`, in the form that the route's protocol has for it.
_LONGEST_HEAD = 2 * LARGEST_HEAD
# When the service ends, a request may be on its way on a connection that looks idle; it is waited for so long.
_ON_ITS_WAY_S = 0.3
_ENDING: WeakSet[ServerState] = WeakSet()


class Connection(HttpToolsProtocol):
    """Closes a connection whose head is not there whole in QA_REQUEST_TIMEOUT seconds or is endless, as uvicorn does
    not, and one whose client has stopped to read.

    When the service ends, each takes one more request that was on its way, and says with its reply that it closes."""

    def __init__(self, *arguments: Any, **more: Any) -> None:
        super().__init__(*arguments, **more)
        self._patience = load_settings().request_timeout
        self._in_head = False
        self._unparsed = self._parsed = 0  # bytes of this head, or of the trailers after its body
        self._late: TimerHandle | None = None
        self._stuck: TimerHandle | None = None

    def connection_made(self, transport: Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._expect_head()
        if self.server_state in _ENDING:  # it was accepted at the very last moment
            self.shutdown()

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        for timer in (self._late, self._stuck):
            if timer is not None:
                timer.cancel()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self.transport.is_closing():
            return
        if self._in_head:
            self._unparsed += len(data)
            if self._unparsed > _LONGEST_HEAD:
                self._refuse(431, f"The head of the request has more than {LARGEST_HEAD} bytes.")
                return
        if not self._answering:
            self._expect_head()

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._in_head = True
        self._unparsed = self._parsed = 0

    def on_header(self, name: bytes, value: bytes) -> None:
        super().on_header(name, value)
        self._parsed += len(name) + len(value)
        if not self._in_head and self._parsed > 2 * _LONGEST_HEAD:
            self._drop()  # trailers without end

    def on_headers_complete(self) -> None:
        self._in_head = False
        if self._late is not None:
            self._late.cancel()
            self._late = None
        super().on_headers_complete()
        if self.server_state in _ENDING:
            self.cycle.keep_alive = False

    def shutdown(self) -> None:
        _ENDING.add(self.server_state)
        if self._answering:
            super().shutdown()
        else:
            self.loop.call_later(_ON_ITS_WAY_S, self._close_if_idle)

    def _close_if_idle(self) -> None:
        if not self._in_head and not self._answering:
            self.transport.close()

    def send_400_response(self, msg: str) -> None:
        if len(self.url) > LARGEST_HEAD:  # an address that httptools does not read
            self._refuse(414, f"The address has more than {LARGEST_HEAD} bytes.")
        else:
            super().send_400_response(msg)

    def timeout_keep_alive_handler(self) -> None:
        if self.transport.get_write_buffer_size():
            self._drop()
        else:
            super().timeout_keep_alive_handler()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._expect_reading()

    def resume_writing(self) -> None:
        super().resume_writing()
        if self._stuck is not None:
            self._stuck.cancel()
            self._stuck = None

    @property
    def _answering(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    def _expect_head(self) -> None:
        # Whatever else arrives meanwhile, the time is counted from the first byte.
        if self._late is None:
            self._late = self.loop.call_later(self._patience, self._give_up)

    def _give_up(self) -> None:
        self._late = None
        if self._in_head and not self._answering:
            self._refuse(408, f"The head of the request did not arrive in {self._patience:g} s.")
        elif not self._answering:
            self.transport.close()

    def _expect_reading(self) -> None:
        unsent = self.transport.get_write_buffer_size()
        self._stuck = self.loop.call_later(self._patience, self._look_again, unsent)

    def _look_again(self, unsent: int) -> None:
        if self.transport.get_write_buffer_size() >= unsent:
            self._drop()
        else:
            self._expect_reading()

    def _drop(self) -> None:
        """Let go of a client that does not read: to close the connection in order would wait for it to."""
        connection = self.transport.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.transport.abort()

    def _refuse(self, status: int, detail: str) -> None:
        if not self._answering:  # else it would stand in the middle of a reply
            head = (
                f"content-type: text/plain; charset=utf-8\r\ncontent-length: {len(detail)}\r\nconnection: close\r\n\r\n"
            )
            self.transport.write(STATUS_LINE[status] + head.encode() + detail.encode())
        self.transport.close()
