"""Whom a request really comes from: a proxy in front of us says so, and is believed only when the settings name it.

Read are `X-Forwarded-For` and `X-Forwarded-Proto`. `X-Forwarded-Host` is not: many proxies pass on what the caller put
there, and a page under another site's name would choose the name that we judge it by.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterable
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from argus.settings import Network, Settings


class TrustedProxies:
    """A WSGI application in front of `application` that puts the caller's own address where its proxy's stands."""

    def __init__(self, application: WSGIApplication, settings: Callable[[], Settings]) -> None:
        self._application, self._settings = application, settings

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        trusted = self._settings().trusted_networks
        if trusted and _is_one_of(environ.get("REMOTE_ADDR", ""), trusted):
            environ["REMOTE_ADDR"] = caller(environ["REMOTE_ADDR"], environ.get("HTTP_X_FORWARDED_FOR", ""), trusted)
            if environ.get("HTTP_X_FORWARDED_PROTO", "").rpartition(",")[2].strip().lower() == "https":
                environ["wsgi.url_scheme"] = "https"
        return self._application(environ, start_response)


def caller(peer: str, forwarded: str, trusted: Iterable[Network]) -> str:
    """Return the address that the request comes from.

    Every proxy adds to the right whom it was called by. So the first address from the right that is no trusted proxy's
    is the caller's; what stands left of it the caller may have made up.

    Args:
        peer: the address of the connection, a trusted proxy's.
        forwarded: the request's `X-Forwarded-For`.
    """
    for hop in reversed(forwarded.split(",")):
        address = _address(hop.strip())
        if address is None:
            break
        peer = str(address)
        if not _is_one_of(peer, trusted):
            break
    return peer


def _is_one_of(text: str, trusted: Iterable[Network]) -> bool:
    address = _address(text)
    return address is not None and any(address in network for network in trusted)


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """Return the address in `192.0.2.1`, `192.0.2.1:8000`, `2001:db8::1` or `[2001:db8::1]:8000`, else None."""
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address
