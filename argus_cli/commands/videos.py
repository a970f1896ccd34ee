"""`argus videos`: the videos that a project's frames come from."""

from __future__ import annotations

import click

from argus_cli.output import ids_option, json_option, print_ids, print_json, print_table, project_option
from argus_cli.output_hits import clock


@click.command()
@project_option
@ids_option
@json_option
def videos(project_id: int, ids_only: bool, as_json: bool) -> None:
    """List the videos that a project's frames come from."""
    from label_studio_config import projects
    from search_service.sync.videos import list_videos

    projects.require(project_id)
    found = list_videos(project_id)
    if ids_only:
        return print_ids(v.filter for v in found)
    if as_json:
        print_json({"videos": found})
        return
    print_table(["video", "frames", "last frame at", "id"],
                [(v.name, v.frames, clock(v.seconds), v.video_id or "") for v in found])
