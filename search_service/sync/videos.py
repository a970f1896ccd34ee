"""The videos that a project's frames come from. A video is its `video_id`, and only without one its name.

Two recorders give their files the same names, so a name alone tells people nothing: where two videos share one, each is
shown with the beginning of its id.
"""

from __future__ import annotations

import re
from collections import Counter

from argus.answers.projects import Video
from argus.db import connect
from argus.errors import ArgusError

_DIGEST = re.compile(r"[0-9a-f]{16}")  # as `argus import-video` makes them
_SHORT = 8
_NO_ID = "no id"
_MARKED = re.compile(r"(.*) \(([^()]+)\)", re.DOTALL)
# Whether another video of the project has the name of task `t`: two looks into an index.
SHARED = ("(EXISTS (SELECT FROM task o WHERE o.project_id = t.project_id AND o.video = t.video "
          "AND o.video_key < t.video_key) OR EXISTS (SELECT FROM task o WHERE o.project_id = t.project_id "
          "AND o.video = t.video AND o.video_key > t.video_key))")


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
    """Return a project's videos by name.

    Of one video under several names the first in the alphabet counts.
    """
    with connect() as connection:
        rows = connection.execute(
            "SELECT min(video) AS video, min(video_id) AS video_id, count(*) AS frames, max(video_time) AS seconds "
            "FROM task WHERE project_id = %s AND video_key IS NOT NULL GROUP BY video_key",
            (project_id,)).fetchall()
    names = Counter(row["video"] for row in rows)
    found = []
    for row in rows:
        name, id_ = row["video"], row["video_id"]
        shared = names[name] > 1
        found.append(Video(video=name, video_id=id_, name=shown_name(name, id_, shared) or "",
                           filter=mark(name, id_) if id_ or shared else name,
                           frames=row["frames"], seconds=row["seconds"]))
    return sorted(found, key=lambda one: (one.name, one.video_id or ""))


def video_key(project_id: int, wanted: str) -> str:
    """Return the `video_key` of the video that is meant: by its id, by its name when only one video has it, or by name
    and id as `mark` writes them. A video that is not there gives '', which no task has.

    Raises:
        ArgusError: `bad_request` when several videos are meant.
    """
    name, id_ = match.groups() if (match := _MARKED.fullmatch(wanted)) else (None, None)
    with connect() as connection:
        rows = connection.execute(
            "SELECT DISTINCT video_key, video, video_id FROM task WHERE project_id = %(project)s AND video_key IS NOT "
            "NULL AND (video = %(wanted)s OR (video_key = %(wanted)s AND video_id IS NOT NULL) OR (video = %(name)s "
            "AND CASE WHEN video_id IS NULL THEN %(id)s = %(no_id)s ELSE starts_with(video_key, %(id)s) END))",
            {"project": project_id, "wanted": wanted, "name": name, "id": id_, "no_id": _NO_ID}).fetchall()
    meant = {row["video_key"]: row for row in rows}
    if len(meant) > 1:
        marks = sorted(mark(row["video"], row["video_id"]) for row in meant.values())
        raise ArgusError("bad_request", f"{len(marks)} videos of project {project_id} are called {wanted}.",
                         f"Say which: {' or '.join(marks[:5])}.", videos=marks[:20])
    return next(iter(meant), "")
