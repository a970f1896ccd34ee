"""The objects of a label over all bands, and one verdict on many of them.

What is judged here is stored at once and survives everything; a task with an object that is not right stays out of
bulk acceptance, as after *Reject* and *Fix* in a band.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from argus import audit
from argus.answers.review import Wall, WallJudged, WallObject, WallTakenBack
from argus.errors import ArgusError
from label_studio_config import projects
from label_studio_config.recipe import plan_for, recipe_for
from label_studio_config.views import fix_view
from search_service.review import arrangement, objects, prediction_store, standing, wall_store
from search_service.review.candidates import Review, open_review
from search_service.review.objects import Shown
from search_service.review.set_aside import decisions, open_tasks
from search_service.review.wall_store import Named

Verdict = Literal["right", "wrong", "unsure", "relabelled"]


def page(project_id: int, *, label: str = "", limit: int = 200, after: str = "",
         order: arrangement.Order = "score") -> Wall:
    """Return a page of the objects on unreviewed tasks, of one label or of all, lowest score first.

    Args:
        after: `next` of the page before, in the same order.
        order: similar: those whose crops are alike stand together; outliers: those that are least like their label's
            others come first.

    Raises:
        ArgusError: `unknown_project`, `unknown_label`, `bad_request` for another `after`.
    """
    review = open_review(project_id)
    ids = standing.unreviewed(review, None, ())
    if order == "score":
        rows, following = objects.page_of_objects(project_id, review.model_version, ids, label or None, limit, after)
    else:
        every = objects.rows_of(project_id, review.model_version, ids, label or None)
        arranged, following = arrangement.page(project_id, recipe_for(projects.load(project_id)), every, order, limit,
                                               after)
        rows = [objects.named(row) for row in arranged]
    tasks = sorted({row.task for row in rows})
    said = {(one.task_id, one.object): one for one in wall_store.judged(project_id, review.model_version, tasks)}
    rejected = {(task, name) for task, decided in decisions(review, tasks).items()
                for name, verdict in decided.items() if verdict == "rejected"}
    return Wall(objects=counts(review, ids), next=following, shown=[
        _listed(row, said.get((row.task, row.name)), (row.task, row.name) in rejected) for row in rows])


def _listed(row: Shown, said: wall_store.Judged | None, rejected: bool) -> WallObject:
    """Return an object with the last verdict on it; what was rejected in a band is wrong."""
    return WallObject(task=row.task, object=row.name, label=row.label, score=row.score, box=list(row.box),
                      verdict="wrong" if rejected else said.verdict if said else "",
                      new_label=said.new_label if said and not rejected else "")


def counts(review: Review, ids: Sequence[int]) -> dict[str, int]:
    """Return how many objects each label has on these tasks."""
    asked = objects.asked_for(review.project_id, review.model_version)
    found = {one.label: 0 for one in asked}
    for row in prediction_store.shown_scores(asked, review.model_version, ids):
        found[row.label] += 1
    return found


def judge(project_id: int, verdict: Verdict, named: Sequence[tuple[int, str]], label: str = "") -> WallJudged:
    """Store one verdict on all objects, named by their task and name; all or none.

    Args:
        label: the right one, for "relabelled".

    Raises:
        ArgusError: `unknown_project`; `unknown_label`; `not_found` for an object that is not there (any more);
            `bad_request` for one that is named twice, or a label with another verdict.
    """
    review = open_review(project_id)
    audit.about(f"{len(named)} objects")
    if (verdict == "relabelled") != bool(label) or len(set(named)) < len(named):
        raise ArgusError("bad_request", "A label goes with relabelled alone, and each object is named once.")
    _check_label(project_id, label)
    tasks = sorted({task for task, _ in named})
    projects.require_tasks(project_id, tasks)
    shown = {(one.task, one.name): one for one in objects.shown(project_id, review.model_version, tasks)}
    missing = [one for one in named if one not in shown]
    if missing:
        raise ArgusError("not_found", f"Task {missing[0][0]} has no object {missing[0][1]!r} in the current predictions"
                         f"{f', and {len(missing) - 1} more are not there' if len(missing) > 1 else ''}.",
                         "Nothing was stored. Labels or prompts may have changed since: look at the objects again.")
    ids = wall_store.add(project_id, review.model_version, [_named(shown[one]) for one in named], verdict, label,
                         audit.actor())
    return WallJudged(verdicts=ids, to_fix=_refresh_view(review))


def _named(one: Shown) -> Named:
    return Named(one.task, one.name, one.label, one.score)


def _check_label(project_id: int, label: str) -> None:
    names = [concept.label for concept in plan_for(projects.load(project_id)).concepts]
    if label and label not in names:
        raise ArgusError("unknown_label", f"The project has no label {label!r}.", f"It has: {', '.join(names)}.")


def take_back(project_id: int, verdicts: Sequence[int]) -> WallTakenBack:
    """Take your own verdicts back, and bring back exactly what they replaced.

    Raises:
        ArgusError: `unknown_project`; `not_found` when none of them is yours and still counts.
    """
    review = open_review(project_id)
    tasks = wall_store.take_back(project_id, verdicts, audit.actor())
    if not tasks:
        raise ArgusError("not_found", "None of these verdicts is yours and still counts.")
    return WallTakenBack(tasks=len(tasks), to_fix=_refresh_view(review))


def _refresh_view(review: Review) -> int:
    """Let Label Studio's view of what is to be fixed hold what is set aside now; return how many tasks that is."""
    waiting = open_tasks(review)
    fix_view(review.ls, review.project_id, waiting)
    return len(waiting)
