"""Label Studio's webhook: a hint that something changed. Answered at once; Label Studio waits for at most a second."""

from __future__ import annotations

import hmac
import logging

from flask import Blueprint, request

from argus import queue_names
from argus.answers.service import Queued
from argus.errors import ArgusError
from argus.jobs import queues
from argus.settings import get_settings
from search_service.api.answering import answers
from search_service.health import webhook_probe
from search_service.sync import tasks

log = logging.getLogger(__name__)
blueprint = Blueprint("hooks", __name__)
_FULL = {"TASKS_DELETED", "PROJECT_UPDATED"}  # what only a full listing, or a fresh label config, shows
_WANTED = _FULL | {"TASKS_CREATED", "TASKS_UPDATED"}


@blueprint.post("/webhooks/label-studio")
@answers
def post_webhook() -> tuple[Queued, int, dict[str, str]]:
    secret = get_settings().webhook_secret.get_secret_value()
    if secret and not hmac.compare_digest(request.headers.get("X-Argus-Secret", "").encode(), secret.encode()):
        webhook_probe.refused()
        raise ArgusError("unauthorized", "The webhook's secret is missing or wrong.", "`argus connect` sets it.")
    body = request.get_json(silent=True)
    if not isinstance(body, dict):
        raise ArgusError("bad_request", "The body must be a JSON object.")
    action, project = body.get("action"), body.get("project")
    project_id = project.get("id") if isinstance(project, dict) else project
    if action not in _WANTED or not isinstance(project_id, int) or isinstance(project_id, bool):
        return Queued(queued=False), 202, {}
    if webhook_probe.arrived(project_id) and action == "PROJECT_UPDATED":
        return Queued(queued=False), 202, {}  # the doctor's change, which changes nothing
    try:  # whoever reaches the port may name any project: only connected ones make a job, and each of them one
        if not tasks.note_change(project_id, full=action in _FULL):
            return Queued(queued=False), 202, {}
        queues.enqueue(queue_names.DEFAULT, "search_service.periodic.sync_job", project_id, job_id=f"sync-{project_id}",
                       retries=0, ttl=120)
    except ArgusError as error:  # the next poll finds it anyway
        log.warning("a webhook was not passed on to the sync", extra={"code": error.code})
        return Queued(queued=False), 202, {}
    return Queued(queued=True), 202, {}
