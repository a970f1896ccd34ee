"""`python -m ml_backend`: the ML backend, one process with enough threads, until a signal ends it.

Two kinds of `/predict` wait, each for a bounded number of calls; whatever else comes finds one of the spare threads.
"""

from __future__ import annotations

import sys

from argus import logs
from argus.errors import ArgusError
from argus.settings import get_settings
from argus.web import origin_check, serving
from ml_backend.protocol.app import (  # through ml_backend.model, which keeps torch out of this process
    MAX_BODY,
    create_app,
)

_SPARE_THREADS = 8


def main() -> int:
    settings = get_settings()
    logs.configure("ml-backend", settings.log_level)
    origin_check.warn("ml-backend", settings)
    try:
        server = serving.Server("ML backend", "ARGUS_ML_BACKEND_PORT", create_app(settings), settings.host,
                                settings.ml_backend_port, threads=2 * settings.predict_waiters + _SPARE_THREADS,
                                limits=serving.Limits(MAX_BODY), keep_alive=False)
    except ArgusError as error:
        print(f"{error.message} {error.hint}", file=sys.stderr)
        return error.kind.exit_code
    server.run_until_signal()
    return 0


if __name__ == "__main__":
    sys.exit(main())
