"""Runs: SAM 3 on selected tasks, and what comes before one: recipe, preview, estimate. The work is `ml_backend`'s."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator

from flask import Blueprint, Response

from argus import audit
from argus.answers.engine import EngineChange, ProjectEngine
from argus.answers.runs import Estimate, Preview, ProjectRecipe, RecipeChange, Run, RunResult, Runs, RunSources
from argus.errors import ArgusError
from ml_backend.runs import engine_choice, recipes, results, runs
from search_service import run_sources
from search_service.api.answering import answers
from search_service.api.requests import API, body
from search_service.api.schemas import review as asking
from search_service.api.schemas.engine import EngineRequest

blueprint = Blueprint("runs", __name__, url_prefix=API)
# A stream holds one of the server's threads for as long as somebody looks. More people than this poll instead.
STREAMS = 5
_streams = threading.BoundedSemaphore(STREAMS)
_LOOK_SECONDS, _ALIVE_SECONDS = 0.5, 10.0


@blueprint.get("/projects/<int:project_id>/sources")
@answers
def get_sources(project_id: int) -> RunSources:
    return run_sources.sources(project_id)


@blueprint.get("/projects/<int:project_id>/recipe")
@answers
def get_recipe(project_id: int) -> ProjectRecipe:
    return recipes.describe_recipe(project_id)


@blueprint.put("/projects/<int:project_id>/recipe")
@answers
def put_recipe(project_id: int) -> RecipeChange:
    asked = body(asking.RecipeRequest)
    if asked.dry_run:
        audit.nothing_changes()
    return recipes.change_recipe(project_id, [c.model_dump() for c in asked.concepts], dry_run=asked.dry_run)


@blueprint.get("/projects/<int:project_id>/engine")
@answers
def get_engine(project_id: int) -> ProjectEngine:
    return engine_choice.describe_engine(project_id)


@blueprint.put("/projects/<int:project_id>/engine")
@answers
def put_engine(project_id: int) -> EngineChange:
    asked = body(EngineRequest)
    if asked.dry_run:
        audit.nothing_changes()
    return engine_choice.change_engine(project_id, asked.engine, detector=asked.detector, masks=asked.masks,
                                       classes=asked.classes, dry_run=asked.dry_run)


@blueprint.post("/projects/<int:project_id>/preview")
@answers
def post_preview(project_id: int) -> Preview:
    return run_sources.preview(project_id, body(run_sources.PreviewRequest))


@blueprint.post("/projects/<int:project_id>/runs")
@answers
def post_run(project_id: int) -> tuple[Run, int, dict[str, str]]:
    run_id = run_sources.start_run(project_id, body(run_sources.RunRequest))
    return runs.run_progress(run_id), 201, {"Location": f"{API}/runs/{run_id}"}


@blueprint.post("/projects/<int:project_id>/runs/estimate")
@answers
def post_estimate(project_id: int) -> Estimate:
    return run_sources.estimate_run(project_id, body(run_sources.RunRequest))


@blueprint.get("/projects/<int:project_id>/runs")
@answers
def get_runs(project_id: int) -> Runs:
    return Runs(runs=runs.list_runs(project_id))


@blueprint.get("/runs/<int:run_id>")
@answers
def get_run(run_id: int) -> Run:
    return runs.run_progress(run_id)


@blueprint.get("/runs/<int:run_id>/result")
@answers
def get_result(run_id: int) -> RunResult:
    return results.describe_result(run_id)


@blueprint.get("/runs/<int:run_id>/events")
def get_events(run_id: int) -> Response:
    runs.run_progress(run_id)  # an unknown run is an error, not an empty stream
    if not _streams.acquire(blocking=False):
        raise ArgusError("not_ready", "Too many progress streams are open.",
                         f"Ask for {API}/runs/{run_id} every few seconds instead.")
    response = Response(_events(run_id), content_type="text/event-stream")
    response.call_on_close(_streams.release)
    return response


def _events(run_id: int) -> Iterator[str]:
    """Yield the run's progress whenever it changed, until it has ended; a comment now and then notices who left."""
    said, spoken = "", 0.0
    while True:
        progress = runs.run_progress(run_id)
        text = json.dumps(progress.model_dump(mode="json"))
        if text != said:
            yield f"data: {text}\n\n"
            said, spoken = text, time.monotonic()
        elif time.monotonic() - spoken > _ALIVE_SECONDS:
            yield ": still here\n\n"
            spoken = time.monotonic()
        if progress.ended:
            return
        time.sleep(_LOOK_SECONDS)


@blueprint.post("/runs/<int:run_id>/cancel")
@answers
def post_cancel(run_id: int) -> Run:
    return runs.cancel_run(run_id)


@blueprint.post("/runs/<int:run_id>/resume")
@answers
def post_resume(run_id: int) -> Run:
    return runs.resume_run(run_id)


@blueprint.post("/runs/<int:run_id>/retry")
@answers
def post_retry(run_id: int) -> Run:
    return runs.retry_failed(run_id)
