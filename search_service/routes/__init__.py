"""The REST API and the page, a module per topic. Each only reads the request, calls a service and writes the answer."""

from __future__ import annotations

from typing import TypeVar

from flask import Blueprint, request

from search_service import requests

T = TypeVar("T", bound=requests.Request)
API = "/api/v1"


def body(model: type[T]) -> T:
    """Return the JSON body of the current request as `model`. Raises `bad_request`."""
    return requests.read_json(model, request.get_data(), request.content_type or "")


def blueprints() -> list[Blueprint]:
    """Return every blueprint of the service."""
    from search_service.routes import audit, exports, hooks, page, projects, review, runs, saved, search, setup, tasks

    return [module.blueprint
            for module in (projects, search, saved, tasks, runs, review, exports, setup, audit, hooks, page)]
