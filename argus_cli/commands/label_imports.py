"""`argus label-imports`: labels that were imported, and taking an import back."""

from __future__ import annotations

import click

from argus_cli.output import HelpGroup, json_option, plural, print_json, print_table, project_option, say
from argus_cli.recorded import recorded


@click.group("label-imports", cls=HelpGroup)
def label_imports() -> None:
    """List imports of labels, or take one back."""


@label_imports.command("list")
@project_option
@json_option
def listing(project_id: int, as_json: bool) -> None:
    """List the last imports of a project, newest first."""
    from search_service.label_import import jobs

    found = jobs.listing(project_id)
    if as_json:
        print_json(found)
    elif not found.imports:
        say("no labels were imported")
    else:
        print_table(["import", "made", "by", "from", "as", "tasks", "objects", "new images", "state"],
                    [(one.id, f"{one.created_at:%Y-%m-%d %H:%M}", one.imported_by, one.name,
                      one.model_version or one.taken, one.tasks, one.objects, one.images, one.state)
                     for one in found.imports])


@label_imports.command()
@click.argument("import_id", metavar="IMPORT", type=click.IntRange(min=1))
@json_option
@recorded("labels.undo")
def undo(import_id: int, as_json: bool) -> None:
    """Take an import back: what it wrote and nobody has changed since, and the tasks it made."""
    from search_service.label_import import service

    report = service.undo(import_id)
    if as_json:
        print_json(report)
        return
    say(f"took back {plural(report.undone, 'task')}" + (f", deleted {plural(report.images, 'image')}"
                                                        if report.images else ""))
    if report.left:
        print_table(["task", "annotation or prediction", "left, because"],
                    [[one.task, one.record, one.reason] for one in report.left])
