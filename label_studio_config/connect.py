"""A Label Studio project made ready for Argus: labelling config, ML backend, webhook, and the version scores count for.

Every call finds what is already right and leaves it alone, so connecting twice changes nothing.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from argus import addresses
from argus.db import Row
from argus.errors import ArgusError
from argus.labelstudio.client import LabelStudio
from argus.settings import Settings, get_settings
from label_studio_config import projects
from label_studio_config.label_config import LabelPlan, default_label_config
from label_studio_config.recipe import plan_for, recipe_for
from label_studio_config.views import remove_views

log = logging.getLogger(__name__)

WEBHOOK_PATH = "/webhooks/label-studio"
# Annotations are read when they are needed; each further action would cost the person who saves one a request.
WEBHOOK_ACTIONS = ("TASKS_CREATED", "TASKS_DELETED", "PROJECT_UPDATED")
_SSRF_HINT = ("Label Studio's defaults refuse private addresses. Start it with ML_BLOCK_LOCAL_IP=false and "
              "SSRF_PROTECTION_ENABLED=false, or with USE_DEFAULT_BANNED_SUBNETS=false.")


@dataclass
class ConnectReport:
    """What `connect` did, thing by thing, in sentences; with `dry_run`, what it would do.

    `project_id` is None only when a dry run would create the project.
    """

    project_id: int | None
    title: str
    dry_run: bool
    labels: list[str] = field(default_factory=list)
    model_version: str = ""
    created: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)
    fills: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        return dict(vars(self))


def connect(ls: LabelStudio, project_id: int | None, *, title: str | None = None, labels: Sequence[str] = (),
            dry_run: bool = False) -> ConnectReport:
    """Create a project for Argus, or adopt one; tasks, annotations and foreign predictions are never touched.

    Args:
        project_id: the project to adopt; None creates one.
        title: of a new project.
        labels: of a new project, or of one that has no labelling config yet. A config that is there is kept.
        dry_run: change nothing anywhere, only report.

    Raises:
        ArgusError: `unknown_project`, `bad_request` (no title, or no labels for a new config), `bad_label_config` (the
            project's own config has nothing that Argus can fill), `label_studio_refused` (it does not allow private
            addresses, or cannot reach the ML backend).
    """
    report = ConnectReport(project_id, title or "", dry_run)
    if project_id is not None:
        return _set_up(ls, _adopt(ls, project_id, labels, report), report)
    project = _create(ls, title, labels, report)
    try:
        return _set_up(ls, project, report)
    except ArgusError:
        if not dry_run:  # it is a moment old and empty: the next attempt must not make a second one
            ls.delete(f"/api/projects/{project['id']}/")
            projects.delete(project["id"])
        raise


def _set_up(ls: LabelStudio, project: dict[str, Any], report: ConnectReport) -> ConnectReport:
    row = _row(project["id"])
    plan = _plan(project["label_config"])
    report.labels, report.title = [concept.label for concept in plan.concepts], project["title"]
    report.fills += plan.fills
    report.notes += plan.notes
    report.model_version = recipe_for({"label_config": project["label_config"],
                                       "overrides": row.get("overrides") or {}}).model_version
    if not report.dry_run:
        projects.save(project, report.model_version)
    links = _Links(ls, project["id"], row, report)
    backend, webhook = links.backend(), links.webhook()
    links.quiet_backend_webhook()
    if not report.dry_run:
        projects.link(project["id"], backend, webhook)
        _choose_version(ls, project, report)
    return report


def ensure_model_version(ls: LabelStudio, project_id: int, model_version: str) -> bool:
    """Let `predictions_score`, and with it every band, count for `model_version`; return whether anything changed.

    Label Studio averages the predictions whose version equals `project.model_version`, and calls the ML backend when a
    task opens only if the backend's title equals it too. It accepts only a version that a prediction or a title has, so
    the title goes first. When both are known to be right this costs one request.

    Raises:
        ArgusError: `unknown_project`; `label_studio_refused` when there is neither a backend nor a prediction of ours.
    """
    row = _row(project_id)
    current = ls.project(project_id).get("model_version") or ""
    if current == model_version and row.get("model_version") == model_version:
        return False
    if row.get("ml_backend_id"):
        try:
            ls.patch(f"/api/ml/{row['ml_backend_id']}", _backend_body(get_settings(), project_id, model_version))
        except ArgusError as error:  # the backend is down: the version can still be set once a prediction has it
            log.warning("the ML backend's title was not changed", extra={"project": project_id, "error": error.message})
    if (ls.project(project_id).get("model_version") or "") != model_version:
        ls.patch(f"/api/projects/{project_id}/", {"model_version": model_version})
    projects.set_version(project_id, model_version)
    return True


def disconnect(ls: LabelStudio, project_id: int) -> list[str]:
    """Remove the ML backend, the webhooks and our views from a project; return what was removed, in sentences.

    Tasks, predictions and annotations stay, and the predictions stay visible. What Argus knows of the project stays in
    its database, and connecting again goes on from there. A project that Label Studio does not have any more is only
    polled no longer.

    Raises:
        ArgusError: `unknown_project`.
    """
    settings, row = get_settings(), _row(project_id)
    try:
        version = ls.project(project_id).get("model_version") or ""
    except ArgusError as error:
        if error.code != "unknown_project" or not row.get("connected_at"):
            raise
        projects.unlink(project_id)
        return ["the project from those that are polled: Label Studio does not have it any more"]
    removed: list[str] = []
    for backend in ls.get("/api/ml", project=project_id):
        if addresses.same(backend["url"], settings.ml_backend_url) or backend["id"] == row.get("ml_backend_id"):
            ls.delete(f"/api/ml/{backend['id']}")
            removed.append(f"ML backend {backend['url']}")
    ours = (settings.ml_backend_url.rstrip("/") + "/webhook", settings.search_service_url.rstrip("/") + WEBHOOK_PATH)
    for hook in ls.get("/api/webhooks/", project=project_id):
        if any(addresses.same(hook["url"], url) for url in ours) or hook["id"] == row.get("webhook_id"):
            ls.delete(f"/api/webhooks/{hook['id']}/")
            removed.append(f"webhook {hook['url']}")
    if views := remove_views(ls, project_id):
        removed.append("1 view" if views == 1 else f"{views} views")
    if version and ls.get(f"/api/projects/{project_id}/model-versions/").get(version):
        ls.patch(f"/api/projects/{project_id}/", {"model_version": version})  # lost with a backend of that title
    projects.unlink(project_id)
    return removed


def _plan(label_config: str) -> LabelPlan:
    return plan_for({"label_config": label_config, "overrides": {}})


def _create(ls: LabelStudio, title: str | None, labels: Sequence[str], report: ConnectReport) -> dict[str, Any]:
    if not title or len(title.strip()) < 3:
        raise ArgusError("bad_request", "A new project needs a title of at least three characters.",
                         "Pass --title, or --project N to adopt a project.")
    if not labels:
        raise ArgusError("bad_request", "A new project needs labels.", "Pass --labels, for example --labels cpu,fan.")
    body = {"title": title.strip(), "label_config": default_label_config(labels), "show_collab_predictions": True}
    report.created += [f"project {title.strip()!r}", f"labelling config with boxes and masks for {', '.join(labels)}"]
    if report.dry_run:
        return {"id": None, "model_version": "", **body}
    project: dict[str, Any] = ls.post("/api/projects/", body)
    report.project_id = project["id"]
    return project


def _adopt(ls: LabelStudio, project_id: int, labels: Sequence[str], report: ConnectReport) -> dict[str, Any]:
    project: dict[str, Any] = ls.project(project_id)
    body: dict[str, Any] = {}
    if _is_empty(project["label_config"]):
        if not labels:
            raise ArgusError("bad_request", f"Project {project_id} has no labelling config yet.",
                             "Pass --labels, for example --labels cpu,fan, or set it up in Label Studio.")
        body["label_config"] = default_label_config(labels)
        report.changed.append(f"labelling config: boxes and masks for {', '.join(labels)}")
    else:
        _plan(project["label_config"])  # before anything is changed
        report.kept.append("labelling config")
        if labels:
            report.notes.append("--labels was not used: the project has a labelling config of its own.")
    if not project.get("show_collab_predictions"):
        body["show_collab_predictions"] = True
        report.changed.append("predictions are shown when a task opens")
    if project.get("reveal_preannotations_interactively"):
        report.notes.append("The project reveals pre-annotations only inside a drawn area (its own setting, kept).")
    if body and not report.dry_run:
        ls.patch(f"/api/projects/{project_id}/", body)
    return project | body


def _is_empty(label_config: str | None) -> bool:
    """Tell whether this is what a project made by hand has before its labels are set up."""
    return "".join((label_config or "").split()) in ("", "<View></View>", "<View/>")


def _row(project_id: int | None) -> Row:
    return {} if project_id is None else projects.find(project_id) or {}


class _Links:
    """The ML backend and the webhooks of one project."""

    def __init__(self, ls: LabelStudio, project_id: int | None, row: Row, report: ConnectReport) -> None:
        self._ls, self._project, self._row, self._report = ls, project_id, row, report
        self._settings = get_settings()
        self._hooks: list[dict[str, Any]] | None = None

    def backend(self) -> int | None:
        """Create or correct the ML backend; return its id (None in a dry run that would create it)."""
        wanted = _backend_body(self._settings, self._project, self._report.model_version)
        there = self._ls.get("/api/ml", project=self._project) if self._project else []
        ours = [backend for backend in there
                if addresses.same(backend["url"], wanted["url"]) or backend["id"] == self._row.get("ml_backend_id")]
        foreign = [b for b in there if b not in ours]
        if foreign:
            self._report.notes.append(
                f"Another ML backend is connected ({foreign[0]['url']}). When a person retrieves predictions, Label "
                "Studio asks only the one that was connected first.")
        if not ours:
            self._report.created.append(f"ML backend {wanted['url']}, title {wanted['title']}")
            return None if self._report.dry_run else self._send("POST", "/api/ml", wanted)
        return self._correct_backend(ours[0], wanted)

    def _correct_backend(self, backend: dict[str, Any], wanted: dict[str, Any]) -> int:
        # A password cannot be read back, so with basic auth the backend is always written.
        known = {key: value for key, value in wanted.items() if key not in ("basic_auth_pass", "project")}
        wrong = [key for key, value in known.items() if backend.get(key) != value]
        if backend.get("readable_state") != "Connected":
            wrong.append("was not connected, asked again")
        if not wrong and "basic_auth_pass" not in wanted:
            self._report.kept.append(f"ML backend {wanted['url']}")
            return int(backend["id"])
        self._report.changed.append(f"ML backend {wanted['url']}: {', '.join(wrong) or 'password'}")
        if not self._report.dry_run:
            self._send("PATCH", f"/api/ml/{backend['id']}", wanted)
        return int(backend["id"])

    def _send(self, method: str, path: str, body: dict[str, Any]) -> int:
        try:
            return int(self._ls.request(method, path, json=body)["id"])
        except ArgusError as error:
            raise _explain(error, f"ML backend at {self._settings.ml_backend_url}") from error

    def webhook(self) -> int | None:
        """Create or correct the webhook of the search service; return its id."""
        secret = self._settings.webhook_secret.get_secret_value()
        wanted: dict[str, Any] = {
            "url": self._settings.search_service_url.rstrip("/") + WEBHOOK_PATH, "is_active": True,
            "send_payload": True, "send_for_all_actions": False, "actions": sorted(WEBHOOK_ACTIONS),
            "headers": {"X-Argus-Secret": secret} if secret else {}}
        ours = [hook for hook in self._webhooks()
                if addresses.same(hook["url"], wanted["url"]) or hook["id"] == self._row.get("webhook_id")]
        if not ours:
            self._report.created.append(f"webhook {wanted['url']}")
            return None if self._report.dry_run else self._send_webhook("POST", "/api/webhooks/",
                                                                        wanted | {"project": self._project})
        there = ours[0] | {"actions": sorted(ours[0]["actions"])}
        wrong = [key for key, value in wanted.items() if there.get(key) != value]
        if not wrong:
            self._report.kept.append(f"webhook {wanted['url']}")
        else:
            self._report.changed.append(f"webhook {wanted['url']}: {', '.join(wrong)}")
            if not self._report.dry_run:
                self._send_webhook("PATCH", f"/api/webhooks/{there['id']}/", wanted)
        return int(there["id"])

    def _send_webhook(self, method: str, path: str, body: dict[str, Any]) -> int:
        try:
            return int(self._ls.request(method, path, json=body)["id"])
        except ArgusError as error:
            raise _explain(error, f"webhook to {self._settings.search_service_url}") from error

    def quiet_backend_webhook(self) -> None:
        """Switch off the webhook that Label Studio makes for an ML backend.

        It posts every event of the project to `<backend>/webhook`, which ignores them: each would cost the person who
        saves an annotation a request, and carry the annotation without authentication. It is not deleted, because its
        presence is what keeps Label Studio from making it again.
        """
        url = self._settings.ml_backend_url.rstrip("/") + "/webhook"
        self._hooks = None
        for hook in self._webhooks():
            if addresses.same(hook["url"], url) and hook["is_active"]:
                self._report.changed.append(f"Label Studio's webhook {url}: switched off, the backend ignores events")
                if not self._report.dry_run:
                    self._ls.patch(f"/api/webhooks/{hook['id']}/", {"is_active": False})

    def _webhooks(self) -> list[dict[str, Any]]:
        if self._hooks is None:
            self._hooks = self._ls.get("/api/webhooks/", project=self._project) if self._project else []
        return self._hooks


def _backend_body(settings: Settings, project_id: int | None, model_version: str) -> dict[str, Any]:
    body: dict[str, Any] = {"project": project_id, "url": settings.ml_backend_url.rstrip("/"), "title": model_version,
                            "is_interactive": True, "auth_method": "NONE"}
    if settings.basic_auth_user:
        body |= {"auth_method": "BASIC_AUTH", "basic_auth_user": settings.basic_auth_user,
                 "basic_auth_pass": settings.basic_auth_password.get_secret_value()}
    return body


def _explain(error: ArgusError, what: str) -> ArgusError:
    """Turn what Label Studio answered about a link into the cause and its fix."""
    said = error.message
    if "reserved network address" in said or "not allowed" in said:
        return ArgusError("label_studio_refused", f"Label Studio may not call the {what}: it is a private address.",
                          _SSRF_HINT, status=error.details.get("status"))
    if "resolve hostname" in said:
        return ArgusError("label_studio_refused", f"Label Studio does not know the host of the {what}.",
                          "Set ARGUS_ML_BACKEND_URL and ARGUS_SEARCH_SERVICE_URL as Label Studio reaches them.")
    if "authentication parameters" in said:
        return ArgusError("label_studio_refused", f"The {what} refused Label Studio's credentials.",
                          "ARGUS_BASIC_AUTH_USER and ARGUS_BASIC_AUTH_PASSWORD must be the same for both.")
    if "health check failed" in said or "valid ML backend" in said:
        return ArgusError("label_studio_refused", f"Label Studio cannot reach the {what}.",
                          "Start it (`argus up`), or set ARGUS_ML_BACKEND_URL as Label Studio reaches it.")
    return error


def _choose_version(ls: LabelStudio, project: dict[str, Any], report: ConnectReport) -> None:
    """Let the project's scores count for our version, unless people there look at somebody else's predictions."""
    before = project.get("model_version") or ""
    versions = ls.get(f"/api/projects/{project['id']}/model-versions/")
    if before not in ("", report.model_version) and versions.get(before) and not versions.get(report.model_version) \
            and not before.startswith("sam3-"):
        report.kept.append(f"model version {before} with its predictions, until there are predictions of ours")
    else:
        ensure_model_version(ls, project["id"], report.model_version)
