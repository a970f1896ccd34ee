"""`argus backup` and `argus restore`: everything that cannot be made again, in one file."""

from __future__ import annotations

from pathlib import Path

import click

from argus.settings import get_settings
from argus_cli.output import json_option, print_json, say


@click.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@json_option
def backup(file: Path, as_json: bool) -> None:
    """Save the databases and the embedded Label Studio's uploads and token to FILE (a tar).

    Works while Argus runs. Keep the file private: it contains the access token. If you run your own Label Studio or
    PostgreSQL, it contains Argus's database only; back up the rest with its own tools.
    """
    from argus_cli.stack.backup import backup as write

    manifest = write(get_settings(), file, lambda line: None if as_json else say(line))
    if as_json:
        print_json(manifest | {"file": str(file), "bytes": file.stat().st_size})
    else:
        say(f"Wrote {file}, {file.stat().st_size / 2**20:.1f} MiB. Put it back with: argus restore {file} --replace")
