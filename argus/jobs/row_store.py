"""What the tables of work that people ask for have in common: `evaluation_job` and `label_import_job`."""

from __future__ import annotations

from typing import Any, Generic, TypeVar

from pydantic import BaseModel

from argus.answers.base import Error
from argus.db import connect
from argus.db.statements import execute, fetch, fetch_number, fetch_numbers, fetch_one

LISTED = 20  # of a project, the last ones
Row = TypeVar("Row")
Model = TypeVar("Model", bound=BaseModel)


class Rows(Generic[Row]):
    """The rows of a table with `id`, `project_id`, `state`, `error`, `due_at` and `finished_at`.

    Args:
        row: what a row becomes; its fields are named as the columns.
        columns: those that are read, as SQL.
        unfinished: the condition of rows on which there is work, as SQL; 'cancelled' rows are among them where
            something is left to be done for them.
    """

    def __init__(self, table: str, row: type[Row], columns: str, unfinished: str) -> None:
        self._table, self._row, self._unfinished = table, row, unfinished
        self._select = f"SELECT {columns} FROM {table}"

    def find(self, job_id: int) -> Row | None:
        return fetch_one(self._row, f"{self._select} WHERE id = %s", (job_id,))

    def listing(self, project_id: int) -> list[Row]:
        """Return the last of a project, newest first."""
        return self.where("project_id = %s ORDER BY id DESC LIMIT %s", project_id, LISTED)

    def where(self, condition: str, *parameters: Any) -> list[Row]:
        """Return the rows that meet a condition, as SQL."""
        return fetch(self._row, f"{self._select} WHERE {condition}", parameters)

    def count(self, project_id: int, more: str = "false") -> int:
        """Return how many of a project are unfinished, or meet another condition, as SQL."""
        return fetch_number(f"SELECT count(*) FROM {self._table} WHERE project_id = %s AND ({more} OR "
                            f"{self._unfinished})", (project_id,))

    def due(self) -> list[int]:
        """Return those on which there is work, oldest first."""
        return fetch_numbers(f"SELECT id FROM {self._table} WHERE {self._unfinished} AND due_at <= now() "
                             "ORDER BY due_at, id")

    def begin(self, job_id: int, more: str = "") -> Row | None:
        """Note another attempt and return the row; None when there is nothing to do any more.

        Args:
            more: further columns that are set, as SQL.
        """
        begun = execute(f"UPDATE {self._table} SET attempts = attempts + 1{more}, state = CASE WHEN state = 'queued' "
                        f"THEN 'running' ELSE state END WHERE id = %s AND {self._unfinished}", (job_id,))
        return self.find(job_id) if begun else None

    def kept(self, job_id: int, column: str, kind: type[Model]) -> Model | None:
        """Return what a column of JSON holds; None while it holds nothing, or without the row."""
        with connect(single=True) as connection:
            row = connection.execute(f"SELECT {column} AS kept FROM {self._table} WHERE id = %s", (job_id,)).fetchone()
        return kind.model_validate(row["kept"]) if row and row["kept"] else None

    def fail(self, job_id: int, error: Error) -> None:
        execute(f"UPDATE {self._table} SET state = 'failed', error = %s, finished_at = now() WHERE id = %s "
                f"AND {self._unfinished} AND state <> 'cancelled'", (error.model_dump_json(), job_id))

    def put_off(self, job_id: int, seconds: float, error: Error) -> None:
        """Let what failed for now wait."""
        execute(f"UPDATE {self._table} SET state = CASE WHEN state = 'running' THEN 'queued' ELSE state END, "
                f"error = %s, due_at = now() + make_interval(secs => %s) WHERE id = %s AND {self._unfinished}",
                (error.model_dump_json(), seconds, job_id))

    def forget(self, job_id: int) -> None:
        execute(f"DELETE FROM {self._table} WHERE id = %s", (job_id,))

    def forget_old(self, days: float) -> int:
        """Delete the rows of those that ended long ago; return how many."""
        return execute(f"DELETE FROM {self._table} WHERE finished_at < now() - make_interval(secs => %s)",
                       (days * 86_400,))
