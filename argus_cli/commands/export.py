"""`argus export`: write annotations as COCO or YOLO."""

from __future__ import annotations

from pathlib import Path
from typing import cast

import click

from argus.answers.export import ExportPreview, LeakReport
from argus.audit import actor
from argus.errors import ArgusError
from argus_cli.output import json_option, plural, print_json, print_table, progress_bar, project_option, say
from argus_cli.recorded import recorded


@click.command()
@project_option
@click.option("--format", "-f", "format_", default="coco", show_default=True,
              metavar="coco|coco-polygons|yolo|yolo-seg|yolo-obb|voc|imagefolder|parquet|datumaro",
              help="Format to write.")
@click.option("--out", "-o", type=click.Path(path_type=Path), help="Folder to create.")
@click.option("--masks", is_flag=True, help="With -f yolo: outlines instead of boxes, as -f yolo-seg.")
@click.option("--splits", metavar="SHARES", help="Split the images, for example train=0.8,val=0.2. Frames that "
              "are near in time or look alike are never in two splits; later exports keep what was decided.")
@click.option("--from", "source", type=click.Choice(["annotations", "predictions", "both"]), default="annotations",
              show_default=True, help="What people accepted or drew, what the model predicted, or "
              "predictions only where there is no annotation.")
@click.option("--no-images", is_flag=True, help="Do not write image files.")
@click.option("--link-images", is_flag=True, help="Link to the image cache's files instead of copying them.")
@click.option("--no-leak-report", is_flag=True, help="Do not look how near the frames of other splits are to those of "
              "train.")
@click.option("--note", default="", metavar="TEXT", help="What is new in this version, for those who look at it later.")
@click.option("--licence", default="", metavar="NAME", help="Of images and labels, for the dataset's card, such as "
              "cc-by-4.0.")
@click.option("--overwrite", is_flag=True, help="Replace a folder that is not empty.")
@click.option("--preview", is_flag=True, help="Only show what would be exported.")
@json_option
@recorded(lambda options: "" if options["preview"] else "export.download")
def export(project_id: int, format_: str, out: Path | None, masks: bool, splits: str | None, source: str,
           no_images: bool, link_images: bool, no_leak_report: bool, note: str, licence: str, overwrite: bool,
           preview: bool, as_json: bool) -> None:
    """Export a project's annotations and images as COCO, YOLO, or another format.

    The box and the mask of one object are exported as one object. The folder appears only when it is complete.

    \b
        argus export --project 7 --preview
        argus export --project 7 --format coco -o dataset
        argus export --project 7 --format yolo-seg -o dataset --splits train=0.8,val=0.2
    """
    from search_service.export import count_images, export_project, parse_splits, preview_export
    from search_service.export.source import Source
    from search_service.export.versions.recording import Asked, recording

    shares = parse_splits(splits) if splits else None
    if preview:
        _show_preview(preview_export(project_id, source=cast(Source, source), splits=shares), as_json)
        return
    if out is None:
        raise ArgusError("bad_request", "No folder to write to was given.", "Name it with -o, or count with --preview.")
    total = 0 if as_json else count_images(project_id, cast(Source, source))
    asked = Asked(format_, cast(Source, source), masks, not no_images, shares or {}, note, actor().verified_name,
                  licence)
    with recording(project_id, asked) as version, progress_bar("exporting", shown=not as_json) as progress:
        report = export_project(project_id, format_, out, with_images=not no_images, link_images=link_images,
                                masks=masks, splits=shares, source=cast(Source, source), overwrite=overwrite,
                                progress=lambda done: progress(done, max(done, total)),
                                leak_report=not no_leak_report, version=version)
    if as_json:
        print_json(report)
        return
    say(f"{report.folder}: {plural(report.images, 'image')}, {plural(report.objects, 'object')}, "
        f"{report.categories} categories")
    for split, count in report.splits.items():
        say(f"  {split}: {plural(count, 'image')}")
    if report.boxes and (masks or format_ == "yolo-seg"):
        say(f"  {plural(report.boxes, 'object')} of which there is only a box: outlined by its corners. `argus connect "
            f"--project {project_id} --masks` gives predictions masks; accept again what should have them.")
    say(f"  version {report.version}" if report.version else "  no version: the database could not be written to")
    if report.leaks:
        say(f"  {leak_sentence(report.leaks)}")
    for entry in report.skipped:
        say(f"  left out {entry.count}: {entry.reason} (task {', '.join(map(str, entry.tasks[:5]))})")


def leak_sentence(found: LeakReport) -> str:
    """Return what the leak report says, in one sentence."""
    unseen = f"; {found.without_vector} without an embedding, compared by time alone" if found.without_vector else ""
    return (f"leaks: {found.leaking} of {plural(found.checked, 'frame')} outside train are nearer than {found.gap:g} s "
            f"to one of train or look like it (cosine {found.cosine:g} or more){unseen}")


def _show_preview(found: ExportPreview, as_json: bool) -> None:
    if as_json:
        print_json(found)
        return
    say(f"{plural(found.images, 'image')} would be exported")
    for split, part in found.splits.items():
        shown = ", ".join(f"{label} {count}" for label, count in part.objects.items())
        say(f"  {split}: {plural(part.images, 'image')} of {plural(part.videos, 'video')}; {shown}")
    for entry in found.left_out:
        say(f"  in no split: {plural(entry.count, 'image')}, {entry.reason} "
            f"(task {', '.join(map(str, entry.tasks[:5]))})")
    if found.refused:
        say(f"  Such an export is refused. {found.refused.message} {found.refused.hint}")
    if found.counted < found.images:
        say(f"objects of the first {found.counted}:")
    print_table(["label", "objects"], [[label, count] for label, count in found.objects.items()])
    say(f"{plural(found.empty, 'image')} without an object")
