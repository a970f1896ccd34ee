"""Objects that a reviewer rejected, and tasks sent to be fixed: they take no part in bulk acceptance.

Label Studio's open-source edition has no state "rejected". Deleting the prediction would lose what the model saw, and
skipping the task (a cancelled annotation) would count it as done and hide it. So the decision is recorded here, the
prediction stays, and the task waits in the view `Review: to fix`, where a person corrects it. Nothing is lost, and
`put_back` takes the decision back. Once the task has an annotation the decision has served its purpose.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from argus import audit
from argus.answers.to_fix import PutBack, SetAside
from argus.errors import ArgusError
from argus.labelstudio.client import LabelStudio
from argus.labelstudio.filters import UNREVIEWED, chunks
from label_studio_config.views import fix_view
from search_service.review import store
from search_service.review.candidates import Review, of_version, open_review, read_ids

_CHUNK = 200
Verdict = Literal["rejected", "fix"]


def set_aside(project_id: int, task_id: int, verdict: Verdict, *, object_id: str = "",
              ls: LabelStudio | None = None) -> SetAside:
    """Take a task out of bulk acceptance until a person has annotated it; doing it twice changes nothing.

    The record names who acts (`argus.audit`).

    Args:
        object_id: the object that is wrong, as `band_objects` names it; '' means the task as a whole.

    Raises:
        ArgusError: `unknown_project`; `unknown_task` for a task without a prediction of the current version.
    """
    audit.about(f"task {task_id}")
    review = open_review(project_id, ls)
    if not store.decide(project_id, review.model_version, task_id, object_id, verdict, audit.actor().verified_name):
        raise ArgusError("unknown_task", f"Task {task_id} has no prediction to review in project {project_id}.",
                         "Its labels or prompts may have changed since; look at the band again.", task=task_id)
    waiting = open_tasks(review)
    return SetAside(task=task_id, verdict=verdict, object=object_id, to_fix=len(waiting),
                    view=fix_view(review.ls, project_id, waiting))


def put_back(project_id: int, task_id: int, *, object_id: str | None = None,
             ls: LabelStudio | None = None) -> PutBack:
    """Let a task take part in bulk acceptance again.

    Args:
        object_id: take back the decision on this object only; None takes back all of the task's.

    Raises:
        ArgusError: `unknown_project`.
    """
    audit.about(f"task {task_id}")
    review = open_review(project_id, ls)
    removed = store.take_back_decisions(project_id, review.model_version, task_id, object_id)
    waiting = open_tasks(review)
    fix_view(review.ls, project_id, waiting)
    return PutBack(task=task_id, put_back=removed, to_fix=len(waiting))


def decisions(review: Review, task_ids: Sequence[int] | None = None) -> dict[int, dict[str, Verdict]]:
    """Return what was decided, as `task → {object or '': verdict}`; with `task_ids`, of those only."""
    verdicts: dict[int, dict[str, Verdict]] = {}
    for row in store.decisions(review.project_id, review.model_version, task_ids):
        verdicts.setdefault(row.task_id, {})[row.object] = row.verdict
    return verdicts


def open_tasks(review: Review) -> list[int]:
    """Return the tasks that were set aside and that nobody has annotated or skipped since, by id."""
    conditions = [of_version(review), *UNREVIEWED]
    return sorted(task for chunk in chunks(decisions(review), _CHUNK) for task in read_ids(review, chunk, conditions))
