"""The file of a task, fetched from the address in its data, through the guard of all images."""

from __future__ import annotations

from collections.abc import Callable

from argus.errors import ArgusError
from argus.images.fetcher import get_images
from argus.labelstudio.task_data import TaskImage
from label_studio_config import projects
from search_service.sync.store import image_of
from search_service.uploads import files, room, store

_LOOK = 64 * 2**20  # bytes after which the room on the disk is looked at again


def fetch(row: store.Row, going_on: Callable[[], None]) -> None:
    """Have the file of an upload's task in the folder of uploads; one that is here whole stays.

    Args:
        going_on: called again and again; what it raises ends the download.

    Raises:
        ArgusError: as `argus.images.fetcher.ImageFetcher.save`; `insufficient_storage`; `unknown_task` when the task is
            gone.
    """
    if row.task_id is None or (row.received and files.stored(row.file) == row.size):
        return
    address = image_of(row.project_id, row.task_id)
    if not address:
        raise projects.unknown_tasks(row.project_id, [row.task_id])
    looked = 0

    def came(size: int) -> None:
        nonlocal looked
        if size >= looked:
            room.check_disk(_LOOK, store.promised())
            looked = size + _LOOK
        going_on()

    try:
        with files.replacing(row.file) as file:
            size = get_images().save(TaskImage(row.project_id, row.task_id, address), file, room.largest(), came)
    except BaseException:
        files.remove(row.file)  # a part of it is of no use: the next attempt begins anew
        raise
    if not size:
        raise ArgusError("bad_video", f"{row.name} is empty.", "Copy it again from where it was recorded.")
    store.fetched(row.id, size)
