"""How many connections a process may hold: as many as files may be open."""

from __future__ import annotations

import resource

# Far more than a worker answers; what has no end would make tables of that size.
_ENOUGH = 65_536


def allow_many_connections() -> None:
    """Let this process and those that it starts open as many files as they may: systems give 1024 unless asked."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _ENOUGH if hard == resource.RLIM_INFINITY else min(hard, _ENOUGH)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
