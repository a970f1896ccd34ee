"""Who may do what, route by route: the table that is in `docs/security.md`, and what the audit table calls an action.

It binds callers who bring their own Label Studio token. Who has only the service's token may do everything, unless
ARGUS_REQUIRE_PERSON turns them away. No Flask.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from argus.errors import ArgusError
from argus.labelstudio.client import LabelStudio
from argus.labelstudio.users import service_account
from search_service.api import store
from search_service.api.access import Caller, project_of

Right = Literal["see", "own", "manage"]
ONE_BY_ONE = 200  # tasks that somebody may accept at once who does not manage the project: a page of the review
MANAGERS = ("Who made the project in Label Studio, the owner of the organisation, and ARGUS_ADMINS may: ask one of "
            "them to do it, or to name you there.")


@dataclass(frozen=True)
class Action:
    """What a route does.

    Args:
        name: as the audit table has it; empty for a question that changes nothing.
        right: `see`, everybody who can open the project in Label Studio; `own`, who made the thing, or who manages the
            project; `manage`, who manages the project.
    """

    name: str = ""
    right: Right = "see"


QUESTION = Action()
# By Flask's name of the route. A GET that is not here is a question.
ACTIONS: dict[str, Action] = {
    "projects.post_sync": Action("project.sync"),
    "projects.post_retry": Action("project.retry"),
    "projects.post_repeat": QUESTION,
    "projects.delete_history": Action("history.delete"),  # their own; all of it, who manages
    "projects.delete_search": Action("history.delete"),
    "search.post_search": QUESTION,
    "search.post_search_image": QUESTION,
    "search.post_search_objects": QUESTION,
    "search.post_view": Action("view.make"),
    "search.delete_view": Action("view.delete"),
    "search.post_refresh": Action("view.refresh"),
    "saved.post_saved": Action("saved-search.create"),
    "saved.patch_saved": Action("saved-search.change", "own"),
    "saved.delete_saved": Action("saved-search.delete", "own"),
    "saved.post_refresh": Action("saved-search.refresh"),
    "saved.post_judgement": Action("judgement.set"),
    "saved.delete_judgements": Action("judgement.delete"),  # their own; all of them, who manages
    "runs.put_recipe": Action("recipe.change", "manage"),
    "runs.put_engine": Action("engine.change", "manage"),
    "runs.post_preview": QUESTION,
    "runs.post_estimate": QUESTION,
    "runs.post_run": Action("run.start"),
    "runs.post_cancel": Action("run.cancel", "own"),
    "runs.post_resume": Action("run.resume", "own"),
    "runs.post_retry": Action("run.retry", "own"),
    "review.put_bands": Action("bands.change", "manage"),
    "review.post_accept_plan": QUESTION,
    "review.post_accept": Action("review.accept"),  # chosen tasks; a whole band, who manages: `may_accept`
    "review.post_me": QUESTION,
    "review.post_additions_plan": QUESTION,
    "review.post_additions": Action("review.add-labels", "manage"),
    "review.post_undo": Action("review.undo", "own"),
    "review.post_set_aside": Action("review.set-aside"),
    "review.post_put_back": Action("review.put-back"),
    "editing.put_annotation": Action("review.edit"),
    "editing.post_undo": Action("review.undo-edit", "own"),
    "editing.post_segment": QUESTION,
    "check_first.post_answer": Action("review.check-first"),
    "check_first.post_answers": Action("review.check-first"),
    "check_first.post_undo": Action("review.check-first-undo"),
    "check_first.put_kinds": Action("review.check-first-kinds", "manage"),
    "trust.post_sample": Action("trust.sample"),
    "trust.post_claim": QUESTION,
    "trust.post_judgements": Action("trust.judge"),
    "trust.post_take_back": Action("trust.take-back"),
    "trust.post_recall": Action("trust.recall"),
    "trust.put_arm": Action("trust.arm", "manage"),
    "trust.post_frame_check": Action("trust.frame-check"),
    "trust.post_accept": Action("trust.accept", "manage"),
    "trust.post_verdict": Action("review.verdict"),
    "trust.post_verdict_taken_back": Action("review.verdict-back"),
    "wall.post_verdicts": Action("review.verdict"),
    "wall.post_take_back": Action("review.verdict-back"),
    "teaching.post_use": Action("teach.use", "manage"),
    "teaching.post_off": Action("teach.off", "manage"),
    "references.post_reference": Action("reference.add", "manage"),
    "references.delete_reference": Action("reference.remove", "manage"),
    "review.post_band_views": Action("view.bands"),
    "exports.post_export_preview": QUESTION,
    "exports.post_export_job": Action("export.start", "manage"),
    "exports.post_splits_lock": Action("splits.lock", "manage"),
    "exports.post_splits_unlock": Action("splits.unlock", "manage"),
    "exports.post_splits_reset": Action("splits.reset", "manage"),
    "versions.post_version_lock": Action("version.lock", "manage"),
    "versions.delete_version": Action("version.delete", "manage"),
    "label_imports.post_label_import": Action("labels.ask", "manage"),  # its file: whose upload it is, the service asks
    "label_imports.post_start": Action("labels.start", "manage"),
    "label_imports.delete_label_import": Action("labels.cancel", "manage"),
    "label_imports.post_undo": Action("labels.undo", "own"),
    "evaluation.post_evaluation": Action("evaluation.start"),
    "evaluation.delete_evaluation": Action("evaluation.delete", "own"),
    "exports.delete_export": Action("export.delete", "manage"),
    "exports.get_export_file": Action("export.download", "manage"),
    "uploads.post_upload": Action("upload.start"),  # who may import into the project in Label Studio: the route asks it
    "uploads.post_video_files": Action("upload.cut"),  # as the one before
    "uploads.put_video_rule": Action("upload.rule", "manage"),
    "uploads.patch_upload": QUESTION,  # a part of what `upload.start` tells of; its row would tell nothing more
    "uploads.delete_upload": Action("upload.delete"),  # one's own only, as the next
    "uploads.post_upload_retry": Action("upload.retry"),
    "setup.post_connect": Action("project.connect"),  # a new one; one that is there, who manages it: the route checks
    "setup.post_disconnect": Action("project.disconnect", "manage"),
}
_THINGS = {"run_id": "run", "acceptance_id": "acceptance", "edit_id": "edit", "sample_id": "sample",
           "saved_id": "saved search", "search_id": "search",
           "view_id": "view", "export_id": "export", "task_id": "task", "version": "version",
           "import_id": "label import", "label_job_id": "label import job",
           "evaluation_id": "evaluation", "upload_id": "upload"}


def action_of(route: str, method: str) -> Action:
    """Return what a route does; `KeyError` for one that may change something and that nobody has thought of."""
    return ACTIONS.get(route, QUESTION) if method in ("GET", "HEAD", "OPTIONS") else ACTIONS[route]


def thing(arguments: Mapping[str, Any]) -> str:
    """Return what the variables of a route's path name inside the project, as "run 7"; "" for the project itself."""
    return " ".join(f"{_THINGS[name]} {number}" for name, number in arguments.items() if name in _THINGS)


