"""The videos that a project's frames come from. A video is its `video_id`, and only without one its name.

Two recorders give their files the same names, so a name alone tells people nothing: where two videos share one, each is
shown with the beginning of its id.
"""

from __future__ import annotations

import re
from collections import Counter

from argus.answers.projects import Video
from argus.errors import ArgusError
from search_service.sync import store

_DIGEST = re.compile(r"[0-9a-f]{16}")  # as `argus import-video` makes them
_SHORT = 8
_NO_ID = "no id"
_MARKED = re.compile(r"(.*) \(([^()]+)\)", re.DOTALL)


def mark(name: str | None, video_id: str | None) -> str:
    """Return what means one video to a person and to the filter `video`: its name and the beginning of its id."""
    if not video_id:
        return f"{name} ({_NO_ID})" if name else ""
    short = video_id[:_SHORT] if _DIGEST.fullmatch(video_id) else video_id
    return f"{name} ({short})" if name else video_id


def shown_name(name: str | None, video_id: str | None, shared: bool) -> str | None:
    """Return the name of a video as a person sees it; None for a task that is no frame of one.

    Args:
        shared: whether another video of the project has this name.
    """
    if not name and not video_id:
        return None
    return mark(name, video_id) if shared or not name else name


def list_videos(project_id: int) -> list[Video]:
    """Return a project's videos by name."""
    rows = store.videos(project_id)
    names = Counter(row.video for row in rows)
    listed = []
    for row in rows:
        shared = names[row.video] > 1
        listed.append(Video(video=row.video, video_id=row.video_id, frames=row.frames, seconds=row.seconds,
                            name=shown_name(row.video, row.video_id, shared) or "",
                            filter=mark(row.video, row.video_id) if row.video_id or shared else row.video or ""))
    return sorted(listed, key=lambda one: (one.name, one.video_id or ""))


def video_key(project_id: int, meant: str) -> str:
    """Return the `video_key` of the video that is meant: by its id, by its name when only one video has it, or by name
    and id as `mark` writes them. A video that is not there gives '', which no task has.

    Raises:
        ArgusError: `bad_request` when several videos are meant.
    """
    name, id_ = match.groups() if (match := _MARKED.fullmatch(meant)) else (None, None)
    videos = {row.video_key: row for row in store.videos_called(project_id, meant, name, id_, _NO_ID)}
    if len(videos) > 1:
        marks = sorted(mark(row.video, row.video_id) for row in videos.values())
        raise ArgusError("bad_request", f"{len(marks)} videos of project {project_id} are called {meant}.",
                         f"Say which: {' or '.join(marks[:5])}.", videos=marks[:20])
    return next(iter(videos), "")
