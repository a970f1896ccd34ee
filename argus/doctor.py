"""Does the chain hold? Every joint is tried the way the product uses it, and each break comes with its fix.

Nothing is changed: the questions to Label Studio about private addresses are requests that it can only refuse.
"""

from __future__ import annotations

import os
import re
import shutil
import socket
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any, Literal

import requests

from argus import queues
from argus.db import Row, connect, migrations
from argus.errors import ArgusError, as_argus_error
from argus.labelstudio.client import LabelStudio, get_label_studio
from argus.settings import Settings, get_settings

State = Literal["ok", "problem", "unknown"]
MIN_PGVECTOR, MIN_LABEL_STUDIO = (0, 8), (1, 23)  # older ones lack iterative index scans, or answer differently
_MIN_FREE = 2**30  # bytes
_MAX_SKEW = 60  # seconds; an access token is renewed a minute before it expires
_SILENT = 480  # seconds; an idle worker speaks at least every 405 s
_TIMEOUT = 5


@dataclass(frozen=True)
class Finding:
    """One joint: what was tried, how it stands, what was seen, and what to do about a problem."""

    name: str
    state: State
    detail: str
    fix: str = ""

    def to_json(self) -> dict[str, str]:
        return asdict(self)


Check = Callable[[], Iterator[Finding]]


