"""Stands for Hugging Face on loopback: a host that gives no file, each time for another reason."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Iterator
from contextlib import contextmanager

ANSWERS = {  # the repository's name → status and headers, as the Hub sends them
    "gated": (403, {"X-Error-Code": "GatedRepo", "X-Error-Message": "Access to model org/gated is restricted."}),
    "forbidden": (403, {"X-Error-Message": "This token may not read the repository."}),
    "wrong-token": (401, {"X-Error-Message": "Invalid credentials in Authorization header"}),
    "waits": (429, {"Retry-After": "0"}),  # the client itself waits as long as it says, five times, before it gives up
    "missing": (404, {"X-Error-Code": "RepoNotFound"}),
}


class _Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        name = next((name for name in ANSWERS if f"/{name}" in self.path), "missing")
        status, headers = ANSWERS[name]
        self.send_response(status)
        for key, value in headers.items():
            self.send_header(key, value)
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_HEAD = do_POST = do_GET

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def hugging_face() -> Iterator[str]:
    """Yield the address of the stand-in while it serves; HF_ENDPOINT takes it."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
