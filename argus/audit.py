"""Who changed what: who acts in this thread, and one row of the table `audit` for every change or attempt.

The command line and the REST API say who acts (`acting`) and what is being done (`recorded`, or `begin` and `write`);
services name the thing that they made (`about`). Names come from tokens only. PostgreSQL refuses to change or remove
rows (migration 25); old ones go through `forget_old`.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import asdict, dataclass
from datetime import datetime

from argus.answers.service import Audit, AuditEntry
from argus.db import connect
from argus.errors import ArgusError

log = logging.getLogger(__name__)
SERVICE = "service"  # who acts with nothing but the shared token, or where none is asked for
# What changes nothing in the database but this table: a read-only one does not keep from it.
WITHOUT_ROWS = frozenset({"export.start", "export.download", "export.delete"})
_LONGEST = 300


@dataclass(frozen=True)
class Actor:
    """Who acts.

    Args:
        name: e-mail of the token's owner, `SERVICE`, or "" when nobody is known.
        person: their id in Label Studio, which knew their token; None: not verified.
        address: where from: an IP address, or "local <user>" on the command line.
    """

    name: str = ""
    person: int | None = None
    address: str = ""

    @property
    def verified(self) -> bool:
        return self.person is not None

    @property
    def verified_name(self) -> str:
        """The name as a record of who did something keeps it; empty when anybody may be behind it."""
        return self.name if self.verified else ""


@dataclass
class Entry:
    """A row in the making. `outcome` is "done" or the code of an error."""

    action: str
    project: int | None = None
    object: str = ""
    outcome: str = "done"


_actor: ContextVar[Actor] = ContextVar("argus-actor", default=Actor())  # noqa: B039  (frozen)
_entry: ContextVar[Entry | None] = ContextVar("argus-audit-entry", default=None)


def actor() -> Actor:
    """Return who acts in this thread; by itself nobody who is known."""
    return _actor.get()


def begin(who: Actor, entry: Entry | None = None) -> None:
    """Let `who` act in this thread from now on: a web server's thread serves one request after another."""
    _actor.set(who)
    _entry.set(entry)


def act_as(name: str, person: int | None) -> None:
    """Let the owner of a token, or `SERVICE`, act from now on, from the same address."""
    _actor.set(Actor(name, person, actor().address))


def about(object: str = "", *, project: int | None = None) -> None:
    """Name what is being changed, in the row that is in the making, if there is one."""
    if entry := _entry.get():
        entry.object = object or entry.object
        entry.project = project if project is not None else entry.project


def nothing_changes() -> None:
    """Write no row after all: it was a question."""
    _entry.set(None)


def current() -> Entry | None:
    """Return the row in the making."""
    return _entry.get()


def write(entry: Entry, who: Actor | None = None) -> None:
    """Add a row. A database that refuses it is logged with the row: what was done is done."""
    who = who or actor()
    row = {"who": who.name, "verified": who.verified, "address": who.address, **asdict(entry)}
    row = {name: value[:_LONGEST].replace("\0", "") if isinstance(value, str) else value for name, value in row.items()}
    try:
        if entry.outcome in ("database_unreachable", "database_read_only"):
            raise ArgusError(entry.outcome, "The change itself did not reach PostgreSQL.")
        with connect() as connection:
            connection.execute(
                "INSERT INTO audit (who, verified, address, action, project_id, object, outcome) VALUES (%(who)s, "
                "%(verified)s, %(address)s, %(action)s, %(project)s, %(object)s, %(outcome)s)", row)
    except ArgusError as error:
        log.error("a row of the audit table was lost", extra={"code": error.code, "row": row})


@contextmanager
def recorded(who: Actor, action: str, project: int | None = None, object: str = "") -> Iterator[None]:
    """Write a row at the end of the block, whatever ends it."""
    begin(who, Entry(action, project, object))
    outcome = "interrupted"
    try:
        yield
        outcome = "done"
    except ArgusError as error:
        outcome = error.code
        raise
    except Exception:
        outcome = "internal"
        raise
    finally:
        if entry := current():
            entry.outcome = outcome
            write(entry)
        begin(Actor())


def listing(*, project: int | None = None, since: datetime | None = None, who: str | None = None, limit: int = 50,
            before: int | None = None) -> Audit:
    """Return rows, newest first.

    Args:
        project, since, who: only rows of this project, not older than this, of this name.
        before: only rows older than the one of this id: `next` of the page before.
    """
    asked = {"project": project, "since": since, "who": who, "before": before, "limit": limit + 1}
    with connect() as connection:
        rows = connection.execute(
            "SELECT id, at, who, verified, address, action, project_id AS project, object, outcome FROM audit "
            "WHERE (%(project)s::bigint IS NULL OR project_id = %(project)s) "
            "AND (%(since)s::timestamptz IS NULL OR at >= %(since)s) "
            "AND (%(who)s::text IS NULL OR who = %(who)s) AND (%(before)s::bigint IS NULL OR id < %(before)s) "
            "ORDER BY id DESC LIMIT %(limit)s", asked).fetchall()
    return Audit(entries=[AuditEntry(**row) for row in rows[:limit]],
                 next=rows[limit - 1]["id"] if len(rows) > limit else None)


def forget_old(days: int) -> int:
    """Remove rows older than `days`, at least 30; 0 keeps them all. Return how many were removed."""
    if not days:
        return 0
    with connect() as connection:
        row = connection.execute("SELECT audit_forget(%s) AS removed", (days,)).fetchone()
    return int(row["removed"]) if row else 0
