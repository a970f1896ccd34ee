"""`argus review`: what is left in each score band, accepting in bulk, and taking that back."""

from __future__ import annotations

from typing import Any, cast

import click

from argus.answers.review import SelectionSpec
from argus.answers.to_fix import PutBack, SetAside
from argus.errors import ArgusError
from argus.settings import get_settings
from argus_cli import links
from argus_cli.commands.check_first import check_first
from argus_cli.output import (
    HelpGroup,
    ids_option,
    json_option,
    plural,
    print_ids,
    print_json,
    print_table,
    project_option,
    say,
    tasks_option,
)
from argus_cli.output_review import confirm_acceptance, show_acceptances, tell_rest, tell_waiting
from argus_cli.recorded import recorded

_token = click.option("--token", envvar="ARGUS_REVIEWER_TOKEN", default="", metavar="PAT",
                      help="Your own Label Studio access token: the annotations are signed with your name, not the "
                           "service's.  [env: ARGUS_REVIEWER_TOKEN]")
_TITLES = {"high": "high", "medium": "medium", "low": "low", "nothing_found": "nothing found"}


@click.group(cls=HelpGroup)
def review() -> None:
    """Review predictions by score: accept those with high scores in bulk, check the rest.

    A task's score is the lowest score of its objects. A task without objects has no score and is in the band "nothing
    found".
    """


review.add_command(check_first)


@review.command()
@project_option
@json_option
def status(project_id: int, as_json: bool) -> None:
    """Show what is left in each band and what has been done."""
    from search_service.review import records, service

    found = service.review_status(project_id)
    last = records.acceptances(project_id, limit=5)
    if as_json:
        print_json(found.model_dump(mode="json") | {"acceptances": last})
        return
    edges = found.edges
    ranges = {"high": f"{edges.high:g} and above", "medium": f"{edges.medium:g} to {edges.high:g}",
              "low": f"below {edges.medium:g}", "nothing_found": "no objects"}
    print_table(["left in band", "score", "tasks", "objects"],
                [[_TITLES[band], ranges[band], found.bands[band], found.objects[band]] for band in _TITLES])
    say(f"{found.reviewed} of {plural(found.total, 'task')} reviewed: {found.accepted} accepted in bulk, "
        f"{found.checked} checked, {found.fixed} fixed, {found.skipped} skipped; {found.left} left")
    tell_waiting(found)
    if found.added:
        say(f"{plural(found.added, 'annotated task')} to which labels were added that were computed later")
    for note in found.notes:
        say(note)
    if found.outdated:
        say(f"{plural(found.outdated, 'task')} beside these: predicted before labels, prompts or the model changed; "
            "the next run (argus annotate) brings them up to date")
    if last:
        show_acceptances(last)


@review.command()
@project_option
@click.option("--min-score", type=click.FloatRange(0, 1), default=None, help="Lowest score to accept.  [default: 0.9]")
@click.option("--max-score", type=click.FloatRange(0, 1), default=None, help="Accept only below this score.")
@tasks_option("Accept exactly these tasks, whatever their score")
@click.option("--nothing-found", is_flag=True, help="Accept tasks where nothing was found, as empty annotations. "
                                                    "Score ranges never include them.")
@click.option("--without-rejected", is_flag=True, help="Accept also tasks with rejected objects, without these.")
@click.option("--judged", is_flag=True, help="Accept the tasks whose objects below the high band were all judged, "
                                             "without the rejected objects.")
