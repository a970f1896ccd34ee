"""Videos that were uploaded in Label Studio: each made one task, whose file is cut into frames as an upload's is."""

from __future__ import annotations

import re
import secrets
from collections.abc import Sequence

from argus import audit
from argus.answers.base import Error
from argus.answers.uploads import VideoFile, VideoFiles
from argus.errors import ArgusError
from argus.images.video_files import file_name
from label_studio_config import projects
from search_service.uploads import metadata, store, video_store
from search_service.uploads.metadata import FileInfo
from search_service.uploads.service import Owner

MOST = 1000  # files that are listed, or cut by one request
_OPEN = ("queued", "running")
_PREFIX = re.compile(r"[0-9a-f]{8}-(?=.)")  # that Label Studio puts before the name of an uploaded file


def listing(project_id: int) -> VideoFiles:
    """Return the tasks whose file is a video, those that are not cut first. Raises `unknown_project`."""
    projects.require(project_id)
    return VideoFiles(files=[_told(row) for row in video_store.listing(project_id, MOST)])


def cut(owner: Owner, info: FileInfo, task_ids: Sequence[int] | None = None) -> VideoFiles:
    """Let the default worker cut videos into frames: those of the tasks, or all that were not cut and have not failed.
    One that waits or is under way is left alone.

    Returns:
        The files that were asked for, as they stand now.

    Raises:
        ArgusError: `unknown_project`; `not_found` when one of the tasks is none of a video.
    """
    known = {one.task: one for one in listing(owner.project_id).files}
    new = [one.task for one in known.values() if one.state == "new"]
    wanted = new if task_ids is None else [*dict.fromkeys(task_ids)]
    if missing := [task for task in wanted if task not in known]:
        raise ArgusError("not_found", f"Task {missing[0]} of project {owner.project_id} is not a task of a video.")
    for task in wanted:
        if known[task].state not in _OPEN:
            store.insert_of_task(id=secrets.token_hex(16), project_id=owner.project_id, person_id=owner.person_id,
                                 person=audit.actor().verified_name, file=secrets.token_hex(16),
                                 name=known[task].name, task_id=task, fps=info.fps, scene=info.scene)
    audit.about(f"{len(wanted)} videos")
    now = {one.task: one for one in listing(owner.project_id).files}
    return VideoFiles(files=[now[task] for task in wanted if task in now])


def _told(row: video_store.VideoTask) -> VideoFile:
    state = row.state if row.state in (*_OPEN, "failed") else "done" if row.cut else "new"
    return VideoFile(task=row.id, name=metadata.shown(_PREFIX.sub("", file_name(row.image), count=1)) or "video",
                     state=state, upload=row.upload, imported=row.imported or 0,  # type: ignore[arg-type]
                     error=Error(**row.error) if row.error and state == "failed" else None)
