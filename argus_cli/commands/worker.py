"""`argus worker`: one worker in the foreground."""

from __future__ import annotations

import logging
from collections.abc import Callable

import click

from argus import queue_names
from argus.errors import ArgusError
from argus.jobs import worker_failures
from argus.jobs.worker import run

log = logging.getLogger(__name__)


def preparation(role: str) -> Callable[[], None]:
    """Return what loads what the jobs of `role` need. Imported late: only the model workers load torch."""
    if role == "siglip":
        from search_service.embedding.loaded import prepare
    elif role == "sam3":
        from ml_backend.sam3_worker.engine import prepare
    elif role == "export":
        from search_service.export.jobs import tidy as prepare
    else:
        from search_service.periodic import prepare
    return prepare


@click.command()
@click.argument("role", type=click.Choice(sorted(queue_names.ROLES)))
@click.pass_context
def worker(context: click.Context, role: str) -> None:
    """Run one worker until Ctrl-C.

    siglip embeds images and texts, sam3 detects objects (both load a model), default syncs projects, delivers
    predictions and requeues the jobs of dead workers, export writes the exports requested on the page. Run one of
    each, and more of the first two if there are GPUs.
    """
    try:
        run(role, preparation(role))
    except ArgusError as error:  # into the log, as everything else that a worker says
        log.error(error.message, extra={"code": error.code, "hint": error.hint})
        worker_failures.record(role, error)
        context.exit(error.kind.exit_code)
