"""The answers to suspicions, in the table `suspicion`: what is open, what was said, and how often a kind was right."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Literal, NamedTuple, TypedDict

from psycopg.types.json import Json

from argus.db.statements import execute, fetch, fetch_number, fetch_one
from ml_backend.detection.store import Item
from ml_backend.suspicion.store import ASKED, OPEN, STRONG

Verdict = Literal["add", "reject", "nothing_there"]
_COLUMNS = ("s.id, s.task_id, s.model_version, s.kind, s.label, s.box, s.strength, s.score, s.other_task, s.verdict, "
            "s.added, s.decided_by, s.decided_at, s.said")


class Added(TypedDict):
    """What an answer changed in the stored detections of a label; None: there was, or is, none."""

    label: str
    before: Item | None
    after: Item | None


class SuspicionRow(NamedTuple):
    """A suspicion and what was said of it; `box` is x, y, width, height in percent."""

    id: int
    task_id: int
    model_version: str
    kind: str
    label: str
    box: list[float] | None
    strength: float
    score: float | None
    other_task: int | None
    verdict: Verdict | None
    added: Added | None
    decided_by: str
    decided_at: datetime | None
    said: str


class KindCount(NamedTuple):
    """How a kind stands in a project: open ones, and answers that agreed and that did not, of every model version."""

    kind: str
    open: int
    right: int
    wrong: int


def load(project_id: int, number: int) -> SuspicionRow | None:
    """Return a suspicion of the project, locked until the transaction ends (`together`)."""
    return fetch_one(SuspicionRow, f"SELECT {_COLUMNS} FROM suspicion s WHERE s.project_id = %s AND s.id = %s "
                     "FOR UPDATE", (project_id, number))


def open_ones(project_id: int, model_version: str, task_ids: Sequence[int]) -> list[SuspicionRow]:
    """Return the open suspicions of these tasks that the project asks for, by task, the strongest first."""
    return fetch(SuspicionRow, f"SELECT {_COLUMNS} FROM suspicion s JOIN project p ON p.id = s.project_id "
                 "WHERE s.project_id = %s AND s.model_version = %s AND s.task_id = ANY(%s) "
                 f"AND {OPEN} ORDER BY s.task_id, s.strength DESC, s.id", (project_id, model_version, list(task_ids)))


def strongest(project_id: int, model_version: str, task_ids: Sequence[int], limit: int) -> list[SuspicionRow]:
    """Return the strongest of all that the project asks about these tasks, weak ones included."""
    return fetch(SuspicionRow, f"SELECT {_COLUMNS} FROM suspicion s JOIN project p ON p.id = s.project_id "
                 "WHERE s.project_id = %s AND s.model_version = %s AND s.task_id = ANY(%s) "
                 f"AND {ASKED} ORDER BY s.strength DESC, s.id LIMIT %s",
                 (project_id, model_version, list(task_ids), limit))


def left(project_id: int, model_version: str, task_ids: Sequence[int]) -> int:
    """Return how many there are, weak ones included."""
    return fetch_number("SELECT count(*) FROM suspicion s JOIN project p ON p.id = s.project_id "
                        f"WHERE s.project_id = %s AND s.model_version = %s AND s.task_id = ANY(%s) AND {ASKED}",
                        (project_id, model_version, list(task_ids)))


def answered(project_id: int, model_version: str, limit: int) -> list[SuspicionRow]:
    """Return the last answers, the newest first."""
    return fetch(SuspicionRow, f"SELECT {_COLUMNS} FROM suspicion s WHERE s.project_id = %s AND s.model_version = %s "
                 "AND s.verdict IS NOT NULL ORDER BY s.decided_at DESC, s.id DESC LIMIT %s",
                 (project_id, model_version, limit))


def counts(project_id: int, model_version: str, task_ids: Sequence[int]) -> list[KindCount]:
    """Return how each kind stands, weak ones left out; open ones are counted on these tasks, also of kinds that are
    switched off."""
    return fetch(KindCount, "SELECT kind, count(*) FILTER (WHERE verdict IS NULL AND model_version = %s "
                 "AND task_id = ANY(%s)) AS open, count(*) FILTER (WHERE verdict IN ('add', 'reject')) AS right, "
                 "count(*) FILTER (WHERE verdict = 'nothing_there') AS wrong FROM suspicion s WHERE project_id = %s "
                 f"AND {STRONG} GROUP BY kind", (model_version, list(task_ids), project_id))


def answer(number: int, verdict: Verdict, added: Added | None, person_id: int | None, decided_by: str) -> None:
    execute("UPDATE suspicion SET verdict = %s, added = %s, person_id = %s, decided_by = %s, decided_at = now() "
            "WHERE id = %s", (verdict, Json(added) if added else None, person_id, decided_by, number))


def take_back(number: int) -> None:
    """Let a suspicion be open again."""
    execute("UPDATE suspicion SET verdict = NULL, added = NULL, person_id = NULL, decided_by = '', decided_at = NULL "
            "WHERE id = %s", (number,))
