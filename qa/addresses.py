"""Network addresses: which are this machine's own, and which proxies are believed."""

from __future__ import annotations

import socket
from ipaddress import ip_address, ip_network


def is_loopback(host: str) -> bool:
    """Whether to serve on ``host``, a name or an address, is to serve this machine alone."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        pass
    try:
        found = socket.getaddrinfo(host, None)
    except (OSError, UnicodeError):
        return False
    return all(ip_address(str(address[0]).partition("%")[0]).is_loopback for *_, address in found)


def parse_networks(value: object) -> tuple[str, ...]:
    """Addresses and networks as QA_TRUSTED_PROXIES holds them, separated by commas.

    Raises:
        ValueError: one is neither; the message names it.
    """
    entries = value if isinstance(value, tuple) else [entry.strip() for entry in str(value).split(",")]
    networks = [entry for entry in entries if entry]
    for entry in networks:
        try:
            ip_network(entry)
        except ValueError:
            raise ValueError(
                f"{entry!r} is no address and no network; write them as 10.0.0.7 or 10.0.0.0/24, separated by commas"
            ) from None
    return tuple(networks)
