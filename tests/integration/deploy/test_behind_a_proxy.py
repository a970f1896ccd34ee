"""Both web services as processes behind a proxy that is one, too, with two people in front of it."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from flask import Flask, Response, request
from requests.adapters import HTTPAdapter

from argus.settings import Settings
from argus.web import proxies, serving
from tests.waiting import wait_for

pytestmark = [pytest.mark.integration,
              pytest.mark.skipif(sys.platform != "linux", reason="only Linux has all of 127.0.0.0/8")]

PROXY = Path(__file__).parents[2] / "forwarding_proxy.py"
# Of each service: a route behind the secret, which needs no server, and what it then answers.
ROUTES: dict[str, tuple[str, str, int]] = {
    "search_service": ("ARGUS_SEARCH_SERVICE_PORT", "/api/v1/no-such-thing", 404),
    "ml_backend": ("ARGUS_ML_BACKEND_PORT", "/versions", 200)}
services = pytest.mark.parametrize("service", ROUTES)
Start = Callable[..., int]


class From(HTTPAdapter):
    """Calls from another address of this machine."""

    def __init__(self, address: str) -> None:
        self.address = address
        super().__init__()

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs, source_address=(self.address, 0))


def person(address: str, service: str, *, right: bool, **headers: str) -> requests.Session:
    session = requests.Session()
    session.trust_env = False
    session.mount("http://", From(address))
    session.headers.update({"X-Argus-Secret": "hush" if right else "wrong"} | headers)
    if service == "search_service":
        session.headers["Authorization"] = f"Bearer {'right' if right else 'wrong'}"
    else:
        session.auth = ("argus", "right" if right else "wrong")
    return session


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
        return port


def is_open(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Start a service and a proxy in front of it; return the proxy's port."""
    with contextlib.ExitStack() as stack:
        def run(*argv: str, env: dict[str, str], port: int) -> None:
            log = stack.enter_context((tmp_path / f"log-{port}").open("wb"))
            process = subprocess.Popen([sys.executable, *argv], env=env, stdout=log, stderr=log)
            stack.callback(process.wait)
            stack.callback(process.kill)

            wait_for(lambda: process.poll() is not None or is_open(port), 120)

        def both(service: str, **settings: str) -> int:
            inner, outer = free_port(), free_port()
            env = os.environ | {ROUTES[service][0]: str(inner), "ARGUS_HOME": str(tmp_path),
                                "ARGUS_API_TOKEN": "right", "ARGUS_BASIC_AUTH_USER": "argus",
                                "ARGUS_BASIC_AUTH_PASSWORD": "right", "ARGUS_WEBHOOK_SECRET": "hush"} | settings
            run("-m", service, env=env, port=inner)
            run(str(PROXY), str(outer), str(inner), env=dict(os.environ), port=outer)
            return outer

        yield both


@services
def test_one_persons_wrong_secrets_are_nobody_elses(start: Start, service: str) -> None:
    _, path, passed = ROUTES[service]
    url = f"http://127.0.0.1:{start(service, ARGUS_TRUSTED_PROXIES='127.0.0.1')}{path}"
    guesser, other = (person(address, service, right=False) for address in ("127.0.0.2", "127.0.0.3"))
    assert [guesser.get(url, timeout=30).status_code for _ in range(25)] == [401] * 20 + [429] * 5
    assert other.get(url, timeout=30).status_code == 401  # counted for themselves
    for address in ("127.0.0.2", "127.0.0.3"):  # who mistyped and then knows it, too
        assert person(address, service, right=True).get(url, timeout=30).status_code == passed
    for number in range(3):  # made up by the caller
        liar = person("127.0.0.2", service, right=False, **{"X-Forwarded-For": f"203.0.113.{number}"})
        assert liar.get(url, timeout=30).status_code == 429


@services
def test_without_the_setting_no_proxy_is_believed(start: Start, service: str) -> None:
    _, path, passed = ROUTES[service]
    url = f"http://127.0.0.1:{start(service)}{path}"
    for number in range(25):
        liar = person("127.0.0.2", service, right=False, **{"X-Forwarded-For": f"203.0.113.{number}"})
        assert liar.get(url, timeout=30).status_code == (401 if number < 20 else 429)
    assert person("127.0.0.3", service, right=True).get(url, timeout=30).status_code == passed


