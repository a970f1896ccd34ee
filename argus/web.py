"""What both web processes have in common: request ids, liveness and readiness, times of requests, an access log."""

from __future__ import annotations

import logging
import time

import redis
from flask import Flask, Response, g, jsonify, request

from argus import metrics, queues, trace
from argus.db import connect
from argus.errors import ArgusError

log = logging.getLogger(__name__)
PROBES = ("/livez", "/readyz")  # open to everybody: they say nothing but yes and no
_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")


def install(app: Flask, service: str) -> None:
    """Give `app` the probes and an id for every request.

    The id is the caller's `X-Request-ID`, or a new one; it is answered, logged, and travels with the jobs that the
    request enqueues.

    Args:
        service: "ml-backend" or "search-service", as logs and metrics name it.
    """
    for method in _METHODS:
        metrics.HTTP.labels(service, method, "2xx")

    @app.before_request
    def begin() -> None:
        trace.start(request=trace.request_id(request.headers.get("X-Request-ID")))
        g.began = time.perf_counter()

    @app.after_request
    def end(response: Response) -> Response:
        if began := g.get("began"):
            seconds = time.perf_counter() - began
            method = request.method if request.method in _METHODS else "other"
            metrics.HTTP.labels(service, method, f"{response.status_code // 100}xx").observe(seconds)
            response.headers["X-Request-ID"] = trace.current().get("request", "")
            level = logging.DEBUG if request.path in (*PROBES, "/health", "/metrics") else logging.INFO
            log.log(level, "request", extra={"method": request.method, "path": request.path,
                                             "status": response.status_code, "seconds": round(seconds, 3)})
        return response

    @app.teardown_request
    def forget(_error: BaseException | None) -> None:
        trace.start()

    @app.get("/livez")
    def livez() -> Response:
        """Say that this process answers; whatever else is broken, a restart of it would not help."""
        return jsonify(status="ok")

    @app.get("/readyz")
    def readyz() -> Response:
        """Say whether a request could be served now: 200, or 503 with what is missing."""
        missing = [name for name, check in (("postgresql", _database), ("redis", _queue)) if not check()]
        response = jsonify({"status": "not ready", "missing": missing} if missing else {"status": "ok"})
        response.status_code = 503 if missing else 200
        return response


def _database() -> bool:
    try:
        with connect() as connection:
            return connection.execute("SELECT 1").fetchone() is not None
    except ArgusError:
        return False


def _queue() -> bool:
    try:
        return bool(queues.get_redis().ping())
    except redis.RedisError:
        return False
