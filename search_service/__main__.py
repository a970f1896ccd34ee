"""`python -m search_service`: the search service, one process, until a signal ends it."""

from __future__ import annotations

import sys

from argus import logs
from argus.errors import ArgusError
from argus.settings import get_settings
from argus.web import origin_check, serving
from search_service.api.app import MAX_BODY, create_app
from search_service.vectors import filter_memory

THREADS = 16


def main() -> int:
    settings = get_settings()
    logs.configure("search-service", settings.log_level)
    origin_check.warn("search-service", settings)
    try:
        filter_memory.start()
        server = serving.Server("search service", "ARGUS_SEARCH_SERVICE_PORT", create_app(), settings.host,
                                settings.search_service_port, threads=THREADS, limits=serving.Limits(MAX_BODY))
    except ArgusError as error:
        print(f"{error.message} {error.hint}", file=sys.stderr)
        return error.kind.exit_code
    server.run_until_signal()
    return 0


if __name__ == "__main__":
    sys.exit(main())
