"""The home of a project, counted from rows as the sync, runs and review write them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from argus.db import connect, together
from argus.errors import ArgusError
from label_studio_config import projects
from label_studio_config.recipe import recipe_for
from search_service.projects.home import BINS, project_home

pytestmark = pytest.mark.integration
PROJECT, FIRST = 900_001, 9_000_000_000
CONFIG = ('<View><Image name="image" value="$image"/><RectangleLabels name="box" toName="image"><Label value="cpu"/>'
          '<Label value="fan"/></RectangleLabels></View>')


class _TakenBack(Exception):
    """Ends a transaction of a test."""


@pytest.fixture
def project(servers: Any) -> Iterator[int]:
    """Ten images: 0 to 7 are frames of one video, a second each, 8 and 9 are images of their own; 9 has failed."""
    with connect() as connection:
        connection.execute("INSERT INTO project (id, title, label_config, model_version, check_first) "
                           "VALUES (%s, 'Home', %s, 'v1', '{twins}')", (PROJECT, CONFIG))
        for n in range(10):
            video = ("line.mp4", float(n), n) if n < 8 else (None, None, None)
            connection.execute("INSERT INTO task (id, project_id, image, video, video_time, frame_number, state) "
                               "VALUES (%s, %s, %s, %s, %s, %s, %s)",
                               (FIRST + n, PROJECT, f"/{n}.jpg", *video, "failed" if n == 9 else "embedded"))
    yield PROJECT
    with connect() as connection:
        connection.execute("DELETE FROM project WHERE id = %s", (PROJECT,))


def predict(n: int, score: float | None, version: str = "v1") -> None:
    with connect() as connection:
        connection.execute("INSERT INTO prediction (task_id, project_id, model_version, channel, state, score, "
                           "regions) VALUES (%s, %s, %s, 'push', 'stored', %s, 1)",
                           (FIRST + n, PROJECT, version, score))


def execute(statement: str, *values: Any) -> None:
    with connect() as connection:
        connection.execute(statement, values)


def detect(n: int, label: str, scores: list[float], *, previewed: bool = False) -> None:
    recipe = recipe_for(projects.load(PROJECT))
    key = next(recipe.concept_key(one) for one in recipe.concepts if one.label == label)
    items = ", ".join(f'{{"score": {score}, "box": [0, 0, 9, 9], "mask": null}}' for score in scores)
    execute("INSERT INTO detection (task_id, label, concept_key, width, height, items, previewed) "
            "VALUES (%s, %s, %s, 100, 100, %s, %s)", FIRST + n, label, key, f"[{items}]", previewed)


def test_home__of_images_that_nobody_looked_at(project: int) -> None:
    home = project_home(project)
    assert (home.next, home.next_count) == ("annotate", 10)
    assert (home.states.images, home.states.embedded, home.states.failed, home.states.untouched) == (10, 9, 1, 10)
    (video,) = home.videos
    assert (video.name, video.filter, video.seconds, video.images) == ("line.mp4", "line.mp4", 7.0, 8)
    assert [at for at, n in enumerate(video.frames_in) if n] == [
        *(int(second * BINS / 7) for second in range(7)), BINS - 1]
    assert (home.loose.images, home.others.images, home.more_videos) == (2, 0, 0)
    assert [(one.label, one.objects) for one in home.labels] == [("cpu", 0), ("fan", 0)]


def test_home__counts_each_image_in_one_state(project: int) -> None:
    for n, score in enumerate([0.95, 0.75, 0.2, None, 0.0, 0.95, 0.95, 0.95]):
        predict(n, score)
    predict(8, 0.9, "an older version")
    execute("INSERT INTO set_aside (task_id, project_id, model_version, verdict) VALUES (%s, %s, 'v1', 'fix')",
            FIRST + 5, PROJECT)
    execute("UPDATE task SET labelled = true, labels = '{fan,cpu}' WHERE id = %s", FIRST + 6)
    execute("INSERT INTO reviewed_task (task_id, project_id, state, changed_at) VALUES (%s, %s, 'skipped', now())",
            FIRST + 7, PROJECT)
    home = project_home(project)
    assert home.states.bands == {"high": 1, "medium": 1, "low": 1, "nothing_found": 1, "check_first": 1, "to_fix": 1}
    assert (home.states.predicted, home.states.annotated, home.states.skipped, home.states.untouched) == (8, 1, 1, 2)
    assert (home.next, home.next_count) == ("check_first", 1)
    (video,) = home.videos
    assert (video.predicted, video.annotated, sum(video.predicted_in), sum(video.annotated_in)) == (6, 1, 6, 1)
    assert [(one.label, one.annotated) for one in home.labels] == [("cpu", 1), ("fan", 1)]


def test_home__what_was_accepted_counts_before_the_next_poll_and_no_more_when_it_is_taken_back(project: int) -> None:
    predict(0, 0.95)
    execute("INSERT INTO acceptance (id, project_id, model_version) OVERRIDING SYSTEM VALUE VALUES (%s, %s, 'v1')",
            PROJECT, PROJECT)
    execute("INSERT INTO acceptance_item (acceptance_id, task_id, prediction_id, state) VALUES (%s, %s, 1, 'accepted')",
            PROJECT, FIRST)
    assert (project_home(project).states.annotated, project_home(project).states.accepted) == (1, 1)
    execute("UPDATE acceptance_item SET state = 'undone' WHERE acceptance_id = %s", PROJECT)
    now = project_home(project).states
    assert (now.annotated, now.accepted, now.bands["high"]) == (0, 0, 1)


def test_home__objects_by_label_from_the_threshold_on_without_previews(project: int) -> None:
    execute("""UPDATE project SET overrides = '{"cpu": {"threshold": 0.5}}' WHERE id = %s""", PROJECT)
    detect(0, "cpu", [0.9, 0.5, 0.4])
    detect(1, "cpu", [0.45])
    detect(2, "cpu", [0.99], previewed=True)
    detect(0, "fan", [0.8])
    assert [(one.label, one.objects, one.images) for one in project_home(project).labels] == [
        ("cpu", 2, 1), ("fan", 1, 1)]


def test_home__what_is_under_way(project: int) -> None:
    """In a transaction that is taken back: the workers must not begin with it."""
    with pytest.raises(_TakenBack), together():
        execute("INSERT INTO run (id, project_id, labels, model_version, state) OVERRIDING SYSTEM VALUE "
                "VALUES (%s, %s, '{cpu}', 'v1', 'running')", PROJECT, PROJECT)
        for n, state in enumerate(["done", "failed", "waiting", "detected"]):
            execute("INSERT INTO run_task (run_id, task_id, state) VALUES (%s, %s, %s)", PROJECT, FIRST + n, state)
        execute("INSERT INTO upload (id, project_id, file, name, size, fps, scene, state, share) VALUES "
                "('home', %s, 'f', 'private.mp4', 9, '1', 0, 'queued', 0.25)", PROJECT)
        home = project_home(project)
        assert [(one.kind, one.names, one.queued, one.progress) for one in home.under_way] == [
            ("run", ["cpu"], False, 0.5), ("upload", [], True, 0.25)]
        assert home.next == "watch_run"
        raise _TakenBack


def test_home__of_an_unknown_project(servers: Any) -> None:
    with pytest.raises(ArgusError) as error:
        project_home(PROJECT + 1)
    assert error.value.code == "unknown_project"


def test_home__of_many_videos_shows_the_first_and_sums_up_the_rest(project: int) -> None:
    with connect() as connection, connection.cursor() as cursor:
        cursor.executemany("INSERT INTO task (id, project_id, image, video, video_time, frame_number) "
                           "VALUES (%s, %s, '/x.jpg', %s, 0, 0)",
                           [(FIRST + 100 + n, PROJECT, f"a{n:02}.mp4") for n in range(33)])
    home = project_home(project)
    assert [video.name for video in home.videos] == [f"a{n:02}.mp4" for n in range(30)]
    assert (home.more_videos, home.others.images, home.loose.images, home.states.images) == (4, 11, 2, 43)
    assert home.videos[0].frames_in[0] == 1
