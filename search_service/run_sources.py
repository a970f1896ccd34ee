"""Which tasks a run takes: a selection, a search, a view, the unlabelled ones, or all."""

from __future__ import annotations

from typing import Annotated, Literal, Required, TypedDict

from pydantic import Field, model_validator

from argus.answers.runs import Estimate, Preview, RunSources, RunView
from argus.errors import ArgusError
from argus.labelstudio import get_label_studio, listing
from argus.labelstudio.filters import condition
from label_studio_config import projects
from ml_backend.runs import preview as previews
from ml_backend.runs import recipes, runs
from search_service.references import preview as references
from search_service.search.fields import Limit, Query, Request, Score, TaskIds, exactly_one
from search_service.search.search import search
from search_service.sync import store as tasks

Label = Annotated[str, Field(min_length=1, max_length=500)]
_UNLABELLED = [condition("total_annotations", "equal", 0)]


class Source(Request):
    """Which tasks: exactly one of the sources."""

    task_ids: TaskIds | None = None
    search: Query | None = Field(None, description="The first `limit` hits of this query.")
    view: Annotated[int, Field(ge=1)] | None = Field(None, description="The tasks of this Label Studio view.")
    all: Literal[True] | None = Field(None, description="Every task of the project.")
    unlabelled: Literal[True] | None = Field(None, description="Every task without an annotation.")
    limit: Limit = 50

    @model_validator(mode="after")
    def _one_source(self) -> Source:
        exactly_one(task_ids=self.task_ids, search=self.search, view=self.view, all=self.all,
                    unlabelled=self.unlabelled)
        return self


class RunRequest(Source):
    """A run: which labels on which tasks, with the project's recipe as it stands."""

    labels: list[Label] = Field(min_length=1, max_length=200)
    outdated: bool = Field(False, description="Also the tasks whose predictions were made with older prompts.")
    max_tasks: int | None = Field(None, ge=1, le=10_000_000, description="Take no more tasks than this, those first "
                                  "that the model has not seen yet.")


class Concept(Request):
    """What a label is asked for."""

    label: Label
    prompts: list[Annotated[str, Field(max_length=200)]] | None = Field(
        None, max_length=20, description="Noun phrases. Null: those of the labelling config.")
    threshold: Score | None = Field(None, description="Lowest score shown. Null: that of the labelling config.")


class PreviewRequest(Source):
    """A preview of a run on up to 12 of its tasks, spread evenly over them."""

    concepts: list[Concept] = Field(min_length=1, max_length=20)
    images: int = Field(12, ge=1, le=12, description="Images to look at.")
    retry: bool = Field(False, description="Try images again that failed before.")


class RunSource(TypedDict, total=False):
    """Where the tasks of a run came from, as its record keeps it; `outdated` tasks were taken besides."""

    source: Required[Literal["tasks", "search", "view", "unlabelled", "all"]]
    query: str
    limit: int
    view: int
    outdated: int


def start_run(project_id: int, asked: RunRequest) -> int:
    """Create a run on the tasks that the request means, and return its id.

    Raises:
        ArgusError: `unknown_project`, `unknown_task`, `unknown_label`, `nothing_selected`, and what a search raises.
    """
    task_ids, source = resolve(project_id, asked, outdated=asked.outdated)
    return runs.create_run(project_id, asked.labels, task_ids, settings=source, max_tasks=asked.max_tasks)


def estimate_run(project_id: int, asked: RunRequest) -> Estimate:
    """Return what `start_run` with the same request would cost; starts nothing. Raises as `start_run`."""
    task_ids, _ = resolve(project_id, asked, outdated=asked.outdated)
    return runs.estimate(project_id, asked.labels, task_ids, asked.max_tasks)


def preview(project_id: int, asked: PreviewRequest) -> Preview:
    """Return what SAM 3 finds on some of the tasks: see `ml_backend.runs.preview`. Raises as `start_run`."""
    task_ids, _ = resolve(project_id, asked)
    count = min(asked.images, len(task_ids))
    spread = [task_ids[round(place * (len(task_ids) - 1) / max(count - 1, 1))] for place in range(count)]
    found = previews.preview(project_id, spread, [c.model_dump() for c in asked.concepts], retry=asked.retry)
    return references.scored(project_id, found)


def resolve(project_id: int, asked: Source, *, outdated: bool = False) -> tuple[list[int], RunSource]:
    """Return the tasks that a source means, and the source as a run's record keeps it.

    Args:
        outdated: also the tasks whose predictions were made with older prompts.

    Raises:
        ArgusError: `unknown_project`, `unknown_task`, `not_found` for a view, `nothing_selected`, and what a search
            raises.
    """
    project = projects.load(project_id)
    source: RunSource = {"source": "tasks"}
    if asked.search is not None:
        task_ids = [hit.task for hit in search(project_id, asked.search, asked.limit, record=False).hits]
        source = {"source": "search", "query": asked.search, "limit": asked.limit}
    elif asked.view is not None:
        task_ids, source = _of_view(project_id, asked.view), {"source": "view", "view": asked.view}
    elif asked.unlabelled:
        task_ids, source = _listed(project_id, _UNLABELLED), {"source": "unlabelled"}
    elif asked.all:
        task_ids, source = _all_tasks(project_id), {"source": "all"}
    else:
        task_ids = list(dict.fromkeys(asked.task_ids or []))
        known = projects.known_tasks(project, task_ids)
        if unknown := [task_id for task_id in task_ids if task_id not in known]:
            raise projects.unknown_tasks(project_id, unknown)
    if asked.view is not None or asked.unlabelled:
        videos = tasks.tasks_with_video(project_id)
        task_ids = [task_id for task_id in task_ids if task_id not in videos]
    if outdated:
        older = recipes.outdated_tasks(project_id)
        task_ids, source = list(dict.fromkeys([*task_ids, *older])), source | {"outdated": len(older)}
    if not task_ids:
        raise ArgusError("nothing_selected", "There is no task to annotate.")
    return task_ids, source


def sources(project_id: int) -> RunSources:
    """Return what a run can be started from.

    Raises:
        ArgusError: `unknown_project`, `label_studio_unreachable`.
    """
    projects.require(project_id)
    ls = get_label_studio()
    views = [RunView(id=view["id"], title=(view.get("data") or {}).get("title") or f"{view['id']}")
             for view in ls.views(project_id)]
    return RunSources(all=len(_all_tasks(project_id)), views=views,
                      unlabelled=listing.count(ls, project_id, _UNLABELLED) - tasks.unlabelled_videos(project_id))


def _listed(project_id: int, conditions: listing.Conditions) -> list[int]:
    return [task["id"] for page in listing.walk(get_label_studio(), project_id, conditions, include="id")
            for task in page]


def _of_view(project_id: int, view: int) -> list[int]:
    """Return the ids of the tasks that a view shows, in its order."""
    try:
        return [task["id"] for page in listing.pages(get_label_studio(), project_id, view=view, include="id")
                for task in page]
    except ArgusError as error:
        if error.code != "not_found":
            raise
        raise ArgusError("not_found", f"Project {project_id} has no view {view}.",
                         "It may have been removed in Label Studio.") from error


def _all_tasks(project_id: int) -> list[int]:
    return tasks.tasks_with_image(project_id)
