"""The REST API and the page, a module per topic. Each only reads the request, calls a service and writes the answer."""

from __future__ import annotations

from flask import Blueprint


def blueprints() -> list[Blueprint]:
    """Return every blueprint of the service."""
    from search_service.api.routes import (
        audit,
        check_first,
        editing,
        evaluation,
        exports,
        help,
        hooks,
        label_imports,
        page,
        projects,
        references,
        review,
        runs,
        saved,
        search,
        setup,
        tasks,
        teaching,
        trust,
        uploads,
        versions,
        wall,
    )

    return [module.blueprint
            for module in (projects, search, saved, tasks, runs, review, check_first, trust, teaching, references,
                           editing, wall, exports, versions, evaluation, label_imports, uploads, setup, audit, hooks,
                           page, help)]
