"""The control arm: a share of new tasks is labelled without predictions, and the time of both kinds is compared.

A task with predictions takes what Label Studio counted for its annotation, and what people did about it on our page:
the seconds since they did something before, shared by the tasks that one act was about. A task without predictions
takes what Label Studio counted.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import groupby, pairwise
from statistics import median

import numpy as np

from argus import audit
from argus.answers.calibration import Arm
from argus.errors import ArgusError
from argus.labelstudio.client import LabelStudio
from argus.labelstudio.types import Task
from label_studio_config import arm_store as config
from label_studio_config import projects
from label_studio_config.views import arm_view
from search_service.review.calibration import arm_store
from search_service.review.calibration.arm_store import Act, Labelled
from search_service.review.calibration.frames import LEAST_IN_ARM, LONGEST_SECONDS, saved
from search_service.review.candidates import CHUNK, open_review, read_tasks

MOST = 0.5  # share
_TOGETHER = timedelta(seconds=1)  # what lies closer is one act


def set_share(project_id: int, share: float, *, ls: LabelStudio | None = None) -> Arm:
    """Draw a share of the tasks that come from now on; what waited goes back to the others when it becomes 0.

    Args:
        share: 0 to `MOST`; 0 switches the arm off.

    Raises:
        ArgusError: `bad_request`, `unknown_project`, `label_studio_unreachable`.
    """
    audit.about(project=project_id)
    if not 0 <= share <= MOST:
        raise ArgusError("bad_request", f"A share of {share:g} cannot be drawn.", f"It is 0 to {MOST:g}; 0.03 is 3 %.")
    review = open_review(project_id, ls)
    config.set_share(project_id, share, secrets.token_hex(8))
    arm_view(review.ls, project_id, config.waiting(project_id))
    return figures(project_id)


def follow(project_id: int, *, ls: LabelStudio | None = None) -> int:
    """Take over what Label Studio counted for annotations of drawn tasks, `CHUNK` of them, and show in its view what
    waits; return of how many tasks.

    Raises:
        ArgusError: `unknown_project`, what Label Studio answers.
    """
    changed = arm_store.changed(project_id, CHUNK)
    share = config.share(project_id)
    if not changed and not share:
        return 0
    review = open_review(project_id, ls)
    if changed:
        tasks = {task["id"]: task for task in read_tasks(review, [one.task_id for one in changed])}
        arm_store.keep([(one, _labelled(tasks[one.task_id], one.drawn_at)) for one in changed if one.task_id in tasks])
    if share:
        arm_view(review.ls, project_id, config.waiting(project_id))
    return len(changed)


def _labelled(task: Task, drawn_at: datetime) -> Labelled:
    """Return what Label Studio says of the annotations of a task; one that came with it was made elsewhere."""
    made = [one for one in task["annotations"]
            if not one.get("was_cancelled") and datetime.fromisoformat(one["created_at"]) > drawn_at]
    first = min((datetime.fromisoformat(one["created_at"]) for one in made), default=None)
    return Labelled(first, sum(float(one.get("lead_time") or 0) for one in made) or None)


def figures(project_id: int) -> Arm:
    """Return how the arm stands, and how the times compare as soon as there are `LEAST_IN_ARM` of each kind. Raises
    `unknown_project`."""
    projects.require(project_id)
    drawn = arm_store.drawn(project_id)
    own = own_seconds(arm_store.acts(project_id)) if drawn else {}
    helped = [total for one in drawn if one.with_predictions and one.done
              and (total := (one.seconds or 0) + own.get(one.task_id, 0))]
    alone = [one.seconds for one in drawn if not one.with_predictions and one.done and one.seconds]
    ratio = saved(helped, alone)
    typical = (_typical(helped), _typical(alone)) if ratio else (None, None)
    minutes = len(helped) * (typical[1] - typical[0]) / 60 if typical[0] and typical[1] else None
    return Arm(
        share=config.share(project_id), drawn=len(drawn), without=sum(not one.with_predictions for one in drawn),
        waiting=config.waiting(project_id), timed_with=len(helped), timed_without=len(alone), least=LEAST_IN_ARM,
        seconds_with=typical[0], seconds_without=typical[1], ratio=ratio.ratio if ratio else None,
        low=ratio.low if ratio else None, high=ratio.high if ratio else None, minutes_saved=minutes)


def _typical(seconds: Sequence[float]) -> float:
    """Return the geometric mean, pauses cut as `saved` does."""
    return float(np.exp(np.log(np.clip(np.asarray(seconds, float), 0.5, LONGEST_SECONDS)).mean()))


def own_seconds(acts: Sequence[Act]) -> Mapping[int, float]:
    """Return the seconds that people's acts took of each task.

    An act took what was counted for it, else the time since the person's act before. Where that is a pause, or there is
    none, it took as long as their usual one; nobody knows the length of a single one.

    Args:
        acts: by person and time.
    """
    found: dict[int, float] = {}
    for _, one_person in groupby(acts, key=lambda act: act.person):
        groups = list(_together(list(one_person)))
        gaps = [(group[0].at - before[-1].at).total_seconds() for before, group in pairwise(groups)]
        worked = [gap for gap in gaps if gap <= LONGEST_SECONDS]
        usual = median(worked) if worked else 0.0
        for group, gap in zip(groups, [None, *gaps], strict=True):
            counted = sum(act.seconds or 0 for act in group)
            took = counted or (gap if gap is not None and gap <= LONGEST_SECONDS else usual)
            tasks = {act.task_id for act in group}
            for task in tasks:
                found[task] = found.get(task, 0.0) + took / len(tasks)
    return found


def _together(acts: Sequence[Act]) -> Iterator[list[Act]]:
    """Yield the acts of one person, those that were one together."""
    group: list[Act] = []
    for act in acts:
        if group and act.at - group[-1].at > _TOGETHER:
            yield group
            group = []
        group.append(act)
    if group:
        yield group
