"""What the database knows of a project's frames, and which split each was given."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from psycopg import sql

from argus.db import Connection, connect
from argus.settings import get_settings
from search_service.export.frames import Origin
from search_service.export.source import Source, video_text
from search_service.export.vector_file import Block
from search_service.vectors import store as vectors

_DETECTED = ("ARRAY(SELECT DISTINCT d.label FROM detection d WHERE d.task_id = t.id AND NOT d.previewed "
             "AND d.best_score >= %(threshold)s)")
_LABELS = {"annotations": "t.labels", "predictions": _DETECTED,
           "both": f"CASE WHEN t.labelled THEN t.labels ELSE {_DETECTED} END"}
_CHUNK = 2000


def labels_of(project_id: int, source: Source) -> dict[int, list[str]]:
    """Return the labels of each task that has some, as far as they are known here: enough for even splits."""
    shared: dict[str, str] = {}
    with connect() as connection:
        rows = connection.execute(f"SELECT t.id, {_LABELS[source]} AS labels FROM task t "
                                  "WHERE t.project_id = %(project)s",
                                  {"project": project_id, "threshold": get_settings().score_threshold})
        return {row["id"]: [shared.setdefault(label, label) for label in row["labels"]] for row in rows
                if row["labels"]}


def splits_of(project_id: int, division: str) -> dict[int, str]:
    """Return the split of each task that an earlier export decided about; '' for one that was left out."""
    shared: dict[str, str] = {}
    with connect() as connection:
        rows = connection.execute("SELECT task_id, split FROM split_frame WHERE project_id = %s AND division = %s",
                                  (project_id, division))
        return {row["task_id"]: shared.setdefault(row["split"], row["split"]) for row in rows}


def locked_of(project_id: int) -> frozenset[int]:
    with connect() as connection:
        rows = connection.execute("SELECT task_id FROM split_lock WHERE project_id = %s", (project_id,))
        return frozenset(row["task_id"] for row in rows)


def origins_of(project_id: int, tasks: Sequence[int]) -> dict[int, Origin]:
    """Return where those of the tasks come from that are there."""
    with connect() as connection:
        rows = connection.execute("SELECT id, video, video_id, video_time FROM task WHERE project_id = %s "
                                  "AND id = ANY(%s)", (project_id, list(tasks)))
        return {row["id"]: Origin(video_text({"video": row["video"], "video_id": row["video_id"]}), row["video_time"])
                for row in rows}


def vectors_of(project_id: int) -> Iterator[Block]:
    """Yield task ids and vectors of a project, by blocks: those of the current search model."""
    model = vectors.current_model()
    if model is None:
        return
    row = np.dtype([("fields", ">i2"), ("task_bytes", ">i4"), ("task", ">i8"), ("vector_bytes", ">i4"), ("dim", ">i2"),
                    ("unused", ">i2"), ("vector", ">f2", (model.dim,))])
    query = sql.SQL("COPY (SELECT task_id, embedding FROM {} WHERE model_id = {} AND project_id = {}) "
                    "TO STDOUT (FORMAT BINARY)").format(model.table, model.id, project_id)
    with connect() as connection, connection.cursor() as cursor, cursor.copy(query) as copy:
        held, head = bytearray(), 19  # PGCOPY's signature, flags and length of nothing
        for chunk in copy:
            held += chunk
            count = (len(held) - head) // row.itemsize
            if count >= _CHUNK:
                yield _rows(held, head, count, row)
                del held[:head + count * row.itemsize]
                head = 0
        if count := (len(held) - head) // row.itemsize:
            yield _rows(held, head, count, row)


def _rows(held: bytearray, head: int, count: int, row: np.dtype[np.void]) -> Block:
    table = np.frombuffer(bytes(held[head:head + count * row.itemsize]), row)
    return table["task"].astype(np.int64), table["vector"].astype(np.float16)


def keep(project_id: int, division: str, known: int, decided: Mapping[int, tuple[str, str]]) -> bool:
    """Record `{task: (split, reason)}` of new frames; false, and nothing is recorded, when another export decided about
    frames of this division meanwhile: then there are no longer `known` of them."""
    with connect() as connection:
        connection.execute("SELECT id FROM project WHERE id = %s FOR UPDATE", (project_id,))
        if _count(connection, project_id, division) != known:
            return False
        with connection.cursor() as cursor, cursor.copy(
                "COPY split_frame (project_id, division, task_id, split, reason) FROM STDIN") as copy:
            for task, (split, reason) in decided.items():
                copy.write_row((project_id, division, task, split, reason))
    return True


def _count(connection: Connection, project_id: int, division: str) -> int:
    row = connection.execute("SELECT count(*) AS n FROM split_frame WHERE project_id = %s AND division = %s",
                             (project_id, division)).fetchone()
    return int(row["n"]) if row else 0


def divisions(project_id: int) -> list[tuple[str, str, int]]:
    """Return (division, split, frames) of a project, by both; the split '' is that of frames that were left out."""
    with connect() as connection:
        rows = connection.execute("SELECT division, split, count(*) AS n FROM split_frame WHERE project_id = %s "
                                  "GROUP BY division, split ORDER BY division, split", (project_id,))
        return [(row["division"], row["split"], row["n"]) for row in rows]


def lock(project_id: int, division: str) -> int:
    """Lock the test frames of a division; return how many frames are locked now."""
    with connect() as connection:
        connection.execute("INSERT INTO split_lock (project_id, task_id) SELECT project_id, task_id FROM split_frame "
                           "WHERE project_id = %s AND division = %s AND split = 'test' ON CONFLICT DO NOTHING",
                           (project_id, division))
    return len(locked_of(project_id))


def unlock(project_id: int) -> int:
    """Unlock the test set; return how many frames were locked."""
    with connect() as connection:
        return connection.execute("DELETE FROM split_lock WHERE project_id = %s", (project_id,)).rowcount


def forget_frames(project_id: int, division: str, tasks: Sequence[int]) -> None:
    """Forget which splits these tasks have in a division."""
    with connect() as connection:
        connection.execute("DELETE FROM split_frame WHERE project_id = %s AND division = %s AND task_id = ANY(%s)",
                           (project_id, division, list(tasks)))


def forget(project_id: int, division: str) -> int:
    """Forget a division; return of how many frames."""
    with connect() as connection:
        return connection.execute("DELETE FROM split_frame WHERE project_id = %s AND division = %s",
                                  (project_id, division)).rowcount
