"""Who may speak to the two web services: what does not depend on a password.

A browser carries a page's requests to wherever the browser itself reaches, loopback included. So another site's page
may not change anything (it cannot read answers anyway), nor call what is not made to be linked to, for a GET may start
work and be kept in a history. And without a password nothing is served under a name that is not ours: a site may let
its own name resolve to our address, and is of one origin with us then (DNS rebinding).
"""

from __future__ import annotations

import ipaddress
import logging
from typing import Literal
from urllib.parse import urlsplit

from argus.errors import ArgusError
from argus.settings import Settings

log = logging.getLogger(__name__)
Service = Literal["ml-backend", "search-service"]
_READING = ("GET", "HEAD", "OPTIONS")
_LOCKS: dict[Service, tuple[str, str]] = {  # the setting that is a service's lock, and what it does
    "ml-backend": ("basic_auth_user", "Set ARGUS_BASIC_AUTH_USER and ARGUS_BASIC_AUTH_PASSWORD"),
    "search-service": ("api_token", "Set ARGUS_API_TOKEN")}

_LINKED: dict[Service, tuple[str, ...]] = {  # what other sites may link to
    "ml-backend": ("/", "/health"), "search-service": ("/", "/docs", "/openapi.json", "/health")}


def locked(service: Service, settings: Settings) -> bool:
    """Whether `service` asks for a password (the ML backend) or a token (the search service)."""
    return bool(getattr(settings, _LOCKS[service][0]))


def check(service: Service, settings: Settings, method: str, host: str, origin: str, *, path: str = "/",
          site: str = "") -> None:
    """Raise `forbidden` when a request comes from another site's page, or may come from one.

    Args:
        host: the request's `Host`, with or without a port.
        origin: its `Origin`; empty when there is none, as in what servers and programs send.
        site: its `Sec-Fetch-Site`, by which browsers say what caused it; empty for others and for old browsers.
    """
    if site.lower() == "cross-site" and path not in _LINKED[service] and not path.startswith("/web/"):
        raise ArgusError("forbidden", "Other sites may link to Argus's page only, not to this address.",
                         "Open Argus's page, or paste the address into a new tab.")
    own = _own(settings)
    scheme = origin.partition("://")[0]  # which decides what port may be left out
    ours = {_netloc(f"{scheme}://{one}") for one in (host, *own)} - {""}
    if origin and method not in _READING and _netloc(origin) not in ours:
        raise ArgusError("forbidden", "Requests from other sites' pages are refused.",
                         "If this page is Argus behind a proxy, add its host to ARGUS_OWN_HOSTS.")
    name = _name(host)
    if not (locked(service, settings) or _no_site_has(name) or name in {_name(one) for one in own} - {""}):
        raise ArgusError("forbidden", f"Host {name[:100]} is not allowed while no password is set.",
                         f"{_LOCKS[service][1]}, or add the host to ARGUS_OWN_HOSTS.")


def opened(service: Service, settings: Settings) -> ArgusError | None:
    """Return what is wrong when everybody in the network may use `service`, else None."""
    if locked(service, settings) or _is_loopback(settings.host):
        return None
    return ArgusError("bad_setting", f"The {service.replace('-', ' ').replace('ml', 'ML')} listens on "
                      f"{settings.host or 'every address'} and asks nobody for a password.",
                      f"{_LOCKS[service][1]}, or ARGUS_HOST to 127.0.0.1.")


def warn(service: Service, settings: Settings) -> None:
    """Log it at the start when everybody in the network may use `service`."""
    if error := opened(service, settings):
        log.warning(error.message, extra={"hint": error.hint})


def _own(settings: Settings) -> set[str]:
    """The hosts, with their ports, under which our services are known."""
    urls = (settings.ml_backend_url, settings.search_service_url)
    named = (settings.host, *settings.own_hosts.split(","))
    return {_netloc(url) for url in urls} | {name.strip().lower() for name in named} - {""}


def _netloc(url: str) -> str:
    """Return the host of `url` in lower case, with its port unless that is its scheme's own; empty when it has none, as
    the origin `null`."""
    try:
        parts = urlsplit(url)
        default = {"http": ":80", "https": ":443"}.get(parts.scheme, "")
        return parts.netloc.rpartition("@")[2].lower().removesuffix(default)
    except ValueError:
        return ""


def _name(host: str) -> str:
    """Return `host` without its port, in lower case; empty when it is none."""
    try:
        return (urlsplit(f"//{host}").hostname or "").rstrip(".")
    except ValueError:
        return ""


def _no_site_has(name: str) -> bool:
    """Whether `name` is one that no site can make its own: an address, or what every browser takes for loopback."""
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def is_ours(place: str) -> bool:
    """Whether only this machine reaches `place`, a host or a URL."""
    return _is_loopback(_name(urlsplit(place).netloc.rpartition("@")[2] if "//" in place else place))


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
