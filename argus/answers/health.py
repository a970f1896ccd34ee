"""How the parts are."""

from __future__ import annotations

from typing import Literal

from argus.answers.base import Answer, Moment


class SearchModel(Answer):
    """The checkpoint that searches use."""

    name: str
    dim: int
    """Numbers of a vector."""


class Worker(Answer):
    """A worker that is alive."""

    role: str
    name: str
    host: str
    state: str
    job: str | None
    since: Moment | None
    done: int
    failed: int


class Queue(Answer):
    """A queue of jobs."""

    name: str
    waiting: int
    failed: int
    last_job: Moment | None
    """When a job of it last ended, well or not; None: none did since the queue server has its data."""


class ProjectState(Answer):
    """How far a project's images are; counts are tasks."""

    id: int
    title: str
    connected: bool
    missing_since: Moment | None
    """Since when Label Studio has no such project any more."""
    seen: int
    fetched: int
    embedded: int
    waiting: int
    failed: int
    videos: int
    """Tasks whose file is a video; they are not among those seen."""
    noted: int
    """With values in their data that could not be taken over."""
    oldest_waiting_seconds: int | None
    warnings: list[str]
    """What will not be as the labelling config asks."""


class Failure(Answer):
    """What failed, and where."""

    what: Literal["image", "run", "task"]
    project: int
    task: int | None
    run: int | None
    code: str
    message: str
    hint: str
    at: Moment | None


class Refusal(Answer):
    """Why a server that answers takes no writes."""

    code: str
    message: str
    hint: str


class Status(Answer):
    """What runs and what waits."""

    version: str
    refusals: list[Refusal]
    """Of servers that answer and take no writes."""
    search_model: SearchModel | None
    workers: list[Worker]
    roles: dict[str, int]
    """Workers alive by role."""
    queues: list[Queue]
    projects: list[ProjectState]
    errors: list[Failure]
    """Newest first."""


class Finding(Answer):
    """One connection: what was tried, how it stands, what was seen, and what to do about a problem."""

    name: str
    state: Literal["ok", "problem", "unknown"]
    detail: str
    fix: str


class Findings(Answer):
    """Every finding of the doctor."""

    findings: list[Finding]
    problems: int