def test_webhooks_are_never_shut_out_and_each_person_has_a_share(start: Start) -> None:
    port = start("search_service", ARGUS_TRUSTED_PROXIES="127.0.0.0/30", ARGUS_RATE_LIMIT="3/minute")
    url, hook = f"http://127.0.0.1:{port}/api/v1/no-such-thing", f"http://127.0.0.1:{port}/webhooks/label-studio"
    wrong, right = (person("127.0.0.4", "search_service", right=is_right) for is_right in (False, True))
    for _ in range(25):
        wrong.get(url, timeout=30)
        wrong.post(hook, json={"action": "other"}, timeout=30)
    assert wrong.post(hook, json={"action": "other"}, timeout=30).status_code == 429
    assert right.post(hook, json={"action": "other"}, timeout=30).status_code == 202
    assert [right.get(url, timeout=30).status_code for _ in range(4)] == [404] * 3 + [429]
    assert person("127.0.0.5", "search_service", right=True).get(url, timeout=30).status_code == 404


@pytest.fixture
def nginx(tmp_path: Path) -> Iterator[Callable[[int], int]]:
    """Start nginx as `docs/deployment.md` sets it up, in front of a port; return its own."""
    binary = shutil.which("nginx") or pytest.skip("nginx is not installed")
    (snippet,) = re.findall(r"```nginx\n(.*?)```", (PROXY.parents[1] / "docs/deployment.md").read_text(), re.DOTALL)
    with contextlib.ExitStack() as stack:
        def run(upstream: int) -> int:
            port = free_port()
            folders = " ".join(f"{kind}_temp_path {tmp_path}/{kind};" for kind in (
                "client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
            user = "user root;" if os.geteuid() == 0 else ""  # its folders are ours
            http = f"access_log off; {folders} server {{ listen 127.0.0.1:{port};\n{snippet} }}"
            (tmp_path / "nginx.conf").write_text(
                f"daemon off; {user} pid {tmp_path}/pid; error_log stderr; events {{}} "
                f"http {{ {http.replace('127.0.0.1:8000', f'127.0.0.1:{upstream}')} }}")
            process = subprocess.Popen([binary, "-p", str(tmp_path), "-c", str(tmp_path / "nginx.conf")])
            stack.callback(process.wait)
            stack.callback(process.terminate)
            wait_for(lambda: process.poll() is not None or is_open(port), 60)
            return port

        yield run


def test_the_documents_nginx__bodies_without_a_length_events_at_once_and_the_callers_address(
        nginx: Callable[[int], int]) -> None:
    app, seen = Flask(__name__), threading.Event()
    settings = Settings(_env_file=None, trusted_proxies="127.0.0.1")
    app.wsgi_app = proxies.TrustedProxies(app.wsgi_app, lambda: settings)  # type: ignore[method-assign]

    @app.post("/echo")
    def echo() -> dict[str, Any]:
        return {"bytes": len(request.get_data()), "from": request.remote_addr}

    @app.get("/events")
    def events() -> Response:
        def stream() -> Iterator[str]:
            yield "data: 1\n\n"
            yield f"data: {seen.wait(60)}\n\n"

        return Response(stream(), content_type="text/event-stream")

    server = serving.Server("test", "ARGUS_TEST_PORT", app, "127.0.0.1", 0, threads=2, limits=serving.Limits(2**25))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        url = f"http://127.0.0.1:{nginx(server.port)}"
        session = person("127.0.0.2", "search_service", right=True)
        sent = session.post(f"{url}/echo", data=iter([b"x" * 2**20] * 3), timeout=60)  # chunked as far as nginx
        assert (sent.status_code, sent.json()) == (200, {"bytes": 3 * 2**20, "from": "127.0.0.2"})
        with session.get(f"{url}/events", stream=True, timeout=60) as answer:
            lines = answer.iter_lines()
            assert next(lines) == b"data: 1"  # while the answer goes on
            seen.set()
            assert b"data: True" in list(lines)
    finally:
        seen.set()
        server.stop()
        thread.join(20)
