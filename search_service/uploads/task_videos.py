"""Videos that were uploaded in Label Studio: each made one task, whose file is cut into frames as an upload's is."""

from __future__ import annotations

import re
import secrets
from collections.abc import Sequence

from argus import audit
from argus.answers.base import Error
from argus.answers.uploads import CutRule, VideoFile, VideoFiles
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
    rule = video_store.rule(project_id)
    return VideoFiles(files=[_told(row) for row in video_store.listing(project_id, MOST)],
                      rule=CutRule(fps=rule.fps, scene=rule.scene, made_by=rule.made_by) if rule else None)


def set_rule(owner: Owner, info: FileInfo | None) -> VideoFiles:
    """Have videos that are uploaded in Label Studio cut automatically from now on, or, with None, no more. Those that
    wait already are cut, too.

    Raises:
        ArgusError: `unknown_project`.
    """
    projects.require(owner.project_id)
    video_store.set_rule(owner.project_id, None if info is None else video_store.RuleRow(
        info.fps, info.scene, owner.person_id, audit.actor().verified_name))
    return listing(owner.project_id)


def follow(project_id: int) -> None:
    """Let videos be cut that came since the last look, if the project says so. One that failed is not tried again."""
    rule = video_store.rule(project_id)
    new = [row for row in video_store.listing(project_id, MOST) if _told(row).state == "new"] if rule else []
    if rule:
        info = FileInfo(name="", fps=rule.fps, scene=rule.scene)
        for row in new:
            _enqueue(Owner(project_id, rule.person_id), rule.made_by, _told(row), info)


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
            _enqueue(owner, audit.actor().verified_name, known[task], info)
    audit.about(f"{len(wanted)} videos")
    now = {one.task: one for one in listing(owner.project_id).files}
    return VideoFiles(files=[now[task] for task in wanted if task in now])


def _enqueue(owner: Owner, person: str, video: VideoFile, info: FileInfo) -> None:
    store.insert_of_task(id=secrets.token_hex(16), project_id=owner.project_id, person_id=owner.person_id,
                         person=person, file=secrets.token_hex(16), name=video.name, task_id=video.task, fps=info.fps,
                         scene=info.scene)


def _told(row: video_store.VideoTask) -> VideoFile:
    state = row.state if row.state in (*_OPEN, "failed") else "done" if row.cut else "new"
    return VideoFile(task=row.id, name=metadata.shown(_PREFIX.sub("", file_name(row.image), count=1)) or "video",
                     state=state, upload=row.upload, imported=row.imported or 0,  # type: ignore[arg-type]
                     error=Error(**row.error) if row.error and state == "failed" else None)
