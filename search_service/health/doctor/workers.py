"""The workers: are they there, do they answer, is their model sound, can they fetch an image."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Generator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from rq import Worker
from rq.worker import BaseWorker

from argus import __version__, detectors, queue_names
from argus.errors import ArgusError
from argus.home import gibibytes
from argus.jobs import queues, worker_failures
from argus.jobs.queues import Packed
from argus.jobs.self_check import EXAMINE, Examined, FetchedImage, ModelTest
from argus.labelstudio.task_data import TaskImage
from argus.settings import get_settings
from search_service.health.doctor import finding
from search_service.health.doctor.finding import Finding

_SILENT = 90  # seconds; an idle worker speaks every 15 s, one at work every 5
_ANSWER = 10.0  # seconds for a worker that is idle; one at work answers between two chunks


@dataclass(frozen=True)
class Visit:
    """What a worker of a role said about itself, with our times of question and answer."""

    said: Examined
    asked: float
    answered: float


def check() -> Generator[Finding, None, dict[str, Visit]]:
    """Yield how each role stands; return who answered, by role."""
    with queues.reachable():
        alive = _alive()
    roles = [role for role in queue_names.ROLES if alive[role]]
    visits: dict[str, Visit] = {}
    with ThreadPoolExecutor(len(queue_names.ROLES)) as pool:
        answers = dict(zip(roles, pool.map(_visit, roles), strict=True))
    for role in queue_names.ROLES:
        if role not in answers:
            yield _missing(role)
            continue
        answer = answers[role]
        if isinstance(answer, Visit):
            visits[role] = answer
            yield from _told(role, len(alive[role]), answer.said)
        else:
            yield _silent(role, alive[role], answer)
    return visits


def fetched_by(roles: Sequence[str], image: TaskImage) -> dict[str, FetchedImage | ArgusError]:
    """Have each role fetch a task's image; return what came of it."""
    if not roles:
        return {}
    with ThreadPoolExecutor(len(roles)) as pool:
        return dict(zip(roles, pool.map(lambda role: _fetched(role, image), roles), strict=True))


def is_alive(worker: BaseWorker) -> bool:
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


def _alive() -> dict[str, list[BaseWorker]]:
    living = [worker for worker in Worker.all(connection=queues.get_redis()) if is_alive(worker)]
    return {role: [worker for worker in living if set(names) <= set(worker.queue_names())]
            for role, names in queue_names.ROLES.items()}


def _visit(role: str) -> Visit | ArgusError:
    asked = time.time()
    try:
        said: Examined = queues.call(queue_names.ROLES[role][0], EXAMINE[role], deadline=_ANSWER)
    except ArgusError as error:
        return error
    return Visit(said, asked, time.time())


def _fetched(role: str, image: TaskImage) -> FetchedImage | ArgusError:
    try:
        fetched: FetchedImage = queues.call(queue_names.ROLES[role][0], "argus.jobs.self_check.fetch_image",
                                            image.project_id, image.task_id, image.url, deadline=_ANSWER)
    except ArgusError as error:
        return error
    return fetched


def _missing(role: str) -> Finding:
    detail, fix = f"No worker serves {' and '.join(queue_names.ROLES[role])}.", ""
    if end := worker_failures.last(role):
        what = "One waits to begin since" if end.waits else "The last one ended by itself on"
        detail += f" {what} {end.at:%Y-%m-%d at %H:%M} UTC: {end.error.message}"
        fix = end.error.hint
    return Finding(f"{role} worker", "problem", detail,
                   fix or f"Start one with `argus worker {role}`; its log says why it ended.")


def _silent(role: str, alive: Sequence[BaseWorker], error: ArgusError) -> Finding:
    name, busy = f"{role} worker", [worker for worker in alive if worker.get_current_job_id()]
    if error.code == "timeout" and len(busy) == len(alive):
        return Finding(name, "unknown", f"{len(alive)} alive, all at work and without an answer for {_ANSWER:g} s.",
                       "Ask again when their jobs are done; the page shows them under Setup.")
    fix = "Restart it; is it of the same Argus version?" if error.code in ("timeout", "internal") else error.hint
    return Finding(name, "problem", f"{len(alive)} alive, but it does not answer: {error.message}", fix)


def _told(role: str, count: int, said: Examined) -> Generator[Finding, None, None]:
    name, here = f"{role} worker", f"{count} alive"
    if said["version"] != __version__:
        yield Finding(name, "problem", f"{here}, but one is Argus {said['version']}, this is {__version__}.",
                      "Update all processes to the same version.")
    else:
        yield Finding(name, "ok", f"{here}, answered from {said['host']}")
    if said["free"] < finding.MIN_FREE or not said["writable"]:
        what = f"{gibibytes(said['free'])} free" if said["writable"] else "not writable"
        yield Finding(f"{name}: disk", "problem", f"{what} for {said['home']} on {said['host']}",
                      "Make room there, or set ARGUS_HOME to a folder on a larger disk.")
    if "model" in said:
        yield _model(role, said["model"])


def _model(role: str, said: ModelTest | Packed) -> Finding:
    name, setting = f"{role} model", f"{role}_model"
    try:
        model: ModelTest = queues.unpack(said)
    except ArgusError as error:
        if role == "sam3" and error.code == "model_not_found" and detectors.names(get_settings()):
            return Finding(name, "ok", f"SAM 3 is not there, so only detectors look: {error.message}")
        return Finding(name, "problem", error.message, error.hint or "Restart the worker; its log says more.")
    ours = getattr(get_settings(), setting)
    if Path(ours).name != Path(model["checkpoint"]).name:  # its place may be another on each machine, its name may not
        return Finding(name, "problem", f"The worker has {model['checkpoint']}, this process is set to {ours}: "
                       "neither uses what the other computes.", f"Give all processes the same ARGUS_{setting.upper()}.")
    when = "passed its self-test just now" if model["fresh"] else "passed its self-test at the start"
    return Finding(name, "ok", f"{model['checkpoint']} on {model['device']} {when}, in {model['seconds']:.2f} s")
