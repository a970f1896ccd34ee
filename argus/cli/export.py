"""`argus export`: write annotations as COCO or YOLO."""

from __future__ import annotations

from pathlib import Path
from typing import cast

import click

from argus.cli.output import json_option, plural, print_json, project_option, say


@click.command()
@project_option
@click.option("--format", "-f", "format_", required=True, metavar="coco|yolo", help="Format to write.")
@click.option("--out", "-o", required=True, type=click.Path(path_type=Path), help="Folder to make.")
@click.option("--masks", is_flag=True, help="YOLO: outlines instead of boxes. COCO always has both.")
@click.option("--splits", metavar="SHARES", help="Divide the images, for example train=0.8,val=0.2. The frames of one "
                                                "video stay together.")
@click.option("--from", "source", type=click.Choice(["annotations", "predictions"]), default="annotations",
              show_default=True, help="What people accepted or drew, or what the model predicted.")
@click.option("--no-images", is_flag=True, help="Write no image files.")
@click.option("--overwrite", is_flag=True, help="Replace a folder that is not empty.")
@json_option
def export(project_id: int, format_: str, out: Path, masks: bool, splits: str | None, source: str, no_images: bool,
           overwrite: bool, as_json: bool) -> None:
    """Write a project's annotations and images as COCO or YOLO.

    The box and the mask of one object become one object. The folder appears only when it is complete.

    \b
        argus export --project 7 --format coco -o dataset
        argus export --project 7 --format yolo -o dataset --masks --splits train=0.8,val=0.2
    """
    from argus.export import export_project, parse_splits
    from argus.export.source import Source

    report = export_project(project_id, format_, out, with_images=not no_images, masks=masks,
                            splits=parse_splits(splits) if splits else None, source=cast(Source, source),
                            overwrite=overwrite)
    if as_json:
        print_json(report)
        return
    say(f"{report['folder']}: {plural(report['images'], 'image')}, {plural(report['objects'], 'object')}, "
        f"{report['categories']} categories")
    for split, count in report["splits"].items():
        say(f"  {split}: {plural(count, 'image')}")
    for entry in report["skipped"]:
        say(f"  left out {entry['count']}: {entry['reason']} (task {', '.join(map(str, entry['tasks'][:5]))})")
