"""6. One bad task never takes its project down, and a model without an answer says so."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import psycopg

from benchmarks.odd_inputs import Case, product
from benchmarks.odd_inputs.database import postgres, use, version

ITEMS = (6,)
ZONES = ("UTC", "Asia/Tokyo", "America/Los_Angeles")
VALUES: list[tuple[str, Any]] = [
    ("frame_number", 1700000000000), ("frame_number", -(2**31) - 1), ("frame_number", 2**63),
    ("captured_at", "9999-12-31T23:59:59-09:00"), ("captured_at", "0001-01-01T00:00:00+14:00"),
    ("captured_at", "0000-01-01"), ("video_time", 10**400), ("video", "a\0b.mp4"), ("video", "\ud83d.mp4"),
    ("captured_at", "2026-05-13T10:15:00+09:00"), ("frame_number", 25)]
_projects = itertools.count(6001)


def cases(work: Path) -> Iterator[Case]:
    with postgres() as server:
        reference = version(server)
        for key, value in VALUES:
            right = [_stored(server, key, value), "there"]
            yield Case(6, "a value that cannot be stored is null, and the other tasks come in",
                       f"{key}: {str(value)[:30]!r}", reference, right, "synced",
                       {"server": server, "project": next(_projects), "key": key, "value": value})
    for what in ("logits", "presence", "boxes"):
        yield Case(6, "a model without an answer is not a model that found nothing", f"NaN in the {what}",
                   f"numpy {np.__version__}: isnan", "refused: model_broken" if np.isnan(math.nan) else 1,
                   "found", what)


def _stored(server: str, key: str, value: Any) -> Any:
    """Return what PostgreSQL keeps of a value and Python reads back in every time zone, as JSON; None for none."""
    kind = {"frame_number": "int", "captured_at": "timestamptz", "video_time": "float8", "video": "text"}[key]
    try:
        for zone in ZONES:
            with psycopg.connect(server) as connection:
                connection.execute("SELECT set_config('timezone', %s, false)", (zone,))
                row = connection.execute(f"SELECT %s::text::{kind}".encode(), (str(value),)).fetchone()
    except (psycopg.Error, UnicodeEncodeError):
        return None
    assert row
    return row[0].astimezone(UTC).isoformat() if isinstance(row[0], datetime) else row[0]


def synced(argument: dict[str, Any]) -> Any:
    """Return what three listings keep of the value, and whether the task beside it is there."""
    use(argument["server"])
    upsert, report = (product("search_service.sync.tasks", "search_service.sync", name)
                      for name in ("_upsert", "SyncReport"))
    project, connect = argument["project"], product("argus.db", "connect")
    with connect() as connection:
        connection.execute("INSERT INTO project (id) VALUES (%s)", (project,))
    tasks = [{"id": 1000 * project + n, "updated_at": "2026-01-01T00:00:00Z", "data": {"image": "/a.jpg", **data}}
             for n, data in enumerate([{argument["key"]: argument["value"]}, {}])]
    for _ in range(3):
        upsert(project, "image", tasks, report(project))
    with connect() as connection:
        rows = connection.execute(f"SELECT {argument['key']} AS value FROM task WHERE project_id = %s ORDER BY id"
                                  .encode(), (project,)).fetchall()
    value = rows[0]["value"]
    return [value.astimezone(UTC).isoformat() if isinstance(value, datetime) else value,
            "there" if len(rows) == 2 else "missing"]


def found(argument: str) -> Any:
    """Return how many objects SAM 3's output is read as when a part of it is NaN."""
    import torch

    select, limits = (product("ml_backend.engines.postprocess", name) for name in ("select", "Limits"))
    given = {"logits": torch.ones(1, 2), "presence": torch.ones(1, 1), "boxes": torch.rand(1, 2, 4)}
    given[argument][:] = math.nan
    return len(select(given["logits"], given["presence"], given["boxes"], torch.zeros(1, 2, 4, 4), (100, 60),
                      limits(keep=0.1, iou=0.6, most=10)))
