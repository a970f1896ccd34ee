"""How routes read requests."""

from __future__ import annotations

from typing import TypeVar

from flask import request

from search_service.api.schemas import search as schemas
from search_service.search import fields

T = TypeVar("T", bound=fields.Request)
API = "/api/v1"


def body(model: type[T]) -> T:
    """Return the JSON body of the current request as `model`. Raises `bad_request`."""
    return schemas.read_json(model, request.get_data(), request.content_type or "")
