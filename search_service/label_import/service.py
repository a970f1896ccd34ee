"""Labels of files brought into a project, and taken back. One import of a project at a time."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

from argus import audit
from argus.answers.label_import import (
    LabelImported,
    LabelImportPlan,
    LabelImportUndone,
    Taken,
)
from argus.audit import Actor
from argus.db import alone, held, locks
from argus.errors import ArgusError, as_argus_error
from argus.labelstudio.client import LabelStudio, get_label_studio
from argus.labelstudio.filters import chunks
from argus.labelstudio.users import sign_in
from label_studio_config.label_config import image_of
from label_studio_config.recipe import OWN_VERSIONS
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

log = logging.getLogger(__name__)
Progress = Callable[[int, int], None]
RETRY_SECONDS = 600.0  # for which what a failed import wrote waits for another attempt
_LOCK_SECONDS = 60
_MAX_VERSION = 200  # characters


def plan_import(project_id: int, path: Path, *, taken: Taken = "annotations", model_version: str = "",
                images: Path | None = None, name: str = "", ls: LabelStudio | None = None) -> LabelImportPlan:
    """Return what an import would write, without writing. Raises as `import_labels`."""
    return _plan(_open(project_id, ls), path, taken, model_version, images, name).answer()


def import_labels(project_id: int, path: Path, *, taken: Taken = "annotations", model_version: str = "",
                  images: Path | None = None, keep_splits: bool = False, token: str = "", name: str = "",
                  ls: LabelStudio | None = None, progress: Progress | None = None,
                  begun: Callable[[int], None] = lambda number: None) -> LabelImported:
    """Write the labels of a file, folder or ZIP to the project's tasks.

    Tasks that people annotated or skipped are left alone. The same again writes nothing; after an import that was cut
    off or failed it goes on with that one. What such a one wrote is taken back when that has not happened after
    `RETRY_SECONDS`: `withdraw_abandoned`.

    Args:
        taken: what they become.
        model_version: of predictions, their name in Label Studio.
        images: a folder or ZIP with images: those that are no tasks yet become some.
        keep_splits: give the tasks the splits that the files of the labels name, for later exports.
        token: personal access token of the person who imports: annotations carry their name.
        name: what the owner calls the file.
        progress: called with (tasks written, tasks in all); what it raises ends the import.
        begun: called with the number of the import before anything is written.

    Raises:
        ArgusError: `unknown_project`; `bad_request` for files that hold no labels, or a model version that is missing
            or Argus's own; `bad_label_config`; `unauthorized`; `conflict` while another import runs; what Label Studio
            answers, with `import` in its details: what was written is recorded.
    """
    review = _open(project_id, ls)
    person = sign_in(token) if token else None
    who = Actor(person.email, person.id) if person else audit.actor()
    with _locked(project_id):
        _settle(review)
        plan = _plan(review, path, taken, model_version, images, name)
        answer = plan.answer()
        kept: dict[str, int] = {}
        if not plan.entries:
            if (cut_off := store.unfinished(project_id, plan.fingerprint())) is not None:
                clean_up(Target(cut_off, taken, model_version, review, review.ls))
                kept = splits.keep(project_id, cut_off, plan.splits) if keep_splits else {}
                store.close(cut_off, "done")  # it had written everything
                begun(cut_off)
            return LabelImported(id=cut_off, tasks=0, objects=0, new_images=0, missed=0, splits=kept, plan=answer)
        number = store.begin(project_id, taken, model_version, plain(name or path.name), plan.fingerprint(), who)
        begun(number)
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
    row = found(import_id)
    audit.about(f"label import {import_id}", project=row.project_id)
    review = _open(row.project_id, ls)
    with _locked(row.project_id):
        _settle(review)
        undone = _take_back(review, row, progress)
        store.mark_undone(import_id)
    return undone


def found(import_id: int) -> store.ImportRow:
    """Return an import. Raises `not_found`."""
    if (row := store.find(import_id)) is None:
        raise ArgusError("not_found", f"There is no label import {import_id}.",
                         "`argus label-imports list` lists those there are.")
    return row


def withdraw_abandoned(seconds: float = RETRY_SECONDS) -> int:
    """Take back what imports wrote that failed or were cut off, and that nobody went on with for so long, as far as
    nobody has touched it; return how many. One that cannot be taken back now is tried at the next call.
    """
    count = 0
    for import_id, project_id in store.abandoned(seconds):
        try:
            with held(locks.LABEL_IMPORT, project_id) as ours:
                if ours and (import_id, project_id) in store.abandoned(seconds):  # nobody goes on with it just now
                    _withdraw(import_id)
                    count += 1
        except ArgusError as error:
            if error.code == "unknown_project":  # nothing is left of it
                store.mark_withdrawn(import_id)
            log.info("a failed import of labels is not taken back yet", extra={"import": import_id, "code": error.code})
    return count


def withdraw(import_id: int) -> None:
    """Take back what a failed import wrote, as far as nobody has touched it. Raises as `undo`."""
    if row := store.find(import_id):
        with _locked(row.project_id):
            _withdraw(import_id)


def _withdraw(import_id: int) -> None:
    if row := store.find(import_id):
        review = _open(row.project_id, None)
        _settle(review)
        _take_back(review, row, None)
        store.mark_withdrawn(import_id)


def _take_back(review: Review, row: store.ImportRow, progress: Progress | None) -> LabelImportUndone:
    undone, left = undo_items(review, row.id, row.taken, progress)
    images, kept = undo_images(review, row.id)
    splits.forget(row.project_id, row.id)
    return LabelImportUndone(id=row.id, undone=undone, images=images, left=[*left, *kept])


def _open(project_id: int, ls: LabelStudio | None) -> Review:
    ensure_project(ls or get_label_studio(), project_id)
    return open_review(project_id, ls)


def _plan(review: Review, path: Path, taken: Taken, model_version: str, images: Path | None, name: str) -> Plan:
    check_version(taken, model_version)
    if model_version and model_version == review.model_version:
        raise _taken_version(model_version)
    labels = open_source(_beside(path), name)
    return Plan(Project(review, taken, model_version), labels,
                Images(labels, open_source(images) if images is not None else None))


def check_version(taken: Taken, model_version: str) -> None:
    """Raise `bad_request` unless the model version can be that of an import."""
    if taken == "predictions" and not model_version.strip():
        raise ArgusError("bad_request", "Predictions need a model version.", "Name the model that made them.")
    if taken == "annotations" and model_version:
        raise ArgusError("bad_request", "Annotations have no model version.", "Leave it out, or import predictions.")
    if model_version.startswith(OWN_VERSIONS) or len(model_version) > _MAX_VERSION \
            or not model_version.isprintable():
        raise _taken_version(model_version)


def _taken_version(model_version: str) -> ArgusError:
    return ArgusError("bad_request", f"{model_version[:50]!r} cannot be the model version of imported predictions.",
                      f"Those of Argus's own predictions are taken; others have at most {_MAX_VERSION} characters.")


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
            store.close(row.id, "failed", ArgusError(
                "internal", "The process stopped before the import was complete.",
                "Import the same again within ten minutes: it goes on. Else what it wrote is taken back."))


def _locked(project_id: int) -> AbstractContextManager[None]:
    return alone(locks.LABEL_IMPORT, project_id, seconds=_LOCK_SECONDS, busy=ArgusError(
        "conflict", f"Another import of labels into project {project_id} is still running.",
        "Try again when it is done; `argus label-imports list` shows it."))
