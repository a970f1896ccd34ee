"""One statement and its typed answer, on a connection of `connect`: what the store modules are written in.

A statement that stands alone is a transaction of its own; several are one inside of `together`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeVar

from psycopg.rows import class_row
from psycopg.sql import SQL, Composed

from argus.db.pool import connect

T = TypeVar("T")
Parameters = Sequence[Any] | Mapping[str, Any]
Statement = str | SQL | Composed


def fetch(kind: type[T], statement: Statement, parameters: Parameters = ()) -> list[T]:
    """Return the rows of a query, each as `kind`, whose fields are named as the columns."""
    with connect(single=True) as connection, connection.cursor(row_factory=class_row(kind)) as cursor:
        return cursor.execute(statement, parameters).fetchall()


def fetch_one(kind: type[T], statement: Statement, parameters: Parameters = ()) -> T | None:
    """Return the first row of a query as `kind`, None when there is none."""
    with connect(single=True) as connection, connection.cursor(row_factory=class_row(kind)) as cursor:
        return cursor.execute(statement, parameters).fetchone()


def fetch_number(statement: Statement, parameters: Parameters = ()) -> int:
    """Return the one whole number that a query answers with, 0 when it answers with no row."""
    with connect(single=True) as connection:
        row = connection.execute(statement, parameters).fetchone()
    return int(next(iter(row.values()))) if row else 0


def fetch_numbers(statement: Statement, parameters: Parameters = ()) -> list[int]:
    """Return the whole numbers in the one column of a query, for example ids."""
    with connect(single=True) as connection:
        return [int(next(iter(row.values()))) for row in connection.execute(statement, parameters)]


def execute(statement: Statement, parameters: Parameters = ()) -> int:
    """Run a statement that answers nothing; return how many rows it changed."""
    with connect(single=True) as connection:
        return connection.execute(statement, parameters).rowcount


def execute_many(statement: Statement, parameters: Iterable[Parameters]) -> None:
    """Run a statement once for each set of parameters, in one transaction."""
    with connect() as connection, connection.cursor() as cursor:
        cursor.executemany(statement, parameters)

