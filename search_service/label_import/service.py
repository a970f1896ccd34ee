"""Labels of files brought into a project, and taken back. One import of a project at a time."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

from argus import audit
from argus.answers.label_import import (
    LabelImport,
    LabelImported,
    LabelImportPlan,
    LabelImports,
    LabelImportUndone,
    Taken,
)
from argus.audit import Actor
from argus.db import alone, locks
from argus.errors import ArgusError, as_argus_error
from argus.labelstudio.client import LabelStudio, get_label_studio
from argus.labelstudio.filters import chunks
from argus.labelstudio.users import sign_in
from label_studio_config.label_config import image_of
from label_studio_config.tags import read_label_config
from search_service.label_import import images as brought
from search_service.label_import import splits, store
from search_service.label_import.found import plain
from search_service.label_import.planning import Images, Plan, Project
from search_service.label_import.sources import open_source
from search_service.label_import.undo import undo_images, undo_items
from search_service.label_import.writing import BATCH, Item, Target, clean_up, settle, write
from search_service.review.candidates import Review, open_review
from search_service.sync.tasks import ensure_project

Progress = Callable[[int, int], None]
_LOCK_SECONDS = 60
_MAX_VERSION = 200  # characters


def plan_import(project_id: int, path: Path, *, taken: Taken = "annotations", model_version: str = "",
                images: Path | None = None, ls: LabelStudio | None = None) -> LabelImportPlan:
    """Return what an import would write, without writing. Raises as `import_labels`."""
    return _plan(_open(project_id, ls), path, taken, model_version, images).answer()


def import_labels(project_id: int, path: Path, *, taken: Taken = "annotations", model_version: str = "",
                  images: Path | None = None, keep_splits: bool = False, token: str = "", ls: LabelStudio | None = None,
                  progress: Progress | None = None) -> LabelImported:
    """Write the labels of a file, folder or ZIP to the project's tasks.

    Tasks that people annotated or skipped are left alone. The same again writes nothing; after an import that was cut
    off or failed it goes on with that one.

    Args:
        taken: what they become.
        model_version: of predictions, their name in Label Studio.
        images: a folder or ZIP with images: those that are no tasks yet become some.
        keep_splits: give the tasks the splits that the files of the labels name, for later exports.
        token: personal access token of the person who imports: annotations carry their name.
        progress: called with (tasks written, tasks in all).

    Raises:
        ArgusError: `unknown_project`; `bad_request` for files that hold no labels, or a model version that is missing
            or Argus's own; `bad_label_config`; `unauthorized`; `conflict` while another import runs; what Label Studio
            answers, with `import` in its details: what was written stays and is recorded.
    """
    review = _open(project_id, ls)
    person = sign_in(token) if token else None
    who = Actor(person.email, person.id) if person else audit.actor()
    with _locked(project_id):
        _settle(review)
        plan = _plan(review, path, taken, model_version, images)
        answer = plan.answer()
        kept: dict[str, int] = {}
        if not plan.entries:
            if (cut_off := store.unfinished(project_id, plan.fingerprint())) is not None:
                clean_up(Target(cut_off, taken, model_version, review, review.ls))
                kept = splits.keep(project_id, cut_off, plan.splits) if keep_splits else {}
                store.close(cut_off, "done")  # it had written everything
            return LabelImported(id=cut_off, tasks=0, objects=0, new_images=0, missed=0, splits=kept, plan=answer)
        number = store.begin(project_id, taken, model_version, plain(path.name), plan.fingerprint(), who)
        audit.about(f"label import {number}")
        target = Target(number, taken, model_version, review, person.ls if person else review.ls)
        try:
            tasks, objects = _write(target, plan, progress)
            kept = splits.keep(project_id, number, plan.splits) if keep_splits else {}
        except Exception as error:
            said = as_argus_error(error)
            with contextlib.suppress(ArgusError):  # else the next import or undo does it
                settle(target)
            store.close(number, "failed", said)
            raise ArgusError(said.code, said.message, said.hint, **{**said.details, "import": number}) from error
        store.close(number, "done")
    return LabelImported(id=number, tasks=tasks, objects=objects, new_images=answer.new_images,
                         missed=len(plan.entries) - tasks, splits=kept, plan=answer)


def _write(target: Target, plan: Plan, progress: Progress | None) -> tuple[int, int]:
    """Write all entries of a plan; return (tasks, objects) written."""
    total, done = len(plan.entries) + sum(entry.task is None for entry in plan.entries), 0

    def advance(count: int) -> None:
        nonlocal done
        done += count
        if progress:
            progress(done, total)

    tasks = objects = 0
    for batch in chunks(brought.bring(target.import_id, plan, advance), BATCH):
        built = {entry.task: plan.build(entry) for entry in batch if entry.task is not None}
        made = write(target, [Item(task, one.regions) for task, one in built.items()])
        tasks += len(made)
        objects += sum(built[one.task_id].objects.total() for one in made)
        advance(len(batch))
    clean_up(target)
    return tasks, objects


def undo(import_id: int, *, ls: LabelStudio | None = None, progress: Progress | None = None) -> LabelImportUndone:
    """Delete what an import wrote, and the tasks it made, as long as nobody has touched them since.

    Raises:
        ArgusError: `not_found`; `conflict` while another import runs.
    """
    row = store.find(import_id)
    if row is None:
        raise ArgusError("not_found", f"There is no label import {import_id}.",
                         "`argus label-imports list` lists those there are.")
    audit.about(f"label import {import_id}", project=row.project_id)
    review = _open(row.project_id, ls)
    with _locked(row.project_id):
        _settle(review)
        undone, left = undo_items(review, import_id, row.taken, progress)
        images, kept = undo_images(review, import_id)
        splits.forget(row.project_id, import_id)
        store.mark_undone(import_id)
    return LabelImportUndone(id=import_id, undone=undone, images=images, left=[*left, *kept])


def listing(project_id: int) -> LabelImports:
    """Return the last imports of a project."""
    get_label_studio().project(project_id)
    return LabelImports(project=project_id, imports=[LabelImport.model_validate(row._asdict())
                                                     for row in store.listing(project_id)])


def _open(project_id: int, ls: LabelStudio | None) -> Review:
    ensure_project(ls or get_label_studio(), project_id)
    return open_review(project_id, ls)


def _plan(review: Review, path: Path, taken: Taken, model_version: str, images: Path | None) -> Plan:
    if taken == "predictions" and not model_version.strip():
        raise ArgusError("bad_request", "Predictions need a model version.", "Name the model that made them.")
    if taken == "annotations" and model_version:
        raise ArgusError("bad_request", "Annotations have no model version.", "Leave it out, or import predictions.")
    if model_version and (model_version == review.model_version or model_version.startswith("sam3-")
                          or len(model_version) > _MAX_VERSION or not model_version.isprintable()):
        raise ArgusError("bad_request", f"{model_version[:50]!r} cannot be the model version of imported predictions.",
                         f"Those of Argus's own predictions are taken; others have at most {_MAX_VERSION} characters.")
    labels = open_source(_beside(path))
    return Plan(Project(review, taken, model_version), labels,
                Images(labels, open_source(images) if images is not None else None))


def _beside(path: Path) -> Path:
    """Return the folder of a YAML file that describes a dataset, else the path itself."""
    return path.parent if path.suffix.lower() in (".yaml", ".yml") and path.is_file() else path


def _settle(review: Review) -> None:
    """Complete the records of imports that were cut off. The caller holds the lock, so none of them still runs."""
    for row in store.cut_off(review.project_id):
        config = read_label_config(review.ls.project(review.project_id)["label_config"] or "<View/>")
        image = image_of(config)
        brought.settle(review.ls, review.project_id, row.id, image.key if image else "image")
        settle(Target(row.id, row.taken, row.model_version, review, review.ls))
        if row.state == "running":
            store.close(row.id, "failed", ArgusError("internal", "The process stopped before the import was complete.",
                                                     "Import the same again: it goes on. Or take it back."))


def _locked(project_id: int) -> AbstractContextManager[None]:
    return alone(locks.LABEL_IMPORT, project_id, seconds=_LOCK_SECONDS, busy=ArgusError(
        "conflict", f"Another import of labels into project {project_id} is still running.",
        "Try again when it is done; `argus label-imports list` shows it."))
