"""`argus annotate`: let SAM 3 label tasks."""

from __future__ import annotations

import time
from typing import Any

import click
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from argus.cli.output import console, json_option, plural, print_json, print_table, say
from argus.errors import ArgusError

_POLL_SECONDS = 0.5


@click.command()
@click.option("--project", "-p", "project_id", type=click.IntRange(min=1), metavar="N",
              help="Label Studio's project id.")
@click.option("--label", "-l", "labels", multiple=True,
              help="Label to look for; repeatable. Default: all of the config.")
@click.option("--search", "query", metavar="QUERY", help="Annotate the frames that this text finds.")
@click.option("--limit", type=click.IntRange(1, 100_000), default=50, show_default=True, help="Frames --search takes.")
@click.option("--task", "tasks", type=click.IntRange(min=1), multiple=True, metavar="ID", help="A task; repeatable.")
@click.option("--all", "every", is_flag=True, help="Every task of the project.")
@click.option("--threshold", type=click.FloatRange(0, 1), 
              help="From now on show regions of these labels from this score up. Existing predictions are rebuilt "
                   "without the model.")
@click.option("--no-wait", is_flag=True, help="Start the run and return.")
@click.option("--run", "run_id", type=click.IntRange(min=1), metavar="RUN",
              help="Look at a run instead of starting one.")
@click.option("--cancel", "action", flag_value="cancel", help="With --run: stop it.")
@click.option("--resume", "action", flag_value="resume", help="With --run: go on with what is missing.")
@click.option("--retry-failed", "action", flag_value="retry", help="With --run: try its failed tasks again.")
@json_option
def annotate(project_id: int | None, labels: tuple[str, ...], query: str | None, limit: int, tasks: tuple[int, ...],
             every: bool, threshold: float | None, no_wait: bool, run_id: int | None, action: str | None,
             as_json: bool) -> None:
    """Let SAM 3 label tasks: boxes and masks with a score each, as predictions in Label Studio.

    Ctrl-C stops looking; the run goes on.
    """
    from ml_backend import runs

    if run_id is None:
        if action:
            raise ArgusError("bad_request", f"--{action} needs --run RUN.")
        run_id = _start(project_id, labels, query, limit, tasks, every, threshold)
    elif action:
        {"cancel": runs.cancel_run, "resume": runs.resume_run, "retry": runs.retry_failed}[action](run_id)
    if not no_wait:
        _watch(run_id, quiet=as_json)
    progress = runs.run_progress(run_id)
    if as_json:
        print_json(progress)
    else:
        _report(progress)


def _start(project_id: int | None, labels: tuple[str, ...], query: str | None, limit: int, tasks: tuple[int, ...],
           every: bool, threshold: float | None) -> int:
    from ml_backend import projects, runs

    if project_id is None:
        raise ArgusError("bad_request", "Which project? --project N is missing.")
    if (query is not None) + bool(tasks) + every != 1:
        raise ArgusError("bad_request", "Say which tasks: one of --search QUERY, --task ID or --all.")
    projects.refresh(project_id)  # an unknown project is said before anything is searched
    if threshold is not None:
        projects.set_threshold(project_id, labels, threshold)
    source: dict[str, Any] = {"source": "cli"}
    if query is not None:
        source |= {"query": query, "limit": limit}
    return runs.create_run(project_id, labels, _select(project_id, query, limit, tasks), source)


def _select(project_id: int, query: str | None, limit: int, tasks: tuple[int, ...]) -> list[int]:
    if tasks:
        return list(tasks)
    if query is None:
        from argus.labelstudio import get_label_studio

        return [task["id"] for task in get_label_studio().tasks(project_id, fields="task_only")]
    from search_service.search import search

    return [hit.task_id for hit in search(project_id, query, limit, 0).hits]


def _watch(run_id: int, quiet: bool) -> None:
    """Show progress until the run has ended. Ctrl-C leaves it going."""
    from ml_backend.runs import run_progress

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    try:
        with Progress(*columns, console=console(), disable=quiet) as bar:
            shown = bar.add_task(f"Run {run_id}", total=None)
            while True:
                progress = run_progress(run_id)
                bar.update(shown, total=progress["requested"], completed=progress["done"] + progress["failed"])
                if progress["state"] not in ("queued", "running"):
                    return
                time.sleep(_POLL_SECONDS)
    except KeyboardInterrupt:
        click.echo(f"\nRun {run_id} goes on. Look at it with `argus annotate --run {run_id}`, stop it with "
                   f"`argus annotate --run {run_id} --cancel`.", err=True)


def _report(progress: dict[str, Any]) -> None:
    say(f"Run {progress['id']} is {progress['state']}: {', '.join(progress['labels'])} on "
        f"{plural(progress['requested'], 'task')}, {progress['done']} done, {progress['failed']} failed"
        + (f", {progress['waiting']} waiting" if progress["waiting"] else "")
        + (f"; {progress['rate']:.1f} tasks a second" if progress["rate"] else "") + ".")
    if progress["errors"]:
        print_table(["task", "error", "what happened"],
                    [(e["task"], e["code"], e["message"]) for e in progress["errors"][:20]])
        say(f"`argus annotate --run {progress['id']} --retry-failed` tries them again.")
