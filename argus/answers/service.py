"""The service itself: whether it answers, who asks, and who changed what."""

from __future__ import annotations

from argus.answers.base import Answer, Moment


class SearchMemory(Answer):
    """The filters that searches use in memory."""

    budget_mb: int
    """0: PostgreSQL ranks alone."""
    used_mb: float
    projects: int
    loading: int
    problem: str
    """Why there is none: off, not_installed or failed_check."""


class Health(Answer):
    """Which service answers, and which server takes no writes: `postgresql` or `redis` with the error's code."""

    status: str
    service: str
    version: str
    refused: dict[str, str]
    search_memory: SearchMemory | None = None
    """Of the search service."""


class Alive(Answer):
    """That a process answers."""

    status: str


class Ready(Answer):
    """Whether a request could be served now, and what is missing when not."""

    status: str
    missing: list[str]
    refused: dict[str, str]


class Queued(Answer):
    """Whether a hint made a job."""

    queued: bool


class Me(Answer):
    """Who a request acts as; all None but `admin`: the service."""

    id: int | None
    email: str | None
    name: str | None
    admin: bool
    """Whether everything may be done in every project that is seen."""


class Person(Answer):
    """Who a token belongs to."""

    id: int
    email: str
    name: str


class AuditEntry(Answer):
    """One change, or an attempt at one."""

    id: int
    at: Moment
    who: str
    """E-mail of the token's owner; `service`: the shared token; empty: nobody known."""
    verified: bool
    """Label Studio knew the token as this person's."""
    address: str
    """Of the caller; `local <user>` for the command line."""
    action: str
    project: int | None
    object: str
    outcome: str
    """`done`, or the code of the error."""


class Audit(Answer):
    """Who changed what, newest first."""

    entries: list[AuditEntry]
    next: int | None
    """`before` of the next page."""
