"""PostgreSQL: one pool a process, migrated before its first use."""

from argus.db.migrate import migrate, migrations
from argus.db.pool import (
    Connection,
    Row,
    alone,
    check_writable,
    connect,
    get_pool,
    held,
    only_if_writable,
    open_pool,
    refuse_when_read_only,
    together,
    try_lock,
)

__all__ = ["Connection", "Row", "alone", "check_writable", "connect", "get_pool", "held", "migrate", "migrations",
           "only_if_writable", "open_pool", "refuse_when_read_only", "together", "try_lock"]
