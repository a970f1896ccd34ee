"""What is said of an operation of the REST API."""

from __future__ import annotations

from dataclasses import dataclass

from pydantic import BaseModel

from argus.answers.base import Answer


@dataclass(frozen=True)
class Endpoint:
    """One operation: what it takes and what it answers."""

    method: str
    path: str
    summary: str
    query: type[BaseModel] | None = None
    body: type[BaseModel] | None = None
    answer: type[Answer] | None = None  # None: not JSON
    status: int = 200
    media: str = "application/json"  # empty: the answer has no body
    takes: str = ""  # media type of a body that is not JSON
