"""HTTP sessions that dial what was judged and nothing else.

None of them reads the environment: a `.netrc` would put another password in the place of a token, and a proxy would see
it. Certificates are the exception (`REQUESTS_CA_BUNDLE`): they say whom to trust, not whom to tell.

A locked session carries a token, or a person's trust in an origin. What to send through it is decided elsewhere, by
`argus.addresses`; a second lock sits where the connection is opened, and compares scheme, host and port of what is
dialled with what the session is for, and the path with the one below which it may ask. So a mistake in the first
decision, a redirect, or another reading of an address by a library sends nothing.
"""

from __future__ import annotations

import ipaddress
import os
import socket
from collections.abc import Callable, Collection
from typing import Any, cast

import requests
from requests.adapters import HTTPAdapter
from urllib3 import PoolManager
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import ConnectionPool, HTTPConnectionPool, HTTPSConnectionPool
from urllib3.response import HTTPResponse

from argus import addresses
from argus.addresses import Address, Origin

_QUICKACK: int | None = getattr(socket, "TCP_QUICKACK", None)  # Linux has it
Guard = Callable[[Any, str], None]  # is given a connection and its scheme before it is opened, and raises to refuse it


class WrongTarget(ValueError):
    """Something would have been dialled that was not judged; nothing was sent there.

    Args:
        target: the origin, or the address without its query, as people write it.
    """

    def __init__(self, target: str) -> None:
        super().__init__(f"{target} was not to be dialled")
        self.target = target


class Adapter(HTTPAdapter):
    """Dials what the request's own address says, and nothing when `requests` has read another host in it.

    Args:
        pools: by scheme, the pools that open the connections.
    """

    def __init__(self, pools: dict[str, type[HTTPConnectionPool]]) -> None:
        self._pools = pools
        super().__init__()

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = self._pools

    def proxy_manager_for(self, proxy: str, **kwargs: Any) -> PoolManager:
        manager: PoolManager = super().proxy_manager_for(proxy, **kwargs)
        manager.pool_classes_by_scheme = self._pools
        return manager

    def get_connection_with_tls_context(self, request: requests.PreparedRequest, *args: Any,
                                        **kwargs: Any) -> ConnectionPool:
        pool: Any = super().get_connection_with_tls_context(request, *args, **kwargs)
        forwarding = pool.proxy is not None and pool.scheme == "http"  # then the pool is the proxy's own
        if not forwarding and (dialled := _origin(pool.scheme, pool.host, pool.port)) != _asked(request).origin:
            raise WrongTarget(addresses.shown(dialled))
        return cast(ConnectionPool, pool)


class _Locked(Adapter):
    def __init__(self, origins: Collection[Origin], below: str) -> None:
        self._origins, self._below = frozenset(origins), below
        super().__init__(guarded(self._judge))

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        asked = _asked(request)
        if asked.origin not in self._origins:  # a proxy that forwards is told this one
            raise WrongTarget(addresses.shown(asked.origin))
        if not asked.path.startswith(f"{self._below}/"):
            raise WrongTarget(asked.shown)
        return super().send(request, *args, **kwargs)

    def _judge(self, connection: Any, scheme: str) -> None:
        host, port = connection._dns_host, connection.port  # `host` has lost the dot at its end
        if connection.proxy is not None:
            if connection._tunnel_host is None:  # `send` has compared what the proxy is told
                return
            host, port = connection._tunnel_host, connection._tunnel_port
        if (target := _origin(scheme, host, port)) not in self._origins:
            raise WrongTarget(addresses.shown(target))


def _origin(scheme: str, host: str, port: int | None) -> Origin:
    return scheme, host.strip("[]").lower(), port or addresses.PORTS[scheme]


def _asked(request: requests.PreparedRequest) -> Address:
    try:
        return addresses.parse(str(request.url))
    except addresses.BadAddress as error:  # where a redirect leads
        raise WrongTarget("what is no address") from error


class _Acknowledging(HTTPConnection):
    """Acknowledges the first part of an answer at once.

    Django's own server, which `label-studio start` runs, writes an answer in several parts, and its kernel holds the
    second until the first is acknowledged. On a connection that is kept, ours waits 40 ms before it does that.
    """

    def getresponse(self) -> HTTPResponse:  # type: ignore[override]  # as in urllib3
        if _QUICKACK is not None and self.sock is not None:
            self.sock.setsockopt(socket.IPPROTO_TCP, _QUICKACK, 1)  # holds for what comes next, not for good
        return super().getresponse()


def guarded(guard: Guard) -> dict[str, type[HTTPConnectionPool]]:
    """Return pools, by scheme, whose connections ask `guard` before they are opened."""

    class Http(_Acknowledging, HTTPConnection):
        def _new_conn(self) -> socket.socket:
            guard(self, "http")
            return super()._new_conn()

    class Https(_Acknowledging, HTTPSConnection):
        def _new_conn(self) -> socket.socket:
            guard(self, "https")
            return super()._new_conn()

    class HttpPool(HTTPConnectionPool):
        ConnectionCls = Http

    class HttpsPool(HTTPSConnectionPool):
        ConnectionCls = Https

    return {"http": HttpPool, "https": HttpsPool}


def bare(adapter: HTTPAdapter) -> requests.Session:
    """Return a session that sends everything through `adapter` and reads nothing of the environment."""
    made = requests.Session()
    made.trust_env = False
    made.verify = os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("CURL_CA_BUNDLE") or True
    for scheme in addresses.PORTS:
        made.mount(f"{scheme}://", adapter)
    return made


def locked(origins: Collection[Origin], proxy: str = "", below: str = "") -> requests.Session:
    """Return a session that dials these origins only; it raises `WrongTarget` for every other, redirects included.

    Args:
        proxy: reaches those of the origins that are not near (see `is_near`); empty: none.
        below: the only path below which it asks, without a slash at its end: `/ls`; empty: any.
    """
    made = bare(_Locked(origins, below))
    if proxy:
        made.proxies = {f"{scheme}://{host}": proxy for scheme, host, _ in origins if not is_near(host)}
    return made


def ask(method: str, url: str, proxy: str = "", **options: Any) -> requests.Response:
    """Send one request to `url`, locked to its origin. Raises as `requests` and `argus.addresses.parse`, and
    `WrongTarget`."""
    with locked([addresses.parse(url).origin], proxy) as session:
        return session.request(method, url, **options)


def is_near(host: str) -> bool:
    """Whether a host is reached without a proxy: a name without a dot, `localhost`, a private address."""
    try:
        return not ipaddress.ip_address(host.partition("%")[0]).is_global
    except ValueError:
        return "." not in host or host.endswith(".localhost")
