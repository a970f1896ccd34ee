"""What both web processes have in common: whom they turn away, request ids, probes, times of requests, a log."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

import redis
from flask import Flask, Response, g, request
from limits import RateLimitItem, parse
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

from argus import metrics, trace
from argus.answers.service import Alive, Ready
from argus.errors import ArgusError
from argus.jobs import queues
from argus.settings import Settings
from argus.web import origin_check, problems, proxies, server_state, store

log = logging.getLogger(__name__)
FAILED_LOGINS = parse("20/minute")  # of one address and kind; more are told to wait, the right secret never is
PROBES = ("/livez", "/readyz")  # open to everybody: they say nothing but yes and no
_DULL = (*PROBES, "/health", "/metrics")
_FILES = ("/web/", "/help/")  # the page's: a hundred and more at its first load
_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")


def install(app: Flask, service: origin_check.Service, settings: Callable[[], Settings],
            guard: Callable[[], None] = lambda: None) -> None:
    """Give `app` the probes and an id for every request, and turn other sites' pages away.

    The id is the caller's `X-Request-ID`, or a new one; it is answered, logged, and travels with the jobs that the
    request enqueues.

    Args:
        service: as logs and metrics name it.
        settings: gives the settings that count for the current request.
        guard: raises `unauthorized`; only who passes it uses up the requests of an address.
    """
    for method in _METHODS:
        metrics.HTTP.labels(service, method, "2xx")
    limiter = MovingWindowRateLimiter(MemoryStorage())  # each web service is one process
    app.wsgi_app = proxies.TrustedProxies(app.wsgi_app, settings)  # type: ignore[method-assign]

    @app.before_request
    def begin() -> None:
        trace.start(request=trace.request_id(request.headers.get("X-Request-ID")))
        g.began = time.perf_counter()
        if request.path not in PROBES:
            origin_check.check(service, settings(), request.method, request.host, request.headers.get("Origin", ""),
                        path=request.path, site=request.headers.get("Sec-Fetch-Site", ""))
        guard()
        if request.path.startswith("/api/") and (limit := settings().rate_limit) and (
                error := _over(limiter, parse(limit), "requests")):
            raise error

    @app.after_request
    def end(response: Response) -> Response:
        if response.status_code == 401:
            response = _limited(response, limiter)
        if began := g.get("began"):
            _tell(response, service, time.perf_counter() - began)
        return response

    @app.teardown_request
    def forget(_error: BaseException | None) -> None:
        trace.start()

    app.add_url_rule("/livez", view_func=livez)
    app.add_url_rule("/readyz", view_func=readyz)


def livez() -> Response:
    """Say that this process answers; whatever else is broken, a restart of it would not help."""
    return Response(Alive(status="ok").model_dump_json(), content_type="application/json")


def readyz() -> Response:
    """Say whether a request could be served now: 200, or 503 with what is missing.

    A server that only takes no writes is not missing: searches work, and the page says what does not.
    """
    missing = [name for name, check in (("postgresql", _database), ("redis", _queue)) if not check()]
    refused = {} if missing else server_state.codes()
    state = Ready(status="not ready" if missing else "limited" if refused else "ok", missing=missing, refused=refused)
    return Response(state.model_dump_json(), 503 if missing else 200, content_type="application/json")


def _limited(response: Response, limiter: MovingWindowRateLimiter) -> Response:
    """Return the answer to a wrong secret: after too many from one address, that they have to wait."""
    kind = "failed webhooks" if request.path.startswith("/webhook") else "failed logins"
    error = _over(limiter, FAILED_LOGINS, kind)
    return response if error is None else problems.answer(error)


def _tell(response: Response, service: origin_check.Service, seconds: float) -> None:
    """Count and log a request, and put its id into the answer."""
    method = request.method if request.method in _METHODS else "other"
    metrics.HTTP.labels(service, method, f"{response.status_code // 100}xx").observe(seconds)
    if wait := g.get("retry_after"):
        response.headers["Retry-After"] = str(wait)
    response.headers["X-Request-ID"] = trace.current().get("request", "")
    dull = request.path in _DULL or (request.path.startswith(_FILES) and response.status_code < 400)
    level = logging.DEBUG if dull else logging.INFO
    log.log(level, "request", extra={"method": request.method, "path": request.path, "status": response.status_code,
                                     "seconds": round(seconds, 3)})


def _over(limiter: MovingWindowRateLimiter, limit: RateLimitItem, what: str) -> ArgusError | None:
    """Count one more of `what` for the caller's address; return `too_many_requests` when that is over `limit`."""
    key = (what, request.remote_addr or "")
    if limiter.hit(limit, *key):
        return None
    seconds = max(1, int(limiter.get_window_stats(limit, *key).reset_time - time.time()))
    g.retry_after = seconds
    return ArgusError("too_many_requests", f"Too many {what} from your address: {limit.amount} in "
                      f"{limit.get_expiry()} s.", f"Wait {seconds} s.", seconds=seconds)


def _database() -> bool:
    try:
        return store.database_answers()
    except ArgusError:
        return False


def _queue() -> bool:
    try:
        return bool(queues.get_redis().ping())
    except redis.RedisError:
        return False
