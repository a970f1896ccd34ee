"""An HTTP session that connects to public addresses only, whatever a name resolves to and when.

The name is resolved once, every address it has is judged, and the connection goes to a judged one. A check before the
request would be answered by one resolution and the connection made by another (DNS rebinding).
"""

from __future__ import annotations

import contextlib
import ipaddress
import socket
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.util.connection import create_connection

from argus.errors import ArgusError

_NAT64 = ipaddress.ip_network("64:ff9b::/96")


def is_public(address: str) -> bool:
    """Tell whether an IP address belongs to the public internet, also when IPv6 wraps an IPv4 one."""
    ip = ipaddress.ip_address(address.split("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        wrapped = ip.ipv4_mapped or ip.sixtofour or (ip.teredo[1] if ip.teredo else None)
        if ip in _NAT64:
            wrapped = ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
        if wrapped is not None:
            return wrapped.is_global and not wrapped.is_multicast
    return ip.is_global and not ip.is_multicast


class _Public(HTTPConnection):
    """Opens the socket of a connection to an address that was judged."""

    def _new_conn(self) -> socket.socket:
        found = [str(entry[4][0]) for entry in socket.getaddrinfo(self.host, self.port, type=socket.SOCK_STREAM)]
        if not all(is_public(address) for address in found):
            raise ArgusError("image_forbidden", f"The image is at a private address: {self.host}.",
                             f"Add http://{self.host}:{self.port} (or https) to ARGUS_IMAGE_ORIGINS if you trust it.")
        for address in found[:-1]:
            with contextlib.suppress(OSError):
                return self._connect(address)
        return self._connect(found[-1])

    def _connect(self, address: str) -> socket.socket:
        return create_connection((address, self.port), self.timeout, socket_options=self.socket_options)


class _Https(_Public, HTTPSConnection):
    pass


class _HttpPool(HTTPConnectionPool):
    ConnectionCls = _Public


class _HttpsPool(HTTPSConnectionPool):
    ConnectionCls = _Https


class _Adapter(HTTPAdapter):
    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {"http": _HttpPool, "https": _HttpsPool}


def session() -> requests.Session:
    """Return a session that raises `image_forbidden` for a host with a private address. It reads no proxy settings:
    a proxy would resolve the name again.
    """
    made = requests.Session()
    made.trust_env = False
    for scheme in ("http://", "https://"):
        made.mount(scheme, _Adapter())
    return made
