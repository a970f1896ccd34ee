"""`argus restore`: the state of a backup in the place of today's."""

from __future__ import annotations

from pathlib import Path

import click

from argus.errors import ArgusError
from argus.settings import get_settings
from argus_cli.output import say


@click.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--replace", is_flag=True, help="Confirm that the current state is lost.")
def restore(file: Path, replace: bool) -> None:
    """Replace the current state with that of the backup FILE. Argus must be stopped.

    The whole file is checked before anything is replaced. An older backup is migrated at the next start.
    """
    from argus_cli.stack.backup import restore as put_back

    if not replace:
        raise ArgusError("conflict", "A restore replaces all projects, annotations and searches that are there now.",
                         f"If that is what you want: argus restore {file} --replace")
    manifest = put_back(get_settings(), file, say)
    say(f"Restored the state of {manifest['made_at']}. Start it with: argus up")
