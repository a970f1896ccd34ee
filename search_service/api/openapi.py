"""The REST API described by OpenAPI 3.1, made from the request models and one table of endpoints."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

from argus import __version__
from argus.errors import CATALOGUE
from search_service import run_sources
from search_service.api.examples import BODIES, PARAMETERS
from search_service.api.schemas import audit as ar
from search_service.api.schemas import review as rr
from search_service.api.schemas import search as r
from search_service.api.schemas import setup as sr

_NUMBER, _TEXT, _FLAG = {"type": "integer"}, {"type": "string"}, {"type": "boolean"}
_FREE: dict[str, Any] = {"type": "object"}


@dataclass(frozen=True)
class Endpoint:
    """One operation: what it takes and what it answers."""

    method: str
    path: str
    summary: str
    query: type[BaseModel] | None = None
    body: type[BaseModel] | None = None
    answer: str = "Object"
    status: int = 200
    media: str = "application/json"
    takes: str = ""  # media type of a body that is not JSON


ENDPOINTS = (
    Endpoint("get", "/health", "Whether the service answers; asks nobody else.", answer="Health"),
    Endpoint("get", "/livez", "Whether this process answers.", answer="Health"),
    Endpoint("get", "/readyz", "Whether a request could be served now; 503 with what is missing.", answer="Health"),
    Endpoint("get", "/metrics", "Counters for Prometheus.", media="text/plain"),
    Endpoint("post", "/webhooks/label-studio", "Label Studio's hint that tasks changed.", body=r.Webhook, status=202,
             answer="Queued"),
    Endpoint("get", "/api/v1/projects", "List the projects Argus knows.", answer="Projects"),
    Endpoint("get", "/api/v1/projects/{project_id}", "One project, and how far its images are embedded.",
             answer="Project"),
    Endpoint("post", "/api/v1/projects/{project_id}/sync", "Look for changed tasks now."),
    Endpoint("post", "/api/v1/projects/{project_id}/retry", "Try failed images again."),
    Endpoint("get", "/api/v1/projects/{project_id}/search", "Find images by text.", r.SearchRequest,
             answer="SearchResult"),
    Endpoint("post", "/api/v1/projects/{project_id}/search", "Find images by texts and images, wanted and not.",
             body=r.AskRequest, answer="SearchResult"),
    Endpoint("post", "/api/v1/projects/{project_id}/search/image", "Find images like an uploaded one.", r.LikeRequest,
             answer="SearchResult", takes="application/octet-stream"),
    Endpoint("get", "/api/v1/projects/{project_id}/tasks/{task_id}/similar",
             "Find images like a task's, or like a part of it.", r.LikeRequest, answer="SearchResult"),
    Endpoint("get", "/api/v1/projects/{project_id}/searches", "The last different queries.", r.HistoryRequest),
    Endpoint("delete", "/api/v1/projects/{project_id}/searches", "Forget the whole history."),
    Endpoint("post", "/api/v1/projects/{project_id}/searches/{search_id}/repeat", "Search again for what was searched.",
             r.PageRequest, answer="SearchResult"),
    Endpoint("delete", "/api/v1/projects/{project_id}/searches/{search_id}", "Forget one query."),
    Endpoint("get", "/api/v1/projects/{project_id}/views", "The Label Studio views that Argus made."),
    Endpoint("post", "/api/v1/projects/{project_id}/views", "Make or update a view of a search or of given tasks.",
             body=r.ViewRequest, status=201, answer="View"),
    Endpoint("delete", "/api/v1/projects/{project_id}/views/{view_id}",
             "Remove a view that Argus made and nobody changed."),
    Endpoint("post", "/api/v1/projects/{project_id}/views/{view_id}/refresh",
             "Search again for what a view was made of.", answer="View"),
    Endpoint("get", "/api/v1/projects/{project_id}/saved-searches", "The saved searches by name."),
    Endpoint("post", "/api/v1/projects/{project_id}/saved-searches", "Keep a search under a name.",
             body=r.SavedRequest, status=201, answer="SavedSearch"),
    Endpoint("get", "/api/v1/projects/{project_id}/saved-searches/{saved_id}", "One saved search.",
             answer="SavedSearch"),
    Endpoint("patch", "/api/v1/projects/{project_id}/saved-searches/{saved_id}", "Change a saved search.",
             body=r.SavedChange, answer="SavedSearch"),
    Endpoint("delete", "/api/v1/projects/{project_id}/saved-searches/{saved_id}",
             "Forget a saved search, and remove its view, unless somebody changed that."),
    Endpoint("get", "/api/v1/projects/{project_id}/saved-searches/{saved_id}/hits", "What a saved search finds now.",
             r.PageRequest, answer="SearchResult"),
    Endpoint("post", "/api/v1/projects/{project_id}/saved-searches/{saved_id}/refresh",
             "Search again and bring the view up to date now.", answer="SavedSearch"),
    Endpoint("get", "/api/v1/projects/{project_id}/judgements", "What people said of hits.", r.JudgementsRequest),
    Endpoint("post", "/api/v1/projects/{project_id}/judgements", "Say whether a hit is right.",
             body=r.JudgementRequest),
    Endpoint("delete", "/api/v1/projects/{project_id}/judgements", "Forget what people said of hits.",
             r.JudgementsRequest),
    Endpoint("get", "/api/v1/projects/{project_id}/search-eval",
             "Recall, nDCG and precision per band, by what people said.", r.EvaluationRequest),
    Endpoint("get", "/api/v1/projects/{project_id}/sources", "What a run can be started from, with counts."),
    Endpoint("get", "/api/v1/projects/{project_id}/recipe", "Prompts and thresholds of the labels."),
    Endpoint("put", "/api/v1/projects/{project_id}/recipe", "Change prompts and thresholds, or tell what would change.",
             body=rr.RecipeRequest),
    Endpoint("post", "/api/v1/projects/{project_id}/preview", "What a run would find on up to 12 images; ask again "
             "until `ready`.", body=run_sources.PreviewRequest),
    Endpoint("post", "/api/v1/projects/{project_id}/runs", "Let SAM 3 look for labels on tasks.",
             body=run_sources.RunRequest, status=201, answer="Run"),
    Endpoint("post", "/api/v1/projects/{project_id}/runs/estimate", "What a run would cost; nothing is started.",
             body=run_sources.RunRequest, answer="Estimate"),
    Endpoint("get", "/api/v1/projects/{project_id}/runs", "The runs of a project, newest first.", answer="Runs"),
    Endpoint("get", "/api/v1/runs/{run_id}", "Progress of a run.", answer="Run"),
    Endpoint("get", "/api/v1/runs/{run_id}/events", "Progress of a run as it changes (server-sent events), until it "
             "ends.", answer="Run", media="text/event-stream"),
    Endpoint("post", "/api/v1/runs/{run_id}/cancel", "Stop a run; what is done stays.", answer="Run"),
    Endpoint("post", "/api/v1/runs/{run_id}/resume", "Do what a stopped run left.", answer="Run"),
    Endpoint("post", "/api/v1/runs/{run_id}/retry", "Try the failed tasks of a run again.", answer="Run"),
    Endpoint("get", "/api/v1/projects/{project_id}/review", "Review progress by band."),
    Endpoint("get", "/api/v1/projects/{project_id}/review/histogram", "How the scores left to review are spread."),
    Endpoint("get", "/api/v1/projects/{project_id}/review/objects", "A band's objects, lowest score first.",
             rr.ObjectsRequest),
    Endpoint("put", "/api/v1/projects/{project_id}/review/bands", "Move the band edges, and the views with them.",
             body=rr.BandsRequest),
    Endpoint("post", "/api/v1/projects/{project_id}/review/accept/plan", "What an acceptance would accept.",
             body=rr.AcceptRequest),
    Endpoint("post", "/api/v1/projects/{project_id}/review/accept", "Accept predictions by score, or of given tasks.",
             body=rr.AcceptRequest),
    Endpoint("post", "/api/v1/projects/{project_id}/review/additions/plan", "What labels computed later would add to "
             "annotations that are there.", body=rr.AdditionsRequest),
    Endpoint("post", "/api/v1/projects/{project_id}/review/additions", "Add labels computed later to annotations that "
             "are there.", body=rr.AdditionsRequest),
    Endpoint("get", "/api/v1/people/me", "Who this request acts as; null fields: the service.", answer="Me"),
    Endpoint("post", "/api/v1/people/me", "Who a personal access token of Label Studio belongs to.",
             body=rr.PersonRequest),
    Endpoint("get", "/api/v1/projects/{project_id}/review/acceptances", "The last acceptances, newest first.",
             rr.AcceptancesRequest),
    Endpoint("post", "/api/v1/acceptances/{acceptance_id}/undo", "Take an acceptance back, except what was changed."),
    Endpoint("post", "/api/v1/projects/{project_id}/review/set-aside", "Reject an object, or send a task to be fixed.",
             body=rr.SetAsideRequest),
    Endpoint("post", "/api/v1/projects/{project_id}/review/put-back", "Take such a decision back.",
             body=rr.PutBackRequest),
    Endpoint("post", "/api/v1/projects/{project_id}/review/views", "Make or update the views of the bands."),
    Endpoint("get", "/api/v1/images/{task_id}/crop", "A part of a task's picture.", rr.CropRequest,
             media="image/jpeg"),
    Endpoint("post", "/api/v1/projects/{project_id}/exports/preview", "What an export would hold.",
             body=sr.ExportJobRequest, answer="ExportPreview"),
    Endpoint("post", "/api/v1/projects/{project_id}/exports", "Make an export in the background.",
             body=sr.ExportJobRequest, status=201, answer="Export"),
    Endpoint("get", "/api/v1/projects/{project_id}/exports", "The last exports of a project, newest first."),
    Endpoint("get", "/api/v1/exports/{export_id}", "How far an export is.", answer="Export"),
    Endpoint("delete", "/api/v1/exports/{export_id}", "Delete an export, or stop it.", answer="Export"),
    Endpoint("get", "/api/v1/exports/{export_id}/file", "Download a finished export.", media="application/zip"),
    Endpoint("get", "/api/v1/projects/{project_id}/tasks/{task_id}",
             "A task with the objects of its predictions and annotations.", answer="Task"),
    Endpoint("get", "/api/v1/projects/{project_id}/videos",
             "The videos that frames come from, and when the first and the last image were captured."),
    Endpoint("get", "/api/v1/status", "Workers, queues, projects, and what failed last.", answer="Status"),
    Endpoint("get", "/api/v1/doctor", "Check every connection; each problem comes with its fix.",
             sr.DoctorRequest, answer="Findings"),
    Endpoint("get", "/api/v1/audit", "Who changed what, newest first. With the caller's own Label Studio token: of a "
             "project that they manage, or of all as an administrator.", ar.AuditRequest, answer="Audit"),
    Endpoint("get", "/api/v1/label-studio/projects", "Every project in Label Studio, and which are connected."),
    Endpoint("post", "/api/v1/label-studio/connect", "Make a Label Studio project ready for Argus, or create one.",
             body=sr.ConnectRequest, answer="Connection"),
    Endpoint("post", "/api/v1/projects/{project_id}/disconnect",
             "Take the ML backend, the webhook and our views out of a project again."),
    Endpoint("get", "/api/v1/images/{task_id}", "A small picture of a task.", r.ThumbnailRequest, media="image/jpeg"),
)

_VIDEO = {"video": {"type": ["string", "null"], "description": "The file's name, which several videos may have."},
          "video_id": {"type": ["string", "null"]},
          "video_name": {"type": ["string", "null"], "description": "As shown: with the beginning of the id where two "
                         "videos of the project share a name."}}
_HIT = {"task": _NUMBER, "similarity": {"type": "number", "description": "Cosine of image and query."}, "image": _TEXT,
        **_VIDEO, "video_time": {"type": ["number", "null"], "description": "Seconds."},
        "frame_number": {"type": ["integer", "null"]},
        "relevance": {"type": "string", "enum": ["likely", "possible", "unlikely", ""]},
        "labelled": {"type": "boolean", "description": "Whether people have annotated it, as of the last poll."},
        "labels": {"type": "array", "items": _TEXT, "description": "What its annotations say."}}
_SYNC = {"seen": {"type": "integer", "description": "Tasks: those that wait, are embedded, or have failed."},
         "fetched": {"type": "integer", "description": "Tasks whose image file was had, whatever became of it."},
         "waiting": _NUMBER, "embedded": _NUMBER, "failed": _NUMBER,
         "duplicates": {"type": "integer", "description": "Frames marked as near-duplicates of an earlier one."},
         "oldest_waiting_seconds": {"type": ["number", "null"]}, "errors": {"type": "array", "items": _FREE},
         "noted": {"type": "integer", "description": "Tasks whose data hold a value that could not be taken over."},
         "notes": {"type": "array", "items": _FREE}}
_MISSING = {"type": ["string", "null"], "description": "Since when Label Studio has no such project any more."}
_REFERENCE = "#/components/schemas/{model}"
_SCHEMAS: dict[str, Any] = {
    "Object": _FREE,
    "Health": {"type": "object", "required": ["status"], "properties": {
        "status": _TEXT, "service": _TEXT, "version": _TEXT}},
    "Queued": {"type": "object", "required": ["queued"], "properties": {"queued": _FLAG}},
    "Problem": {"type": "object", "required": ["type", "title", "status", "detail", "code"], "properties": {
        "type": _TEXT, "title": _TEXT, "status": _NUMBER, "detail": _TEXT, "hint": _TEXT, "details": _FREE,
        "code": {"type": "string", "enum": sorted(CATALOGUE)}}},
    "SearchResult": {"type": "object", "required": ["hits", "total", "exact"], "properties": {
        "project": _NUMBER, "query": _TEXT,
        "total": {"type": "integer", "description": "Images that were ranked: those that pass the filters."},
        "images": {"type": "integer", "description": "Embedded images of the project."}, "filters": _FREE,
        "nothing_found": {**_FLAG, "description": "Even the best hits are unlikely."},
        "unread": {"type": "array", "items": _TEXT, "description": "Ends of texts beyond the 64 tokens that the "
                   "model reads."},
        "exact": {**_FLAG, "description": "False: an approximate index answered, and only `window` rows can be paged."},
        "window": _NUMBER, "waiting": {"type": "integer", "description": "Images that have no vector yet."},
        "limit": _NUMBER, "offset": _NUMBER,
        "hits": {"type": "array", "items": {"type": "object", "properties": _HIT}}}},
    "Projects": {"type": "object", "properties": {"projects": {"type": "array", "items": {
        "type": "object", "properties": {"id": _NUMBER, "title": _TEXT, "connected": _FLAG, "missing_since": _MISSING,
                                         "images": _NUMBER, "embedded": _NUMBER}}}}},
    "Project": {"type": "object", "properties": {
        "id": _NUMBER, "title": _TEXT, "connected": _FLAG, "missing_since": _MISSING,
        "labels": {"type": "array", "items": _TEXT}, "bands": _FREE, "model_version": _TEXT, "label_studio": _TEXT,
        "search_model": {"type": ["string", "null"]},
        "sync": {"type": "object", "properties": _SYNC},
        "model_change": {"type": ["object", "null"], "description": "While images are embedded again for another "
                         "checkpoint; searches use the old one until `left` is 0.",
                         "properties": {"model": _TEXT, "embedded": _NUMBER, "left": _NUMBER}}}},
    "Task": {"type": "object", "properties": {
        "task": _NUMBER, "label_studio": _TEXT, **_VIDEO,
        "video_time": {"type": ["number", "null"]}, "frame_number": {"type": ["integer", "null"]}, "state": _TEXT,
        "captured_at": {"type": ["string", "null"]},
        "notes": {"type": "array", "items": _FREE, "description": "Values of its data that could not be taken over."},
        "predictions": {"type": "array", "items": _FREE}, "annotations": {"type": "array", "items": _FREE}}},
    "ExportPreview": {"type": "object", "properties": {
        "images": _NUMBER, "videos": _NUMBER, "empty": _NUMBER,
        "counted": _NUMBER | {"description": "Images that `empty` and `objects` come from: the first 2,000 at most."},
        "objects": {"type": "object", "description": "By label."},
        "splits": {"type": "object", "description": "Images and videos by split."}}},
    "Export": {"type": "object", "required": ["id", "state"], "properties": {
        "id": _NUMBER, "project": _NUMBER, "format": _TEXT, "source": _TEXT, "written": _NUMBER,
        "state": {"type": "string", "enum": ["queued", "running", "done", "failed", "cancelled"]},
        "total": {"type": ["integer", "null"]}, "bytes": {"type": ["integer", "null"]},
        "report": {"type": ["object", "null"]}, "error": {"type": ["object", "null"]}}},
    "Me": {"type": "object", "required": ["id", "email", "name", "admin"], "properties": {
        "id": {"type": ["integer", "null"]}, "email": {"type": ["string", "null"]},
        "name": {"type": ["string", "null"]},
        "admin": {**_FLAG, "description": "Whether everything may be done in every project that is seen."}}},
    "Audit": {"type": "object", "required": ["entries", "next"], "properties": {
        "entries": {"type": "array", "items": {"type": "object", "properties": {
            "id": _NUMBER, "at": _TEXT, "action": _TEXT, "object": _TEXT,
            "who": {"type": "string", "description": "E-mail of the token's owner; `service`: the shared token; empty: "
                    "nobody known."},
            "verified": {**_FLAG, "description": "Label Studio knew the token as this person's."},
            "address": {"type": "string", "description": "Of the caller; `local <user>` for the command line."},
            "project": {"type": ["integer", "null"]},
            "outcome": {"type": "string", "description": "`done`, or the code of the error."}}}},
        "next": {"type": ["integer", "null"], "description": "`before` of the next page."}}},
    "Status": {"type": "object", "properties": {
        "version": _TEXT, "search_model": {"type": ["object", "null"]},
        "roles": {"type": "object", "description": "Workers alive by role."},
        **{name: {"type": "array", "items": _FREE} for name in ("workers", "queues", "projects", "errors")}}},
    "Findings": {"type": "object", "properties": {"problems": _NUMBER, "findings": {"type": "array", "items": {
        "type": "object", "properties": {"name": _TEXT, "detail": _TEXT, "fix": _TEXT,
                                         "state": {"type": "string", "enum": ["ok", "problem", "unknown"]}}}}}},
    "Connection": {"type": "object", "properties": {
        "project_id": {"type": ["integer", "null"]}, "title": _TEXT, "dry_run": _FLAG, "model_version": _TEXT,
        **{name: {"type": "array", "items": _TEXT} for name in ("labels", "created", "changed", "kept", "notes")}}},
    "View": {"type": "object", "properties": {
        "views": {"type": "array", "items": _NUMBER}, "tasks": _NUMBER, "url": _TEXT}},
    "SavedSearch": {"type": "object", "required": ["id", "name", "ask"], "properties": {
        "id": _NUMBER, "name": _TEXT, "query": _TEXT, "ask": _FREE, "size": _NUMBER, "relevance": _TEXT,
        "keep_view": _FLAG, "ranked": _NUMBER, "views": {"type": "array", "items": _NUMBER},
        "url": {"type": ["string", "null"]}, "tasks": {"type": "integer", "description": "Tasks the view shows."},
        "refreshed_at": {"type": ["string", "null"]}, "error": {"type": ["object", "null"]},
        "stale": {**_FLAG, "description": "Images changed, and the view is about to follow."},
        "left": {"type": "array", "items": _NUMBER, "description": "Of a change: its views up to now that somebody "
                 "changed in Label Studio. They are theirs and stay."}}},
    "Run": {"type": "object", "required": ["id"], "properties": {
        "id": _NUMBER, "state": {"type": "string", "enum": ["queued", "running", "done", "failed", "cancelled"]},
        "project": _NUMBER, "labels": {"type": "array", "items": _TEXT}, "model_version": _TEXT,
        "settings": {**_FREE, "description": "Where the tasks came from, and the recipe at the start."},
        "requested": _NUMBER, "done": _NUMBER, "failed": _NUMBER, "cancelled": _NUMBER,
        "waiting": {"type": "integer", "description": "Tasks that have not ended."},
        "in_work": {"type": "integer", "description": "Tasks the model has now."},
        "detected": {"type": "integer", "description": "Tasks whose prediction is on its way to Label Studio."},
        "computed": {"type": "integer", "description": "Tasks that needed the model."},
        "rate": {"type": ["number", "null"], "description": "Tasks a second, lately."},
        "seconds_left": {"type": ["number", "null"]},
        "left_out": {"type": "object", "properties": {"objects": _NUMBER, "tasks": _NUMBER}, "description":
                     "Objects found beyond the number that is kept of an image and label, and their tasks."},
        "errors": {"type": "array", "items": {"type": "object", "properties": {
            "task": _NUMBER, "code": _TEXT, "message": _TEXT, "hint": _TEXT}}}}},
    "Runs": {"type": "object", "properties": {"runs": {"type": "array", "items": {
        "$ref": "#/components/schemas/Run"}}}},
    "Estimate": {"type": "object", "properties": {
        "tasks": _NUMBER, "labels": {"type": "array", "items": _TEXT},
        "to_compute": {"type": "integer", "description": "Tasks that still need the model."},
        "workers": {"type": "integer", "description": "SAM 3 workers that share the run."},
        "tasks_ahead": {"type": "integer", "description": "Waiting tasks of other runs that share the workers."},
        "measured_images": {"type": "integer", "description": "Images the estimate rests on."},
        "seconds_per_image": {"type": ["number", "null"]},
        "unread": {"type": "array", "description": "Prompts that are longer than the model reads.", "items": {
            "type": "object", "properties": {"prompt": _TEXT, "unread": {
                "type": ["string", "null"], "description": "What it does not read; null when no worker could say."}}}},
        "seconds": {"type": ["number", "null"], "description": "Null: this checkpoint has not worked here yet."}}},
}


def document() -> dict[str, Any]:
    """Return the OpenAPI document, JSON-ready."""
    schemas = dict(_SCHEMAS)
    paths: dict[str, dict[str, Any]] = {}
    for endpoint in ENDPOINTS:
        for model in (endpoint.body, endpoint.query):
            if model:
                schema = model.model_json_schema(ref_template=_REFERENCE)
                schemas |= schema.pop("$defs", {})
                schemas[model.__name__] = schema
        paths.setdefault(endpoint.path, {})[endpoint.method] = _operation(endpoint)
    about = {"title": "Argus", "version": __version__, "description":
             "Errors are RFC 9457 problems with a stable code, a sentence and a hint. Where ARGUS_API_TOKEN is set, "
             "requests carry Authorization: Bearer <token>. A request with the caller's own personal access token of "
             "Label Studio in X-Label-Studio-Token reaches only projects that this person can open there, does only "
             "what they may do in them (403 `forbidden` says who may), and annotations that it makes carry their name. "
             "Where ARGUS_REQUIRE_PERSON is set, every request needs that header."}
    return {"openapi": "3.1.0", "info": about, "paths": paths, "servers": [{"url": "/"}],
            "security": [{}, {"token": []}, {"caller": []}, {"token": [], "caller": []}],
            "components": {"schemas": schemas, "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer"},
                "caller": {"type": "apiKey", "in": "header", "name": "X-Label-Studio-Token"}}}}


def _operation(endpoint: Endpoint) -> dict[str, Any]:
    name = re.sub(r"\W+", "_", endpoint.path.removeprefix("/api/v1/").replace("{", "").replace("}", ""))
    schema: dict[str, Any] = {"$ref": f"#/components/schemas/{endpoint.answer}"}
    if endpoint.media == "text/event-stream":  # the schema is one event's
        schema = {"type": "object", "required": ["data"], "properties": {"data": {
            "type": "string", "contentMediaType": "application/json", "contentSchema": schema}}}
    elif endpoint.media != "application/json":
        schema = {"type": "string", "format": "binary"}
    operation: dict[str, Any] = {
        "operationId": f"{endpoint.method}_{name}", "summary": endpoint.summary, "tags": [_topic(endpoint.path)],
        "parameters": _parameters(endpoint),
        "responses": {str(endpoint.status): {"description": "Done.", "content": {endpoint.media: {"schema": schema}}},
                      "default": {"description": "What went wrong (RFC 9457).", "content": {
                          "application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}}}}
    if endpoint.body:
        reference = {"$ref": f"#/components/schemas/{endpoint.body.__name__}"}
        example = {"example": BODIES[endpoint.body]} if endpoint.body in BODIES else {}
        operation["requestBody"] = {"required": True, "content": {"application/json": {"schema": reference} | example}}
    elif endpoint.takes:
        operation["requestBody"] = {"required": True, "content": {endpoint.takes: {"schema": {
            "type": "string", "format": "binary"}}}}
    return operation


def _parameters(endpoint: Endpoint) -> list[dict[str, Any]]:
    found = [{"name": name, "in": "path", "required": True, "schema": {"type": "integer", "minimum": 1}}
             for name in re.findall(r"{(\w+)}", endpoint.path)]
    if endpoint.query:
        schema = endpoint.query.model_json_schema(ref_template=_REFERENCE)
        for name, field in schema["properties"].items():
            found.append({"name": name, "in": "query", "required": name in schema.get("required", []),
                          "schema": field})
    return [entry | ({"example": PARAMETERS[entry["name"]]} if entry["name"] in PARAMETERS else {}) for entry in found]


def _topic(path: str) -> str:
    """Return the heading an operation belongs under: what follows the project in its path."""
    if not path.startswith("/api/"):
        return "service"
    steps = [step for step in path.removeprefix("/api/v1/").split("/") if not step.startswith("{")]
    return steps[1] if steps[0] == "projects" and len(steps) > 1 else steps[0]
