"""What searches keep: the history (table `search`) and people's words on hits (`judgement`)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from psycopg.types.json import Jsonb
from pydantic import JsonValue

from argus.db import together
from argus.db.statements import execute, fetch, fetch_number, fetch_numbers, fetch_one
from search_service.sync.store import SHARED


class PastRow(NamedTuple):
    """A search of the history; `ask` as `SearchQuery.to_json` gives it."""

    id: int
    query: str
    ask: dict[str, JsonValue]
    total: int
    created_at: datetime


class JudgedHit(NamedTuple):
    """What a person said of a hit of a query."""

    query: str
    task_id: int
    relevant: bool


class LabelledTask(NamedTuple):
    """An annotated task and the labels that its annotations carry."""

    id: int
    labels: list[str]


class TaskState(NamedTuple):
    """How far the embedding of a task's image is."""

    state: str


class HitRow(NamedTuple):
    """A task as a hit shows it; `video_shared` says whether another video of the project has its video's name."""

    id: int
    image: str
    video: str | None
    video_id: str | None
    video_shared: bool
    video_time: float | None
    frame_number: int | None
    labelled: bool
    labels: list[str]


class ObjectRow(NamedTuple):
    """An object as a hit shows it; `box` is x0, y0, x1, y1 as fractions of the image's sides."""

    id: int
    task_id: int
    label: str
    score: float
    box: list[float]


class _Ask(NamedTuple):
    ask: dict[str, JsonValue]


def hit_rows(task_ids: Sequence[int]) -> list[HitRow]:
    """Return those of these tasks that are still there, in any order."""
    return fetch(HitRow, f"SELECT t.id, t.image, t.video, t.video_id, {SHARED} AS video_shared, t.video_time, "
                 "t.frame_number, t.labelled, t.labels FROM task t WHERE t.id = ANY(%s)", (list(task_ids),))


def object_rows(object_ids: Sequence[int]) -> list[ObjectRow]:
    """Return those of these objects that are still there, in any order."""
    return fetch(ObjectRow, "SELECT id, task_id, label, score, box FROM object WHERE id = ANY(%s)", (list(object_ids),))


def record_search(project_id: int, title: str, total: int, ask: Mapping[str, JsonValue], person_id: int | None) -> None:
    execute("INSERT INTO search (project_id, query, total, ask, person_id) VALUES (%s, %s, %s, %s, %s)",
            (project_id, title, total, Jsonb(ask), person_id))


def past_searches(project_id: int, limit: int) -> list[PastRow]:
    """Return the last different searches of a project, newest first."""
    return fetch(PastRow,
                 "SELECT * FROM (SELECT DISTINCT ON (query) id, query, ask, total, created_at FROM search "
                 "WHERE project_id = %s ORDER BY query, id DESC) last ORDER BY id DESC LIMIT %s", (project_id, limit))


def past_ask(project_id: int, search_id: int) -> dict[str, JsonValue] | None:
    """Return what a search of the history asked for; None when there is no such search."""
    row = fetch_one(_Ask, "SELECT ask FROM search WHERE id = %s AND project_id = %s", (search_id, project_id))
    return row.ask if row else None


def forget_searches(project_id: int, search_id: int | None, person_id: int | None) -> tuple[int, bool]:
    """Delete a search in all its repetitions, or the whole history; with a person, only what they searched for.

    Returns:
        The rows deleted, and whether the search is still there: others made it.
    """
    which = {"project": project_id, "search": search_id, "person": person_id}
    with together():
        deleted = execute(
            "DELETE FROM search WHERE project_id = %(project)s AND (%(person)s::bigint IS NULL OR person_id = "
            "%(person)s) AND (%(search)s::bigint IS NULL OR query = (SELECT query FROM search WHERE id = %(search)s "
            "AND project_id = %(project)s))", which)
        left = fetch_number("SELECT count(*) FROM search WHERE id = %(search)s AND project_id = %(project)s", which)
    return deleted, left > 0


def judge(project_id: int, query: str, task_id: int, relevant: bool, person_id: int | None) -> None:
    """Keep a word on a hit, in the place of the one before."""
    execute("INSERT INTO judgement (project_id, query, task_id, relevant, person_id) VALUES "
            "(%s, %s, %s, %s, %s) ON CONFLICT (project_id, query, task_id) DO UPDATE SET "
            "relevant = excluded.relevant, person_id = excluded.person_id, judged_at = now()",
            (project_id, query, task_id, relevant, person_id))


def take_back_judgement(project_id: int, query: str, task_id: int) -> None:
    execute("DELETE FROM judgement WHERE project_id = %s AND query = %s AND task_id = %s", (project_id, query, task_id))


def count_judgements(project_id: int, query: str) -> int:
    return fetch_number("SELECT count(*) AS n FROM judgement WHERE project_id = %s AND query = %s", (project_id, query))


def judgements(project_id: int, query: str | None) -> list[JudgedHit]:
    """Return the words on one query or on all, by query and task."""
    return fetch(JudgedHit, "SELECT query, task_id, relevant FROM judgement WHERE project_id = %s "
                 "AND query = coalesce(%s, query) ORDER BY query, task_id", (project_id, query))


def forget_judgements(project_id: int, query: str | None, person_id: int | None) -> int:
    """Delete the words on one query or on all, of one person or of all; return how many there were."""
    return execute("DELETE FROM judgement WHERE project_id = %s AND query = coalesce(%s, query) "
                   "AND (%s::bigint IS NULL OR person_id = %s)", (project_id, query, person_id, person_id))


def labelled_tasks(project_id: int) -> list[LabelledTask]:
    """Return the annotated tasks that searches find."""
    return fetch(LabelledTask, "SELECT id, labels FROM task WHERE project_id = %s AND labelled "
                 "AND state = 'embedded' ORDER BY id", (project_id,))


def task_state(project_id: int, task_id: int) -> str | None:
    """Return how far the embedding of a task is; None when the project has no such task."""
    row = fetch_one(TaskState, "SELECT state FROM task WHERE id = %s AND project_id = %s", (task_id, project_id))
    return row.state if row else None


def sample_tasks(project_id: int, count: int) -> list[int]:
    """Return embedded tasks from all over a project, the same ones each time."""
    return fetch_numbers("SELECT id FROM task WHERE project_id = %s AND state = 'embedded' "
                         "ORDER BY hashint8(id), id LIMIT %s", (project_id, count))


def sample_objects(project_id: int, count: int) -> list[int]:
    """Return objects from all over a project, the same ones each time."""
    return fetch_numbers("SELECT id FROM object WHERE project_id = %s ORDER BY hashint8(id), id LIMIT %s",
                         (project_id, count))