class Doctor:
    """The checks, in the order of the chain. Each yields findings; one that raises becomes a problem of its own.

    Args:
        project_id: look at this project only; None looks at every connected one.
    """

    def __init__(self, settings: Settings | None = None, ls: LabelStudio | None = None,
                 project_id: int | None = None) -> None:
        self._settings, self._ls = settings or get_settings(), ls or get_label_studio()
        self._project_id = project_id

    def run(self) -> Iterator[Finding]:
        """Yield every finding as it is made; a check may take a few seconds when its server is down."""
        checks: tuple[tuple[str, Check], ...] = (
            ("disk", self.disk), ("database", self.database), ("queue", self.queue), ("workers", self.workers),
            ("Label Studio", self.label_studio), ("private addresses", self.private_addresses),
            ("ML backend", self.ml_backend), ("search service", self.search_service), ("projects", self.projects))
        for name, check in checks:
            try:
                yield from check()
            except Exception as error:
                ours = as_argus_error(error)
                yield Finding(name, "problem", ours.message, ours.hint)

    def disk(self) -> Iterator[Finding]:
        home = self._settings.home
        place = next(folder for folder in (home, *home.absolute().parents) if folder.exists())
        free = shutil.disk_usage(place).free
        detail = f"{free / 2**30:.1f} GiB free for {home}"
        if free < _MIN_FREE:
            yield Finding("disk", "problem", detail, "Make room, or set ARGUS_HOME to a folder on a larger disk.")
        elif home.exists() and not os.access(home, os.W_OK):
            yield Finding("disk", "problem", f"{home} cannot be written.", "Set ARGUS_HOME to a folder of your own.")
        else:
            yield Finding("disk", "ok", detail)

    def database(self) -> Iterator[Finding]:
        with connect() as connection:
            row = connection.execute(
                "SELECT current_setting('server_version') AS server, (SELECT extversion FROM pg_extension WHERE "
                "extname = 'vector') AS vector, (SELECT max(number) FROM schema_version) AS schema").fetchone()
        assert row is not None
        newest = max(number for number, _, _ in migrations())
        detail = f"PostgreSQL {row['server'].split()[0]}, pgvector {row['vector']}, schema {row['schema']}"
        if row["vector"] is None or _version(row["vector"]) < MIN_PGVECTOR:
            yield Finding("database", "problem", detail,
                          "Install pgvector 0.8 or newer and ALTER EXTENSION vector UPDATE.")
        elif row["schema"] > newest:
            yield Finding("database", "problem", f"{detail}, but this Argus knows only up to {newest}",
                          "A newer Argus has used this database: update this one.")
        else:
            yield Finding("database", "ok", detail)

    def queue(self) -> Iterator[Finding]:
        from redis.exceptions import RedisError

        try:
            info: Any = queues.get_redis().info("server")
        except RedisError as error:
            yield Finding("queue", "problem", f"Redis or Valkey does not answer: {error}",
                          "Start it with `argus up`, or set ARGUS_REDIS_URL.")
            return
        name = "Valkey" if info.get("server_name") == "valkey" else "Redis"
        names = [queue for role in queues.ROLES.values() for queue in role]
        waiting = [(queues.get_redis().llen(f"rq:queue:{queue}"), queue) for queue in names]
        jobs = ", ".join(f"{count} in {queue}" for count, queue in waiting if count) or "no job waits"
        yield Finding("queue", "ok", f"{name} {info.get('valkey_version') or info['redis_version']}, {jobs}")

    def workers(self) -> Iterator[Finding]:
        from rq import Worker

        alive = [set(worker.queue_names()) for worker in Worker.all(connection=queues.get_redis()) if is_alive(worker)]
        for role, names in queues.ROLES.items():
            count = sum(set(names) <= served for served in alive)
            if count:
                yield Finding(f"{role} worker", "ok", f"{count} alive")
            else:
                yield Finding(f"{role} worker", "problem", f"No worker serves {' and '.join(names)}.",
                              f"Start one with `argus worker {role}`; its log says why it ended.")

    def label_studio(self) -> Iterator[Finding]:
        try:
            answer = requests.get(f"{self._ls.url}/api/version", timeout=_TIMEOUT)
        except requests.RequestException as error:
            yield Finding("Label Studio", "problem", f"No answer at {self._ls.url}: {type(error).__name__}.",
                          "Start it with `argus up`, or set ARGUS_LABEL_STUDIO_URL.")
            return
        release = str(answer.json().get("release", "?"))
        detail = f"Label Studio {release} at {self._ls.url}"
        if _version(release) < MIN_LABEL_STUDIO:
            yield Finding("Label Studio", "problem", detail, "Argus is made for Label Studio 1.23.2; update it.")
        else:
            yield Finding("Label Studio", "ok", detail)
        me = self._ls.get("/api/current-user/whoami")
        yield Finding("access token", "ok", f"valid, acts as {me.get('email')}")
        if skew := _skew(answer.headers.get("Date", "")):
            yield Finding("clock", "problem", f"Label Studio's clock differs from this one by {skew} s.",
                          "Set both by NTP: tokens are valid for five minutes only.")

    def private_addresses(self) -> Iterator[Finding]:
        """Ask Label Studio whether it would call our services, in two requests that lack what would make them valid."""
        asked = (("ML backend", "/api/ml", {"url": self._settings.ml_backend_url}),
                 ("webhook", "/api/webhooks/", {"url": self._settings.search_service_url, "actions": ["NONE"]}))
        for what, path, body in asked:
            name, url = f"calls to the {what}", body["url"]
            try:
                self._ls.post(path, body)
            except ArgusError as error:
                if "reserved network address" in error.message or error.details.get("status") == 403:
                    yield Finding(name, "problem", f"Label Studio refuses to call {url}, a private address.",
                                  "Start Label Studio with ML_BLOCK_LOCAL_IP=false and SSRF_PROTECTION_ENABLED=false, "
                                  "or with USE_DEFAULT_BANNED_SUBNETS=false.")
                elif "resolve hostname" in error.message:
                    yield Finding(name, "problem", f"Label Studio does not know the host of {url}.",
                                  "Set ARGUS_ML_BACKEND_URL and ARGUS_SEARCH_SERVICE_URL as Label Studio reaches them.")
                elif error.details.get("status") == 400:
                    yield Finding(name, "ok", f"Label Studio may call {url}")
                else:
                    raise

    def ml_backend(self) -> Iterator[Finding]:
        yield _health("ML backend", self._settings.ml_backend_url, _credentials(self._settings), "ARGUS_ML_BACKEND_URL")

    def search_service(self) -> Iterator[Finding]:
        yield _health("search service", self._settings.search_service_url, None, "ARGUS_SEARCH_SERVICE_URL")

    def projects(self) -> Iterator[Finding]:
        with connect() as connection:
            rows = connection.execute("SELECT * FROM project WHERE connected_at IS NOT NULL AND id = coalesce(%s, id) "
                                      "ORDER BY id", (self._project_id,)).fetchall()
        if not rows:
            which = "No project is" if self._project_id is None else f"Project {self._project_id} is not"
            yield Finding("projects", "unknown" if self._project_id is None else "problem", f"{which} connected yet.",
                          "Connect one with `argus connect`.")
        for row in rows:
            try:
                yield from _Project(self._settings, self._ls, row).check()
            except ArgusError as error:
                hint = "It was deleted there." if error.code == "unknown_project" else error.hint
                yield Finding(f"project {row['id']}", "problem", error.message, hint)


