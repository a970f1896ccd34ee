"""`argus task`: one task with everything that was predicted or drawn on it."""

from __future__ import annotations

import click

from argus.answers.tasks import TaskObject
from argus_cli.output import json_option, print_json, print_table, project_option, say
from argus_cli.output_hits import clock


@click.command()
@click.argument("task_id", metavar="TASK", type=click.IntRange(min=1))
@project_option
@json_option
def task(task_id: int, project_id: int, as_json: bool) -> None:
    """Show a task: its image's origin, and the objects of its predictions and annotations.

    A box is left, top, right and bottom as fractions of the image's sides.
    """
    from search_service.pictures.task_details import describe_task

    found = describe_task(project_id, task_id)
    if as_json:
        print_json(found)
        return
    origin = f"; frame {found.frame_number} of {found.video_name} at {clock(found.video_time)}"
    say(f"task {task_id}: {found.state}{origin if found.video_name else ''}; {found.label_studio}")
    for note in found.notes:
        say(f"`{note.key}` of its data was left out: {note.reason}.")
    rows = [(f"prediction {p.id}" + ("" if p.current else " (older)"), *_cells(o))
            for p in found.predictions for o in p.objects]
    rows += [(f"annotation {a.id}" + (" (skipped)" if a.cancelled else ""), *_cells(o))
             for a in found.annotations for o in a.objects]
    print_table(["of", "label", "score", "box", "mask"], rows)


def _cells(one: TaskObject) -> tuple[str, ...]:
    return (one.label, "" if one.score is None else f"{one.score:.2f}",
            ",".join(f"{side:.3f}" for side in one.box), "yes" if one.mask or one.rings else "")
