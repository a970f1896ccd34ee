"""`argus connect`: make a Label Studio project ready for Argus."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import click

from argus import audit
from argus.errors import ArgusError
from argus.labelstudio import get_label_studio
from argus.settings import get_settings
from argus.typed_text import split_list
from argus_cli import projects
from argus_cli.output import json_option, print_json, print_table, say
from argus_cli.recorded import recorded


def _changes(options: Mapping[str, Any]) -> str:
    """Return what the options ask for, as the audit table calls it."""
    return "" if options["dry_run"] or options["project_id"] is options["title"] is None else "project.connect"


@click.command()
@click.option("--project", "-p", "project_id", type=projects.Project(projects.in_label_studio),
              metavar="PROJECT", help="Adopt this project, by number or exact title. Its labelling config, tasks and "
              "annotations are kept.")
@click.option("--title", help="Create a project of this title.")
@click.option("--labels", default="", metavar="A,B",
              help="Labels of a new project (or of one without a labelling config), separated by commas.")
@click.option("--label", "-l", "more", multiple=True, metavar="NAME",
              help="One more label, which may contain commas; repeatable.")
@click.option("--masks", is_flag=True, help="Masks beside the boxes. A project that already exists gets them too, and "
              "so do its predictions, from the stored detections.")
@click.option("--dry-run", is_flag=True, help="Only show what would change.")
@json_option
@recorded(_changes)
def connect(project_id: int | None, title: str | None, labels: str, more: tuple[str, ...], masks: bool,
            dry_run: bool, as_json: bool) -> None:
    """Create a Label Studio project for Argus, or adopt one.

    Sets up the labelling config, the ML backend and the webhook. Connecting a project again only repairs what is
    missing. Without --project and --title it lists the projects. `argus disconnect` undoes this.

    \b
        argus connect --title "Line 3" --labels cpu,fan,hdd
        argus connect --title "Line 4" --label "screw, loose" --label "screw, missing"
        argus connect --project 7 --dry-run
        argus connect --project 7 --masks
    """
    from label_studio_config import connect as setup
    from ml_backend.runs import prompt_reading

    ls = get_label_studio()
    if project_id is None and title is None:
        _list_projects(as_json)
    elif project_id is not None and title is not None:
        raise ArgusError("bad_request", "--project adopts a project and --title creates one.", "Pass one of them.")
    else:
        report = setup.connect(ls, project_id, title=title, labels=[*split_list(labels), *more], masks=masks,
                               dry_run=dry_run)
        report.warnings += prompt_reading.warnings(report.prompts)
        audit.about(project=report.project_id)
        if as_json:
            print_json(report.answer())
        else:
            _show(report)


def _show(report: Any) -> None:
    will = "would be " if report.dry_run else ""
    for what, things in ((f"{will}created", report.created), (f"{will}changed", report.changed),
                         ("kept", report.kept), ("fills", report.fills), ("note", report.notes),
                         ("warning", report.warnings)):
        for thing in things:
            say(f"{what + ':':<18} {thing}" if report.dry_run else f"{what + ':':<9} {thing}")
    say(f"labels: {', '.join(report.labels)}; model version {report.model_version}")
    if report.project_id is not None:
        say(f"project {report.project_id}: {get_settings().public_label_studio_url}/projects/{report.project_id}/data")


def _list_projects(as_json: bool) -> None:
    from search_service.projects.describe import list_label_studio_projects

    found = list_label_studio_projects()
    if as_json:
        print_json({"projects": found})
    elif not found:
        say("Label Studio has no projects yet. Create one: argus connect --title … --labels …")
    else:
        print_table(["id", "title", "tasks", "connected"],
                    [[p.id, p.title, p.tasks, "yes" if p.connected else ""] for p in found])
