"""What review reads from Label Studio: the tasks with a prediction of the current version, their scores and regions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta

from argus.errors import ArgusError
from argus.labelstudio import filters, listing
from argus.labelstudio.client import LabelStudio, get_label_studio
from argus.labelstudio.filters import NO_SCORE, chunks, score_range
from argus.labelstudio.types import Annotation, Condition, Prediction, Task, TaskPage
from label_studio_config import projects
from label_studio_config.bands import NOTHING_FOUND, Edges, edges_of
from label_studio_config.connect import ensure_model_version
from label_studio_config.recipe import recipe_for

# Between created_at and updated_at of a new annotation, which are stamped one after the other; 0.02 ms were measured.
SAME_INSTANT = timedelta(milliseconds=50)
CHUNK = 200  # tasks in one request: their ids travel in its address, their masks in its answer
KNOWN_CHUNK = 400  # where no mask does: with ids of ten digits the address has 6,500 bytes, and proxies take 8,192


@dataclass(frozen=True)
class Review:
    """A connected project as the functions below need it; `chosen`: what is checked first in it."""

    project_id: int
    model_version: str
    edges: Edges
    ls: LabelStudio
    chosen: bool = True


def open_review(project_id: int, ls: LabelStudio | None = None) -> Review:
    """Return what Argus knows of a project.

    Raises:
        ArgusError: `unknown_project` when it was never connected.
    """
    row = projects.load(project_id)
    return Review(project_id, row["model_version"] or recipe_for(row).model_version, edges_of(row),
                  ls or get_label_studio(), row["check_first"] is not None)


def prepare(review: Review) -> None:
    """Let scores count for our version, if there is a prediction of it yet."""
    try:
        ensure_model_version(review.ls, review.project_id, review.model_version)
    except ArgusError as error:
        if error.code != "label_studio_refused":
            raise


def of_version(review: Review) -> Condition:
    return filters.of_version(review.model_version)


def band_conditions(review: Review, band: str) -> list[Condition]:
    """Return the conditions on the score of a band's tasks."""
    return [NO_SCORE] if band == NOTHING_FOUND else score_range(*review.edges.ranges()[band])


def count_tasks(review: Review, conditions: Sequence[Condition], ids: Sequence[int] | None = None) -> int:
    """Return how many tasks meet all conditions; with `ids`, how many of those.

    Label Studio reads every prediction and mask of the tasks that it lists, but not of those that it only counts.
    """
    if ids is not None:
        return sum(page_of_tasks(review, conditions, 1, chunk)["total"] for chunk in chunks(ids, KNOWN_CHUNK))
    return page_of_tasks(review, conditions, 1)["total"]


def list_ids(review: Review, conditions: Sequence[Condition]) -> list[int]:
    """Return the ids of the tasks that meet all conditions."""
    return [task["id"] for page in listing.walk(review.ls, review.project_id, conditions, include="id")
            for task in page]


def read_ids(review: Review, ids: Sequence[int], conditions: Sequence[Condition]) -> list[int]:
    """Return those of `ids` (at most `KNOWN_CHUNK`) whose tasks meet all conditions."""
    return [task["id"] for task in page_of_tasks(review, conditions, len(ids), ids)["tasks"]] if ids else []


def read_tasks(review: Review, ids: Sequence[int],
               conditions: Sequence[Condition] = ()) -> list[Task]:
    """Return the tasks of `ids` that meet all conditions, with predictions, annotations and drafts."""
    return listing.page(review.ls, review.project_id, conditions, size=len(ids), ids=ids,
                        fields="all")["tasks"] if ids else []


def walk_tasks(review: Review, conditions: Sequence[Condition], size: int) -> Iterator[list[Task]]:
    """Yield the tasks that meet all conditions, `size` at a time and in full, each once.

    A page starts after the last task of the one before, not at a number: accepting tasks takes them out of the set.
    """
    yield from listing.walk(review.ls, review.project_id, conditions, size=size, fields="all")


def page_of_tasks(review: Review, conditions: Sequence[Condition], size: int,
                  ids: Sequence[int] | None = None, *, include: str = "id") -> TaskPage:
    """Return a page of Label Studio's listing, `{"tasks", "total", …}`, of the tasks that meet all conditions.

    Args:
        ids: only among these.
        include: names of the fields that are needed, for Label Studio writes out the predictions else; it knows
            `annotations_ids` and `completed_at` when a condition names them.
    """
    return listing.page(review.ls, review.project_id, conditions, size=size, ids=ids, include=include)


def count_made(review: Review, tasks: Iterable[Task]) -> dict[int, str]:
    """Let Label Studio count annotations that it made and did not count; return `{annotation saved: its updated_at}`.

    Label Studio makes or deletes annotations first and counts afterwards. One that was stopped in between hands an
    annotated task out to people, or one without an annotation never again. It counts when one is saved or deleted.

    Args:
        tasks: read in full.
    """
    uncounted = [annotation["id"] for task in tasks if not task["total_annotations"]
                 for annotation in task["annotations"][:1] if not annotation["was_cancelled"]]
    saved: list[Annotation] = [review.ls.patch(f"/api/annotations/{annotation}/", {"was_cancelled": False})
                               for annotation in uncounted]
    return {annotation["id"]: annotation["updated_at"] for annotation in saved}


def count_gone(review: Review, tasks: Iterable[Task]) -> None:
    """Let Label Studio count again where it counts annotations that are gone: an empty one is made and deleted.

    Not a skipped one, although no export would take that for an empty image: Label Studio does not count its deletion.
    """
    for task in tasks:
        if task["total_annotations"] and not task["annotations"]:
            made = review.ls.post(f"/api/tasks/{task['id']}/annotations/", {"result": []})
            review.ls.delete(f"/api/annotations/{made['id']}/")


def predictions_of(review: Review, task: Task) -> list[Prediction]:
    return [p for p in task["predictions"] if p["model_version"] == review.model_version]
