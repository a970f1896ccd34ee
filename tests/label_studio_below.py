"""Label Studio below a path, as companies serve it: a second one on a running stack's database, with
`LABEL_STUDIO_HOST` set, behind a front that takes the path away and serves a neighbour beside it."""

from __future__ import annotations

import http.client
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import requests

from argus.settings import Settings
from argus_cli.stack.label_studio import LabelStudio as Service
from argus_cli.stack.ports import free_port
from tests.waiting import wait_for

PATH = "/ls"
_HOP = ("connection", "transfer-encoding", "content-length", "keep-alive")


@dataclass
class Front:
    """A reverse proxy on loopback.

    Attributes:
        neighbour: `(path, Authorization)` of each request for anything but Label Studio; the answer is `ok`.
    """

    port: int
    upstream: int
    neighbour: list[tuple[str, str | None]] = field(default_factory=list)

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def url(self) -> str:
        """Label Studio as a browser reaches it."""
        return self.origin + PATH

    @property
    def inner(self) -> str:
        """Label Studio as the front reaches it."""
        return f"http://127.0.0.1:{self.upstream}"


@contextmanager
def front(upstream: int) -> Iterator[Front]:
    class Handler(BaseHTTPRequestHandler):
        def forward(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            if not self.path.startswith(f"{PATH}/"):
                running.neighbour.append((self.path, self.headers["Authorization"]))
                self.reply(200, [], b"ok")
                return
            inner = http.client.HTTPConnection("127.0.0.1", upstream, timeout=120)
            headers = {name: value for name, value in self.headers.items() if name.lower() not in _HOP}
            try:
                inner.request(self.command, self.path[len(PATH):], body or None, headers)
                answer = inner.getresponse()
                self.reply(answer.status, answer.getheaders(), answer.read())
            except ConnectionError:  # it is still starting
                self.reply(502, [], b"")
            inner.close()

        def reply(self, status: int, headers: list[tuple[str, str]], content: bytes) -> None:
            self.send_response(status)
            for name, value in headers:
                if name.lower() not in _HOP:
                    self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_PATCH = do_DELETE = forward

        def log_message(self, format: str, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        running = Front(server.server_port, upstream)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield running
        server.shutdown()


@contextmanager
def label_studio_below(settings: Settings, **env: str) -> Iterator[Front]:
    """Run a Label Studio below `PATH` for a block, on the files and the PostgreSQL of a running stack.

    Args:
        settings: the stack's.
        env: further variables of its process.
    """
    service = Service(settings.model_copy(update={"label_studio_port": free_port()}))
    command = service.command()
    with front(service.settings.label_studio_port) as before:
        process = subprocess.Popen(command.argv, cwd=command.cwd, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                   env=dict(command.env) | {"LABEL_STUDIO_HOST": before.url} | env,
                                   start_new_session=True)
        try:
            wait_for(lambda: _answers(before.url), 300, pause=0.5)
            yield before
        finally:
            process.terminate()
            process.wait(30)


def _answers(url: str) -> Any:
    try:
        return requests.get(f"{url}/health/", timeout=5).ok
    except requests.RequestException:
        return False
