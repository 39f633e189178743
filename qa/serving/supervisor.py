"""Runs the service: in this process, or in several that are started again when they end."""

from __future__ import annotations

from contextlib import suppress

from uvicorn import Config, Server
from uvicorn.supervisors import Multiprocess


class Supervisor(Multiprocess):
    """uvicorn's, but who connects while the workers drain is refused, and does not wait for nobody."""

    def terminate_all(self) -> None:
        # Held open here, they would take connections that no worker accepts any more.
        for listening in self.sockets:
            listening.close()
        super().terminate_all()


def run(config: Config) -> int:
    """Serve until a signal ends it: the exit status."""
    if config.workers == 1:
        server = Server(config)
        with suppress(KeyboardInterrupt):  # raised again once all is drained
            server.run()
        return 0 if server.started else 3
    Supervisor(config, sockets=[config.bind_socket()]).run()
    return 0
