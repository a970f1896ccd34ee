"""Which embedding model searches use, for the time of a test."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from argus.db import connect


@contextlib.contextmanager
def kept_roles(current: int | None = None) -> Iterator[None]:
    """Give the role of the current model to `current` (None: to no model), and put back at the end what was before."""
    with connect() as connection:
        before = connection.execute("SELECT id, role FROM embedding_model WHERE role IS NOT NULL").fetchall()
        connection.execute("UPDATE embedding_model SET role = NULL")
        connection.execute("UPDATE embedding_model SET role = 'current' WHERE id = %s", (current,))
    try:
        yield
    finally:
        with connect() as connection:
            connection.execute("UPDATE embedding_model SET role = NULL")
            for model in before:
                connection.execute("UPDATE embedding_model SET role = %s WHERE id = %s", (model["role"], model["id"]))
