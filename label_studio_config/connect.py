"""A Label Studio project made ready for Argus: labelling config, ML backend, webhook, and the version scores count for.

Every call finds what is already right and leaves it alone, so connecting twice changes nothing.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypedDict

from argus import addresses
from argus.errors import ArgusError
from argus.labelstudio.client import LabelStudio
from argus.labelstudio.types import MlBackend, Project, Webhook
from argus.settings import get_settings
from label_studio_config import engine_store, projects
from label_studio_config.label_config import LabelPlan, Override, some
from label_studio_config.links import WEBHOOK_PATH, ConnectReport, Links, backend_body
from label_studio_config.projects import ProjectRow
from label_studio_config.recipe import OWN_VERSIONS, plan_for, recipe_for
from label_studio_config.shapes import new_label_config, with_masks
from label_studio_config.tags import read_label_config
from label_studio_config.views import remove_views

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class _Target:
    """The project to connect; `id` is None when a dry run would create it. `model_version` is Label Studio's."""

    id: int | None
    title: str
    label_config: str
    model_version: str = ""


class _Changes(TypedDict, total=False):
    """What an adopted project is given."""

    label_config: str
    show_collab_predictions: bool


def connect(ls: LabelStudio, project_id: int | None, *, title: str | None = None, labels: Sequence[str] = (),
            masks: bool = False, dry_run: bool = False) -> ConnectReport:
    """Create a project for Argus, or adopt one; tasks, annotations and foreign predictions are never touched.

    Args:
        project_id: the project to adopt; None creates one.
        title: of a new project.
        labels: of a new project, or of one that has no labelling config yet. A config that is there is kept.
        masks: labels get masks beside their boxes. In a config that is there they are added; predictions that are there
            follow by themselves, from stored detections.
        dry_run: change nothing anywhere, only report.

    Raises:
        ArgusError: `unknown_project`, `bad_request` (no title, or no labels for a new config), `bad_label_config` (the
            project's own config has nothing that Argus can fill), `label_studio_refused` (it does not allow private
            addresses, or cannot reach the ML backend).
    """
    report = ConnectReport(project_id, title or "", dry_run)
    if project_id is not None:
        return _set_up(ls, _adopt(ls, project_id, labels, masks, report), report)
    project = _create(ls, title, labels, masks, report)
    try:
        return _set_up(ls, project, report)
    except ArgusError:
        if project.id is not None:  # it is a moment old and empty: the next attempt must not make a second one
            ls.delete(f"/api/projects/{project.id}/")
            projects.delete(project.id)
        raise


def _set_up(ls: LabelStudio, project: _Target, report: ConnectReport) -> ConnectReport:
    row = _row(project.id)
    overrides = row["overrides"] if row else {}
    plan = _plan(project.label_config, overrides)
    report.prompts = [prompt for concept in plan.concepts for prompt in concept.prompts]
    report.warnings += plan.warnings
    report.labels, report.title = [concept.label for concept in plan.concepts], project.title
    report.fills += plan.fills
    report.notes += plan.notes
    if further := read_label_config(project.label_config).shown_beside(plan.image.key):
        report.notes.append(f"The labelling config shows {', '.join(further)} beside the image, so Label Studio takes "
                            "tasks as JSON or from a storage here, and no uploads: `argus import-video` is refused.")
    report.model_version = _version(row, project.label_config)
    if project.id is not None and not report.dry_run:
        projects.save({"id": project.id, "title": project.title, "label_config": project.label_config},
                      report.model_version)
    links = Links(ls, project.id, row, report)
    backend, webhook = links.backend(), links.webhook()
    links.quiet_backend_webhook()
    if project.id is not None and not report.dry_run:
        projects.link(project.id, backend, webhook)
        _choose_version(ls, project.id, project.model_version, report)
    return report


def ensure_model_version(ls: LabelStudio, project_id: int, model_version: str) -> bool:
    """Let `predictions_score`, and with it every band, count for `model_version`; return whether anything changed.

    Label Studio averages the predictions whose version equals `project.model_version`, and calls the ML backend when a
    task opens only if the backend's title equals it too. It accepts only a version that a prediction or a title has, so
    the title goes first. When both are known to be right this costs one request.

    Raises:
        ArgusError: `unknown_project`; `label_studio_refused` when there is neither a backend nor a prediction of ours.
    """
    row = projects.find(project_id)
    current = ls.project(project_id).get("model_version") or ""
    if current == model_version and row and row["model_version"] == model_version:
        return False
    if row and row["ml_backend_id"]:
        try:
            ls.patch(f"/api/ml/{row['ml_backend_id']}", backend_body(get_settings(), project_id, model_version))
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
    settings, row = get_settings(), projects.find(project_id)
    try:
        version = ls.project(project_id).get("model_version") or ""
    except ArgusError as error:
        if error.code != "unknown_project" or not row or not row["connected_at"]:
            raise
        projects.unlink(project_id)
        return ["the project from those that are polled: Label Studio does not have it any more"]
    removed: list[str] = []
    backends: list[MlBackend] = ls.get("/api/ml", project=project_id)
    for backend in backends:
        if addresses.same(backend["url"], settings.ml_backend_url) or (row and backend["id"] == row["ml_backend_id"]):
            ls.delete(f"/api/ml/{backend['id']}")
            removed.append(f"ML backend {backend['url']}")
    ours = (settings.ml_backend_url.rstrip("/") + "/webhook", settings.search_service_url.rstrip("/") + WEBHOOK_PATH)
    hooks: list[Webhook] = ls.get("/api/webhooks/", project=project_id)
    for hook in hooks:
        if any(addresses.same(hook["url"], url) for url in ours) or (row and hook["id"] == row["webhook_id"]):
            ls.delete(f"/api/webhooks/{hook['id']}/")
            removed.append(f"webhook {hook['url']}")
    if views := remove_views(ls, project_id):
        removed.append("1 view" if views == 1 else f"{views} views")
    if version and ls.get(f"/api/projects/{project_id}/model-versions/").get(version):
        ls.patch(f"/api/projects/{project_id}/", {"model_version": version})  # lost with a backend of that title
    projects.unlink(project_id)
    return removed


