"""What the default worker does besides its jobs: polling Label Studio, and looking after runs. Never loads torch."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from argus import audit
from argus.db import get_pool, held, locks
from argus.errors import as_argus_error
from argus.settings import get_settings
from label_studio_config import projects
from ml_backend.runs import scheduling as run_jobs
from search_service.embedding import near_duplicates, scheduling
from search_service.evaluation import jobs as evaluations
from search_service.label_import import importing as label_importing
from search_service.references import service as references
from search_service.review.calibration import annotated, arm
from search_service.review.teaching import scoring
from search_service.review.verification import later
from search_service.sync import missing_projects, tasks
from search_service.uploads import importing, leftovers, task_videos
from search_service.vectors import indexes, model_change
from search_service.views import query_tabs, saved_searches, view_ranks

log = logging.getLogger(__name__)
_UPLOAD_SECONDS = 1.0  # between two looks for uploads that are to be imported


def prepare() -> None:
    """Start the background threads of the default worker. Called once, before its first job."""
    get_pool()  # a database that does not answer ends the worker with a clear error, not a thread with a log line
    threading.Thread(target=_forever, args=(threading.Event(),), name="sync", daemon=True).start()
    for name, work in (("uploads", importing.run_due), ("labels", label_importing.run_due),
                       ("evaluations", evaluations.run_due)):
        threading.Thread(target=_import_forever, args=(name, work, threading.Event()), name=name, daemon=True).start()


def _forever(stop: threading.Event) -> None:
    rounds = Rounds()
    while not stop.wait(get_settings().sync_seconds):
        try:
            rounds.once()
        except Exception as error:
            rounds.complain("background", error)


def _import_forever(name: str, work: Callable[[], object], stop: threading.Event) -> None:
    rounds = Rounds()
    while not stop.wait(_UPLOAD_SECONDS):
        rounds.attempt(name, work)


class Rounds:
    """Repeated passes over every project; what failed is logged when it starts to fail, not at each pass."""

    def __init__(self) -> None:
        self._failing: dict[str, str] = {}

    def once(self) -> bool:
        """Do one pass and return True, or False when another process is at it."""
        with held(locks.SYNC) as ours:
            if not ours:
                return False
            for project_id in _present():
                self.attempt(f"project {project_id}", lambda id_=project_id: _sync(id_))  # type: ignore[misc]
            for project_id in _present():
                self.attempt(f"views of project {project_id}",
                              lambda id_=project_id: _keep_views(id_))  # type: ignore[misc]
                self.attempt(f"videos of project {project_id}",
                             lambda id_=project_id: task_videos.follow(id_))  # type: ignore[misc]
            for project_id in _present():
                self.attempt(f"objects of project {project_id}",
                              lambda id_=project_id: scheduling.enqueue_objects(id_))  # type: ignore[misc]
                self.attempt(f"annotations of project {project_id}",
                              lambda id_=project_id: _follow_annotations(id_))  # type: ignore[misc]
                self.attempt(f"references of project {project_id}",
                             lambda id_=project_id: references.follow(id_))  # type: ignore[misc]
                self.attempt(f"taught labels of project {project_id}",
                             lambda id_=project_id: scoring.score_new(id_))  # type: ignore[misc]
            self.attempt("model change", _advance_model_change)
            self.attempt("runs", _reconcile_runs)
            self.attempt("uploads", leftovers.remove)
            self.attempt("audit", lambda: audit.forget_old(get_settings().audit_days))
        self._failing.pop("background", None)
        return True

    def attempt(self, name: str, work: Callable[[], object]) -> None:
        try:
            work()
            if self._failing.pop(name, None):
                log.info("works again", extra={"what": name})
        except Exception as error:
            self.complain(name, error)

    def complain(self, name: str, error: Exception) -> None:
        if self._failing.get(name) == str(error):
            return
        self._failing[name] = str(error)
        said = as_argus_error(error, what=name)
        log.warning("a background pass failed; the next one follows", extra={"what": name, "code": said.code,
                                                                   "error": said.message})


def _present() -> list[int]:
    """The connected projects, those left out that Label Studio is known not to have."""
    left_alone = missing_projects.resting()
    return [project_id for project_id in projects.connected_ids() if project_id not in left_alone]


def _sync(project_id: int) -> None:
    report = tasks.sync_project(project_id)
    near_duplicates.mark(project_id)
    if report.full:
        indexes.enqueue_index_update(project_id)
        indexes.drop_unused()


def _follow_annotations(project_id: int) -> None:
    """Look at what people annotate in Label Studio: against certificates, for what it says of scores, and the
    time it took."""
    later.follow(project_id)
    annotated.follow(project_id)
    arm.follow(project_id)


def _keep_views(project_id: int) -> None:
    saved_searches.enqueue_stale_views(project_id)
    view_ranks.enqueue_unwritten(project_id)
    query_tabs.enqueue_stale_tabs(project_id)


def _advance_model_change() -> None:
    """While the embedding model changes: see to projects that are not polled, to indexes, and to the change itself."""
    _, following = model_change.roles()
    if following is None:
        return
    if waiting := model_change.left(following).keys() | model_change.objects_left(following).keys():
        for project_id in waiting - set(_present()):
            scheduling.enqueue_waiting(project_id)
            scheduling.enqueue_objects(project_id)
        return
    for project_id in model_change.large_projects():
        indexes.enqueue_index_update(project_id, following)
    model_change.finish()


def _reconcile_runs() -> None:
    run_jobs.reconcile_runs()


def sync_job(project_id: int) -> dict[str, int]:
    """Job of the queue `default`: what a webhook asked for, of a project that is still connected."""
    if not projects.is_connected(project_id):
        return {}
    report = tasks.sync_project(project_id)
    return {"created": report.created, "changed": report.changed, "deleted": report.deleted}