def check(caller: Caller, action: Action, arguments: Mapping[str, Any]) -> None:
    """Raise `forbidden` when the right that `action` needs is not the caller's; they see the project already."""
    if action.right == "see" or (action.right == "own" and _owns(caller, arguments)):
        return
    project_id = project_of(arguments)
    if project_id is not None:
        must_manage(caller, project_id, f"{thing(arguments)} is not yours." if action.right == "own" else "")


def must_manage(caller: Caller | None, project_id: int, why: str = "") -> None:
    """Raise `forbidden` unless the caller manages the project; without a caller the service's own rights count."""
    if caller and not caller.manages(project_id):
        said = why or f"This is for those who manage project {project_id}, and {caller.person.email} does not."
        raise ArgusError("forbidden", said[0].upper() + said[1:], MANAGERS)


def makes_projects(caller: Caller) -> LabelStudio:
    """Return the client that makes a project as the caller, who manages it then. Raises `forbidden` when the service's
    own account would not see it."""
    if caller.person.organization != service_account().organization:
        raise ArgusError("forbidden", "The service belongs to another Label Studio organisation than you.",
                         "Make the project there and ask who manages it to connect it.")
    return caller.person.ls


def may_accept(caller: Caller | None, project_id: int, task_ids: list[int] | None) -> None:
    """Raise `forbidden` for an acceptance in bulk by somebody who does not manage the project."""
    if task_ids is None or len(task_ids) > ONE_BY_ONE:
        must_manage(caller, project_id, "Accepting in bulk is for those who manage the project; up to "
                    f"{ONE_BY_ONE} chosen tasks at a time are for everybody who can open it.")


def must_be_admin(caller: Caller | None) -> None:
    """Raise `forbidden` unless the caller may manage every project."""
    if caller and not caller.is_admin():
        raise ArgusError("forbidden", "Only the owner of the Label Studio organisation and ARGUS_ADMINS may do this.",
                         "Ask for one project that you manage, or ask one of them.")


def whose(caller: Caller | None, project_id: int) -> int | None:
    """Return whose things the caller may delete in a project: their own by their id; None: everybody's."""
    return None if caller is None or caller.manages(project_id) else caller.person.id


def _owns(caller: Caller, arguments: Mapping[str, Any]) -> bool:
    (name,) = arguments.keys() & store.OWNED
    owner = store.owner_of(name, arguments[name])
    return owner is None or owner.person_id == caller.person.id  # one that is not there: the route says so