class _Project:
    """The joints of one connected project."""

    def __init__(self, settings: Settings, ls: LabelStudio, row: Row) -> None:
        self._settings, self._ls, self._row = settings, ls, row
        self._name = f"project {row['id']}"
        self._again = f"`argus connect --project {row['id']}` puts it right."

    def check(self) -> Iterator[Finding]:
        project = self._ls.project(self._row["id"])
        yield from self._links()
        yield from self._tags(project)
        yield from self._versions(project)
        yield from self._embedding()
        yield from self._image()

    def _links(self) -> Iterator[Finding]:
        hooks = {hook["id"]: hook for hook in self._ls.get("/api/webhooks/", project=self._row["id"])}
        hook = hooks.get(self._row["webhook_id"])
        if hook is None or not hook["is_active"]:
            yield Finding(f"{self._name}: webhook", "problem", "It is missing or switched off; new tasks are found by "
                          "polling only.", self._again)
        elif not hook["url"].startswith(self._settings.search_service_url.rstrip("/") + "/"):
            yield Finding(f"{self._name}: webhook", "problem", f"It goes to {hook['url']}.", self._again)
        else:
            yield Finding(f"{self._name}: webhook", "ok", hook["url"])

    def _tags(self, project: dict[str, Any]) -> Iterator[Finding]:
        """Ask the ML backend what it makes of the labelling config, as Label Studio does before every prediction."""
        name, url = f"{self._name}: labelling config", self._settings.ml_backend_url.rstrip("/")
        try:
            answer = requests.post(f"{url}/setup", timeout=_TIMEOUT, auth=_credentials(self._settings), json={
                "project": f"{self._row['id']}.0", "schema": project["label_config"]})
            said = answer.json()
        except (requests.RequestException, ValueError):
            return  # "ML backend" has told it
        if answer.status_code == 200:
            yield Finding(name, "ok", " ".join([*said.get("fills", ()), *said.get("notes", ())]))
        elif "detail" in said:
            yield Finding(name, "problem", said["detail"], said.get("hint", ""))

    def _versions(self, project: dict[str, Any]) -> Iterator[Finding]:
        """The backend's title, what its /setup answers, and what scores count for must be one string."""
        backends = {b["id"]: b for b in self._ls.get("/api/ml", project=self._row["id"])}
        backend = backends.get(self._row["ml_backend_id"])
        if backend is None:
            yield Finding(f"{self._name}: ML backend", "problem", "It has no ML backend of ours.", self._again)
            return
        if backend["readable_state"] not in ("Connected", "Predicting", "Training"):
            said = " ".join(str(backend.get("error_message") or "").split())[:200]
            yield Finding(f"{self._name}: ML backend", "problem",
                          f"To Label Studio it is {backend['readable_state'].lower()}. {said}".strip(),
                          f"It must answer Label Studio at {backend['url']} within a second.")
            return
        yield Finding(f"{self._name}: ML backend", "ok", backend["url"])
        versions = {"Argus": self._row["model_version"], "the backend's title": backend["title"],
                    "its /setup": backend["model_version"], "the project": project.get("model_version") or "none"}
        if len(set(versions.values())) == 1:
            yield Finding(f"{self._name}: model version", "ok", self._row["model_version"])
        else:
            detail = ", ".join(f"{where}: {version}" for where, version in versions.items())
            yield Finding(f"{self._name}: model version", "problem", f"Scores and bands may look empty. {detail}.",
                          self._again)

    def _embedding(self) -> Iterator[Finding]:
        with connect() as connection:
            rows = connection.execute("SELECT state, count(*) AS n, min(error->>'message') AS error FROM task "
                                      "WHERE project_id = %s GROUP BY state", (self._row["id"],)).fetchall()
        counts = {row["state"]: row["n"] for row in rows}
        detail = f"{counts.get('embedded', 0)} of {sum(counts.values())} images embedded"
        if failed := counts.get("failed", 0):
            why = next((row["error"] for row in rows if row["state"] == "failed"), None)
            yield Finding(f"{self._name}: images", "problem", f"{detail}, {failed} failed, for example: {why}",
                          f"`argus sync --project {self._row['id']}` shows them.")
        else:
            yield Finding(f"{self._name}: images", "ok", detail)

    def _image(self) -> Iterator[Finding]:
        from argus.images import get_images

        with connect() as connection:
            task = connection.execute("SELECT id, image FROM task WHERE project_id = %s ORDER BY id LIMIT 1",
                                      (self._row["id"],)).fetchone()
        if task is None:
            return
        name, which = f"{self._name}: image access", f"task {task['id']}"
        try:
            yield Finding(name, "ok", f"{which}: {len(get_images().fetch(task['image']).data)} bytes")
        except ArgusError as error:
            yield Finding(name, "problem", f"{which}: {error.message}", error.hint)


