"""The tasks whose own file is a video, and how far the cutting of each is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from argus.db.statements import execute, fetch, fetch_one


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


@dataclass(frozen=True)
class RuleRow:
    """How a project's videos are cut without anybody asking, and who said so."""

    fps: str
    scene: float
    person_id: int | None
    made_by: str


def rule(project_id: int) -> RuleRow | None:
    """Return how a project's videos are cut automatically; None when they are not."""
    return fetch_one(RuleRow, "SELECT fps, scene, person_id, made_by FROM cut_rule WHERE project_id = %s",
                     (project_id,))


def set_rule(project_id: int, row: RuleRow | None) -> None:
    """Keep how a project's videos are cut automatically; None: not at all."""
    execute("DELETE FROM cut_rule WHERE project_id = %s", (project_id,)) if row is None else execute(
        "INSERT INTO cut_rule (project_id, fps, scene, person_id, made_by) VALUES (%s, %s, %s, %s, %s) "
        "ON CONFLICT (project_id) DO UPDATE SET fps = excluded.fps, scene = excluded.scene, "
        "person_id = excluded.person_id, made_by = excluded.made_by, made_at = clock_timestamp()",
        (project_id, row.fps, row.scene, row.person_id, row.made_by))


def listing(project_id: int, limit: int) -> list[VideoTask]:
    """Return the tasks of a project whose file is a video, those that are not cut first."""
    return fetch(
        VideoTask,
        "SELECT t.id, t.image, c.task_id IS NOT NULL AS cut, u.id AS upload, u.state, u.imported, u.error FROM task t "
        "LEFT JOIN cut_video c ON c.task_id = t.id LEFT JOIN LATERAL (SELECT * FROM upload u WHERE u.task_id = t.id "
        "ORDER BY u.created_at DESC, u.id LIMIT 1) u ON true WHERE t.project_id = %s AND t.state = 'video' "
        "ORDER BY cut, t.id LIMIT %s", (project_id, limit))
