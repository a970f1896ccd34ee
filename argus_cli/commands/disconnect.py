"""`argus disconnect`: take Argus out of a Label Studio project."""

from __future__ import annotations

import click

from argus_cli import projects
from argus_cli.output import json_option, print_json, say
from argus_cli.recorded import recorded


@click.command()
@click.option("--project", "-p", "project_id", type=projects.Project(), metavar="PROJECT", required=True,
              help="The project's number or exact title.")
@json_option
@recorded("project.disconnect")
def disconnect(project_id: int, as_json: bool) -> None:
    """Remove from a project what Argus set up in Label Studio.

    That is the ML backend, the webhook, and the views and ranks made by Argus. Tasks, predictions and annotations stay.
    """
    from argus.labelstudio import get_label_studio
    from search_service.projects import disconnect as service

    removed = service.disconnect(get_label_studio(), project_id)
    if as_json:
        print_json({"removed": removed})
        return
    for thing in removed or ["nothing: it was not connected"]:
        say(f"removed: {thing}")
