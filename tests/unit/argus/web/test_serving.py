"""The server of both web services: what half-sent, slow, oversized and malformed requests get, and how it ends."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from flask import Flask, Response, request, send_file

from argus.errors import ArgusError
from argus.web import serving
from argus.web.serving import Limits, Server
from tests.waiting import wait_for

HALF = b"POST /echo HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Le"
BODY = b"POST /echo HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: 1000000\r\n\r\n"
Start = Callable[..., Server]


def application(folder: Path) -> Flask:
    app = Flask(__name__)
    gate = threading.Event()
    app.config["gate"] = gate

    @app.post("/echo")
    def echo() -> dict[str, Any]:
        return {"bytes": len(request.get_data())}

    @app.get("/livez")
    def livez() -> dict[str, Any]:
        return {"status": "ok"}

    @app.get("/file")
    def file() -> Response:
        return send_file(folder / "file", mimetype="application/zip", conditional=True)

    @app.get("/slow")
    def slow() -> str:
        gate.wait(30)
        return "done"

    @app.get("/events")
    def events() -> Response:
        return Response((f"data: {number}\n\n" for number in range(3)), content_type="text/event-stream")

    return app


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Start servers of this process on ports of their own; their application has one thread more than it needs."""
    running = []

    def run(limits: Limits, **options: Any) -> Server:
        app = application(tmp_path)
        server = Server("test", "ARGUS_TEST_PORT", app, "127.0.0.1", 0, threads=2, limits=limits, **options)
        server.app = app  # type: ignore[attr-defined]
        thread = threading.Thread(target=server.run)
        thread.start()
        running.append((server, thread))
        return server

    yield run
    for server, thread in running:
        server.app.config["gate"].set()
        server.stop()
        thread.join(20)
        assert not thread.is_alive()


def url(server: Server, path: str) -> str:
    return f"http://127.0.0.1:{server.port}{path}"


def connect(port: int) -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", port), timeout=30)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


def rest(connection: socket.socket) -> bytes:
    """Return what comes until the other end closes."""
    found = b""
    while data := connection.recv(65_536):
        found += data
    return found


def answer(server: Server, sent: bytes) -> tuple[int, dict[str, Any]]:
    with connect(server.port) as connection:
        connection.sendall(sent)
        head, _, body = rest(connection).partition(b"\r\n\r\n")
    assert b"application/problem+json" in head
    return int(head.split()[1]), json.loads(body)


def test_waiting_requests_hold_no_thread(start: Start) -> None:
    server = start(Limits(2**21))
    with contextlib.ExitStack() as stack:
        for sent in (HALF, BODY, b"", BODY + b"{"):
            for _ in range(25):
                stack.enter_context(connect(server.port)).sendall(sent)
        for _ in range(5):
            assert requests.get(url(server, "/livez"), timeout=10).ok
            assert requests.post(url(server, "/echo"), data=b"x" * 2**21, timeout=10).json() == {"bytes": 2**21}


@pytest.mark.parametrize("sent", [HALF, BODY, BODY + b"{"])
def test_a_request_that_does_not_arrive_ends(start: Start, sent: bytes) -> None:
    server = start(Limits(2**21, head_seconds=0.3, stalled_seconds=0.3))
    assert answer(server, sent)[0] == 408


@pytest.mark.parametrize("sent", [HALF[:30], BODY])
def test_a_request_that_trickles_ends_too(start: Start, sent: bytes) -> None:
    server = start(Limits(2**21, head_seconds=1, stalled_seconds=30, request_seconds=1))
    with connect(server.port) as connection:
        connection.sendall(sent)
        connection.settimeout(0.05)
        found, began = b"", time.monotonic()
        while not found:
            assert time.monotonic() - began < 30
            connection.sendall(b"x")
            with contextlib.suppress(TimeoutError):
                found = connection.recv(65_536)
    assert b" 408 " in found


def test_an_idle_connection_is_closed(start: Start) -> None:
    server = start(Limits(2**21, idle_seconds=0.3))
    with connect(server.port) as connection:
        assert rest(connection) == b""


def test_of_too_many_connections_the_one_that_waited_longest_goes(start: Start) -> None:
    server = start(Limits(2**21, connections=5))
    with contextlib.ExitStack() as stack:
        first, *_ = [stack.enter_context(connect(server.port)) for _ in range(5)]
        first.sendall(HALF)
        for _ in range(3):
            assert requests.get(url(server, "/livez"), timeout=10).ok
        assert rest(first) == b""


