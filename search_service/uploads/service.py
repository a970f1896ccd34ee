"""Uploads as their owners see them: begin, go on, cancel, try again. Others are told that there is no such upload."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import BinaryIO

from argus import audit
from argus.answers.base import Error
from argus.answers.uploads import Upload, UploadLimits, Uploads
from argus.db import alone, locks
from argus.errors import ArgusError
from argus.labelstudio import LabelStudio
from argus.settings import get_settings
from argus.ttl_cache import Expiring
from label_studio_config import projects
from search_service.uploads import files, room, store
from search_service.uploads.metadata import FileInfo

CHUNK = 32 * 2**20  # bytes of one request; the service takes no longer body
_KNOWN_SECONDS = 30.0
_may_import: Expiring[tuple[int, int], bool] = Expiring(_KNOWN_SECONDS)


@dataclass(frozen=True)
class Owner:
    """Whose upload it is, and of which project: their id in Label Studio, None for the service's own token."""

    project_id: int
    person_id: int | None


def check_right(ls: LabelStudio, project_id: int, person_id: int) -> None:
    """Ask Label Studio whether the owner of `ls`'s token may import into a project; an import of nothing tells.

    Raises:
        ArgusError: `forbidden`, `unknown_project`, `label_studio_unreachable`.
    """
    if _may_import.get((project_id, person_id)):
        return
    answer = ls.answer("POST", f"/api/projects/{project_id}/import", json=[], params={"commit_to_project": "false"})
    if answer.status_code in (401, 403):
        raise ArgusError("forbidden", f"Label Studio does not let you import into project {project_id}.",
                         "Ask who manages the project to give you that right, or to upload the files.")
    if answer.status_code == 404:
        raise projects.unknown_project(project_id)
    if answer.status_code >= 500:
        raise ArgusError("label_studio_refused", f"Label Studio answered {answer.status_code} when it was asked "
                         "whether you may import.", "Try again in a moment.", status=answer.status_code)
    _may_import[project_id, person_id] = True


def begin(owner: Owner, size: int, info: FileInfo) -> Upload:
    """Make a place for a file whose bytes are to come.

    Raises:
        ArgusError: `unknown_project`, `bad_request` (empty), `upload_too_large`, `too_many_requests`,
            `insufficient_storage`.
    """
    projects.require(owner.project_id)
    room.check_size(size)
    busy = ArgusError("busy", "Others begin an upload just now.", "Try again in a moment.", retry_after=2)
    with alone(locks.UPLOAD, seconds=5, busy=busy):  # what is promised to one is not promised to another
        room.check_person(owner.project_id, owner.person_id, size)
        room.check_disk(size, store.promised())
        upload_id, file = secrets.token_hex(16), files.create()
        try:
            store.insert(id=upload_id, project_id=owner.project_id, person_id=owner.person_id,
                         person=audit.actor().verified_name, file=file, name=info.name, modified=info.modified,
                         size=size, fps=info.fps, scene=info.scene, purpose=info.purpose)
        except BaseException:
            files.remove(file)
            raise
    audit.about(f"upload {upload_id}")
    return describe(owner, upload_id)


def offset(owner: Owner, upload_id: str) -> tuple[int, int]:
    """Return how many bytes of how many are stored. Raises `not_found`, also for an upload that was cancelled."""
    row = _own(owner, upload_id)
    if row.state == "cancelled" or (row.state == "receiving" and not row.on_disk):
        raise _unknown(upload_id)
    return _stored(row), row.size


def append(owner: Owner, upload_id: str, start: int, source: BinaryIO, length: int) -> int:
    """Store the next bytes and return how many are stored now. With the last of them, the import of a
    video or an image is due.

    Raises:
        ArgusError: `not_found`; `conflict` when `start` is not where the file ends, or another request writes;
            `bad_request` for more bytes than were promised; `insufficient_storage`.
    """
    row = _own(owner, upload_id)
    if row.state != "receiving" or not row.on_disk:
        raise ArgusError("conflict", f"The upload takes no more bytes: it is {row.state}.")
    with files.writing(row.file) as descriptor:
        known = _stored(_own(owner, upload_id))
        if start != known:
            raise ArgusError("conflict", f"The upload goes on at byte {known}, not at {start}.",
                             "Ask how much has arrived, and go on from there.", offset=known)
        if length > row.size - known:
            raise ArgusError("bad_request", f"{length} bytes more than fit: the file was to have {row.size}, and "
                             f"{known} are here.")
        room.check_disk(length, 0)
        now = known + files.append(descriptor, known, source, length)
        if not store.received(upload_id, known, now):
            raise ArgusError("conflict", "The upload was cancelled meanwhile.")
    return now


