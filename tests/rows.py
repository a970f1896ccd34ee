"""Projects of rows only: Label Studio knows nothing of them."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import contextmanager

from argus.db import connect

numbers = itertools.count(910_001)  # no project of Label Studio comes near them


@contextmanager
def project_of_rows() -> Iterator[int]:
    """Make a project and yield its number; its rows go with it at the end."""
    number = next(numbers)
    with connect() as connection:
        connection.execute("INSERT INTO project (id) VALUES (%s)", (number,))
    yield number
    with connect() as connection:
        connection.execute("DELETE FROM project WHERE id = %s", (number,))
