"""A video becomes tasks of the real Label Studio: exact provenance, nothing twice, an interrupted import goes on."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

from argus.errors import ArgusError
from argus.images.fetcher import get_images
from argus.labelstudio import LabelStudio, get_label_studio
from argus.labelstudio.task_data import TaskImage
from argus_cli.main import main
from search_service.frames import batches
from search_service.frames.video_import import import_video

pytestmark = pytest.mark.integration
CONFIG = ('<View><Image name="photo" value="$photo"/><RectangleLabels name="label" toName="photo"><Label value="cpu"/>'
          "</RectangleLabels></View>")


@pytest.fixture
def ls(servers: Any) -> LabelStudio:
    return get_label_studio()


@pytest.fixture
def project(ls: LabelStudio) -> Iterator[int]:
    number = ls.post("/api/projects/", {"title": "Video", "label_config": CONFIG})["id"]
    yield number
    ls.delete(f"/api/projects/{number}/")


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Eight seconds at 25 frames a second, grey level 30 per second; a name that needs cleaning."""
    path = tmp_path_factory.mktemp("video") / "Line 3 (süd).mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for number in range(200):
            picture = np.full((48, 64, 3), 30 * (number // 25), np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode(None))
    return path


def tasks(ls: LabelStudio, project: int) -> list[dict[str, Any]]:
    return sorted((task["data"] for task in ls.tasks(project)), key=lambda data: data["frame_number"])


def test_import_video__tasks_know_their_video_time_and_frame(ls: LabelStudio, project: int, video: Path) -> None:
    shares: list[float] = []
    report = import_video(video, project, 1, progress=shares.append)
    assert (report.frames, report.imported, report.skipped, report.lost) == (8, 8, 0, [])
    found = tasks(ls, project)
    assert [(data["video_time"], data["frame_number"]) for data in found] == [(float(s), 25 * s) for s in range(8)]
    assert {data["video"] for data in found} == {"Line 3 (süd).mp4"}
    assert {data["video_id"] for data in found} == {report.video_id}
    assert shares == sorted(shares)
    assert shares[-1] == 1.0


def test_import_video__each_task_has_the_picture_of_its_frame(ls: LabelStudio, project: int, video: Path) -> None:
    import_video(video, project, "1/2")
    for data in tasks(ls, project):
        file = get_images().fetch(TaskImage(project, 1, data["photo"])).data
        image = np.asarray(Image.open(io.BytesIO(file)))
        assert abs(float(image.mean()) - 30 * data["video_time"]) < 6
        assert data["photo"].endswith(f"-{data['frame_number']:08d}.jpg")


def test_import_video__again_adds_nothing_and_a_higher_rate_only_what_lies_between(
        ls: LabelStudio, project: int, video: Path, tmp_path: Path) -> None:
    import_video(video, project, 1)
    copy = tmp_path / "renamed.mp4"
    copy.write_bytes(video.read_bytes())
    again = import_video(copy, project, 1)  # the same video under another name
    assert (again.imported, again.skipped) == (0, 8)
    finer = import_video(video, project, 2)
    assert (finer.imported, finer.skipped) == (8, 8)
    assert len({data["frame_number"] for data in tasks(ls, project)}) == len(tasks(ls, project)) == 16


def test_import_video__an_interrupted_import_goes_on(ls: LabelStudio, project: int, video: Path,
                                                    monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batches, "BATCH_FILES", 3)

    def stop(share: float) -> None:
        if share > 0.5:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        import_video(video, project, 1, progress=stop)
    assert 0 < len(tasks(ls, project)) < 8
    import_video(video, project, 1)
    assert [data["frame_number"] for data in tasks(ls, project)] == list(range(0, 200, 25))


def test_import_video__into_a_project_that_is_not_there(servers: Any, video: Path) -> None:
    with pytest.raises(ArgusError) as error:
        import_video(video, 987_654)
    assert error.value.code == "unknown_project"


def test_import_video__scene_changes_only_and_resumed_alike(ls: LabelStudio, project: int, video: Path) -> None:
    import_video(video, project, 1)  # the picture's grey changes each second; a scene is told by more than its light
    assert import_video(video, project, 5, scene=0.1).imported == 0
    assert import_video(video, project, 5, scene=0.1).frames == 1


def test_import_video__two_at_once_import_nothing_twice(ls: LabelStudio, project: int, video: Path) -> None:
    def meanwhile(share: float) -> None:
        if share < 1:
            with pytest.raises(ArgusError) as error:
                import_video(video, project, 1)
            assert error.value.code == "conflict"

    import_video(video, project, 1, progress=meanwhile)
    assert len(tasks(ls, project)) == 8


def test_cli__a_folder_is_imported_and_a_file_that_is_no_video_is_told(project: int, video: Path, tmp_path: Path,
                                                                       ls: LabelStudio) -> None:
    (tmp_path / "line.mp4").write_bytes(video.read_bytes())
    (tmp_path / "broken.mp4").write_bytes(b"no video")
    done = CliRunner().invoke(main, ["import-video", str(tmp_path), "--project", str(project), "--json"])
    told = json.loads(done.stdout)
    assert ([report["imported"] for report in told["videos"]], [f["code"] for f in told["failed"]]) == ([8],
                                                                                                      ["bad_video"])
    assert len(tasks(ls, project)) == 8
