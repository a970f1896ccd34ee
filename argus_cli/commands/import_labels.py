"""`argus import-labels`: labels of files become annotations or predictions."""

from __future__ import annotations

from pathlib import Path

import click

from argus.answers.label_import import LabelImportPlan, Taken, Told
from argus_cli.output import json_option, plural, print_json, print_table, progress_bar, project_option, say
from argus_cli.recorded import recorded

_SHOWN = 20


@click.command("import-labels")
@click.argument("path", metavar="FILE|FOLDER|ZIP", type=click.Path(exists=True, path_type=Path))
@project_option
@click.option("--as", "taken", type=click.Choice(["annotations", "predictions"]), default="annotations",
              show_default=True, help="What the labels become.")
@click.option("--model-version", default="", metavar="NAME", help="The model that made the predictions.")
@click.option("--images", type=click.Path(exists=True, path_type=Path), metavar="FOLDER|ZIP",
              help="Images: those that are no tasks yet become tasks.")
@click.option("--keep-splits", is_flag=True, help="Keep the splits of the dataset (train, val …) for later exports.")
@click.option("--token", envvar="ARGUS_REVIEWER_TOKEN", default="", metavar="PAT",
              help="Your own Label Studio access token: the annotations are signed with your name, not the "
                   "service's.  [env: ARGUS_REVIEWER_TOKEN]")
@click.option("--dry-run", is_flag=True, help="Only show what would be imported.")
@click.option("--yes", "-y", is_flag=True, help="Do not ask for confirmation.")
@json_option
@recorded(lambda options: "" if options["dry_run"] else "labels.import")
def import_labels(path: Path, project_id: int, taken: Taken, model_version: str, images: Path | None,
                  keep_splits: bool, token: str, dry_run: bool, yes: bool, as_json: bool) -> None:
    """Import existing labels: COCO, YOLO, or Label Studio's JSON.

    Images are matched with tasks by path, name, or the digest of their files. Tasks that somebody annotated or skipped
    are left alone. The same again imports nothing. `argus label-imports undo` takes an import back.

    \b
        argus import-labels dataset/ --project 7 --dry-run
        argus import-labels annotations.json --project 7 --images photos/
        argus import-labels results/ --project 7 --as predictions --model-version yolo11-m
    """
    from search_service.label_import import service

    if dry_run or not (yes or as_json):
        plan = service.plan_import(project_id, path, taken=taken, model_version=model_version, images=images)
        if dry_run and as_json:
            print_json(plan)
            return
        _show(plan)
        if dry_run or not plan.tasks:
            return
        click.confirm(f"Import {plural(sum(plan.objects.values()), 'object')} to {plural(plan.tasks, 'task')}?",
                      abort=True)
    with progress_bar("importing", shown=not as_json) as progress:
        report = service.import_labels(project_id, path, taken=taken, model_version=model_version, images=images,
                                       keep_splits=keep_splits, token=token, progress=progress)
    if as_json:
        print_json(report)
        return
    if yes:
        _show(report.plan)
    if report.id is not None:
        say(f"import {report.id}: {plural(report.objects, 'object')} to {plural(report.tasks, 'task')}"
            + (f"; {plural(report.missed, 'task')} changed meanwhile and left alone" if report.missed else ""))
    if keep_splits:
        say("splits kept: " + (", ".join(f"{split} {count}" for split, count in report.splits.items()) or "none"))


def _show(plan: LabelImportPlan) -> None:
    say(f"{plan.format}: {plural(plan.images, 'image')}; "
        + (", ".join(f"{count} matched by {way}" for way, count in plan.matched.items()) or "none matched")
        + (f"; {plural(plan.new_images, 'new image')}" if plan.new_images else "")
        + (f"; {plural(plan.there_already, 'task')} imported already" if plan.there_already else ""))
    if plan.splits:
        say("splits: " + ", ".join(f"{split} {count}" for split, count in plan.splits.items()))
    if plan.objects:
        print_table(["label", "objects to import"], list(plan.objects.items()))
    for label, count in plan.lacking.items():
        say(f"left out: {plural(count, 'object')} of {label!r}, which the labelling config lacks")
    for one in plan.left_alone:
        say(f"left alone: {plural(one.count, 'image')}: {one.reason}{_examples(one)}")
    for one in plan.losses:
        say(f"not as in the file: {plural(one.count, 'object')}: {one.reason}{_examples(one)}")
    for problem in plan.problems[:_SHOWN]:
        say(f"not read: {problem.file} {problem.entry}: {problem.reason}")
    if plan.problem_count > _SHOWN:
        say(f"… {plan.problem_count - _SHOWN} more; --json has them")
    if not plan.tasks:
        say("nothing to import")


def _examples(one: Told) -> str:
    more = ", …" if one.count > len(one.examples) else ""
    return f" ({', '.join(one.examples)}{more})"
