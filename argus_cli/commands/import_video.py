"""`argus import-video`: videos become frames, frames become tasks."""

from __future__ import annotations

import sys
from dataclasses import asdict
from functools import partial
from pathlib import Path

import click
from rich.progress import BarColumn, Progress, TaskID, TaskProgressColumn, TextColumn, TimeRemainingColumn

from argus.errors import ArgusError
from argus_cli.output import console, json_option, plural, print_json, print_table, project_option, say
from argus_cli.recorded import recorded


@click.command("import-video")
@click.argument("paths", nargs=-1, metavar="FILE|FOLDER...", type=click.Path(path_type=Path))
@project_option
@click.option("--fps", default="1", show_default=True, metavar="RATE",
              help="Frames per second of video: a number or a fraction such as 1/5.")
@click.option("--scene", default=0.0, metavar="THRESHOLD",
              help="Of these frames, take only those that differ from the last one taken by at least this much, from "
                   "0 to 1; try 0.1.")
@click.option("--from-label-studio", "uploaded", is_flag=True,
              help="Instead of files, take the videos that were uploaded in Label Studio, each of which made one task. "
                   "The default worker cuts them; call this again to see how far they are.")
@json_option
@recorded("video.import")
def import_video(paths: tuple[Path, ...], project_id: int, fps: str, scene: float, uploaded: bool,
                 as_json: bool) -> None:
    """Import frames of videos as tasks that record their video, time and frame number.

    Takes any video that FFmpeg reads, and folders of them. Frames that are tasks already are skipped, so an
    interrupted import continues and a repeated one adds nothing. A video that cannot be read does not stop the
    others.

    \b
        argus import-video line-a.mp4 --project 1
        argus import-video recordings/ --project 1 --fps 5 --scene 0.1
        argus import-video --from-label-studio --project 1 --fps 2
    """
    if uploaded == bool(paths):
        raise click.UsageError("Give files or folders, or --from-label-studio.")
    if uploaded:
        _cut_uploaded(project_id, fps, scene, as_json)
    else:
        _import_files(paths, project_id, fps, scene, as_json)


def _cut_uploaded(project_id: int, fps: str, scene: float, as_json: bool) -> None:
    from search_service.sync.tasks import sync_project
    from search_service.uploads import metadata, task_videos
    from search_service.uploads.service import Owner

    sync_project(project_id)
    cutting = metadata.FileInfo(name="", fps=metadata.checked_rate(fps), scene=scene)
    begun = task_videos.cut(Owner(project_id, None), cutting).files
    found = task_videos.listing(project_id).files
    if as_json:
        print_json({"project": project_id, "begun": [one.task for one in begun], "files": found})
        return
    if not found:
        say(f"Project {project_id} has no task of a video.")
        return
    print_table(["task", "video", "state", "frames imported", "what happened"],
                [[one.task, one.name, one.state, one.imported, one.error.message if one.error else ""]
                 for one in found])
    if begun:
        say(f"{plural(len(begun), 'video')} to cut: the default worker does it.")


def _import_files(paths: tuple[Path, ...], project_id: int, fps: str, scene: float, as_json: bool) -> None:
    from argus.labelstudio import get_label_studio
    from search_service.frames.video_import import find_videos, imported_frames
    from search_service.frames.video_import import import_video as run

    videos, ls = find_videos(paths), get_label_studio()
    ls.project(project_id)
    known = imported_frames(ls, project_id)
    reports, failures = [], []
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console(), disable=as_json or not sys.stdout.isatty(), transient=True) as bar:
        for path in videos:
            line = bar.add_task(path.name, total=1.0)
            try:
                reports.append(run(path, project_id, fps, scene=scene, known=known, ls=ls,
                                   progress=partial(_show, bar, line)))
            except ArgusError as error:
                if error.code not in ("bad_video", "conflict") or len(videos) == 1:
                    raise
                failures.append((path, error))
    if as_json:
        print_json({"project": project_id, "videos": [asdict(report) for report in reports],
                    "failed": [{"file": str(path), **failure.to_json()} for path, failure in failures]})
    else:
        print_table(["video", "frames", "imported", "there already", "unreadable", "seconds"],
                    [[r.video, r.frames, r.imported, r.skipped, r.left_out, r.seconds] for r in reports])
        for report in reports:
            for loss in report.lost:
                say(f"{report.video}: {loss}")
        for path, failure in failures:
            say(f"{path}: {failure.message}" + (f" {failure.hint}" if failure.hint else ""))
    if failures and not reports:
        raise ArgusError("bad_video", "None of the videos could be imported.")


def _show(bar: Progress, line: TaskID, share: float) -> None:
    bar.update(line, completed=share)