def is_alive(worker: Any) -> bool:
    """Tell whether an RQ worker still lives: one that was killed stays registered for minutes."""
    if worker.hostname == socket.gethostname() and worker.pid:
        try:
            os.kill(worker.pid, 0)
        except ProcessLookupError:
            return False
        except PermissionError:  # it lives, and belongs to somebody else
            return True
    beat: datetime | None = worker.last_heartbeat
    if beat is None:
        return False
    beat = beat if beat.tzinfo else beat.replace(tzinfo=UTC)
    return (datetime.now(UTC) - beat).total_seconds() < _SILENT


def _credentials(settings: Settings) -> tuple[str, str] | None:
    """Return Basic auth for the ML backend, or None when it asks for none."""
    user = settings.basic_auth_user
    return (user, settings.basic_auth_password.get_secret_value()) if user else None


def _health(name: str, url: str, auth: tuple[str, str] | None, setting: str) -> Finding:
    try:
        answer = requests.get(f"{url.rstrip('/')}/health", auth=auth, timeout=_TIMEOUT)
    except requests.RequestException as error:
        return Finding(name, "problem", f"No answer at {url}: {type(error).__name__}.",
                       f"Start it with `argus up`, or set {setting}.")
    if answer.status_code == 401:
        return Finding(name, "problem", f"{url} refused our credentials.",
                       "ARGUS_BASIC_AUTH_USER and ARGUS_BASIC_AUTH_PASSWORD must be the same everywhere.")
    if answer.status_code != 200:
        return Finding(name, "problem", f"{url}/health answered {answer.status_code}.", "Its log says why.")
    return Finding(name, "ok", f"{url} answered in {answer.elapsed.total_seconds() * 1000:.0f} ms")


def _version(text: str) -> tuple[int, ...]:
    """Return the first two numbers of a version: (1, 23) of "1.23.2"."""
    return tuple(int(digits[0]) if (digits := re.match(r"\d+", part)) else 0 for part in text.split(".")[:2])


def _skew(date: str) -> int:
    """Return by how many seconds the server's clock differs from ours, when it is too much; else 0."""
    from email.utils import parsedate_to_datetime

    if not date:
        return 0
    seconds = abs((datetime.now(UTC) - parsedate_to_datetime(date)).total_seconds())
    return int(seconds) if seconds > _MAX_SKEW else 0
