"""Views and tabs of searches follow whatever could change what is found, beside images: the model, the band edges.

Two models of four dimensions whose vectors are written by hand, on the real Label Studio and PostgreSQL; searches are
by example, so no model runs.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import psycopg
import pytest

from argus import queue_names
from argus.db import connect, locks
from argus.labelstudio import LabelStudio
from argus.settings import get_settings
from label_studio_config.views import live_views
from search_service.search.query import SearchQuery
from search_service.vectors import model_change, store
from search_service.vectors.store import Model
from search_service.views import query_tabs, saved_searches
from tests.roles import kept_roles

pytestmark = pytest.mark.integration
CONFIG = ('<View><Image name="image" value="$image"/><Choices name="c" toName="image"><Choice value="x"/></Choices>'
          "</View>")


@pytest.fixture
def models(servers: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Model, Model]]:
    """Two models, the first of which is current. Views are refreshed here and by no worker."""
    monkeypatch.setattr(queue_names, "DEFAULT", "default-of-this-test")
    made = (store.register_model("state-old", "1", 4), store.register_model("state-new", "1", 4))
    with psycopg.connect(get_settings().resolved_database_url, autocommit=True) as lock, kept_roles(made[0].id):
        lock.execute("SELECT pg_advisory_lock(%s)", (locks.SYNC,))
        yield made


@pytest.fixture
def project(label_studio: LabelStudio, models: tuple[Model, Model]) -> Iterator[tuple[int, list[int]]]:
    """Three images: to the old model the second is like the first, to the new one the third is."""
    number = label_studio.post("/api/projects/", {"title": "State", "label_config": CONFIG})["id"]
    ids = label_studio.post(f"/api/projects/{number}/import?return_task_ids=true",
                  [{"data": {"image": f"/data/upload/{n}.jpg"}} for n in range(3)])["task_ids"]
    axes = np.eye(4, dtype=np.float32)
    with connect() as connection:
        connection.execute("INSERT INTO project (id, connected_at) VALUES (%s, now())", (number,))
        connection.execute("INSERT INTO task (id, project_id, image, state) SELECT unnest(%s::bigint[]), %s, '', "
                           "'embedded'", (ids, number))
        for model, like in zip(models, ([0, 0, 1], [0, 1, 0]), strict=True):
            store.store(connection, model, [(number, task, axes[axis]) for task, axis in zip(ids, like, strict=True)])
    yield number, ids
    label_studio.delete(f"/api/projects/{number}/")
    with connect() as connection:
        connection.execute("DELETE FROM project WHERE id = %s", (number,))


def shown(label_studio: LabelStudio, project: int, view: int) -> list[int]:
    return [item["value"] for item in live_views(label_studio, project)[view]["filters"]["items"]]


def due(project: int) -> int:
    """How many kept views are found to be stale, when what changed has settled."""
    saved_searches.enqueue_stale_views(project)
    return saved_searches.enqueue_stale_views(project)


def test_a_view_follows_the_change_of_the_model(label_studio: LabelStudio, project: tuple[int, list[int]],
                                                models: tuple[Model, Model]) -> None:
    number, (first, second, third) = project
    ask = SearchQuery.model_validate({"like": [{"task": first}]})
    kept = saved_searches.create(number, "Alike", ask, size=1, keep_view=True)
    (view,) = kept.views
    assert shown(label_studio, number, view) == [second]
    assert due(number) == 0
    model_change.make_current(models[1])
    assert due(number) == 1
    assert saved_searches.refresh_job(number, kept.id) == ""
    assert shown(label_studio, number, view) == [third]
    assert due(number) == 0


def test_a_tab_is_due_again_after_the_change_of_the_model(label_studio: LabelStudio, project: tuple[int, list[int]],
                                                          models: tuple[Model, Model]) -> None:
    number, _ = project
    label_studio.post("/api/dm/views/", {"project": number,
                                         "data": {"title": "? -x", "type": "list", "target": "tasks"}})
    query_tabs.fill(number)  # a query that finds nothing needs no model
    assert query_tabs.enqueue_stale_tabs(number) is False
    model_change.make_current(models[1])
    assert query_tabs.enqueue_stale_tabs(number) is True


@pytest.mark.parametrize("move", [
    "UPDATE project SET band_high = 0.95 WHERE id = %(project)s",
    "UPDATE project SET model_version = 'v2' WHERE id = %(project)s",
    """UPDATE project SET overrides = '{"x": {"threshold": 0.9}}' WHERE id = %(project)s"""])
def test_the_state_follows_what_filters_go_by(project: tuple[int, list[int]], move: str) -> None:
    before = saved_searches.project_state(project[0])
    assert saved_searches.project_state(project[0]) == before
    with connect() as connection:
        connection.execute(move, {"project": project[0]})
    assert saved_searches.project_state(project[0]) != before


def test_a_view_filtered_by_band_follows_a_moved_edge(label_studio: LabelStudio,
                                                      project: tuple[int, list[int]]) -> None:
    number, (first, second, third) = project
    with connect() as connection:
        connection.execute("UPDATE project SET model_version = 'v1' WHERE id = %s", (number,))
        for task, score in ((second, 0.92), (third, 0.98)):
            connection.execute("INSERT INTO prediction (task_id, model_version, project_id, channel, state, score) "
                               "VALUES (%s, 'v1', %s, 'push', 'stored', %s)", (task, number, score))
    ask = SearchQuery.model_validate({"like": [{"task": first}], "filters": {"band": "high"}})
    kept = saved_searches.create(number, "Sure", ask, keep_view=True)
    (view,) = kept.views
    assert sorted(shown(label_studio, number, view)) == [second, third]
    with connect() as connection:
        connection.execute("UPDATE project SET band_high = 0.95 WHERE id = %s", (number,))
    assert due(number) == 1
    saved_searches.refresh_job(number, kept.id)
    assert shown(label_studio, number, view) == [third]
