"""The tasks whose own file is a video, and how far the cutting of each is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from argus.db.statements import fetch


@dataclass(frozen=True)
class VideoTask:
    """A task of a video; `upload` and what follows are of its last import, if the uploads still tell of one."""

    id: int
    image: str
    cut: bool
    upload: str | None
    state: str | None
    imported: int | None
    error: dict[str, Any] | None


def listing(project_id: int, limit: int) -> list[VideoTask]:
    """Return the tasks of a project whose file is a video, those that are not cut first."""
    return fetch(
        VideoTask,
        "SELECT t.id, t.image, c.task_id IS NOT NULL AS cut, u.id AS upload, u.state, u.imported, u.error FROM task t "
        "LEFT JOIN cut_video c ON c.task_id = t.id LEFT JOIN LATERAL (SELECT * FROM upload u WHERE u.task_id = t.id "
        "ORDER BY u.created_at DESC, u.id LIMIT 1) u ON true WHERE t.project_id = %s AND t.state = 'video' "
        "ORDER BY cut, t.id LIMIT %s", (project_id, limit))
