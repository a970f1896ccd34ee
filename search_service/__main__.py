"""`python -m search_service`: the search service under gunicorn, one process, until a signal ends it."""

from __future__ import annotations

import socket
import sys
from collections.abc import Callable
from typing import Any

from gunicorn.app.base import BaseApplication

from argus import logs, reach
from argus.errors import ArgusError
from argus.settings import Settings, get_settings
from search_service.app import create_app

THREADS = 16


class Server(BaseApplication):  # type: ignore[misc]
    """Gunicorn configured from here instead of from its command line."""

    def __init__(self, options: dict[str, Any], application: Callable[[], Any]) -> None:
        self._options, self._application = options, application
        super().__init__()

    def load_config(self) -> None:
        for name, value in self._options.items():
            self.cfg.set(name, value)

    def load(self) -> Any:
        return self._application()


def check_port(host: str, port: int) -> None:
    """Raise `port_in_use` when something else listens there; gunicorn itself would try for seconds and be terse."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise ArgusError("port_in_use", f"The search service cannot listen on {host}:{port}: {error.strerror}.",
                             "Stop what uses the port, or set ARGUS_SEARCH_SERVICE_PORT.") from error


def options(settings: Settings) -> dict[str, Any]:
    """Return gunicorn's settings. A slow request must not kill the others: there is no request time-out. The request
    line has no limit of gunicorn's (4,094 bytes, answered in HTML): too long a query gets our own answer."""
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    return {"bind": f"{host}:{settings.search_service_port}", "workers": 1, "worker_class": "gthread",
            "threads": THREADS, "timeout": 0, "graceful_timeout": 5, "keepalive": 5, "loglevel": "warning",
            "proc_name": "search-service", "limit_request_line": 0, "control_socket_disable": True}


def main() -> int:
    settings = get_settings()
    logs.configure("search-service", settings.log_level)
    reach.warn("search-service", settings)
    try:
        check_port(settings.host, settings.search_service_port)
    except ArgusError as error:
        print(f"{error.message} {error.hint}", file=sys.stderr)
        return error.kind.exit_code
    Server(options(settings), create_app).run()
    return 0


if __name__ == "__main__":
    sys.exit(main())
