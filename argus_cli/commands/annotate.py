"""`argus annotate`: let SAM 3 label tasks."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

import click
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from argus.errors import ArgusError
from argus.settings import get_settings
from argus_cli.output import console, json_option, plural, print_json, print_table, say
from argus_cli.recorded import recorded

_POLL_SECONDS = 0.5
_GOING = ("queued", "running")


def _changes(options: Mapping[str, Any]) -> str:
    """Return what the options ask for, as the audit table calls it."""
    if options["listing"] or options["only_estimate"]:
        return ""
    if options["run_id"] is None:
        return "run.start"
    actions = {"cancel": "run.cancel", "resume": "run.resume", "retry-failed": "run.retry", None: ""}
    return actions[options["action"]]


@click.command()
@click.option("--project", "-p", "project_id", type=click.IntRange(min=1), metavar="N",
              help="Label Studio's project id.")
@click.option("--label", "-l", "labels", multiple=True,
              help="Label to look for; repeatable. Default: all of the config.")
@click.option("--search", "query", metavar="QUERY", help="Annotate the frames that this text finds.")
@click.option("--limit", type=click.IntRange(1, 100_000), default=50, show_default=True, help="Frames --search takes.")
@click.option("--task", "tasks", type=click.IntRange(min=1), multiple=True, metavar="ID", help="A task; repeatable.")
@click.option("--view", type=click.IntRange(min=1), metavar="ID", help="The tasks of this Label Studio view.")
@click.option("--unlabelled", is_flag=True, help="Every task without an annotation.")
@click.option("--all", "every", is_flag=True, help="Every task of the project.")
@click.option("--max-tasks", type=click.IntRange(min=1), metavar="N",
              help="Take no more than N of them, those first that the model has not seen yet.")
@click.option("--outdated", is_flag=True, help="Also the tasks whose predictions were made with older prompts.")
@click.option("--threshold", type=click.FloatRange(0, 1),
              help="From now on show regions of these labels from this score up. Existing predictions are rebuilt "
                   "without the model.")
@click.option("--estimate", "only_estimate", is_flag=True, help="Say what the run would take, and start nothing.")
@click.option("--no-wait", is_flag=True, help="Start the run and return.")
@click.option("--list", "listing", is_flag=True, help="List the project's runs.")
@click.option("--run", "run_id", type=click.IntRange(min=1), metavar="RUN",
              help="Look at a run instead of starting one.")
@click.option("--cancel", "action", flag_value="cancel", help="With --run: stop it.")
@click.option("--resume", "action", flag_value="resume", help="With --run: go on with what is missing.")
@click.option("--retry-failed", "action", flag_value="retry-failed", help="With --run: try its failed tasks again.")
@json_option
@recorded(_changes)
def annotate(project_id: int | None, labels: tuple[str, ...], query: str | None, limit: int, tasks: tuple[int, ...],
             view: int | None, unlabelled: bool, every: bool, max_tasks: int | None, outdated: bool,
             threshold: float | None, only_estimate: bool, no_wait: bool, listing: bool, run_id: int | None,
             action: str | None, as_json: bool) -> None:
    """Let SAM 3 label tasks: boxes and masks with a score each, as predictions in Label Studio.

    Ctrl-C stops looking; the run goes on.
    """
    from ml_backend.runs import recipes, runs

    if listing:
        return _list(_required(project_id), as_json)
    if run_id is None:
        if action:
            raise ArgusError("bad_request", f"--{action} needs --run RUN.")
        chosen, source = _select(_required(project_id), query, limit, tasks, view, unlabelled, every)
        if outdated:
            older = recipes.outdated_tasks(_required(project_id))
            chosen, source = list(dict.fromkeys([*chosen, *older])), source | {"outdated": len(older)}
        cost = runs.estimate(_required(project_id), labels, chosen, max_tasks)
        if only_estimate and as_json:
            return print_json(cost)
        if not as_json:
            say(estimate_sentence(cost))
            tell_unread(cost["unread"])
        if only_estimate:
            return None
        run_id = _start(_required(project_id), labels, chosen, source, max_tasks, threshold)
    elif action:
        {"cancel": runs.cancel_run, "resume": runs.resume_run, "retry-failed": runs.retry_failed}[action](run_id)
    if not no_wait:
        _watch(run_id, quiet=as_json)
    progress = runs.run_progress(run_id)
    if as_json:
        print_json(progress)
    else:
        _report(progress)
    return None


def _required(project_id: int | None) -> int:
    if project_id is None:
        raise ArgusError("bad_request", "Which project? --project N is missing.")
    return project_id


def _select(project_id: int, query: str | None, limit: int, tasks: tuple[int, ...], view: int | None, unlabelled: bool,
            every: bool) -> tuple[list[int], dict[str, Any]]:
    """Return the tasks that are meant, and the record of where they came from."""
    from argus.labelstudio import get_label_studio
    from label_studio_config import projects

    if (query is not None) + bool(tasks) + (view is not None) + unlabelled + every != 1:
        raise ArgusError("bad_request", "Say which tasks: one of --search QUERY, --task ID, --view ID, --unlabelled or "
                         "--all.")
    projects.refresh(project_id)  # an unknown project is said before anything is searched
    if tasks:
        return list(tasks), {"source": "cli"}
    if view is not None or unlabelled:
        from search_service import run_sources
        from search_service.api.schemas import search as schemas

        asked = {"view": view} if view is not None else {"unlabelled": True}
        chosen, source = run_sources.resolve(project_id, schemas.read(run_sources.Source, asked))
        return chosen, source | {"source": "cli", "from": source["source"]}
    if query is None:
        listed = get_label_studio().tasks(project_id, fields="task_only")
        return [task["id"] for task in listed], {"source": "cli", "all": True}
    from search_service.search.search import search

    hits = search(project_id, query, limit, 0).hits
    return [hit.task_id for hit in hits], {"source": "cli", "query": query, "limit": limit}


def _start(project_id: int, labels: tuple[str, ...], tasks: list[int], source: dict[str, Any], max_tasks: int | None,
           threshold: float | None) -> int:
    from label_studio_config import projects
    from ml_backend.runs import runs

    if threshold is not None:
        projects.set_threshold(project_id, labels, threshold)
    return runs.create_run(project_id, labels, tasks, source, max_tasks)


def tell_unread(unread: Sequence[dict[str, Any]]) -> None:
    """Print which prompts are longer than the model reads; see `ml_backend.runs.prompt_reading`."""
    from ml_backend.runs.prompt_reading import sentence

    for one in unread:
        say(f"note: {sentence(one)}")


def estimate_sentence(cost: dict[str, Any]) -> str:
    """Return an estimate (see `ml_backend.runs.estimates.estimate`) as a sentence."""
    if not cost["to_compute"]:
        return f"{plural(cost['tasks'], 'task')}: all computed already, the model is not needed."
    what = f"{plural(cost['to_compute'], 'image')} for the model"
    if cost["tasks"] > cost["to_compute"]:
        what += f" ({plural(cost['tasks'] - cost['to_compute'], 'task')} computed already)"
    if cost["seconds"] is None:
        return f"{what}; how long is not known, since this checkpoint has not worked here yet."
    said = (f"{what}, about {duration(cost['seconds'])}: {cost['seconds_per_image']:.2g} s an image, measured here, "
            f"on {plural(max(1, cost['workers']), 'worker')}")
    if cost["tasks_ahead"]:
        said += f"; {plural(cost['tasks_ahead'], 'task')} of other runs share the workers"
    return said + ("." if cost["workers"] else "; no SAM 3 worker runs now: start one with `argus worker sam3`.")


def duration(seconds: float) -> str:
    """Return "8 s", "3 min 20 s", "2 h 5 min"."""
    whole = max(1, round(seconds))
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def _watch(run_id: int, quiet: bool) -> None:
    """Show progress until the run has ended. Ctrl-C leaves it going."""
    from ml_backend.runs.runs import run_progress

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[rate]}"),
               TimeRemainingColumn())
    try:
        with Progress(*columns, console=console(), disable=quiet) as bar:
            shown = bar.add_task(f"Run {run_id}", total=None, rate="")
            while True:
                progress = run_progress(run_id)
                bar.update(shown, total=progress["requested"], completed=progress["done"] + progress["failed"],
                           rate=f"{progress['rate']:.2g}/s" if progress["rate"] else "")
                if progress["state"] not in _GOING:
                    return
                time.sleep(_POLL_SECONDS)
    except KeyboardInterrupt:
        click.echo(f"\nRun {run_id} goes on. Look at it with `argus annotate --run {run_id}`, stop it with "
                   f"`argus annotate --run {run_id} --cancel`.", err=True)


def _report(progress: dict[str, Any]) -> None:
    say(f"Run {progress['id']} is {progress['state']}: {', '.join(progress['labels'])} on "
        f"{plural(progress['requested'], 'task')}, {progress['done']} done, {progress['failed']} failed"
        + (f", {progress['waiting']} waiting" if progress["waiting"] else "")
        + (f", {progress['cancelled']} cancelled" if progress["cancelled"] else "")
        + (f"; {progress['rate']:.2g} tasks a second" if progress["rate"] else "")
        + (f", about {duration(progress['seconds_left'])} left" if progress["seconds_left"] else "") + ".")
    if progress["left_out"]["objects"]:
        say(f"Left out on {plural(progress['left_out']['tasks'], 'task')}: "
            f"{plural(progress['left_out']['objects'], 'object')} beyond the {get_settings().max_detections} of an "
            "image and label that are kept; set ARGUS_MAX_DETECTIONS higher.")
    if progress["errors"]:
        print_table(["task", "error", "what happened"],
                    [(e["task"], e["code"], e["message"]) for e in progress["errors"][:20]])
        say(f"`argus annotate --run {progress['id']} --retry-failed` tries them again.")
    if progress["state"] == "cancelled":
        say(f"`argus annotate --run {progress['id']} --resume` does what is missing.")


def _list(project_id: int, as_json: bool) -> None:
    from label_studio_config import projects
    from ml_backend.runs import runs

    projects.load(project_id)
    found = runs.list_runs(project_id)
    if as_json:
        return print_json(found)
    if not found:
        return say("No run yet. `argus annotate --project N --all` starts one.")
    return print_table(["run", "started", "state", "labels", "from", "tasks", "done", "failed", "took", "errors"], [
        (run["id"], run["created_at"][:19].replace("T", " "), run["state"], ", ".join(run["labels"]),
         _origin(run["settings"]), run["requested"], run["done"], run["failed"],
         duration(run["seconds"]) if run["seconds"] is not None else "",
         "; ".join(f"{plural(e['tasks'], 'task')}: {e['message']}" for e in run["errors"])) for run in found])


def _origin(settings: dict[str, Any]) -> str:
    """Return where a run's tasks came from: the search, else who asked."""
    return f"search: {settings['query']}" if settings.get("query") else str(settings.get("source", ""))
