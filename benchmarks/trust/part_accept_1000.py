"""1,000 tasks, 100 of them with rejected objects, accepted without these: seconds on a real Label Studio.

Each task has three objects, a box and a mask each, on 1920 x 1080. Of the 100, one loses one object, the next two, the
next all three, and so on. It is taken back afterwards.
"""

from __future__ import annotations

from collections.abc import Mapping

from benchmarks.accept import servers, timed

KEYS = ("accept_1000_seconds",)
TASKS, REJECTED, OBJECTS, SIZE = 1000, 100, 3, (1920, 1080)


def measure() -> Mapping[str, float]:
    with servers():
        from argus.labelstudio.client import get_label_studio
        from benchmarks.known import VERSION, make_project
        from search_service.review import service, store

        ls = get_label_studio()
        project = make_project(ls, TASKS, OBJECTS, SIZE)
        before = _regions(project)
        rejected = {task: [f"{task:06x}{number:06x}" for number in range(1 + index % OBJECTS)]
                    for index, task in enumerate(sorted(before)[::TASKS // REJECTED])}
        for task, names in rejected.items():
            for name in names:
                store.decide(project, VERSION, task, name, "rejected", "benchmark")
        seconds, done = timed(lambda: service.accept(project, without_rejected=True))
        expected = {task: [[name for name in names if not name.startswith(tuple(rejected.get(task, ["no object"])))]]
                    for task, (_, (names,)) in before.items()}
        after = _regions(project)
        assert done.accepted_tasks == TASKS == len(after)
        assert {task: annotations for task, (annotations, _) in after.items()} == expected
        assert {task: predictions for task, (_, predictions) in after.items()} == {
            task: predictions for task, (_, predictions) in before.items()}
        undone_s, undone = timed(lambda: service.undo(done.acceptance or 0))
        assert undone.undone == TASKS and _regions(project) == before
    print(f"{TASKS} tasks, {REJECTED} with rejected objects: accepted in {seconds} s, taken back in {undone_s} s",
          flush=True)
    return {"accept_1000_seconds": seconds}


def _regions(project: int) -> dict[int, tuple[list[list[str]], list[list[str]]]]:
    """Return the ids of the regions of each task's annotations, and of its predictions."""
    from argus.labelstudio.client import get_label_studio

    return {task["id"]: (_ids(task["annotations"]), _ids(task["predictions"]))
            for task in get_label_studio().tasks(project)}


def _ids(found: object) -> list[list[str]]:
    assert isinstance(found, list)
    return [sorted(region["id"] for region in one["result"]) for one in found]
