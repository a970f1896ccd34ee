"""Two videos of one name are two, everywhere: on the real Label Studio and PostgreSQL. No model runs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from argus.db import connect
from argus.errors import ArgusError
from argus.labelstudio import LabelStudio, get_label_studio
from argus_cli.main import main
from label_studio_config.project_shape import read_project
from search_service.embedding import near_duplicates
from search_service.export.run import preview_export
from search_service.export.source import read_origins
from search_service.frames.video_import import import_video
from search_service.pictures.task_details import describe_task
from search_service.search.filter_store import select
from search_service.search.filters import Filters
from search_service.search.query import SearchQuery
from search_service.sync import tasks
from search_service.sync.videos import list_videos
from search_service.vectors import store
from search_service.views import saved_searches
from tests import videos

pytestmark = pytest.mark.integration
CONFIG = ('<View><Image name="image" value="$image"/><RectangleLabels name="label" toName="image"><Label value="cpu"/>'
          "</RectangleLabels></View>")
CAM1, CAM2 = "1111aaaa1111aaaa", "2222bbbb2222bbbb"


@pytest.fixture(scope="module")
def ls(servers: Any) -> LabelStudio:
    return get_label_studio()


def make_project(ls: LabelStudio, frames: list[dict[str, Any]]) -> tuple[int, list[int]]:
    number = ls.post("/api/projects/", {"title": "Same names", "label_config": CONFIG})["id"]
    ids = ls.post(f"/api/projects/{number}/import?return_task_ids=true",
                  [{"data": {"image": f"/data/upload/{n}.jpg", **frame}} for n, frame in enumerate(frames)])["task_ids"]
    tasks.sync_project(number)
    with connect() as connection:
        connection.execute("UPDATE task SET state = 'embedded' WHERE project_id = %s", (number,))
    return number, ids


def frames(name: str, video_id: str | None, count: int = 4) -> list[dict[str, Any]]:
    return [{"video": name, "video_time": n / 2, "frame_number": n} | ({"video_id": video_id} if video_id else {})
            for n in range(count)]


@pytest.fixture(scope="module")
def project(ls: LabelStudio) -> Iterator[tuple[int, list[int]]]:
    """Four frames each of two videos called 0001.mp4, of one of that name without an id, and of line.mp4."""
    number, ids = make_project(ls, [*frames("0001.mp4", CAM1), *frames("0001.mp4", CAM2), *frames("0001.mp4", None),
                                    *frames("line.mp4", "3333cccc3333cccc")])
    yield number, ids
    ls.delete(f"/api/projects/{number}/")


def passing(project: int, **conditions: Any) -> list[int]:
    chosen = select(project, Filters.model_validate(conditions))
    assert chosen is not None
    return sorted(chosen.tolist())


def test_list_videos__each_is_one_and_their_names_tell_them_apart(project: tuple[int, list[int]]) -> None:
    found = list_videos(project[0])
    assert [(one.name, one.video, one.video_id, one.frames) for one in found] == [
        ("0001.mp4 (1111aaaa)", "0001.mp4", CAM1, 4), ("0001.mp4 (2222bbbb)", "0001.mp4", CAM2, 4),
        ("0001.mp4 (no id)", "0001.mp4", None, 4), ("line.mp4", "line.mp4", "3333cccc3333cccc", 4)]


def test_select__by_id_by_shown_name_and_by_a_name_that_one_video_has(project: tuple[int, list[int]]) -> None:
    number, ids = project
    assert passing(number, video=CAM2) == ids[4:8]
    assert passing(number, video="0001.mp4 (1111aaaa)") == ids[:4]
    assert passing(number, video="0001.mp4 (no id)") == ids[8:12]
    assert passing(number, video="line.mp4") == ids[12:]
    assert [passing(number, video=one.filter) for one in list_videos(number)] == [
        ids[:4], ids[4:8], ids[8:12], ids[12:]]
    assert passing(number, video=CAM1, video_from=0.5, video_to=1) == ids[1:3]
    for none in ("0001", "none.mp4", "line.mp4 (no id)", "name:0001.mp4"):
        assert passing(number, video=none) == []


def test_select__a_name_that_several_have_is_refused_with_what_to_say(project: tuple[int, list[int]]) -> None:
    with pytest.raises(ArgusError, match="3 videos of project .* are called 0001.mp4") as error:
        select(project[0], Filters(video="0001.mp4"))
    assert error.value.code == "bad_request"
    assert error.value.details["videos"] == ["0001.mp4 (1111aaaa)", "0001.mp4 (2222bbbb)", "0001.mp4 (no id)"]


def test_task_details__the_shown_name(project: tuple[int, list[int]]) -> None:
    number, ids = project
    assert [(one.video, one.video_id, one.video_name) for one in (
        describe_task(number, ids[place]) for place in (4, 8, 12))] == [
        ("0001.mp4", CAM2, "0001.mp4 (2222bbbb)"), ("0001.mp4", None, "0001.mp4 (no id)"),
        ("line.mp4", "3333cccc3333cccc", "line.mp4")]


def test_cli__videos(project: tuple[int, list[int]]) -> None:
    done = CliRunner().invoke(main, ["videos", "-p", str(project[0])])
    assert done.output.count("0001.mp4 (") == 3
    assert CAM2 in done.output


@pytest.fixture
def model(servers: Any, monkeypatch: pytest.MonkeyPatch) -> store.Model:
    """A registered model of 4 dimensions, for this test the current one."""
    found = store.register_model("for-identity", "1", 4)
    monkeypatch.setattr(store, "current_model", lambda: found)
    return found


def test_near_duplicates__never_across_two_videos_of_one_name(project: tuple[int, list[int]],
                                                              model: store.Model) -> None:
    number, ids = project
    same = np.array([1, 0, 0, 0], np.float32)
    with connect() as connection:
        store.store(connection, model, [(number, id_, same) for id_ in ids])
        connection.execute("UPDATE task SET dhash = %s, compared = false WHERE project_id = %s", (bytes(32), number))
    near_duplicates.mark(number)
    with connect() as connection:
        marked = {row["id"]: row["duplicate_of"] for row in connection.execute(
            "SELECT id, duplicate_of FROM task WHERE project_id = %s", (number,))}
    assert [marked[id_] for id_ in ids] == [None, *[ids[0]] * 3, None, *[ids[4]] * 3, None, *[ids[8]] * 3,
                                            None, *[ids[12]] * 3]


def test_sync__frames_that_become_another_videos_are_compared_again(ls: LabelStudio) -> None:
    number, ids = make_project(ls, frames("a.mp4", None, 2))
    with connect() as connection:
        connection.execute("UPDATE task SET compared = true, duplicate_of = %s WHERE id = %s", (ids[0], ids[1]))
    task = next(task for task in ls.tasks(number) if task["id"] == ids[1])
    ls.patch(f"/api/tasks/{ids[1]}/", {"data": task["data"] | {"video_id": CAM2}})
    tasks.sync_project(number)
    with connect() as connection:
        row = connection.execute("SELECT video_id, duplicate_of, compared FROM task WHERE id = %s",
                                 (ids[1],)).fetchone()
    assert row == {"video_id": CAM2, "duplicate_of": None, "compared": False}
    ls.delete(f"/api/projects/{number}/")


def test_splits__two_videos_of_one_name_are_divided(ls: LabelStudio, project: tuple[int, list[int]]) -> None:
    number, ids = project
    region = {"from_name": "label", "to_name": "image", "type": "rectanglelabels", "original_width": 10,
              "original_height": 10, "value": {"x": 1, "y": 1, "width": 5, "height": 5, "rotation": 0,
                                               "rectanglelabels": ["cpu"]}}
    for id_ in ids[:8]:
        ls.post(f"/api/tasks/{id_}/annotations/", {"result": [region]})
    origins = read_origins(ls, number, read_project(ls, number), "annotations")
    assert len({one.video for one in origins.values()}) == 2
    found = preview_export(number, splits={"train": 0.5, "val": 0.5})
    assert {name: (part.images, part.videos) for name, part in found.splits.items()} == {
        "train": (4, 1), "val": (4, 1)}


def test_saved_search__a_name_that_became_ambiguous_is_told(ls: LabelStudio) -> None:
    number, _ = make_project(ls, frames("a.mp4", CAM1, 2))
    kept = saved_searches.create(number, "frames", SearchQuery(text="cpu", filters=Filters(video="a.mp4")))
    with pytest.raises(ArgusError, match=r"2 videos of project .* are called a\.mp4"):
        ls.post(f"/api/projects/{number}/import", [{"data": {"image": "/data/upload/9.jpg", "video": "a.mp4",
                                                             "video_id": CAM2, "video_time": 0.0}}])
        tasks.sync_project(number)
        select(number, SearchQuery.model_validate(kept.ask).filters)
    ls.delete(f"/api/projects/{number}/")


def test_import_video__two_files_of_one_name(ls: LabelStudio, tmp_path: Path) -> None:
    number = ls.post("/api/projects/", {"title": "Two", "label_config": CONFIG})["id"]
    for place, first in (("cam1", 0), ("cam2", 30)):
        (tmp_path / place).mkdir()
        videos.write(tmp_path / place / "0001.mp4", first=first)
    done = CliRunner().invoke(main, ["import-video", str(tmp_path), "-p", str(number), "--json"])
    reports = json.loads(done.output)["videos"]
    assert [report["imported"] for report in reports] == [2, 2]
    tasks.sync_project(number)
    found = list_videos(number)
    assert [(one.video, one.frames) for one in found] == [("0001.mp4", 2)] * 2
    assert {one.name for one in found} == {f"0001.mp4 ({report['video_id'][:8]})" for report in reports}
    assert import_video(tmp_path / "cam1" / "0001.mp4", number, 1).imported == 0
    ls.delete(f"/api/projects/{number}/")


def test_import_video__what_cannot_be_shown_is_counted_and_told(ls: LabelStudio, tmp_path: Path) -> None:
    number = ls.post("/api/projects/", {"title": "Rest", "label_config": CONFIG})["id"]
    whole = videos.write(tmp_path / "whole.ts", 100, form="mpegts", gop=50)
    rest = videos.without_beginning(tmp_path / "rest.ts", whole, 0.2, videos.TS_PACKET)
    whole.unlink()
    report = import_video(rest, number, 1)
    assert report.left_out > 0
    assert report.lost[0].startswith("its beginning is missing")
    (tmp_path / "zero.mp4").touch()
    done = CliRunner().invoke(main, ["import-video", str(tmp_path), "-p", str(number)])
    assert "rest.ts: its beginning is missing" in done.output
    assert "zero.mp4 is empty." in done.output
    ls.delete(f"/api/projects/{number}/")
