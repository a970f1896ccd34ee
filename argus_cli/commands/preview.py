"""`argus preview`: what a run would find, on a few images, before it is started."""

from __future__ import annotations

import time
from collections import Counter
from typing import Any

import click

from argus.answers.runs import Preview
from argus.errors import ArgusError
from argus_cli.output import json_option, plural, print_json, print_table, project_option, say, tasks_option
from argus_cli.output_runs import tell_unread

_POLL_SECONDS, _PATIENCE = 0.5, 1800.0


@click.command()
@project_option
@click.option("--label", "-l", "labels", multiple=True, required=True, help="Label to look for; repeatable.")
@click.option("--prompt", "prompts", multiple=True, help="Look for this instead of the label's prompts; repeatable. "
                                                         "With one --label. Not saved.")
@click.option("--search", "query", metavar="QUERY", help="Take images that this text finds.")
@click.option("--view", type=click.IntRange(min=1), metavar="ID", help="Take images of this Label Studio view.")
@tasks_option("A task")
@click.option("--images", type=click.IntRange(1, 12), default=12, show_default=True, help="Images to try.")
@json_option
def preview(project_id: int, labels: tuple[str, ...], prompts: tuple[str, ...], query: str | None, view: int | None,
            tasks: tuple[int, ...], images: int, as_json: bool) -> None:
    """Show what SAM 3 would find on up to 12 images. Saves nothing to Label Studio."""
    from label_studio_config import projects
    from label_studio_config.recipe import plan_for
    from ml_backend.runs import recipes
    from search_service import run_sources
    from search_service.api.schemas import search
    from search_service.run_sources import PreviewRequest

    if prompts and len(labels) != 1:
        raise ArgusError("bad_request", "--prompt needs exactly one --label.")
    current = {c.label: c for c in recipes.describe_recipe(project_id).concepts}
    plan = plan_for(projects.load(project_id))
    labels = tuple(plan.concept(label).label for label in labels)
    concepts = [{"label": label, "prompts": list(prompts) or current[label].prompts,
                 "threshold": current[label].threshold} for label in labels]
    source: dict[str, Any] = {"search": query, "view": view, "task_ids": list(tasks) or None}
    asked = search.read(PreviewRequest, {"concepts": concepts, "images": images, "retry": True,
                                           **{k: v for k, v in source.items() if v is not None}})
    found = run_sources.preview(project_id, asked)
    chosen = search.read(PreviewRequest, {"concepts": concepts, "task_ids": [t.task for t in found.tasks]})
    end = time.monotonic() + _PATIENCE
    while not found.ready and time.monotonic() < end:
        time.sleep(_POLL_SECONDS)
        found = run_sources.preview(project_id, chosen)
    if as_json:
        print_json(found)
        return
    tell_unread(found.unread)
    _show(found, {label: current[label].threshold for label in labels})


def _show(found: Preview, thresholds: dict[str, float]) -> None:
    rows = []
    for task in found.tasks:
        shown = Counter(o.label for o in task.objects if o.score >= thresholds[o.label])
        below = sum(o.score < thresholds[o.label] for o in task.objects)
        best = max((o.score for o in task.objects), default=None)
        said = task.error.message if task.error else ", ".join(
            f"{count} {label}" for label, count in shown.items()) or "nothing"
        rows.append([task.task, said, "" if best is None else f"{best:.2f}", below])
    print_table(["task", "found", "best score", "below the threshold"], rows)
    say(f"{plural(len(rows), 'image')} looked at; thresholds: "
        + ", ".join(f"{label} {threshold:g}" for label, threshold in thresholds.items()))
