"""Which requests a web service turns away whatever they carry, and what it says when it is open to everybody."""

from __future__ import annotations

import sys
from typing import Any

import pytest

import ml_backend.__main__
import search_service.__main__
from argus.errors import ArgusError
from argus.settings import Settings
from argus.web import origin_check
from search_service.health import doctor

LOCKS: dict[origin_check.Service, dict[str, str]] = {"ml-backend": {"basic_auth_user": "argus"},
                                              "search-service": {"api_token": "s3cret"}}
services = pytest.mark.parametrize("service", LOCKS)


def passes(service: origin_check.Service, host: str, origin: str = "", method: str = "POST", **settings: Any) -> bool:
    try:
        origin_check.check(service, Settings(_env_file=None, **settings), method, host, origin)
    except ArgusError as error:
        assert error.code == "forbidden" and "ARGUS_OWN_HOSTS" in error.hint
        return False
    return True


@services
@pytest.mark.parametrize("origin", ["http://evil.example", "null", "http://127.0.0.1:8080", "http://[x", "https://",
                                    "http://127.0.0.1:8000.evil.example", "http://127.0.0.1:8000@evil.example"])
def test_other_sites_pages_change_nothing(service: origin_check.Service, origin: str) -> None:
    assert not passes(service, "127.0.0.1:8000", origin)
    assert not passes(service, "127.0.0.1:8000", origin, "DELETE", **LOCKS[service])
    assert passes(service, "127.0.0.1:8000", origin, "GET")  # of which the browser shows them nothing


@services
def test_our_own_pages_and_programs_pass(service: origin_check.Service) -> None:
    assert passes(service, "127.0.0.1:8000", "http://127.0.0.1:8000")
    assert passes(service, "LocalHost:8000", "http://localhost:8000")
    assert passes(service, "127.0.0.1:8000")  # Label Studio, scripts: no page, no origin
    with_port = {**LOCKS[service], "search_service_url": "https://argus.example:443"}  # behind a proxy
    assert passes(service, "10.0.0.7:8000", "https://argus.example", **with_port)
    assert not passes(service, "10.0.0.7:8000", "https://argus.example:80", **with_port)
    assert passes(service, "10.0.0.7:8000", "https://argus.example", own_hosts="argus.example:443", **LOCKS[service])
    assert passes(service, "argus.example:80", "http://argus.example:80", **LOCKS[service])


@services
@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "POST", "DELETE"])
def test_other_sites_reach_only_what_they_may_link_to(service: origin_check.Service, method: str) -> None:
    closed = {"search-service": ["/api/v1/doctor", "/api/v1/projects/1/search", "/api/v1/exports/3/file",
                                 "/api/v1/openapi.json", "/metrics", "/webhooks/label-studio", "/api/", "/new"],
              "ml-backend": ["/versions", "/setup", "/predict", "/webhook", "/metrics", "/new"]}[service]
    settings = Settings(_env_file=None, **LOCKS[service])
    for path in closed:
        with pytest.raises(ArgusError) as caught:
            origin_check.check(service, settings, method, "127.0.0.1:8000", "", path=path, site="cross-site")
        assert caught.value.code == "forbidden" and "new tab" in caught.value.hint
        for site in ("same-origin", "same-site", "none", ""):
            origin_check.check(service, settings, method, "127.0.0.1:8000", "", path=path, site=site)
    for path in ("/", "/health") if service == "ml-backend" else ("/", "/health", "/docs", "/web/page.js"):
        origin_check.check(service, settings, method, "127.0.0.1:8000", "", path=path, site="cross-site")


@services
@pytest.mark.parametrize(("host", "ours"), [
    ("localhost:9090", True), ("argus.localhost", True), ("127.0.0.1", True), ("[::1]:9090", True),
    ("192.168.1.5:8000", True),  # no site's page comes from an address that it does not have
    ("evil.example:9090", False), ("localhost.evil.example", False), ("127.0.0.1.evil.example", False),
    ("", False), ("[x", False),
])
def test_without_a_password_only_names_that_nobody_else_has(service: origin_check.Service, host: str,
                                                            ours: bool) -> None:
    assert passes(service, host, f"http://{host}" if ours else "") is ours
    assert passes(service, host, method="GET") is ours
    assert passes(service, host, method="GET", **LOCKS[service])


@services
def test_names_of_ours_are_those_of_the_settings(service: origin_check.Service) -> None:
    named = {"ml_backend_url": "http://ml-backend.argus.internal:9090", "own_hosts": "argus.example, Plant.local:8443",
             "search_service_url": "http://search-service.argus.internal:8000"}
    for host in ("ml-backend.argus.internal:9090", "search-service.argus.internal:8000", "argus.example",
                 "plant.local:8443", "PLANT.local.:8443"):
        assert passes(service, host, **named)
    assert not passes(service, "other.internal:9090", **named)
    origin_check.check(service, Settings(_env_file=None, host="plant-pc"), "GET", "plant-pc:8000", "")  # as it was told
    with pytest.raises(ArgusError):
        origin_check.check(service, Settings(_env_file=None, host="::"), "GET", "", "")
    assert passes(service, "127.0.0.1:8000", "https://argus.example", **named)  # behind a proxy that does not say so
    assert passes(service, "127.0.0.1:8000", "https://plant.local:8443", **named)
    assert not passes(service, "127.0.0.1:8000", "https://plant.local", **named)


@services
@pytest.mark.parametrize(("host", "open_to_all"), [("127.0.0.1", False), ("localhost", False), ("::1", False),
                                                   ("0.0.0.0", True), ("::", True), ("", True), ("10.0.0.5", True)])
def test_opened(service: origin_check.Service, host: str, open_to_all: bool) -> None:
    assert (origin_check.opened(service, Settings(_env_file=None, host=host)) is not None) is open_to_all
    assert origin_check.opened(service, Settings(_env_file=None, host=host, **LOCKS[service])) is None


@pytest.mark.parametrize(("main", "asks"), [(ml_backend.__main__, "ARGUS_BASIC_AUTH_USER"),
                                            (search_service.__main__, "ARGUS_API_TOKEN")])
def test_a_service_that_is_open_to_everybody_says_so_at_its_start(
        main: Any, asks: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(main.serving.Server, "run_until_signal", lambda self: None)
    monkeypatch.setattr(main.logs, "configure", lambda process, level: None)  # what pytest has set up stays
    monkeypatch.setattr(sys, "argv", ["python"])
    said = []
    monkeypatch.setattr(origin_check.log, "warning", lambda message, extra: said.append(f"{message} {extra['hint']}"))
    for host, lines in (("127.0.0.1", 0), ("0.0.0.0", 1)):
        monkeypatch.setattr(main, "get_settings", lambda host=host: Settings(_env_file=None, host=host,
                                                                             search_service_port=0, ml_backend_port=0))
        assert main.main() == 0
        assert len(said) == lines
    assert asks in said[0]


def test_the_doctor_says_it_too() -> None:
    found = doctor.servers.opened("search-service", Settings(_env_file=None, host="0.0.0.0"))
    assert [(one.name, one.state) for one in found] == [("access", "problem")]
    assert not list(doctor.servers.opened("search-service", Settings(_env_file=None)))
