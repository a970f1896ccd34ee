"""Ports are checked before anything starts: some servers answer a busy one by silently taking the next."""

from __future__ import annotations

import socket
from collections.abc import Mapping

from argus.errors import ArgusError


def is_free(port: int, host: str = "127.0.0.1") -> bool:
    """Say whether `host:port` can be listened on now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # a port in TIME_WAIT is free
        try:
            probe.bind((host, port))
        except OSError:
            return False
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) != 0


def free_port() -> int:
    """Return a port that nothing listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def check(wanted: Mapping[str, tuple[int, str]], host: str = "127.0.0.1") -> None:
    """Refuse to start on ports that are taken.

    Args:
        wanted: what needs a port, to (port, the environment variable that changes it).
        host: the address that will be listened on.

    Raises:
        ArgusError: `port_in_use`, naming the port, who wants it and the setting.
    """
    seen: dict[int, str] = {}
    for owner, (port, setting) in wanted.items():
        if port in seen:
            raise ArgusError("port_in_use", f"Port {port} is set for both {seen[port]} and {owner}.",
                             f"Set {setting} to another port.", port=port, setting=setting)
        seen[port] = owner
        if not is_free(port, host):
            raise ArgusError("port_in_use", f"Port {port}, which {owner} needs, is in use by another program.",
                             f"Stop that program, or set {setting} to a free port.", port=port, setting=setting)
