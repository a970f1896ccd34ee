"""The frames before and after one, where the picture changes, and images without a query."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from argus.answers.browse import Browsed
from argus.answers.tasks import Neighbours
from argus.db import connect
from argus.errors import ArgusError
from search_service.pictures import neighbours
from search_service.search import browse, images
from search_service.search.filters import Filters
from search_service.vectors import store
from tests.rows import project_of_rows

pytestmark = pytest.mark.integration
DIM, FIRST = 40, 7_700_000
SCENES = [0, 0, 0, 1, 1, 1, 1, 2, 0, 0]  # what each frame shows, one a second


@pytest.fixture(scope="module")
def project(servers: Any) -> Iterator[int]:
    """A video of ten frames, a frame of another one, an image of none, and a frame that is not embedded yet."""
    model = store.register_model("test-neighbours", "1", DIM)
    rows = [*(("a", "v", float(number), number) for number in range(len(SCENES))),
            ("b", "other", 3.0, 90), (None, None, None, None), ("a", "v", 10.0, 10)]
    with project_of_rows() as number, connect() as connection:
        for task, (name, video, seconds, frame) in enumerate(rows, FIRST):
            state = "embedded" if task < FIRST + len(SCENES) else "waiting"
            connection.execute("INSERT INTO task (id, project_id, image, video, video_id, video_time, frame_number, "
                               "state) VALUES (%s, %s, 'x.jpg', %s, %s, %s, %s, %s)",
                               (task, number, name, video, seconds, frame, state))
        looks = np.eye(3, DIM, dtype=np.float32)
        store.store(connection, model, [(number, FIRST + place, looks[scene]) for place, scene in enumerate(SCENES)])
        connection.commit()
        yield number


@pytest.fixture(autouse=True)
def model_of_searches(servers: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    model = store.register_model("test-neighbours", "1", DIM)
    monkeypatch.setattr(neighbours, "current_model", lambda: model)
    monkeypatch.setattr(images, "current_model", lambda progress: model)


def told(found: Neighbours) -> tuple[list[int], list[bool], int | None, int | None]:
    """Places of the frames, whether they show the same, and the places of the changes."""
    def place(task: int | None) -> int | None:
        return None if task is None else task - FIRST

    return ([one.task - FIRST for one in found.frames], [one.same for one in found.frames],
            place(found.previous_change), place(found.next_change))


def test_around__frames_of_the_same_video_by_time_and_where_it_changes(project: int) -> None:
    middle = neighbours.around(project, FIRST + 4, 2)
    assert told(middle) == ([2, 3, 4, 5, 6], [False, True, True, True, True], 2, 7)
    assert (middle.earlier, middle.later) == (True, True)
    assert [one.video_time for one in middle.frames] == [2.0, 3.0, 4.0, 5.0, 6.0]
    first = neighbours.around(project, FIRST, 50)
    assert told(first) == ([*range(10), 12], [scene == 0 for scene in SCENES] + [False], None, 3)
    assert (first.earlier, first.later) == (False, False)


def test_around__frames_without_an_embedding_and_images_of_no_video(project: int) -> None:
    waiting = neighbours.around(project, FIRST + 12, 3)  # there is nothing to compare with
    assert told(waiting) == ([7, 8, 9, 12], [False, False, False, True], None, None)
    assert told(neighbours.around(project, FIRST + 10, 5)) == ([10], [True], None, None)
    assert neighbours.around(project, FIRST + 11, 5).frames == []
    with pytest.raises(ArgusError) as caught:
        neighbours.around(project, FIRST + 99, 5)
    assert caught.value.code == "unknown_task"


def places(found: Browsed) -> list[int]:
    return [one.task - FIRST for one in found.images]


def test_browse__by_video_and_time_page_by_page(project: int) -> None:
    whole = browse.browse(project, "time", Filters(), 50)
    assert (whole.total, sorted(places(whole))) == (13, list(range(13)))
    assert places(whole)[-1] == 11  # an image of no video
    frames = [one for one in whole.images if one.video_id == "other"]
    assert [one.video_time for one in frames] == [3.0]
    for offset in (0, 5, 10):
        assert places(browse.browse(project, "time", Filters(), 5, offset)) == places(whole)[offset:offset + 5]
    narrowed = browse.browse(project, "time", Filters(video_from=2, video_to=4))
    assert {one.video_time for one in narrowed.images} == {2.0, 3.0, 4.0} and narrowed.total == 4


def test_browse__a_varied_sample_shows_each_scene_first(project: int) -> None:
    varied = browse.browse(project, "varied", Filters())
    assert {SCENES[place] for place in places(varied)[:3]} == {0, 1, 2}
    assert sorted(places(varied)) == list(range(10))  # those that are embedded
    assert places(browse.browse(project, "varied", Filters(), 2, 1)) == places(varied)[1:3]


def test_browse__the_rare_ones_first_are_embedded_and_listed_page_by_page(project: int) -> None:
    rare = browse.browse(project, "rare", Filters())
    assert sorted(places(rare)) == list(range(10))
    assert places(browse.browse(project, "rare", Filters(), 3, 2)) == places(rare)[2:5]
    assert browse.browse(project, "rare", Filters(video_from=2, video_to=4)).total == 3


def test_browse__a_project_that_is_not_there(servers: Any) -> None:
    with pytest.raises(ArgusError) as caught:
        browse.browse(999_999, "time", Filters())
    assert caught.value.code == "unknown_project"
