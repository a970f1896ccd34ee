"""Which project a thing belongs to, and who made it: what the rights of a caller are checked by."""

from __future__ import annotations

from typing import NamedTuple

from argus.db.statements import fetch_one


class _Project(NamedTuple):
    project_id: int


class Owner(NamedTuple):
    """Who made a thing, by their id in Label Studio; None: nobody knows."""

    person_id: int | None


_PROJECT = {"run_id": "SELECT project_id FROM run WHERE id = %s",
            "acceptance_id": "SELECT project_id FROM acceptance WHERE id = %s",
            "sample_id": "SELECT project_id FROM sample WHERE id = %s",
            "certificate_id": "SELECT project_id FROM certificate WHERE id = %s",
            "edit_id": "SELECT project_id FROM edit WHERE id = %s",
            "import_id": "SELECT project_id FROM label_import WHERE id = %s",
            "task_id": "SELECT project_id FROM task WHERE id = %s"}
_OWNER = {"run_id": "SELECT person_id FROM run WHERE id = %s",
          "acceptance_id": "SELECT person_id FROM acceptance WHERE id = %s",
          "edit_id": "SELECT person_id FROM edit WHERE id = %s",
          "import_id": "SELECT person_id FROM label_import WHERE id = %s",
          "evaluation_id": "SELECT person_id FROM evaluation_job WHERE id = %s",
          "saved_id": "SELECT person_id FROM saved_search WHERE id = %s"}
OWNED = _OWNER.keys()


def project_of(kind: str, number: int) -> int | None:
    """Return the project of a thing, None when there is no such thing.

    Args:
        kind: variable of a route's path: "run_id", "acceptance_id", "sample_id", "certificate_id", "edit_id",
            "import_id" or "task_id".
    """
    row = fetch_one(_Project, _PROJECT[kind], (number,))
    return row.project_id if row else None


def owner_of(kind: str, number: int) -> Owner | None:
    """Return who made a thing, None when there is no such thing; `kind` is one of `OWNED`."""
    return fetch_one(Owner, _OWNER[kind], (number,))
