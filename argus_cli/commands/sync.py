"""`argus sync`: how far a project's images are embedded."""

from __future__ import annotations

import sys
import time

import click
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from argus.answers.projects import Sync
from argus.errors import ArgusError
from argus_cli.output import console, json_option, plural, print_json, print_table, project_option, say
from argus_cli.recorded import recorded

STALL_SECONDS = 120  # without a single image more, something is missing


@click.command()
@project_option
@click.option("--wait", is_flag=True, help="Wait until every image is embedded or has failed.")
@click.option("--full", is_flag=True, help="List every task, not only changed ones; finds deleted tasks at once.")
@click.option("--retry", is_flag=True, help="Try failed images again.")
@json_option
@recorded(lambda options: "project.retry" if options["retry"] else "project.sync")
def sync(project_id: int, wait: bool, full: bool, retry: bool, as_json: bool) -> None:
    """Pick up new, changed and deleted tasks now, and show how many images are embedded.

    This is rarely needed: the default worker does the same every few seconds.
    """
    from search_service.embedding import near_duplicates, object_store
    from search_service.embedding.scheduling import retry_failed
    from search_service.sync.tasks import sync_project
    from search_service.vectors import model_change

    report = sync_project(project_id, full=True if full else None)
    if retry:
        retry_failed(project_id)
    progress = _wait(project_id, quiet=as_json) if wait else _progress(project_id)
    if near_duplicates.mark(project_id):
        progress = _progress(project_id)
    change, objects = model_change.progress(project_id), object_store.progress(project_id)
    if as_json:
        print_json({"project": project_id, "created": report.created, "changed": report.changed,
                    "deleted": report.deleted, **progress.model_dump(mode="json"), "objects": objects,
                    "model_change": change})
        return
    say(f"{report.created} created, {report.changed} changed, {report.deleted} deleted")
    print_table(["images", "fetched", "embedded", "waiting", "failed", "near-duplicates"],
                [[progress.seen, progress.fetched, progress.embedded, progress.waiting, progress.failed,
                  progress.duplicates]])
    if progress.videos:
        say(f"{plural(progress.videos, 'task')} of a video; `argus import-video --from-label-studio --project "
            f"{project_id}` cuts what was not cut into frames")
    if progress.oldest_waiting_seconds is not None:
        say(f"the oldest one waits for {progress.oldest_waiting_seconds:.0f} s")
    if objects.embedded or objects.waiting or objects.failed:
        say(f"{objects.embedded:,} of {plural(objects.embedded + objects.waiting + objects.failed, 'object')} embedded"
            + (f", {objects.failed:,} failed" if objects.failed else ""))
    if change:
        say(f"The search model changes to {change.model}: {change.embedded} images have its vector, "
            f"{change.left} are left, and {plural(change.objects_left, 'object')}. "
            "Searches use the old one until then.")
    if progress.errors:
        print_table(["task", "state", "error", "message"], [[e.task, e.state, e.code, e.message]
                                                            for e in progress.errors])
    if progress.noted:
        say(f"{plural(progress.noted, 'task')} with values in their data that were left out:")
        print_table(["task", "key", "reason"], [[note.task, note.key, note.reason]
                                                for note in progress.notes])


def _progress(project_id: int) -> Sync:
    from search_service.sync.progress import sync_progress

    return sync_progress(project_id)


def _wait(project_id: int, *, quiet: bool) -> Sync:
    """Show a bar until nothing waits any more. Raises `timeout` when nothing moves for two minutes."""
    from search_service.embedding.scheduling import enqueue_waiting

    columns = (TextColumn("embedded"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console(), disable=quiet or not sys.stdout.isatty(), transient=True) as bar:
        task = bar.add_task("embed", total=None)
        done, moved = -1, time.monotonic()
        while True:
            progress = _progress(project_id)
            now = progress.embedded + progress.failed
            bar.update(task, completed=now, total=progress.seen)
            if progress.waiting == 0:
                return progress
            if now != done:
                done, moved = now, time.monotonic()
            elif time.monotonic() - moved > STALL_SECONDS:
                raise ArgusError("timeout", f"{plural(progress.waiting, 'image')} not embedded, and nothing has "
                                 f"moved for {STALL_SECONDS} s.",
                                 "Is a SigLIP worker running? `argus worker siglip` starts one.",
                                 seen=progress.seen, embedded=progress.embedded, waiting=progress.waiting,
                                 failed=progress.failed)
            time.sleep(0.3)
            enqueue_waiting(project_id)
