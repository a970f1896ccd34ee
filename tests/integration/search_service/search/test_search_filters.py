"""Filters on the real Label Studio and PostgreSQL: what people annotated arrives, and each filter lets the right tasks
pass. No model runs: the tasks are marked as embedded by hand."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from psycopg.types.json import Jsonb

from argus.db import connect
from argus.errors import ArgusError
from argus.labelstudio import LabelStudio, get_label_studio
from label_studio_config.recipe import recipe_for
from search_service.search.filter_store import select
from search_service.search.filters import Filters
from search_service.sync import annotations as annotated
from search_service.sync import tasks

pytestmark = pytest.mark.integration
CONFIG = ('<View><Image name="image" value="$image"/><RectangleLabels name="label" toName="image"><Label value="cpu"/>'
          '<Label value="fan"/></RectangleLabels></View>')


def region(label: str) -> dict[str, Any]:
    return {"from_name": "label", "to_name": "image", "type": "rectanglelabels",
            "value": {"x": 1, "y": 1, "width": 5, "height": 5, "rotation": 0, "rectanglelabels": [label]}}


@pytest.fixture(scope="module")
def ls(servers: Any) -> LabelStudio:
    return get_label_studio()


@pytest.fixture(scope="module")
def project(ls: LabelStudio) -> Iterator[tuple[int, list[int]]]:
    """Ten frames of two videos, known to Argus: `(project id, task ids)`."""
    number = ls.post("/api/projects/", {"title": "Filters", "label_config": CONFIG})["id"]
    ids = ls.post(f"/api/projects/{number}/import?return_task_ids=true", [
        {"data": {"image": f"/data/upload/{n}.jpg", "video": f"{'ab'[n // 5]}.mp4", "video_time": n % 5 / 2,
                  "frame_number": n % 5, "captured_at": f"2026-01-0{1 + n // 5}T10:00:0{n % 5}"}}
        for n in range(10)])["task_ids"]
    tasks.sync_project(number)
    with connect() as connection:
        connection.execute("UPDATE task SET state = 'embedded' WHERE project_id = %s", (number,))
    yield number, ids
    ls.delete(f"/api/projects/{number}/")


def passing(project: int, **conditions: Any) -> list[int]:
    chosen = select(project, Filters.model_validate(conditions))
    assert chosen is not None
    return sorted(chosen.tolist())


def test_select__video_and_times(project: tuple[int, list[int]]) -> None:
    number, ids = project
    assert select(number, Filters()) is None
    assert passing(number, video="b.mp4") == ids[5:]
    assert passing(number, video="a.mp4", video_from=0.5, video_to=1) == ids[1:3]
    assert passing(number, video_to=0) == [ids[0], ids[5]]
    assert passing(number, captured_from="2026-01-02T10:00:02+00:00") == ids[7:]
    assert passing(number, captured_from="2026-01-01T10:00:01", captured_to="2026-01-01T12:00:02+02:00") == ids[1:3]
    assert passing(number, video="%s'; --") == []


def test_select__dark_blurred_and_frozen_images_as_they_were_measured(project: tuple[int, list[int]]) -> None:
    number, ids = project
    with connect() as connection:
        connection.execute("UPDATE project SET model_version = 'v1', check_first = '{}' WHERE id = %s", (number,))
        for task, kind, version, verdict in ((ids[0], "dark", "v1", None), (ids[1], "blurred", "v1", None),
                                             (ids[2], "dark", "v1", "nothing_there"), (ids[3], "dark", "v0", None),
                                             (ids[4], "dark", "v1", "reject"), (ids[5], "frozen", "v1", None)):
            connection.execute("INSERT INTO suspicion (task_id, project_id, model_version, kind, label, strength, "
                               "verdict) VALUES (%s, %s, %s, %s, '', 0.5, %s)", (task, number, version, kind, verdict))
    try:
        assert passing(number, flaw="dark") == [ids[0], ids[4]]
        assert passing(number, flaw="blurred") == [ids[1]]
        assert passing(number, flaw="frozen", video="b.mp4") == [ids[5]]
    finally:
        with connect() as connection:
            connection.execute("DELETE FROM suspicion WHERE project_id = %s", (number,))
            connection.execute("UPDATE project SET model_version = '' WHERE id = %s", (number,))


def test_select__annotations_are_known_after_the_next_poll(project: tuple[int, list[int]], ls: LabelStudio) -> None:
    number, ids = project
    first = ls.post(f"/api/tasks/{ids[0]}/annotations/", {"result": [region("cpu"), region("fan"), region("cpu")]})
    ls.post(f"/api/tasks/{ids[1]}/annotations/", {"result": []})
    ls.post(f"/api/tasks/{ids[2]}/annotations/", {"result": [region("fan")], "was_cancelled": True})
    tasks.sync_project(number, full=False)
    assert passing(number, labelled=True) == ids[:2]
    assert passing(number, labelled=False) == ids[2:]
    assert passing(number, label="cpu", label_in="annotations") == ids[:1]
    ls.patch(f"/api/annotations/{first['id']}/", {"result": [region("fan")]})
    tasks.sync_project(number, full=False)
    assert (passing(number, label="cpu"), passing(number, label="fan")) == ([], ids[:1])
    ls.request("POST", "/api/dm/actions/", params={"id": "delete_tasks_annotations", "project": number},
               json={"project": number, "selectedItems": {"all": False, "included": ids[:1]}})
    tasks.sync_project(number, full=False)
    assert passing(number, labelled=True) == ids[1:2]


def test_refresh__a_full_listing_repairs_what_polls_missed(project: tuple[int, list[int]], ls: LabelStudio) -> None:
    number, ids = project
    with connect() as connection:
        connection.execute("UPDATE task SET labelled = (id = %s) WHERE project_id = %s", (ids[5], number))
    assert annotated.refresh(ls, number) == 0
    tasks.sync_project(number, full=True)
    assert passing(number, labelled=True) == ids[1:2]


def test_refresh__many_changed_tasks_cost_one_listing(project: tuple[int, list[int]], ls: LabelStudio,
                                                      monkeypatch: pytest.MonkeyPatch) -> None:
    number, ids = project
    monkeypatch.setattr(annotated, "MANY", 3)
    monkeypatch.setattr(annotated, "PAGE", 1)
    ls.post(f"/api/tasks/{ids[3]}/annotations/", {"result": [region("fan")]})
    with connect() as connection:
        connection.execute("UPDATE task SET labelled_at = NULL, labelled = NOT labelled WHERE project_id = %s",
                           (number,))
    assert annotated.refresh(ls, number) == 10
    assert passing(number, labelled=True) == [ids[1], ids[3]]
    assert passing(number, label="fan") == [ids[3]]


def test_select__predictions_bands_and_predicted_labels(project: tuple[int, list[int]]) -> None:
    number, ids = project
    with connect() as connection:
        row = connection.execute("SELECT * FROM project WHERE id = %s", (number,)).fetchone()
        assert row is not None
        recipe = recipe_for(row)
        cpu = next(concept for concept in recipe.concepts if concept.label == "cpu")
        connection.execute("UPDATE project SET model_version = %s WHERE id = %s", (recipe.model_version, number))
        for task, score in zip(ids, (0.95, 0.9, 0.89, 0.7, 0.5, None), strict=False):
            connection.execute("INSERT INTO prediction (task_id, model_version, project_id, channel, state, score) "
                               "VALUES (%s, %s, %s, 'push', 'stored', %s)",
                               (task, recipe.model_version, number, score))
        connection.execute("INSERT INTO prediction (task_id, model_version, project_id, channel, state, score) "
                           "VALUES (%s, 'older', %s, 'push', 'stored', 0.99)", (ids[6], number))
        for task, score in zip(ids, (0.95, cpu.threshold, cpu.threshold - 0.01), strict=False):
            connection.execute("INSERT INTO detection (task_id, label, concept_key, width, height, items) "
                               "VALUES (%s, 'cpu', %s, 10, 10, %s)",
                               (task, recipe.concept_key(cpu), Jsonb([{"score": 0.01}, {"score": score}])))
        connection.execute("INSERT INTO detection (task_id, label, concept_key, width, height, items) "
                           "VALUES (%s, 'cpu', 'other prompts', 10, 10, %s)", (ids[5], Jsonb([{"score": 0.9}])))
        connection.execute("INSERT INTO detection (task_id, label, concept_key, width, height, items) "
                           "VALUES (%s, 'cpu', %s, 10, 10, '[]')", (ids[7], recipe.concept_key(cpu)))
        connection.execute("INSERT INTO detection (task_id, label, concept_key, width, height, items, previewed) "
                           "VALUES (%s, 'cpu', %s, 10, 10, %s, true)",  # only a preview has seen it
                           (ids[3], recipe.concept_key(cpu), Jsonb([{"score": 0.9}])))
    assert passing(number, predicted=True) == ids[:6]
    assert passing(number, predicted=False) == ids[6:]
    assert [passing(number, band=band) for band in ("high", "medium", "low", "nothing_found")] == [
        ids[:2], ids[2:4], [ids[4]], [ids[5]]]
    assert passing(number, label="CPU", label_in="predictions") == ids[:2]
    assert passing(number, label="cpu", band="high", labelled=False) == [ids[0]]
    assert passing(number, label="unknown") == []


def test_select__collapse_shows_one_of_each_row_of_near_duplicates(project: tuple[int, list[int]]) -> None:
    number, ids = project
    with connect() as connection:
        connection.execute("UPDATE task SET duplicate_of = %s WHERE id = ANY(%s)", (ids[6], [ids[7], ids[8]]))
    assert passing(number, collapse=True, video="b.mp4") == [ids[5], ids[6], ids[9]]
    assert passing(number, collapse=True, video="b.mp4", video_from=1) == [ids[7], ids[9]]  # the first is filtered out
    with connect() as connection:
        connection.execute("DELETE FROM task WHERE id = %s", (ids[6],))
    assert passing(number, collapse=True, video="b.mp4") == [ids[5], ids[7], ids[9]]


def test_select__unknown_project(servers: Any) -> None:
    with pytest.raises(ArgusError) as error:
        select(987_654, Filters(band="high"))
    assert error.value.code == "unknown_project"
