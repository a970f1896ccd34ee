"""`argus annotate`: let SAM 3 annotate tasks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from argus.errors import ArgusError
from argus_cli.output import json_option, print_json, project_option, say, tasks_option
from argus_cli.output_runs import estimate_sentence, report, tell_unread, watch
from argus_cli.recorded import recorded

if TYPE_CHECKING:
    from search_service.run_sources import RunSource


@click.command()
@project_option
@click.option("--label", "-l", "labels", multiple=True,
              help="Label to look for; repeatable. Default: all of the config.")
@click.option("--search", "query", metavar="QUERY", help="Annotate the first hits of this query.")
@click.option("--limit", type=click.IntRange(1, 1000), default=50, show_default=True, help="Hits --search takes.")
@tasks_option("A task")
@click.option("--view", type=click.IntRange(min=1), metavar="ID", help="The tasks of this Label Studio view.")
@click.option("--unlabelled", is_flag=True, help="Every task without an annotation.")
@click.option("--all", "every", is_flag=True, help="Every task of the project.")
@click.option("--max-tasks", type=click.IntRange(min=1), metavar="N",
              help="At most N tasks; those not yet processed by the model come first.")
@click.option("--outdated", is_flag=True, help="Also tasks whose predictions were made with older prompts.")
@click.option("--threshold", type=click.FloatRange(0, 1),
              help="Set the labels' threshold: show objects from this score up. Existing predictions are rebuilt "
                   "without the model.")
@click.option("--estimate", "only_estimate", is_flag=True, help="Only show how long the run would take.")
@click.option("--no-wait", is_flag=True, help="Start the run and return.")
@json_option
@recorded(lambda options: "" if options["only_estimate"] else "run.start")
def annotate(project_id: int, labels: tuple[str, ...], query: str | None, limit: int, tasks: tuple[int, ...],
             view: int | None, unlabelled: bool, every: bool, max_tasks: int | None, outdated: bool,
             threshold: float | None, only_estimate: bool, no_wait: bool, as_json: bool) -> None:
    """Let SAM 3 annotate tasks: boxes with a score each, as predictions in Label Studio.

    Masks come with them where the labelling config has them (argus connect --masks).

    Ctrl-C stops watching; the run continues. `argus runs` lists, follows and cancels runs.

    \b
        argus annotate --search "red fan" --label fan
        argus search "red fan" --unlabelled --ids | argus annotate --task - --label fan
    """
    from ml_backend.runs import runs

    chosen, source = _select(project_id, query, limit, tasks, view, unlabelled, every, outdated)
    cost = runs.estimate(project_id, labels, chosen, max_tasks)
    if only_estimate and as_json:
        return print_json(cost)
    if not as_json:
        say(estimate_sentence(cost))
        tell_unread(cost.unread)
    if only_estimate:
        return None
    run_id = _start(project_id, labels, chosen, source, max_tasks, threshold)
    if not no_wait:
        watch(run_id, quiet=as_json)
    progress = runs.run_progress(run_id)
    return print_json(progress) if as_json else report(progress)


def _select(project_id: int, query: str | None, limit: int, tasks: tuple[int, ...], view: int | None, unlabelled: bool,
            every: bool, outdated: bool) -> tuple[list[int], RunSource]:
    """Return the tasks that are meant, and the record of where they came from."""
    if (query is not None) + bool(tasks) + (view is not None) + unlabelled + every != 1:
        raise ArgusError("bad_request", "Say which tasks: one of --search QUERY, --task ID, --view ID, --unlabelled or "
                         "--all.")
    from label_studio_config import projects
    from search_service import run_sources
    from search_service.api.schemas import search as schemas

    projects.refresh(project_id, begin=False)  # one that no run was made in yet may be unknown to Argus
    request = {"task_ids": list(tasks) or None, "search": query, "view": view, "unlabelled": unlabelled or None,
               "all": every or None, "limit": limit}
    return run_sources.resolve(project_id, schemas.read(run_sources.Source, request), outdated=outdated)


def _start(project_id: int, labels: tuple[str, ...], tasks: list[int], source: RunSource, max_tasks: int | None,
           threshold: float | None) -> int:
    from label_studio_config import projects
    from ml_backend.runs import runs

    if threshold is not None:
        projects.set_threshold(project_id, labels, threshold)
    return runs.create_run(project_id, labels, tasks, source, max_tasks)
