"""`argus down`: stop the embedded stack that runs in this home."""

from __future__ import annotations

import os
import signal
import time

import click

from argus.errors import ArgusError
from argus.settings import get_settings
from argus_cli.output import say


@click.command()
@click.option("--timeout", type=click.FloatRange(min=1), default=120.0, show_default=True,
              help="Seconds to wait for it to stop.")
def down(timeout: float) -> None:
    """Stop the embedded stack that `argus up` or `argus demo` started in ARGUS_HOME, as Ctrl-C would.

    Workers finish their current chunk; nothing is lost. To stop containers, use docker compose down.
    """
    from argus_cli.stack.stack import owner

    home = get_settings().home
    pid = owner(home)
    if pid is None:
        say(f"Nothing is running in {home}.")
        return
    os.kill(pid, signal.SIGTERM)
    end = time.monotonic() + timeout
    while owner(home) is not None:
        if time.monotonic() > end:
            raise ArgusError("timeout", f"Process {pid} has not ended after {timeout:g} s.",
                             f"Its logs are in {home / 'logs'}; ask again with a longer --timeout.")
        time.sleep(0.2)
    say("Stopped.")
