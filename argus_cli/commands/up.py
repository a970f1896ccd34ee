"""`argus up`: the embedded stack in the foreground."""

from __future__ import annotations

from collections.abc import Sequence

import click
from rich.console import Console
from rich.table import Table

from argus.settings import Settings, get_settings
from argus_cli.stack import SERVICES, Stack

console = Console(highlight=False)


@click.command()
@click.option("--no-label-studio", is_flag=True,
              help="Use the Label Studio at ARGUS_LABEL_STUDIO_URL instead of starting one.")
@click.option("--only", metavar="NAME", multiple=True, type=click.Choice(SERVICES),
              help="Start only this service; repeatable.")
def up(no_label_studio: bool, only: Sequence[str]) -> None:
    """Start the embedded stack and keep it running until Ctrl-C.

    PostgreSQL with pgvector, Valkey, Label Studio, the ML backend, the search service and four workers, as child
    processes of this one; data and logs under ARGUS_HOME. Servers named by ARGUS_DATABASE_URL and ARGUS_REDIS_URL
    replace the embedded ones. --only takes: postgres, valkey, label-studio, ml-backend,
    search-service, siglip-worker, sam3-worker, worker.
    """
    settings = get_settings()
    stack = Stack(settings, only or None, progress=_say, embedded_label_studio=not no_label_studio)
    try:
        with stack:
            console.print(overview(stack.settings, stack.alive()))
            console.print("Running until Ctrl-C.")
            stack.wait()
    except KeyboardInterrupt:
        console.print("Stopped.")


def overview(settings: Settings, running: dict[str, bool]) -> Table:
    """Return the table a person needs first: where things are and how to log in."""
    table = Table(show_header=False)
    rows = {
        "label-studio": ("Label Studio", settings.public_label_studio_url),
        "search-service": ("Search page and REST API", settings.search_service_url),
        "ml-backend": ("ML backend", settings.ml_backend_url),
    }
    for name, (title, url) in rows.items():
        if name in running:
            table.add_row(title, url)
    if "label-studio" in running:
        table.add_row("Login", f"{settings.label_studio_user} / {settings.label_studio_password.get_secret_value()}")
        table.add_row("Access token", str(settings.token_path))
    table.add_row("Logs", str(settings.home / "logs"))
    return table


def _say(line: str) -> None:
    console.print(line, markup=False)
