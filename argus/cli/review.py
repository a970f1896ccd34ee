"""`argus review`: what is left in each score band, accepting in bulk, and taking that back."""

from __future__ import annotations

import getpass
from typing import Any

import click

from argus.cli.output import json_option, plural, print_json, print_table, project_option, say
from argus.errors import ArgusError
from argus.settings import get_settings

_TITLES = {"high": "high", "medium": "medium", "low": "low", "nothing_found": "nothing found"}


@click.group()
def review() -> None:
    """Review predictions by score: accept the sure ones in bulk, look at the rest.

    A task's score is that of its least sure region. A task where nothing was found has no score and is in no band.
    """


@review.command()
@project_option
@json_option
def status(project_id: int, as_json: bool) -> None:
    """Show what is left in each band, and what was done so far."""
    from ml_backend import review as service

    found = service.review_status(project_id)
    last = service.acceptances(project_id, limit=5)
    if as_json:
        print_json(found | {"acceptances": last})
        return
    edges = found["edges"]
    ranges = {"high": f"{edges['high']:g} and above", "medium": f"{edges['medium']:g} to {edges['high']:g}",
              "low": f"below {edges['medium']:g}", "nothing_found": "no regions"}
    print_table(["left in band", "score", "tasks", "objects"],
                [[_TITLES[band], ranges[band], found["bands"][band], found["regions"][band]] for band in _TITLES])
    say(f"{found['reviewed']} of {plural(found['total'], 'task')} reviewed: {found['accepted']} accepted in bulk, "
        f"{found['checked']} checked, {found['fixed']} fixed, {found['skipped']} skipped; {found['left']} left")
    if found["outdated"]:
        say(f"{plural(found['outdated'], 'task')} beside these: predicted before labels, prompts or the model changed; "
            "the next run (argus annotate) brings them up to date")
    if last:
        print_table(["acceptance", "when", "by", "selection", "state", "tasks", "taken back", "left as changed"],
                    [[a["id"], a["created_at"][:16].replace("T", " "), a["accepted_by"], _selection(a["selection"]),
                      a["state"], a["accepted"], a["undone"], a["kept"]] for a in last])


@review.command()
@project_option
@click.option("--min-score", type=click.FloatRange(0, 1), default=None, help="Lowest score to accept.  [default: 0.9]")
@click.option("--max-score", type=click.FloatRange(0, 1), default=None, help="Accept only below this score.")
@click.option("--nothing-found", is_flag=True, help="Accept the tasks where nothing was found, as empty annotations. "
                                                    "A range of scores never includes them.")
@click.option("--yes", "-y", is_flag=True, help="Do not ask.")
@json_option
def accept(project_id: int, min_score: float | None, max_score: float | None, nothing_found: bool, yes: bool,
           as_json: bool) -> None:
    """Turn predictions of a score range into annotations, where nobody has annotated yet.

    \b
        argus review accept --project 7 --min-score 0.9
        argus review accept --project 7 --nothing-found
    """
    from ml_backend import review as service

    if nothing_found and (min_score is not None or max_score is not None):
        raise ArgusError("bad_request", "Tasks where nothing was found have no score.",
                         "Accept them by --nothing-found alone.")
    lowest = 0.9 if min_score is None else min_score
    selection: dict[str, Any] = {"min_score": lowest, "max_score": max_score, "nothing_found": nothing_found}
    if not yes and not as_json:
        _ask(service.count_selected(project_id, **selection), selection)
    report = service.accept(project_id, **selection, accepted_by=getpass.getuser())
    if as_json:
        print_json(report)
        return
    say(f"accepted {plural(report['accepted_tasks'], 'task')} with {plural(report['accepted_regions'], 'object')}")
    for reason, count in report["reasons"].items():
        say(f"left out {plural(count, 'task')}: {reason}")
    if report["accepted_tasks"]:
        say(f"take it back with: argus review undo {report['acceptance']}")


def _ask(count: int, selection: dict[str, Any]) -> None:
    if not count:
        return  # there is nothing to agree to; the report will say so
    click.confirm(f"Accept {plural(count, 'task')} ({_selection(selection)})?", abort=True)


def _selection(selection: dict[str, Any]) -> str:
    if selection.get("nothing_found"):
        return "nothing found"
    upper = selection.get("max_score")
    return f"score {selection['min_score']:g} " + ("and above" if upper is None else f"to {upper:g}")


@review.command()
@click.argument("acceptance", type=click.IntRange(min=1))
@json_option
def undo(acceptance: int, as_json: bool) -> None:
    """Take back the acceptance number ACCEPTANCE, except annotations that were changed since."""
    from ml_backend import review as service

    report = service.undo(acceptance)
    if as_json:
        print_json(report)
        return
    say(f"took back {plural(report['undone'], 'annotation')}")
    if report["left"]:
        print_table(["task", "annotation", "left, because"],
                    [[item["task"], item["annotation"], item["reason"]] for item in report["left"]])


@review.command()
@project_option
@json_option
def views(project_id: int, as_json: bool) -> None:
    """Make a tab for each band in Label Studio's Data Manager, or put it right."""
    from ml_backend import review as service

    made = service.make_band_views(project_id)
    if as_json:
        print_json({"views": made})
        return
    base = f"{get_settings().public_label_studio_url}/projects/{project_id}/data?tab="
    print_table(["band", "tab"], [[_TITLES.get(band, band), f"{base}{view}"] for band, view in made.items()])