@_token
@click.option("--yes", "-y", is_flag=True, help="Do not ask for confirmation.")
@json_option
@recorded("review.accept")
def accept(project_id: int, min_score: float | None, max_score: float | None, tasks: tuple[int, ...],
           nothing_found: bool, without_rejected: bool, judged: bool, token: str, yes: bool, as_json: bool) -> None:
    """Accept predictions of a score range as annotations of tasks that have none.

    Nobody has looked at them: it is not verified (argus trust).

    \b
        argus review accept --project 7 --min-score 0.9
        argus review accept --project 7 --nothing-found
        argus review accept --project 7 --min-score 0.9 --without-rejected
        argus review accept --project 7 --judged
    """
    from search_service.review import service

    if nothing_found and (min_score is not None or max_score is not None):
        raise ArgusError("bad_request", "Tasks where nothing was found have no score.",
                         "Accept them with --nothing-found alone.")
    if tasks and (min_score is not None or max_score is not None):
        raise ArgusError("bad_request", "--task cannot be combined with a range of scores.", "Leave one of them out.")
    if judged and (nothing_found or min_score is not None or max_score is not None):
        raise ArgusError("bad_request", "--judged cannot be combined with scores.", "Give it alone, or with --task.")
    selection: dict[str, Any] = {"min_score": 0.9 if min_score is None else min_score, "max_score": max_score,
                                 "nothing_found": nothing_found, "task_ids": list(tasks) or None,
                                 "without_rejected": without_rejected, "judged": judged}
    if not yes and not as_json:
        confirm_acceptance(service.accept_plan(project_id, **selection), cast(SelectionSpec, selection))
    report = service.accept(project_id, **selection, token=token)
    if as_json:
        print_json(report)
        return
    say(f"accepted {plural(report.accepted_tasks, 'task')} with {plural(report.accepted_objects, 'object')}; "
        "not verified")
    tell_rest(report, report.accepted_tasks)


@review.command("add-labels")
@project_option
@click.option("--min-score", type=click.FloatRange(0, 1), default=0.9, show_default=True, help="Lowest score to add.")
@click.option("--max-score", type=click.FloatRange(0, 1), default=None, help="Add only below this score.")
@_token
@click.option("--yes", "-y", is_flag=True, help="Do not ask for confirmation.")
@json_option
@recorded("review.add-labels")
def add_labels(project_id: int, min_score: float, max_score: float | None, token: str, yes: bool,
               as_json: bool) -> None:
    """Add objects of labels computed later to existing annotations.

    Adds no second annotation, and nothing that a person has removed or drawn. `argus review undo` takes it back.
    """
    from search_service.review import service

    if not yes and not as_json:
        plan = service.additions_plan(project_id, min_score=min_score, max_score=max_score)
        if plan.tasks:
            click.confirm(f"Add {plural(plan.objects, 'object')} to the annotations of "
                          f"{plural(plan.tasks, 'task')}?", abort=True)
    report = service.add_labels(project_id, min_score=min_score, max_score=max_score, token=token)
    if as_json:
        print_json(report)
        return
    say(f"added {plural(report.added_objects, 'object')} to {plural(report.added_tasks, 'annotation')}")
    tell_rest(report, report.added_tasks)


@review.command()
@click.argument("acceptance", type=click.IntRange(min=1))
@json_option
@recorded("review.undo")
def undo(acceptance: int, as_json: bool) -> None:
    """Undo bulk acceptance ACCEPTANCE, except annotations changed since."""
    from search_service.review import service

    report = service.undo(acceptance)
    if as_json:
        print_json(report)
        return
    say(f"took back {plural(report.undone, 'annotation')}")
    if report.left:
        print_table(["task", "annotation", "left, because"],
                    [[item.task, item.annotation, item.reason] for item in report.left])


@review.command()
@project_option
@json_option
@recorded("view.bands")
def views(project_id: int, as_json: bool) -> None:
    """Create or repair a Data Manager tab for each band."""
    from search_service.review import service

    made = service.make_band_views(project_id)
    if as_json:
        print_json({"views": made})
        return
    base = f"{get_settings().public_label_studio_url}/projects/{project_id}/data?tab="
    print_table(["band", "tab"], [[_TITLES.get(band, band), f"{base}{view}"] for band, view in made.items()])


