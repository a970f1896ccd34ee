"""Accept in bulk, end to end, and take it back: seconds on a real Label Studio.

    python -m benchmarks.accept --tasks 1000

Starts the embedded servers in a folder of their own, makes a project whose tasks each carry one prediction, accepts all
of it as the page does, undoes it, and accepts it again. Beside the total stands what Label Studio's own action takes
for the same tasks, which no client can go below.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import islice
from typing import Any

from argus import home as argus_home
from argus.labelstudio import LabelStudio
from argus.labelstudio.client import get_label_studio
from argus.labelstudio.filters import chunks
from argus.settings import Settings
from argus_cli.stack.ports import free_port
from argus_cli.stack.stack import Stack
from argus_cli.stack.template import copy_home, template_home, temporary_home
from benchmarks.known import VERSION, make_project
from search_service.review.candidates import CHUNK


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
        argus_home.forget(home)


def timed(call: Callable[[], Any]) -> tuple[float, Any]:
    began = time.monotonic()
    answer = call()
    return round(time.monotonic() - began, 2), answer


def bare_action(ls: LabelStudio, project: int, size: int, at_once: int = 1) -> float:
    """Return the seconds of Label Studio's action alone on all tasks; what it made is deleted again.

    Args:
        size: tasks in one call.
        at_once: calls under way at the same time.
    """
    ids = [task["id"] for task in ls.tasks(project, fields="task_only")]

    def act(action: str, some: list[int]) -> None:
        ls.post(f"/api/dm/actions?id={action}&project={project}",
                {"selectedItems": {"all": False, "included": some}, "model_version": VERSION}, timeout=600)

    with ThreadPoolExecutor(at_once) as pool:
        seconds, _ = timed(lambda: list(pool.map(lambda some: act("predictions_to_annotations", some),
                                                 chunks(ids, size))))
    act("delete_tasks_annotations", ids)
    return seconds


def one_by_one(ls: LabelStudio, project: int, count: int = 50) -> float:
    """Return the seconds for all tasks when each annotation is posted, from what `count` of them take."""
    tasks = [task for task in islice(ls.tasks(project), count)]

    def post() -> None:
        for task in tasks:
            ls.post(f"/api/tasks/{task['id']}/annotations/", {
                "result": task["predictions"][0]["result"], "parent_prediction": task["predictions"][0]["id"]})

    seconds = timed(post)[0]
    ls.post(f"/api/dm/actions?id=delete_tasks_annotations&project={project}",
            {"selectedItems": {"all": False, "included": [task["id"] for task in tasks]}}, timeout=600)
    number: int = ls.project(project)["task_number"]
    return round(seconds / len(tasks) * number, 1)


def ways(ls: LabelStudio, project: int) -> dict[str, float]:
    """Return the seconds of each way in which Label Studio accepts all tasks."""
    calls = {"one call": (10**6, 1), "calls of 500": (500, 1), "calls of 200": (200, 1),
             "calls of 200, two at once": (200, 2), "calls of 50": (50, 1)}
    return {name: bare_action(ls, project, *call) for name, call in calls.items()} | {
        "one by one": one_by_one(ls, project)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tasks", type=int, default=1000)
    parser.add_argument("--objects", type=int, default=3, help="boxes with masks on a frame")
    parser.add_argument("--size", default="1920x1080")
    parser.add_argument("--ways", action="store_true", help="Also time Label Studio's other ways to accept.")
    asked = parser.parse_args()
    width, height = (int(side) for side in asked.size.split("x"))
    with servers():
        from search_service.review import service

        ls = get_label_studio()
        project = make_project(ls, asked.tasks, asked.objects, (width, height))
        if asked.ways:
            print(json.dumps(ways(ls, project)))
        action = bare_action(ls, project, CHUNK)
        load = os.getloadavg()[0]
        plan_s, plan = timed(lambda: service.accept_plan(project))
        first_s, first = timed(lambda: service.accept(project))
        undo_s, undone = timed(lambda: service.undo(first.acceptance))
        again_s, again = timed(lambda: service.accept(project))
    assert plan.tasks == first.accepted_tasks == undone.undone == again.accepted_tasks == asked.tasks
    print(json.dumps({"tasks": asked.tasks, "objects": first.accepted_objects, "plan_s": plan_s,
                      "accept_s": first_s, "undo_s": undo_s, "accept_again_s": again_s, "bare_action_s": action,
                      "accept / action": round(first_s / action, 2), "load_before": round(load, 1),
                      "load_after": round(os.getloadavg()[0], 1)}))


if __name__ == "__main__":
    main()
