"""`argus audit`: who changed what."""

from __future__ import annotations

from datetime import datetime

import click

from argus import audit as store
from argus_cli import projects
from argus_cli.output import json_option, print_json, print_table, say

_TIMES = ("%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M:%S%z")


@click.command()
@click.option("--project", "-p", "project_id", type=projects.Project(), metavar="PROJECT", help="Only changes of this "
              "project.")
@click.option("--since", type=click.DateTime(_TIMES), metavar="TIME", help="Only newer rows, for example 2026-11-28 "
              "or 2026-11-28T09:00; in this machine's time zone unless it names one.")
@click.option("--who", metavar="E-MAIL", help="Only by this person; `service` for the shared token.")
@click.option("--limit", type=click.IntRange(1, 10_000), default=50, show_default=True, help="Rows to show.")
@click.option("--before", type=click.IntRange(min=1), metavar="ID", help="Continue after the previous page.")
@json_option
def audit(project_id: int | None, since: datetime | None, who: str | None, limit: int, before: int | None,
          as_json: bool) -> None:
    """Show who changed what, newest first, refused attempts included.

    A name is that of a token's owner. "not verified" means that anybody who holds the shared token may have done it.
    """
    found = store.listing(project=project_id, since=since.astimezone() if since else None, who=who, limit=limit,
                          before=before)
    if as_json:
        print_json(found)
        return
    print_table(["row", "when", "who", "verified", "address", "action", "project", "object", "outcome"],
                [[one.id, _local(one.at), one.who, "yes" if one.verified else "no", one.address,
                  one.action, one.project, one.object, one.outcome] for one in found.entries])
    if found.next:
        say(f"More: --before {found.next}")


def _local(at: datetime) -> str:
    return at.astimezone().strftime("%Y-%m-%d %H:%M:%S")