@review.command()
@project_option
@click.option("--high", type=click.FloatRange(0, 1), help="Lower edge of the high band.")
@click.option("--medium", type=click.FloatRange(0, 1), help="Lower edge of the medium band.")
@click.option("--reset", is_flag=True, help="Reset to the edges in the settings.")
@json_option
@recorded("bands.change")
def bands(project_id: int, high: float | None, medium: float | None, reset: bool, as_json: bool) -> None:
    """Change a project's band edges; the band tabs follow."""
    from search_service.review import service

    if reset == (high is not None or medium is not None):
        raise click.UsageError("Give --high, --medium or both, or --reset alone.")
    if not reset:
        old = service.review_status(project_id).edges
        high, medium = old.high if high is None else high, old.medium if medium is None else medium
    report = service.set_edges(project_id, high, medium)
    if as_json:
        print_json(report)
        return
    say(f"high: {report.edges.high:g} and above, medium: from {report.edges.medium:g}, low: below")


@review.command()
@project_option
@json_option
def histogram(project_id: int, as_json: bool) -> None:
    """Show a histogram of the scores left to review."""
    from search_service.review.objects import histogram as service

    found = service(project_id)
    if as_json:
        print_json(found)
        return
    step = found.bins // 20
    rows = [(f"{start / found.bins:.2f} to {(start + step) / found.bins:.2f}",
             [sum(counts[start:start + step]) for counts in (found.tasks, *found.labels.values())])
            for start in range(0, found.bins, step)]
    most = max((counts[0] for _, counts in rows), default=0)
    print_table(["score", "tasks", *found.labels, ""],
                [[scores, *counts, "█" * -(-24 * counts[0] // most) if most else ""]
                 for scores, counts in rows if any(counts)])
    say(f"Tasks by the score of their least sure object, objects of a label by their own. Edges: high from "
        f"{found.edges.high:g}, medium from {found.edges.medium:g}.")


@review.command()
@project_option
@click.option("--band", default="low", show_default=True,
              type=click.Choice(["high", "medium", "low", "nothing_found", "to_fix"]), help="Which band.")
@click.option("--label", "-l", help="Only objects of this label.")
@click.option("--limit", type=click.IntRange(1, 200), default=20, show_default=True, help="Objects to show.")
@click.option("--after", default="", help="Continue after the previous page.")
@ids_option
@json_option
def objects(project_id: int, band: str, label: str | None, limit: int, after: str, ids_only: bool,
            as_json: bool) -> None:
    """List a band's objects, lowest score first; with --ids their tasks."""
    from search_service.review.objects import band_objects

    page = band_objects(project_id, band, label=label, limit=limit, after=after)
    if ids_only:
        return print_ids(dict.fromkeys(o.task for o in page.objects))
    if as_json:
        print_json(page)
        return
    print_table(["task", "object", "label", "score", "decided"],
                [[links.task(project_id, o.task), o.object, o.label, o.score, o.verdict] for o in page.objects])
    if page.next:
        say(f"More: --after {page.next!r}")


_task = click.option("--task", required=True, type=click.IntRange(min=1), metavar="ID", help="The task.")


@review.command("set-aside")
@project_option
@_task
@click.option("--object", "object_id", default="", help="The object that is wrong, as `argus review objects` names it.")
@json_option
@recorded("review.set-aside")
def aside(project_id: int, task: int, object_id: str, as_json: bool) -> None:
    """Reject an object (--object), or mark a task to be fixed. Bulk acceptance then skips the task.

    Nothing is deleted. The task waits in the tab "Review: to fix" until somebody has annotated it. `argus review
    put-back` takes the decision back.
    """
    from search_service.review import set_aside as service

    _show_aside(service.set_aside(project_id, task, "rejected" if object_id else "fix", object_id=object_id), as_json)


@review.command("put-back")
@project_option
@_task
@click.option("--object", "object_id", default="", help="Only the rejection of this object.")
@json_option
@recorded("review.put-back")
def put_back(project_id: int, task: int, object_id: str, as_json: bool) -> None:
    """Take back what `argus review set-aside` decided."""
    from search_service.review import set_aside as service

    _show_aside(service.put_back(project_id, task, object_id=object_id or None), as_json)


def _show_aside(report: PutBack | SetAside, as_json: bool) -> None:
    if as_json:
        print_json(report)
        return
    say(f"{plural(report.to_fix, 'task')} set aside to be fixed")
