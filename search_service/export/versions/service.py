"""The versions of a project: to list, compare, lock the test set of, and delete."""

from __future__ import annotations

from argus.answers.versions import Version, VersionBody, VersionDeleted, VersionDiff, Versions
from argus.errors import ArgusError
from argus.labelstudio import get_label_studio
from search_service.export import jobs
from search_service.export.divide import TEST
from search_service.export.splitting import remember_project
from search_service.export.versions import store
from search_service.export.versions.compare import image_change
from search_service.export.versions.store import VersionRow

SHOWN = 50  # images of a comparison


def listing(project_id: int) -> Versions:
    """Return the versions of a project, newest first."""
    return Versions(versions=[_answer(project_id, row) for row in store.listing(project_id)])


def describe(project_id: int, number: int) -> Version:
    """Return a version. Raises `not_found`."""
    return _answer(project_id, _find(project_id, number))


def compare(project_id: int, before: int, after: int, *, after_task: int = 0, limit: int = SHOWN) -> VersionDiff:
    """Return how two versions differ, with the first images that do, by task. Raises `not_found`."""
    was, now = _find(project_id, before), _find(project_id, after)
    counts = store.counts(was.id, now.id)
    pairs = store.differing(was.id, now.id, after_task, limit + 1)
    return VersionDiff(
        before=before, after=after, **counts._asdict(), objects_before=_body(was).objects,
        objects_after=_body(now).objects, images=[image_change(pair) for pair in pairs[:limit]],
        next_task=pairs[limit - 1].task_id if len(pairs) > limit else None)


def lock(project_id: int, number: int) -> Version:
    """Lock the test images of a version: neither they nor images like them come into training in a later version.

    Raises:
        ArgusError: `not_found` (no such version, or it has no test split), `unknown_project`.
    """
    row = _find(project_id, number)
    if not _body(row).splits.get(TEST):
        raise ArgusError("not_found", f"Version {number} has no images in test.",
                         "Export with a test split, for example --splits train=0.7,val=0.2,test=0.1.")
    remember_project(project_id, get_label_studio().project(project_id))
    store.lock(project_id, row.id)
    return describe(project_id, number)


def delete(project_id: int, number: int) -> VersionDeleted:
    """Delete a version, and its files where this service keeps them; its number is not given again. Raises
    `not_found`."""
    row = _find(project_id, number)
    if row.export_id is not None and _file(project_id, row) is not None:
        jobs.remove(row.export_id)
    store.delete(row.id)
    return VersionDeleted(version=number, project=project_id)


def _find(project_id: int, number: int) -> VersionRow:
    row = store.find(project_id, number)
    if row is None:
        raise ArgusError("not_found", f"Project {project_id} has no version {number}.",
                         "`argus versions list` shows those that it has.")
    return row


def _answer(project_id: int, row: VersionRow) -> Version:
    size = _file(project_id, row)
    return Version(**_body(row).model_dump(), digest=row.digest, export=row.export_id if size is not None else None,
                   bytes=size, locked=row.locked)


def _file(project_id: int, row: VersionRow) -> int | None:
    """Return the bytes of the file that can be downloaded, None when the service does not keep it."""
    try:
        made = jobs.describe(row.export_id) if row.export_id is not None else None
    except ArgusError:  # it was deleted
        return None
    # The id of an export that was deleted may be given again.
    mine = made is not None and (made.state, made.project, made.version) == ("done", project_id, row.number)
    return made.bytes if made and mine else None


def _body(row: VersionRow) -> VersionBody:
    return VersionBody.model_validate_json(row.body)
