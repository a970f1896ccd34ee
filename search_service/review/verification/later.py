"""Corrections after a verified acceptance: they count against its certificate, and too many of them refute it.

Somebody opened the annotation because it looked wrong, so this is no random sample: it says nothing about scores, and
nothing in favour of a certificate.
"""

from __future__ import annotations

from collections.abc import Sequence

from argus.labelstudio.client import LabelStudio
from argus.labelstudio.filters import chunks
from argus.labelstudio.regions import count_objects, newest_annotation
from argus.labelstudio.types import Task
from search_service.review.candidates import CHUNK, open_review, read_tasks
from search_service.review.corrections import Corrector
from search_service.review.verification import later_store
from search_service.review.verification.later_store import ListedObject
from search_service.review.verification.sample import FRAMES

CORRECTED = ("wrong", "relabelled")  # a box that was moved is right while its IoU with the old one is 0.5 or more


def follow(project_id: int, *, ls: LabelStudio | None = None) -> int:
    """Look at the annotations that were changed since a verified acceptance made them; return of how many tasks.

    Raises:
        ArgusError: `unknown_project`, what Label Studio answers.
    """
    changed = later_store.changed(project_id)
    if not changed:
        return 0
    review = open_review(project_id, ls)
    reader = Corrector(review)
    for sample in sorted({one.sample_id for one in changed}):
        for chunk in chunks((one for one in changed if one.sample_id == sample), CHUNK):
            ids = sorted({one.task_id for one in chunk})
            listed = later_store.listed(sample, ids)
            later_store.keep(chunk, {task["id"]: corrected(reader, task, [one for one in listed
                                                                         if one.task_id == task["id"]])
                                     for task in read_tasks(review, ids)})
    weigh(project_id)
    return len(changed)


def corrected(reader: Corrector, task: Task, listed: Sequence[ListedObject]) -> list[str]:
    """Return the listed objects of a task that its newest annotation does not have: deleted, with another label, or
    elsewhere; "" for a frame that is not empty any more. None while it has no annotation: then nothing of it is
    accepted any more."""
    annotation = newest_annotation(task["annotations"])
    if annotation is None:
        return []
    if any(not one.object for one in listed):
        return [""] if count_objects(annotation["result"] or []) else []
    found = reader.compared(task["id"], annotation, [(one.object, one.label, one.score, one.box) for one in listed])
    return [one.object for one in found if one.verdict in CORRECTED]


def weigh(project_id: int) -> None:
    """Let the state of each certificate say whether more was corrected than it allows."""
    changed = []
    for one in later_store.standings(project_id):
        if one.corrected > one.allowed:
            what = "frames" if one.kind == FRAMES else "objects"
            changed.append((one.id, "refuted",
                            f"{one.corrected:,} of its {one.accepted:,} {what} were corrected after the acceptance; "
                            f"it says that at most {one.allowed:,} are wrong."))
        elif one.state == "refuted":
            changed.append((one.id, "valid", ""))
    later_store.set_states(changed)
