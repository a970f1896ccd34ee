"""Runs as the commands show them: the estimate before, progress while they work, and what came of them."""

from __future__ import annotations

import time
from collections.abc import Sequence

import click
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from argus.answers.runs import Cost, EarlierCount, LabelResult, Run, RunResult, Unread
from argus.settings import get_settings
from argus_cli.output import console, plural, print_table, say

_POLL_SECONDS = 0.5


def tell_unread(unread: Sequence[Unread]) -> None:
    """Print which prompts are longer than the model reads; see `ml_backend.runs.prompt_reading`."""
    from ml_backend.runs.prompt_reading import sentence

    for one in unread:
        say(f"note: {sentence(one)}")


def estimate_sentence(cost: Cost) -> str:
    """Return an estimate (see `ml_backend.runs.estimates.estimate`) as a sentence."""
    if not cost.to_compute:
        return f"{plural(cost.tasks, 'task')}: all computed already, the model is not needed."
    what = f"{plural(cost.to_compute, 'image')} for the model"
    if cost.tasks > cost.to_compute:
        what += f" ({plural(cost.tasks - cost.to_compute, 'task')} computed already)"
    if cost.seconds is None:
        return f"{what}; how long is not known, since this checkpoint has not worked here yet."
    said = (f"{what}, about {duration(cost.seconds)}: {cost.seconds_per_image:.2g} s an image, measured here, "
            f"on {plural(max(1, cost.workers), 'worker')}")
    if cost.tasks_ahead:
        said += f"; {plural(cost.tasks_ahead, 'task')} of other runs share the workers"
    return said + ("." if cost.workers else "; no SAM 3 worker runs now: start one with `argus worker sam3`.")


def duration(seconds: float) -> str:
    """Return "8 s", "3 min 20 s", "2 h 5 min"."""
    whole = max(1, round(seconds))
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def watch(run_id: int, quiet: bool) -> None:
    """Show progress until the run has ended. Ctrl-C leaves it going."""
    from ml_backend.runs.runs import run_progress

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[rate]}"),
               TimeRemainingColumn())
    try:
        with Progress(*columns, console=console(), disable=quiet) as bar:
            shown = bar.add_task(f"Run {run_id}", total=None, rate="")
            while True:
                progress = run_progress(run_id)
                bar.update(shown, total=progress.requested, completed=progress.done + progress.failed,
                           rate=f"{progress.rate:.2g}/s" if progress.rate else "")
                if progress.ended:
                    return
                time.sleep(_POLL_SECONDS)
    except KeyboardInterrupt:
        click.echo(f"\nRun {run_id} continues in the background. Follow it with `argus runs show {run_id} --wait`, "
                   f"stop it with `argus runs cancel {run_id}`.", err=True)


def report(progress: Run) -> None:
    """Print how far a run is, what it left out, and its first errors."""
    say(f"Run {progress.id} is {progress.state}: {', '.join(progress.labels)} on "
        f"{plural(progress.requested, 'task')}, {progress.done} done, {progress.failed} failed"
        + (f", {progress.waiting} waiting" if progress.waiting else "")
        + (f", {progress.cancelled} cancelled" if progress.cancelled else "")
        + (f"; {progress.rate:.2g} tasks a second" if progress.rate else "")
        + (f", about {duration(progress.seconds_left)} left" if progress.seconds_left else "") + ".")
    if progress.left_out.objects:
        say(f"Left out on {plural(progress.left_out.tasks, 'task')}: "
            f"{plural(progress.left_out.objects, 'object')} beyond the {get_settings().max_detections} of an "
            "image and label that are kept; set ARGUS_MAX_DETECTIONS higher.")
    if progress.without_predictions:
        say(f"Left out for the control arm: {plural(progress.without_predictions, 'task')}, to be labelled without "
            "predictions.")
    if progress.errors:
        print_table(["task", "error", "what happened"],
                    [(e.task, e.code, e.message) for e in progress.errors[:20]])
        say(f"Try them again with `argus runs retry {progress.id}`.")
    if progress.state == "cancelled":
        say(f"Finish it with `argus runs resume {progress.id}`.")


def report_result(result: RunResult) -> None:
    """Print what a run found; see `ml_backend.runs.results`."""
    print_table(["label", "objects", "high", "medium", "low", "images", "before"],
                [[one.label, one.objects, one.high, one.medium, one.low, one.images, _before(one)]
                 for one in result.labels])
    say(f"{plural(result.objects, 'object')} on {plural(result.images, 'image')}; "
        f"{plural(result.images_with_nothing, 'image')} with nothing")


def _before(one: LabelResult) -> str:
    before: EarlierCount | None = one.before
    if before is None:
        return ""
    return f"{before.objects} in run {before.run}, now {before.objects_now} ({plural(before.images, 'common image')})"
