"""PostgreSQL: one pool a process, migrated before its first use."""

from argus.db.migrate import migrate, migrations
from argus.db.pool import Row, alone, connect, get_pool, held, open_pool, try_lock

__all__ = ["Row", "alone", "connect", "get_pool", "held", "migrate", "migrations", "open_pool", "try_lock"]
