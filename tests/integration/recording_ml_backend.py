"""The real ML backend inside the test's process, on a port that Label Studio calls; every request is recorded."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import Any

from flask import request
from werkzeug.serving import make_server

from argus.settings import Settings
from ml_backend.protocol.app import create_app


@dataclass(frozen=True)
class Call:
    """One request as it came, and the status of its answer."""

    method: str
    path: str
    headers: dict[str, str]
    body: Any
    status: int
    answer: Any


class RecordingMlBackend:
    """A context manager; `url` and `calls` while it is open."""

    def __init__(self, settings: Settings) -> None:
        self.calls: list[Call] = []
        app = create_app(settings)

        @app.after_request
        def record(response: Any) -> Any:
            self.calls.append(Call(request.method, request.path, dict(request.headers), request.get_json(silent=True),
                                   response.status_code, response.get_json(silent=True)))
            return response

        self._server = make_server("127.0.0.1", 0, app, threaded=True)
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> RecordingMlBackend:
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def of(self, path: str) -> list[Call]:
        return [call for call in self.calls if call.path == path]

    def forget(self) -> None:
        self.calls.clear()
