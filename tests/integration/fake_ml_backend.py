"""A fake ML backend: it answers `/health` and `/setup`, knows no model, and counts what Label Studio sends it."""

from __future__ import annotations

import base64
import json
import threading
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class FakeMlBackend:
    """A context manager; `url` while it is open.

    Args:
        port: where it listens on 127.0.0.1; 0 takes a free one.
        version: what `/setup` answers.
        password: when set, requests without Basic auth `argus:<password>` get 401.
    """

    def __init__(self, port: int = 0, version: str = "fake", password: str = "") -> None:
        self.version, self.calls = version, Counter[str]()
        expected = "Basic " + base64.b64encode(f"argus:{password}".encode()).decode()
        fake = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.answer({"status": "UP"})

            def do_POST(self) -> None:
                self.rfile.read(int(self.headers.get("Content-Length") or 0))
                self.answer({"model_version": fake.version})

            def answer(self, body: dict[str, Any]) -> None:
                allowed = not password or self.headers.get("Authorization") == expected
                fake.calls[self.path if allowed else "refused"] += 1
                data = json.dumps(body).encode()
                self.send_response(200 if allowed else 401)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, format: str, *args: Any) -> None:
                """Nothing: a test's output is its own."""

        self._server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> FakeMlBackend:
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._server.shutdown()
        self._server.server_close()
