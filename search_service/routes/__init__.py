"""The REST API and the page, a module per topic. Each only reads the request, calls a service and writes the answer."""

from __future__ import annotations

from flask import Blueprint

API = "/api/v1"


def blueprints() -> list[Blueprint]:
    """Return every blueprint of the service."""
    from search_service.routes import hooks, page, projects, review, runs, saved, search

    return [module.blueprint for module in (projects, search, saved, runs, review, hooks, page)]