def test_who_does_not_read_holds_no_thread_and_is_left(start: Start, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(os.urandom(2**20) * 40)
    patient, strict = start(Limits(2**21)), start(Limits(2**21, unread_seconds=1))
    for server in (patient, strict):
        with contextlib.ExitStack() as stack:
            for part in [b"", b"Range: bytes=5-\r\n"] * 3:
                reader = stack.enter_context(connect(server.port))
                reader.sendall(b"GET /file HTTP/1.1\r\nHost: x\r\n" + part + b"\r\n")
                assert reader.recv(1)
            assert requests.get(url(server, "/livez"), timeout=20).ok
            if server is strict:
                wait_for(lambda: not strict._server.active_channels, 30)


@pytest.mark.parametrize(("sent", "status"), [
    (b"GET /" + b"a" * 65_537, 414), (b"GET /" + b"a" * 65_537 + b" HTTP/1.1\r\n\r\n", 414),
    (b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 200 + b"\r\n", 431), (b"GET / HTTP/1.1\r\nX: " + b"y" * 140_000, 431),
    (b"POST /echo HTTP/1.1\r\nContent-Length: 3000000\r\n\r\n", 413),
    (b"POST /echo HTTP/1.1\r\nContent-Length: 3000000\r\nExpect: 100-continue\r\n\r\n", 413),
    (b"POST /echo HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", 411),
    (b"POST /echo HTTP/1.1\r\nContent-Length: many\r\n\r\n", 400),
    (b"POST /echo HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", 400),
    (b"GET / HTTP/1.1\r\nX:" + b" " * 70 + b"y\r\n\r\n", 400), (b"GET / HTTP/1.1\r\nX: y\r\n more\r\n\r\n", 400),
    (b"GET / HTTP/1.1\r\nX: \0\r\n\r\n", 400), (b"hello\r\n\r\n", 400), (b"GET / HTTP/9.9\r\n\r\n", 400),
    (b"GET http://[x HTTP/1.1\r\n\r\n", 400), (b"get / HTTP/1.1\r\n\r\n", 400),
])
def test_what_is_refused_gets_an_answer_of_ours(start: Start, sent: bytes, status: int) -> None:
    found, problem = answer(start(Limits(2**21)), sent)
    assert (found, problem["status"]) == (status, status)
    assert problem["type"].startswith("urn:argus:error:") and problem["detail"]


def test_who_still_sends_when_refused_gets_the_answer_all_the_same(start: Start) -> None:
    server = start(Limits(2**21))
    found = requests.post(url(server, "/echo"), data=b"x" * (2**21 + 1), timeout=30)
    assert (found.status_code, found.json()["code"]) == (413, "bad_request")


def test_all_bodies_together_have_a_bound(start: Start) -> None:
    server = start(Limits(2**21, bodies=3 * 2**20))
    large = BODY + b"x" * 900_000
    with contextlib.ExitStack() as stack:
        for _ in range(3):
            stack.enter_context(connect(server.port)).sendall(large)
        wait_for(lambda: sum(one.body_bytes_received for one in list(serving._Request.large)) == 2_700_000, 30)
        busy = requests.post(url(server, "/echo"), data=b"x" * 900_000, timeout=30)
        assert (busy.json()["code"], busy.headers["Retry-After"]) == ("not_ready", "5")
        assert requests.post(url(server, "/echo"), data=b"x" * 60_000, timeout=30).ok  # that is in memory
    wait_for(lambda: requests.post(url(server, "/echo"), data=b"x" * 900_000, timeout=30).ok, 30)


def test_what_is_in_order_is_served(start: Start, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(bytes(range(256)) * 4)
    server = start(Limits(2**21))
    with requests.Session() as session:
        assert session.get(url(server, "/livez?" + "a" * 65_000), timeout=30).ok
        assert session.post(url(server, "/echo"), data=b"x", headers={"Expect": "100-continue"}, timeout=30).ok
        part = session.get(url(server, "/file"), headers={"Range": "bytes=10-19"}, timeout=30)
        assert (part.status_code, part.content) == (206, bytes(range(10, 20)))
        assert session.get(url(server, "/events"), timeout=30).text == "data: 0\n\ndata: 1\n\ndata: 2\n\n"
        assert session.head(url(server, "/livez"), timeout=30).ok
        assert "Connection" not in session.get(url(server, "/livez"), timeout=30).headers
    once = start(Limits(2**21), keep_alive=False)
    assert requests.get(url(once, "/livez"), timeout=30).headers["Connection"] == "close"


def test_stop__what_runs_is_answered_and_nobody_new_let_in(start: Start) -> None:
    server = start(Limits(2**21))
    with connect(server.port) as running, connect(server.port) as half:
        running.sendall(b"GET /slow HTTP/1.1\r\nHost: x\r\n\r\n")
        half.sendall(HALF)
        assert requests.get(url(server, "/livez"), timeout=30).ok  # both have arrived
        server.stop()
        wait_for(lambda: not is_open(server.port), 30)
        server.app.config["gate"].set()  # type: ignore[attr-defined]
        assert rest(running).endswith(b"done")
        assert rest(half) == b""


def is_open(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def test_stop__a_request_that_goes_on_is_given_up(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serving, "STOP_SECONDS", 0.2)
    server = start(Limits(2**21))
    with connect(server.port) as running:
        running.sendall(b"GET /slow HTTP/1.1\r\nHost: x\r\n\r\n")
        assert requests.get(url(server, "/livez"), timeout=30).ok
        server.stop()
        assert rest(running) == b""


def test_a_port_in_use_is_said(start: Start) -> None:
    server = start(Limits(2**21))
    with pytest.raises(ArgusError) as caught:
        Server("search service", "ARGUS_X_PORT", Flask("x"), "127.0.0.1", server.port, threads=1, limits=Limits(1))
    assert caught.value.code == "port_in_use"
    assert "search service" in caught.value.message and "ARGUS_X_PORT" in caught.value.hint


SERVICES = {"search_service": "ARGUS_SEARCH_SERVICE_PORT", "ml_backend": "ARGUS_ML_BACKEND_PORT"}


@pytest.fixture(params=SERVICES)
def service(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """One of the two services as a process, and its port."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    env = os.environ | {SERVICES[request.param]: str(port), "ARGUS_HOME": str(tmp_path), "PYTHONUNBUFFERED": "1"}
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen([sys.executable, "-m", request.param], env=env, stdout=log, stderr=log)
    try:
        wait_for(lambda: is_open(port) or process.poll() is not None, 120)
        yield process, port
    finally:
        process.kill()
        process.wait()


@pytest.mark.slow
def test_a_hundred_half_sent_and_a_hundred_slow_requests(service: tuple[subprocess.Popen[bytes], int]) -> None:
    """The issue's own bound: `/livez` and `/health` answer under a second throughout."""
    _, port = service
    stop = threading.Event()
    with contextlib.ExitStack() as stack:
        half = [stack.enter_context(connect(port)) for _ in range(100)]
        slow = [stack.enter_context(connect(port)) for _ in range(100)]
        for number, connection in enumerate(half):
            connection.sendall((HALF, BODY + b"{", HALF[:10])[number % 3])
        for connection in slow:
            connection.sendall(BODY)

        def trickle() -> None:
            while not stop.wait(0.2):
                for connection in slow:
                    with contextlib.suppress(OSError):  # ended by the service
                        connection.sendall(b" ")

        thread = threading.Thread(target=trickle)
        thread.start()
        try:
            for _ in range(20):
                for path in ("/livez", "/health"):
                    assert requests.get(f"http://127.0.0.1:{port}{path}", timeout=1).ok
                time.sleep(0.1)  # throughout: the load has its turn between two looks
        finally:
            stop.set()
            thread.join()


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_a_service_in_time(service: tuple[subprocess.Popen[bytes], int], number: int) -> None:
    process, port = service
    with connect(port) as half:
        half.sendall(HALF)
        assert requests.get(f"http://127.0.0.1:{port}/livez", timeout=30).ok
        process.send_signal(number)
        assert process.wait(30) == 0


@pytest.mark.slow
def test_a_service_says_that_its_port_is_in_use(service: tuple[subprocess.Popen[bytes], int]) -> None:
    process, port = service
    module, setting = next(one for one in SERVICES.items() if one[0] in " ".join(map(str, process.args)))
    done = subprocess.run([sys.executable, "-m", module], env=os.environ | {setting: str(port)}, capture_output=True,
                          text=True, timeout=120)
    assert done.returncode == 11
    assert f"cannot listen on 127.0.0.1:{port}" in done.stderr and setting in done.stderr
