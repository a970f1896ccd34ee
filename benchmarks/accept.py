"""Accept in bulk, end to end, and take it back: seconds on a real Label Studio.

    python -m benchmarks.accept --tasks 1000

Starts the embedded servers in a folder of their own, makes a project whose tasks each carry one prediction, accepts all
of it as the page does, undoes it, and accepts it again. Beside the total stands what Label Studio's own action takes
for the same tasks in one call, which no client can go below.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from argus.labelstudio import LabelStudio
from argus.labelstudio.client import get_label_studio
from argus.settings import Settings
from argus.stack import paths
from argus.stack.ports import free_port
from argus.stack.stack import Stack
from argus.stack.template import copy_home, template_home, temporary_home
from benchmarks.known import VERSION, make_project


@contextmanager
def servers() -> Iterator[None]:
    """PostgreSQL, Valkey and Label Studio in a new home, deleted at the end; this process's settings point at them."""
    home = copy_home(template_home(Settings(_env_file=None)), temporary_home())  # type: ignore[call-arg]
    settings = Settings(_env_file=None, home=home, label_studio_port=free_port(),  # type: ignore[call-arg]
                        ml_backend_port=free_port(), search_service_port=free_port())
    try:
        with Stack(settings, {"postgres", "valkey", "label-studio"}) as stack:
            os.environ.update({name: value for name, value in stack.env.items() if name.startswith("ARGUS_")})
            yield
    finally:
        paths.forget(home)


def timed(call: Callable[[], Any]) -> tuple[float, Any]:
    began = time.monotonic()
    answer = call()
    return round(time.monotonic() - began, 2), answer


def bare_action(ls: LabelStudio, project: int) -> float:
    """Return the seconds of one call of Label Studio's action on all tasks, and delete what it made."""
    ids = [task["id"] for task in ls.tasks(project, fields="task_only")]
    body = {"selectedItems": {"all": False, "included": ids}, "model_version": VERSION}
    seconds, _ = timed(lambda: ls.post(f"/api/dm/actions?id=predictions_to_annotations&project={project}", body,
                                       timeout=600))
    ls.post(f"/api/dm/actions?id=delete_tasks_annotations&project={project}",
            {"selectedItems": {"all": False, "included": ids}}, timeout=600)
    return seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tasks", type=int, default=1000)
    parser.add_argument("--objects", type=int, default=3, help="boxes with masks on a frame")
    parser.add_argument("--size", default="1920x1080")
    asked = parser.parse_args()
    width, height = (int(side) for side in asked.size.split("x"))
    with servers():
        from ml_backend import review

        ls = get_label_studio()
        project = make_project(ls, asked.tasks, asked.objects, (width, height))
        action = bare_action(ls, project)
        load = os.getloadavg()[0]
        plan_s, plan = timed(lambda: review.accept_plan(project))
        first_s, first = timed(lambda: review.accept(project))
        undo_s, undone = timed(lambda: review.undo(first["acceptance"]))
        again_s, again = timed(lambda: review.accept(project))
    assert plan["tasks"] == first["accepted_tasks"] == undone["undone"] == again["accepted_tasks"] == asked.tasks
    print(json.dumps({"tasks": asked.tasks, "objects": first["accepted_regions"], "plan_s": plan_s,
                      "accept_s": first_s, "undo_s": undo_s, "accept_again_s": again_s, "bare_action_s": action,
                      "load_before": round(load, 1), "load_after": round(os.getloadavg()[0], 1)}))


if __name__ == "__main__":
    main()
