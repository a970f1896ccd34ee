"""`argus worker`: one worker in the foreground, for machines that run workers alone."""

from __future__ import annotations

import click

from argus import queues


@click.command()
@click.argument("role", type=click.Choice(sorted(queues.ROLES)))
def worker(role: str) -> None:
    """Run one worker until Ctrl-C.

    siglip embeds images and texts, sam3 detects objects (both load a model), default syncs projects, delivers
    predictions and gives back the jobs of dead workers, export writes what is exported on the page; run one of each,
    and more of the first two if there are GPUs.
    """
    from argus.worker import run

    run(role)
