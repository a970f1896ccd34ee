"""PostgreSQL: one pool a process, migrated before its first use."""

from argus.db.migrate import migrate, migrations
from argus.db.pool import Connection, Row, alone, connect, get_pool, held, open_pool, try_lock

__all__ = ["Connection", "Row", "alone", "connect", "get_pool", "held", "migrate", "migrations", "open_pool",
           "try_lock"]
