"""`argus runs`: what became of the runs that `argus annotate` and the page started."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import click

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
)
from argus_cli.output_runs import duration, report, report_result, watch
from argus_cli.recorded import recorded

_run = click.argument("run_id", metavar="RUN", type=click.IntRange(min=1))
_no_wait = click.option("--no-wait", is_flag=True, help="Return at once; the run goes on.")


@click.group(cls=HelpGroup)
def runs() -> None:
    """List, follow, cancel, resume or retry runs. `argus annotate` starts one."""


@runs.command("list")
@project_option
@click.option("--limit", type=click.IntRange(1, 1000), default=50, show_default=True, help="Runs to show.")
@ids_option
@json_option
def listing(project_id: int, limit: int, ids_only: bool, as_json: bool) -> None:
    """List a project's runs, newest first."""
    from label_studio_config import projects
    from ml_backend.runs import runs as service

    projects.load(project_id)
    found = service.list_runs(project_id, limit)
    if as_json:
        return print_json(found)
    if ids_only:
        return print_ids(run.id for run in found)
    if not found:
        return say(f"No runs yet. Start one with `argus annotate --project {project_id} --all`.")
    print_table(["run", "started", "state", "labels", "from", "tasks", "done", "failed", "took"], [
        (run.id, f"{run.created_at:%Y-%m-%d %H:%M}", run.state, ", ".join(run.labels), _origin(run.settings),
         run.requested, run.done, run.failed, duration(run.seconds) if run.seconds is not None else "")
        for run in found])
    for run in found:  # below the table: in a column of it they would be cut to pieces
        for error in run.errors:
            say(f"Run {run.id}, {plural(error.tasks, 'task')}: {error.message}")


@runs.command()
@_run
@click.option("--wait", is_flag=True, help="Follow it until it has ended.")
@json_option
def show(run_id: int, wait: bool, as_json: bool) -> None:
    """Show the progress of a run, its first errors, and once it has ended what it found."""
    _show(run_id, wait, as_json, found=True)


@runs.command()
@_run
@json_option
@recorded("run.cancel")
def cancel(run_id: int, as_json: bool) -> None:
    """Stop a run. Finished tasks keep their predictions."""
    from ml_backend.runs import runs as service

    service.cancel_run(run_id)
    _show(run_id, False, as_json)


@runs.command()
@_run
@_no_wait
@json_option
@recorded("run.resume")
def resume(run_id: int, no_wait: bool, as_json: bool) -> None:
    """Finish a cancelled run."""
    from ml_backend.runs import runs as service

    service.resume_run(run_id)
    _show(run_id, not no_wait, as_json)


@runs.command()
@_run
@_no_wait
@json_option
@recorded("run.retry")
def retry(run_id: int, no_wait: bool, as_json: bool) -> None:
    """Try the failed tasks of a run again."""
    from ml_backend.runs import runs as service

    service.retry_failed(run_id)
    _show(run_id, not no_wait, as_json)


def _show(run_id: int, wait: bool, as_json: bool, found: bool = False) -> None:
    from ml_backend.runs.results import describe_result
    from ml_backend.runs.runs import run_progress

    if wait:
        watch(run_id, quiet=as_json)
    progress = run_progress(run_id)
    result = describe_result(run_id) if found and progress.ended and progress.done else None
    if as_json:
        print_json(progress.model_dump(mode="json") | {"result": result} if found else progress)
        return
    report(progress)
    if result:
        report_result(result)


def _origin(settings: Mapping[str, Any]) -> str:
    """Return where a run's tasks came from: the search, else who asked."""
    return f"search: {settings['query']}" if settings.get("query") else str(settings.get("source", ""))
