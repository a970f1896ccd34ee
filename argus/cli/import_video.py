"""`argus import-video`: videos become frames, frames become tasks."""

from __future__ import annotations

import sys
from dataclasses import asdict
from functools import partial
from pathlib import Path

import click
from rich.progress import BarColumn, Progress, TaskID, TaskProgressColumn, TextColumn, TimeRemainingColumn

from argus.cli.output import console, json_option, print_json, print_table, project_option, say


@click.command("import-video")
@click.argument("files", nargs=-1, required=True, metavar="FILE...", type=click.Path(path_type=Path))
@project_option
@click.option("--fps", default="1", show_default=True, metavar="RATE",
              help="Frames per second of video: a number or a fraction such as 1/5.")
@json_option
def import_video(files: tuple[Path, ...], project_id: int, fps: str, as_json: bool) -> None:
    """Cut videos into frames and import them as tasks that know their video, time and frame number.

    Frames that are tasks already are left alone, so an interrupted import goes on and a second one adds nothing.
    """
    from search_service.frames import import_video as run

    reports = []
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console(), disable=as_json or not sys.stdout.isatty(), transient=True) as bar:
        for path in files:
            line = bar.add_task(path.name, total=1.0)
            reports.append(run(path, project_id, fps, progress=partial(_show, bar, line)))
    if as_json:
        print_json({"project": project_id, "videos": [asdict(report) for report in reports]})
        return
    print_table(["video", "frames", "imported", "there already", "seconds"],
                [[r.video, r.frames, r.imported, r.skipped, r.seconds] for r in reports])
    for report in reports:
        for loss in report.lost:
            say(f"{report.video}: {loss}")


def _show(bar: Progress, line: TaskID, share: float) -> None:
    bar.update(line, completed=share)