def _plan(label_config: str, overrides: Mapping[str, Override] | None = None) -> LabelPlan:
    return plan_for({"label_config": label_config, "overrides": overrides or {}})


def _create(ls: LabelStudio, title: str | None, labels: Sequence[str], masks: bool,
            report: ConnectReport) -> _Target:
    if not title or len(title.strip()) < 3:
        raise ArgusError("bad_request", "A new project needs a title of at least three characters.",
                         "Pass --title, or --project N to adopt a project.")
    if not labels:
        raise ArgusError("bad_request", "A new project needs labels.", "Pass --labels, for example --labels cpu,fan.")
    label_config = new_label_config(labels, masks=masks)
    body = {"title": title.strip(), "label_config": label_config, "show_collab_predictions": True}
    report.created += [f"project {title.strip()!r}", f"labelling config with {_kinds(masks)} for {', '.join(labels)}"]
    if report.dry_run:
        return _Target(None, title.strip(), label_config)
    project: Project = ls.post("/api/projects/", body)
    report.project_id = project["id"]
    return _target(project)


def _adopt(ls: LabelStudio, project_id: int, labels: Sequence[str], masks: bool, report: ConnectReport) -> _Target:
    project = ls.project(project_id)
    target, body = _target(project), _Changes()
    if _is_empty(project["label_config"]):
        if not labels:
            raise ArgusError("bad_request", f"Project {project_id} has no labelling config yet.",
                             "Pass --labels, for example --labels cpu,fan, or set it up in Label Studio.")
        body["label_config"] = new_label_config(labels, masks=masks)
        report.changed.append(f"labelling config: {_kinds(masks)} for {', '.join(labels)}")
    else:
        _plan(project["label_config"])  # before anything is changed
        if labels:
            report.notes.append("--labels was not used: the project has a labelling config of its own.")
        if xml := _masks_added(project["label_config"], report) if masks else "":
            body["label_config"] = xml
        else:
            report.kept.append("labelling config")
    target = replace(target, label_config=body.get("label_config", target.label_config))
    if not project.get("show_collab_predictions"):
        body["show_collab_predictions"] = True
        report.changed.append("predictions are shown when a task opens")
    if project.get("reveal_preannotations_interactively"):
        report.notes.append("The project reveals pre-annotations only inside a drawn area (its own setting, kept).")
    if body and not report.dry_run:
        ls.patch(f"/api/projects/{project_id}/", body)
    return target


def _kinds(masks: bool) -> str:
    return "boxes and masks" if masks else "boxes"


def _masks_added(label_config: str, report: ConnectReport) -> str:
    """Return the labelling config with masks beside its boxes; "" when none are to be added, and a note why."""
    made = with_masks(label_config)
    if not made.added:
        report.notes.append("No masks were added: every label that Argus fills has masks or outlines already, or no "
                            "boxes to put them beside.")
        return ""
    report.changed.append(f"labelling config: masks for {some(made.added)}")
    report.notes.append("Predictions get their masks within minutes, from what is stored. Annotations stay as they "
                        "are: take an acceptance back and accept again where they should have masks.")
    return made.xml


def _target(project: Project) -> _Target:
    return _Target(project["id"], project["title"], project["label_config"], project.get("model_version") or "")


def _is_empty(label_config: str | None) -> bool:
    """Tell whether this is what a project made by hand has before its labels are set up."""
    return "".join((label_config or "").split()) in ("", "<View></View>", "<View/>")


def _version(row: ProjectRow | None, label_config: str) -> str:
    """Return the version that scores are to count for: a change of the recipe waits for the next run where there are
    predictions."""
    if row and engine_store.has_predictions(row):
        return row["model_version"]
    return recipe_for({"overrides": {}, **(row or {}), "label_config": label_config}).model_version


def _row(project_id: int | None) -> ProjectRow | None:
    return None if project_id is None else projects.find(project_id)


def _choose_version(ls: LabelStudio, project_id: int, before: str, report: ConnectReport) -> None:
    """Let the project's scores count for our version, unless people there look at somebody else's predictions."""
    versions = ls.get(f"/api/projects/{project_id}/model-versions/")
    if before not in ("", report.model_version) and versions.get(before) and not versions.get(report.model_version) \
            and not before.startswith(OWN_VERSIONS):
        report.kept.append(f"model version {before} with its predictions, until there are predictions of ours")
    else:
        ensure_model_version(ls, project_id, report.model_version)
