"""An HTTP session that connects to public addresses only, whatever a name resolves to and when.

The name is resolved once, every address it has is judged, and the connection goes to a judged one. A check before the
request would be answered by one resolution and the connection made by another (DNS rebinding).
"""

from __future__ import annotations

import contextlib
import ipaddress
import socket

import requests
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.util.connection import create_connection

from argus import addresses, dialling
from argus.errors import ArgusError

_NAT64 = ipaddress.ip_network("64:ff9b::/96")
# All that is assigned as global unicast. What lies outside is loopback, local, site-local (fec0::/10), translation of
# local use (64:ff9b:1::/48, ::ffff:0:0:0/96), IPv4-compatible (::/96), discarded, or not assigned yet.
_UNICAST = ipaddress.ip_network("2000::/3")
# Inside of it, or of IPv4, and not of the internet, whatever the `ipaddress` of this Python says.
_SPECIAL = tuple(ipaddress.ip_network(net) for net in (
    "2001::/23",  # protocol assignments: Teredo, benchmarks, ORCHID, and what will come
    "2001:db8::/32", "3fff::/20",  # documentation
    "192.0.0.0/24",  # protocol assignments
    "192.88.99.0/24",  # 6to4 relays, given up
))


def is_public(address: str) -> bool:
    """Tell whether an IP address belongs to the public internet, also when IPv6 wraps an IPv4 one."""
    ip = ipaddress.ip_address(address.split("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        wrapped = ip.ipv4_mapped or ip.sixtofour
        if ip in _NAT64:
            wrapped = ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
        if wrapped is not None:
            return is_public(str(wrapped))
        if ip not in _UNICAST:
            return False
    return ip.is_global and not ip.is_multicast and not ip.is_reserved and not any(ip in net for net in _SPECIAL)


class _Public(HTTPConnection):
    """Opens the socket of a connection to an address that was judged."""

    def _new_conn(self) -> socket.socket:
        found = [str(entry[4][0]) for entry in socket.getaddrinfo(self.host, self.port, type=socket.SOCK_STREAM)]
        if not all(is_public(address) for address in found):
            scheme = "https" if isinstance(self, HTTPSConnection) else "http"
            origin = addresses.shown((scheme, self.host, self.port))
            raise ArgusError("image_forbidden", f"The image is at a private address: {self.host}.",
                             f"Add {origin} to ARGUS_IMAGE_ORIGINS if you trust it.")
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


def session() -> requests.Session:
    """Return a session that raises `image_forbidden` for a host with a private address. It uses no proxy, not even the
    one of the settings: that would resolve the name again.
    """
    return dialling.bare(dialling.Adapter({"http": _HttpPool, "https": _HttpsPool}))
