"""Imports that are asked for on the page or by REST: a file that was uploaded, what it would write, and the import."""

from __future__ import annotations

from argus import audit
from argus.answers.base import Error
from argus.answers.label_import import (
    LabelImport,
    LabelImportJob,
    LabelImports,
    PlannedLabelImport,
    Taken,
)
from argus.errors import ArgusError
from argus.labelstudio.client import get_label_studio
from label_studio_config import projects
from search_service.label_import import job_store, service, store
from search_service.label_import.service import check_version
from search_service.uploads import store as uploads
from search_service.uploads.service import Owner, forget_file, labels_of

MOST = 5  # of a project that have not ended


def ask(owner: Owner, upload_id: str, *, taken: Taken, model_version: str, images: str | None,
        keep_splits: bool) -> LabelImportJob:
    """Ask what an import of an uploaded file would write.

    Args:
        images: the upload with images that become tasks where they are none; it may be the one of the labels.

    Raises:
        ArgusError: `unknown_project`; `not_found` and `conflict` as `labels_of`; `bad_request` for a model version that
            is missing or cannot be one; `too_many_requests`.
    """
    projects.require(owner.project_id)
    check_version(taken, model_version)
    labels = labels_of(owner, upload_id)
    if images and images != upload_id:
        labels_of(owner, images)
    if job_store.waiting(owner.project_id) >= MOST:
        raise ArgusError("too_many_requests", f"{MOST} imports of labels into this project have not ended.",
                         "Start or cancel those first.", retry_after=5, limit=MOST)
    job_id = job_store.insert(
        project_id=owner.project_id, upload_id=upload_id, images_id=images or "", name=labels.name, taken=taken,
        model_version=model_version, keep_splits=keep_splits, person_id=owner.person_id,
        person=audit.actor().verified_name)
    audit.about(f"label import job {job_id}")
    return _told(_found(owner.project_id, job_id))


def start(project_id: int, job_id: int) -> LabelImportJob:
    """Begin a planned import, or again one that failed. Raises `not_found`, `conflict`."""
    row = _found(project_id, job_id)
    uploads.touch(row.uploads)
    if any((there := uploads.find(upload)) is None or not there.on_disk for upload in row.uploads):
        raise ArgusError("conflict", f"The file {row.name} is not here any more.", "Upload it again.")
    if not job_store.start(job_id):
        raise ArgusError("conflict", f"This import cannot be started: it is {row.state}.")
    return _told(_found(project_id, job_id))


def undo(import_id: int) -> LabelImportJob:
    """Ask for an import to be taken back; the default worker does it. Raises `not_found`."""
    row = service.found(import_id)
    actor = audit.actor()
    job_id = job_store.insert_undo(import_id, actor.person, actor.verified_name)
    audit.about(f"label import {import_id}", project=row.project_id)
    return _told(_found(row.project_id, job_id))


def cancel(project_id: int, job_id: int) -> LabelImportJob:
    """Cancel an import, or forget one that has ended; return its last state. What was written is taken back by the
    default worker. Raises `not_found`; `conflict` for an undo, which is half there until it ends."""
    row = _found(project_id, job_id)
    if row.state == "undoing":
        raise ArgusError("conflict", f"Import {row.import_id} is being taken back: that cannot be stopped.")
    if job_store.cancel(job_id):
        now = _found(project_id, job_id)
        if now.finished_at is not None:
            forget_files(now)
        return _told(now)
    if row.state != "cancelled" or row.finished_at is not None:
        job_store.forget(job_id)
        forget_files(row)
    return _told(row)


def describe(project_id: int, job_id: int) -> PlannedLabelImport:
    """Return how far an import is, and what it would write. Raises `not_found`."""
    return PlannedLabelImport(**dict(_told(_found(project_id, job_id))), plan=job_store.plan_of(job_id),
                              report=job_store.report_of(job_id))


def listing(project_id: int) -> LabelImports:
    """Return the last imports of a project."""
    get_label_studio().project(project_id)
    return LabelImports(
        project=project_id, imports=[LabelImport.model_validate(row._asdict()) for row in store.listing(project_id)],
        jobs=[_told(row) for row in job_store.listing(project_id)])


def forget_files(row: job_store.Row) -> None:
    """Delete the files that an import reads."""
    for upload in row.uploads:
        forget_file(upload)


def _found(project_id: int, job_id: int) -> job_store.Row:
    row = job_store.find(job_id)
    if row is None or row.project_id != project_id:
        raise ArgusError("not_found", f"There is no import of labels {job_id} that was asked for in this project.",
                         "Those that ended are forgotten after a while; what was imported stays listed.")
    return row


def _told(row: job_store.Row) -> LabelImportJob:
    return LabelImportJob(
        id=row.id, project=row.project_id, name=row.name, taken=row.taken, model_version=row.model_version,
        images=bool(row.images_id), keep_splits=row.keep_splits, state=row.state, planned=row.planned,
        done=row.done, total=row.total, import_id=row.import_id, missed=row.missed,
        error=Error(**row.error) if row.error else None, asked_by=row.person,
        created_at=row.created_at, finished_at=row.finished_at)
