"""Does everything connect? Each connection is tried the way the product uses it, and each problem comes with its fix.

Nothing that a person could see is changed. The questions to Label Studio about private addresses are requests that it
can only refuse, the workers are asked by jobs of their own, and a webhook is called forth by a change that changes
nothing; other webhooks of the project are called by it as well.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator

from argus.errors import ArgusError, as_argus_error
from argus.labelstudio.client import LabelStudio, get_label_studio
from argus.settings import Settings, get_settings
from label_studio_config import projects
from search_service.health.doctor import clocks, disk, label_studio, servers, workers
from search_service.health.doctor.finding import Finding, State
from search_service.health.doctor.project import Project
from search_service.health.doctor.workers import is_alive

__all__ = ["Doctor", "Finding", "State", "is_alive"]
Check = Callable[[], Iterator[Finding]]


class Doctor:
    """The checks, in the order of the chain. Each yields findings; one that raises becomes a problem of its own.

    Args:
        project_id: look at this project only; None looks at every connected one.
        only: of every connected project, those out of these; None means all.
    """

    def __init__(self, settings: Settings | None = None, ls: LabelStudio | None = None,
                 project_id: int | None = None, only: Collection[int] | None = None) -> None:
        self._settings, self._ls = settings or get_settings(), ls or get_label_studio()
        self._project_id, self._only = project_id, only
        self._visits: dict[str, workers.Visit] = {}

    def run(self) -> Iterator[Finding]:
        """Yield every finding as it is made; a check may take a few seconds when its server is down."""
        checks: tuple[tuple[str, Check], ...] = (
            ("disk", self.disk), ("database", servers.database), ("queue", servers.queue), ("workers", self.workers),
            ("Label Studio", self.label_studio), ("clock", self.clock), ("private addresses", self.private_addresses),
            ("ML backend", self.ml_backend), ("search service", self.search_service), ("projects", self.projects))
        for name, check in checks:
            try:
                yield from check()
            except Exception as error:
                ours = as_argus_error(error)
                yield Finding(name, "problem", ours.message, ours.hint)

    def disk(self) -> Iterator[Finding]:
        yield from disk.check(self._settings.home)

    def workers(self) -> Iterator[Finding]:
        self._visits = yield from workers.check()

    def label_studio(self) -> Iterator[Finding]:
        yield from label_studio.check(self._ls, self._settings.access_token)
        yield from label_studio.default_password(self._ls, self._settings)

    def clock(self) -> Iterator[Finding]:
        yield from clocks.check(self._ls.url, self._visits)

    def private_addresses(self) -> Iterator[Finding]:
        yield from label_studio.private_addresses(self._ls, self._settings)

    def ml_backend(self) -> Iterator[Finding]:
        yield servers.health("ML backend", self._settings.ml_backend_url, servers.credentials(self._settings),
                             "ARGUS_ML_BACKEND_URL")
        yield from servers.opened("ml-backend", self._settings)

    def search_service(self) -> Iterator[Finding]:
        yield servers.health("search service", self._settings.search_service_url, None, "ARGUS_SEARCH_SERVICE_URL")
        yield from servers.opened("search-service", self._settings)

    def projects(self) -> Iterator[Finding]:
        rows = [row for row in projects.connected() if self._project_id in (None, row["id"])
                and (self._only is None or row["id"] in self._only)]
        if not rows:
            which = "No project is" if self._project_id is None else f"Project {self._project_id} is not"
            yield Finding("projects", "unknown" if self._project_id is None else "problem", f"{which} connected yet.",
                          "Connect one with `argus connect`.")
        for row in rows:
            try:
                yield from Project(self._settings, self._ls, row, list(self._visits)).check()
            except ArgusError as error:
                hint = "It was deleted there." if error.code == "unknown_project" else error.hint
                yield Finding(f"project {row['id']}", "problem", error.message, hint)
