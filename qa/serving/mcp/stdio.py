"""The Model Context Protocol over standard input and output, for a client that starts the server itself."""

from __future__ import annotations

import signal
from functools import partial

import anyio

from qa.indexing.store import CURRENT
from qa.loading import reload_answerer
from qa.retrieval.answerer import Answerer
from qa.serving.links import Links
from qa.serving.live import Live
from qa.serving.mcp.server import Library, over_stdio
from qa.settings import Settings

_EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}  # noqa: S104 - compared, not bound


def serve(settings: Settings, answerer: Answerer) -> None:
    """Answer with ``answerer``, and with each generation that becomes live after it, until the input ends."""
    reload = partial(reload_answerer, settings)
    # A thread that waits for input cannot be interrupted, so Python's own handling would wait with it.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    live = Live(partial(reload, answerer), reload, settings.index_dir / CURRENT)
    live.start()
    library = Library(
        lambda: live.answerer() if live.generation else answerer,
        lambda _request: Links.of(settings.base_url or serving_address(settings), settings),
    )
    try:
        anyio.run(over_stdio, library)
    finally:
        live.stop()


def serving_address(settings: Settings) -> str:
    """Where ``qa serve`` with the same settings is found on this machine."""
    host = _EVERYWHERE.get(settings.host, settings.host)
    return f"http://[{host}]:{settings.port}" if ":" in host else f"http://{host}:{settings.port}"
