"""Whom a request comes from, when a proxy says so."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from argus.settings import Settings
from argus.web import proxies


def seen(peer: str, forwarded: str | None, trusted: str, proto: str = "") -> tuple[str, str]:
    """Return the caller's address and the scheme that the application sees."""
    found: dict[str, Any] = {}
    environ = {"REMOTE_ADDR": peer, "wsgi.url_scheme": "http", "HTTP_X_FORWARDED_PROTO": proto}
    if forwarded is not None:
        environ["HTTP_X_FORWARDED_FOR"] = forwarded
    settings = Settings(_env_file=None, trusted_proxies=trusted)
    proxies.TrustedProxies(lambda environ, start: found.update(environ), lambda: settings)(environ, None)
    return found["REMOTE_ADDR"], found["wsgi.url_scheme"]


@pytest.mark.parametrize(("peer", "forwarded", "trusted", "caller"), [
    ("10.0.0.1", "192.0.2.7", "10.0.0.1", "192.0.2.7"),
    ("10.0.0.1", "192.0.2.7", "10.0.0.0/8, ::1", "192.0.2.7"),
    ("10.0.0.1", "192.0.2.7", "", "10.0.0.1"), ("10.0.0.1", "192.0.2.7", "10.0.0.2", "10.0.0.1"),
    ("10.0.0.1", None, "10.0.0.1", "10.0.0.1"), ("10.0.0.1", "", "10.0.0.1", "10.0.0.1"),
    ("10.0.0.1", "203.0.113.9, 192.0.2.7", "10.0.0.1", "192.0.2.7"),  # the caller made the first one up
    ("10.0.0.1", "203.0.113.9, 192.0.2.7, 10.0.0.5", "10.0.0.0/8", "192.0.2.7"),  # two proxies
    ("10.0.0.1", "10.0.0.9", "10.0.0.0/8", "10.0.0.9"), ("10.0.0.1", "unknown", "10.0.0.1", "10.0.0.1"),
    ("10.0.0.1", "192.0.2.7, nonsense", "10.0.0.1", "10.0.0.1"),
    ("10.0.0.1", "192.0.2.7:5123", "10.0.0.1", "192.0.2.7"),
    ("10.0.0.1", "[2001:db8::7]:5123", "10.0.0.1", "2001:db8::7"),
    ("10.0.0.1", "2001:DB8:0::7", "10.0.0.1", "2001:db8::7"), ("::1", "192.0.2.7", "::1", "192.0.2.7"),
    ("::ffff:10.0.0.1", "::ffff:192.0.2.7", "10.0.0.1", "192.0.2.7"), ("", "192.0.2.7", "10.0.0.1", ""),
])
def test_caller(peer: str, forwarded: str | None, trusted: str, caller: str) -> None:
    assert seen(peer, forwarded, trusted)[0] == caller


@pytest.mark.parametrize(("peer", "proto", "scheme"), [
    ("10.0.0.1", "https", "https"), ("10.0.0.1", "http, https", "https"), ("10.0.0.1", "https, http", "http"),
    ("10.0.0.1", "gopher", "http"), ("10.0.0.2", "https", "http")])
def test_scheme(peer: str, proto: str, scheme: str) -> None:
    assert seen(peer, None, "10.0.0.1", proto)[1] == scheme


@pytest.mark.parametrize("text", ["proxy.example", "10.0.0.0/33", "10.0.0.1;10.0.0.2", "*"])
def test_what_is_no_network_is_said_at_the_start(text: str) -> None:
    with pytest.raises(ValidationError, match="trusted_proxies"):
        Settings(_env_file=None, trusted_proxies=text)
