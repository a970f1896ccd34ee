"""PostgreSQL, Redis, and our own two web services."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import requests
from pydantic import BaseModel

from argus import dialling, queue_names
from argus.db import check_writable, migrations
from argus.errors import ArgusError
from argus.jobs import queues
from argus.settings import Settings
from argus.web import origin_check
from search_service.health import store
from search_service.health.doctor.finding import TIMEOUT, Finding, version

MIN_PGVECTOR = (0, 8, 4)  # 0.8 brought iterative index scans; its first patches are too early to rely on
MIN_POSTGRES = (14,)  # the oldest release that is still maintained
MIN_REDIS, MIN_VALKEY = (5, 0), (7, 2)  # what RQ asks for


def database() -> Iterator[Finding]:
    row = store.server()
    newest = max(number for number, _, _ in migrations())
    detail = f"PostgreSQL {row.server.split()[0]}, pgvector {row.vector}, schema {row.schema}"
    if version(row.server) < MIN_POSTGRES:
        yield Finding("database", "problem", detail, f"Argus needs PostgreSQL {MIN_POSTGRES[0]} or newer.")
    elif row.vector is None or version(row.vector, 3) < MIN_PGVECTOR:
        yield Finding("database", "problem", detail,
                      "Install pgvector 0.8.4 or newer and ALTER EXTENSION vector UPDATE.")
    elif row.schema > newest:
        yield Finding("database", "problem", f"{detail}, but this Argus knows only up to {newest}",
                      "A newer Argus has used this database: update this installation.")
    elif error := _refusal(check_writable):
        yield Finding("database", "problem", f"{detail}. {error.message}", error.hint)
    else:
        yield Finding("database", "ok", f"{detail}, takes writes")


def queue() -> Iterator[Finding]:
    with queues.reachable():
        redis = queues.get_redis()
        info: Any = redis.info("server")
        memory: Any = redis.info("memory")
        names = [name for role in queue_names.ROLES.values() for name in role]
        waiting = [(redis.llen(f"rq:queue:{name}"), name) for name in names]
    valkey = info.get("server_name") == "valkey"
    release = str(info["valkey_version"] if valkey else info["redis_version"])
    jobs = ", ".join(f"{count} in {name}" for count, name in waiting if count) or "no job waits"
    detail = f"{'Valkey' if valkey else 'Redis'} {release}, {jobs}"
    policy = memory.get("maxmemory_policy", "noeviction")
    if version(release) < (MIN_VALKEY if valkey else MIN_REDIS):
        yield Finding("queue", "problem", detail, "Argus needs Redis 5 or Valkey 7.2, or newer.")
    elif memory.get("maxmemory") and policy != "noeviction":
        yield Finding("queue", "problem", f"{detail}; when its memory is full it throws jobs away ({policy}).",
                      "Set its maxmemory-policy to noeviction.")
    elif error := _refusal(queues.check_writable):
        yield Finding("queue", "problem", f"{detail}. {error.message}", error.hint)
    else:
        yield Finding("queue", "ok", f"{detail}, takes writes")


def _refusal(check: Callable[[], None]) -> ArgusError | None:
    try:
        check()
    except ArgusError as error:
        return error
    return None


def credentials(settings: Settings) -> tuple[str, str] | None:
    """Return Basic auth for the ML backend, or None when it asks for none."""
    user = settings.basic_auth_user
    return (user, settings.basic_auth_password.get_secret_value()) if user else None


def health(name: str, url: str, auth: tuple[str, str] | None, setting: str) -> Finding:
    """Ask a web service of ours for its health."""
    try:
        answer = dialling.ask("GET", f"{url.rstrip('/')}/health", auth=auth, timeout=TIMEOUT)
    except (requests.RequestException, ValueError) as error:
        return Finding(name, "problem", f"No answer at {url}: {type(error).__name__}.",
                       f"Start it with `argus up`, or set {setting}.")
    if answer.status_code == 401:
        return Finding(name, "problem", f"{url} refused our credentials.",
                       "ARGUS_BASIC_AUTH_USER and ARGUS_BASIC_AUTH_PASSWORD must be the same everywhere.")
    if answer.status_code != 200:
        said = _problem(answer)
        return Finding(name, "problem", f"{url}/health answered {answer.status_code}. {said.detail}".strip(),
                       said.hint or "Its log says why.")
    return Finding(name, "ok", f"{url} answered in {answer.elapsed.total_seconds() * 1000:.0f} ms")


class _Said(BaseModel):
    """What our services say of an error (RFC 9457)."""

    detail: str = ""
    hint: str = ""


def _problem(answer: requests.Response) -> _Said:
    """Return the problem that our services answer with; empty when it is something else."""
    try:
        return _Said.model_validate_json(answer.content)
    except ValueError:
        return _Said()


def opened(service: origin_check.Service, settings: Settings) -> Iterator[Finding]:
    """Whether everybody in the network may use `service`, as the settings of this process have it."""
    if error := origin_check.opened(service, settings):
        yield Finding("access", "problem", error.message, error.hint)