def _stored(row: store.Row) -> int:
    """Return how many bytes of an upload are stored: no more than the file has, whatever the row says."""
    if row.state != "receiving" or (there := files.stored(row.file)) >= row.received:
        return row.received
    store.correct(row.id, there)
    return there


def cancel(owner: Owner, upload_id: str) -> None:
    """Stop an upload or its import and delete its file; one that has ended is forgotten. Tasks that were made stay."""
    row = _own(owner, upload_id)
    if store.cancel(upload_id):
        if row.state != "running":  # else the import sees it and deletes the file when it is done with it
            store.file_gone(upload_id)
            files.remove(row.file)
        return
    store.forget(upload_id)
    files.remove(row.file)


def retry(owner: Owner, upload_id: str) -> Upload:
    """Begin a failed import again. Raises `not_found`, `conflict`."""
    row = _own(owner, upload_id)
    if not store.retry(upload_id):
        raise ArgusError("conflict", f"{row.name} cannot be imported again: "
                         + ("its file is gone." if row.state == "failed" else f"it is {row.state}."),
                         "Upload the file again." if row.state == "failed" else "")
    return describe(owner, upload_id)


def labels_of(owner: Owner, upload_id: str) -> store.Row:
    """Return an upload with labels, or with their images, that is complete. Raises `not_found`, `conflict`."""
    row = _own(owner, upload_id)
    if row.purpose != "labels":
        raise ArgusError("conflict", f"{row.name} was uploaded as a video or an image.",
                         "Upload it with the purpose labels.")
    if row.state != "done" or not row.on_disk:
        raise ArgusError("conflict", f"{row.name} is not here: its bytes are incomplete, or it was deleted.",
                         "Upload it again.")
    return row


def forget_file(upload_id: str) -> None:
    """Delete the file of an upload that nothing needs any more, and forget the upload."""
    if row := store.find(upload_id):
        store.forget(upload_id)
        files.remove(row.file)


def describe(owner: Owner, upload_id: str) -> Upload:
    """Return an upload. Raises `not_found`."""
    return _told(_own(owner, upload_id))


def listing(owner: Owner) -> Uploads:
    """Return the caller's uploads, newest first, and what may be sent. Raises `unknown_project`."""
    projects.require(owner.project_id)
    settings = get_settings()
    return Uploads(uploads=[_told(row) for row in store.listing(owner.project_id, owner.person_id)],
                   limits=UploadLimits(max_bytes=room.largest(), at_once=room.AT_ONCE, chunk_bytes=CHUNK,
                                       max_frames=settings.upload_max_frames, keeps_files=settings.upload_keep))


def _own(owner: Owner, upload_id: str) -> store.Row:
    row = store.find(upload_id)
    if row is None or (row.project_id, row.person_id) != (owner.project_id, owner.person_id):
        raise _unknown(upload_id)
    return row


def _unknown(upload_id: str) -> ArgusError:
    return ArgusError("not_found", f"There is no upload {upload_id[:40]} of yours in this project.",
                      "Uploads that nobody goes on with are deleted after a day.")


def _told(row: store.Row) -> Upload:
    return Upload(id=row.id, project=row.project_id, name=row.name, purpose=row.purpose,
                  modified=row.modified, size=row.size,
                  received=row.received, fps=row.fps, scene=round(row.scene, 4), state=row.state, on_disk=row.on_disk,
                  progress=row.share, frames=row.frames, imported=row.imported, skipped=row.skipped,
                  tasks=store.known_tasks(row.first_tasks) if row.first_tasks else [], lost=row.lost,
                  error=Error(**row.error) if row.error else None, created_at=row.created_at,
                  finished_at=row.finished_at)
