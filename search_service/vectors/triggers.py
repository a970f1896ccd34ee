"""Triggers of a model's table. One is put on a table that is in use without holding up those who use it."""

from __future__ import annotations

from psycopg import sql

from argus.db import Connection
from search_service.vectors.approximate_index import Model

LOCK_WAIT = "200ms"  # nobody is held up for longer by a table that is to be changed
REPEATED, VERSIONS = "embedding_take_its_place", "embedding_version_missing"
_WHEN = {REPEATED: "AFTER DELETE ON {} FOR EACH ROW WHEN (OLD.digest IS NOT NULL AND NOT OLD.repeated)",
         VERSIONS: "AFTER INSERT ON {} FOR EACH STATEMENT"}


def is_there(connection: Connection, model: Model, name: str) -> bool:
    return connection.execute("SELECT FROM pg_trigger WHERE tgrelid = to_regclass(%s) AND tgname = %s",
                              (model.table.as_string(connection), name)).fetchone() is not None


def ensure(connection: Connection, model: Model, name: str) -> None:
    """Make a trigger where it is missing, in the caller's transaction. Raises psycopg's `LockNotAvailable` when others
    write to the table all the time."""
    if is_there(connection, model, name):
        return
    connection.execute(sql.SQL("SET LOCAL lock_timeout = {}").format(sql.Literal(LOCK_WAIT)))
    connection.execute(sql.SQL("CREATE TRIGGER {0} {1} EXECUTE FUNCTION {0}({2})").format(
        sql.Identifier(name), sql.SQL(_WHEN[name]).format(model.table), sql.Literal(str(model.id))))
    connection.execute("RESET lock_timeout")
