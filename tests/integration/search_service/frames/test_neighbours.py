"""The frames before and after one, by time, and where the picture changes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from argus.answers.tasks import Neighbours
from argus.db import connect
from argus.errors import ArgusError
from search_service.pictures import neighbours
from search_service.vectors import store
from tests.rows import project_of_rows

pytestmark = pytest.mark.integration
DIM, FIRST = 40, 7_700_000
SCENES = [0, 0, 0, 1, 1, 1, 1, 2, 0, 0]  # what each frame shows, one a second


@pytest.fixture(scope="module")
def project(servers: Any) -> Iterator[int]:
    """A video of ten frames, a frame of another one, an image of none, and a frame that is not embedded yet."""
    model = store.register_model("test-neighbours", "1", DIM)
    rows = [*((f"a{number % 2}", "v", float(number), number) for number in range(len(SCENES))),
            ("b", "other", 3.0, 90), (None, None, None, None), ("a", "v", 10.0, 10)]
    with project_of_rows() as number, connect() as connection:
        for task, (name, video, seconds, frame) in enumerate(rows, FIRST):
            connection.execute("INSERT INTO task (id, project_id, image, video, video_id, video_time, frame_number) "
                               "VALUES (%s, %s, 'x.jpg', %s, %s, %s, %s)", (task, number, name, video, seconds, frame))
        looks = np.eye(3, DIM, dtype=np.float32)
        store.store(connection, model, [(number, FIRST + place, looks[scene]) for place, scene in enumerate(SCENES)])
        connection.commit()
        yield number


@pytest.fixture(autouse=True)
def model_of_searches(servers: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(neighbours, "current_model", lambda: store.register_model("test-neighbours", "1", DIM))


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
