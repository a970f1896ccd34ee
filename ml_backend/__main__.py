"""`python -m ml_backend`: serve the ML backend with gunicorn, one process and enough threads.

Two kinds of `/predict` wait, each for a bounded number of calls; whatever else comes finds one of the spare threads.
"""

from __future__ import annotations

import sys
from typing import Any

from gunicorn.app.base import BaseApplication

from argus import logs, reach
from argus.errors import ArgusError
from argus.settings import Settings, get_settings
from ml_backend.app import create_app  # through ml_backend.model, which keeps torch out of this process

_SPARE_THREADS = 8


class Server(BaseApplication):  # type: ignore[misc]
    """Gunicorn configured from our settings. SIGTERM and Ctrl-C end it; a waiting `/predict` is given 5 s."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        super().__init__()

    def load_config(self) -> None:
        options: dict[str, Any] = {
            "bind": f"{self.settings.host}:{self.settings.ml_backend_port}", "workers": 1,
            "threads": 2 * self.settings.predict_waiters + _SPARE_THREADS,
            "worker_class": "gthread", "timeout": 0, "graceful_timeout": 5, "keepalive": 0,
            "proc_name": "argus-ml-backend",
            "control_socket_disable": True, "logger_class": "gunicorn.glogging.Logger", "loglevel": "warning"}
        for name, value in options.items():
            if name in self.cfg.settings:
                self.cfg.set(name, value)

    def load(self) -> Any:
        logs.configure("ml-backend", self.settings.log_level)  # again: gunicorn set up its own
        return create_app(self.settings)


def main() -> int:
    settings = get_settings()
    logs.configure("ml-backend", settings.log_level)
    reach.warn("ml-backend", settings)
    try:
        Server(settings).run()
    except ArgusError as error:
        print(f"{error.message} {error.hint}", file=sys.stderr)
        return error.kind.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
