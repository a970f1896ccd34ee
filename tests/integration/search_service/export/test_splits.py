"""Splits on the real Label Studio and PostgreSQL: kept between exports, and the same by page, REST and command line.

Vectors are given, no model runs.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from argus.db import connect
from argus.errors import ArgusError
from argus.labelstudio import LabelStudio, get_label_studio
from argus_cli.main import main
from search_service.export import divisions, export_project, preview_export, store
from search_service.sync import tasks
from search_service.vectors import store as vectors

pytestmark = pytest.mark.integration
CONFIG = ('<View><Image name="image" value="$image"/><RectangleLabels name="label" toName="image"><Label value="cpu"/>'
          '<Label value="fan"/></RectangleLabels></View>')
SHARES = {"train": 0.7, "val": 0.2, "test": 0.1}
DIM = 64


@pytest.fixture
def ls(servers: Any, monkeypatch: pytest.MonkeyPatch) -> LabelStudio:
    model = vectors.register_model("for-splits", "1", DIM)
    monkeypatch.setattr(vectors, "current_model", lambda: model)
    return get_label_studio()


@pytest.fixture
def project(ls: LabelStudio) -> Iterator[int]:
    number: int = ls.post("/api/projects/", {"title": "Splits", "label_config": CONFIG})["id"]
    yield number
    ls.delete(f"/api/projects/{number}/")


def scenes(count: int, seed: int = 0) -> list[Any]:
    """Return vectors that have little in common."""
    made = np.random.default_rng(seed).normal(size=(count, DIM)).astype(np.float32)
    return list(made / np.linalg.norm(made, axis=1, keepdims=True))


def add_video(ls: LabelStudio, project: int, name: str, looks: Sequence[Any], first: int = 0) -> list[int]:
    """Make annotated frames, one a second, and give them vectors; return their tasks by time."""
    found = []
    for number, _ in enumerate(looks, first):
        region = {"from_name": "label", "to_name": "image", "type": "rectanglelabels", "original_width": 64,
                  "original_height": 48, "value": {"x": 10, "y": 10, "width": 20, "height": 20, "rotation": 0,
                                                   "rectanglelabels": ["cpu" if number % 2 else "fan"]}}
        found.append({"data": {"image": f"/data/upload/{name}-{number}.jpg", "video": name, "video_id": f"id-{name}",
                               "video_time": float(number), "frame_number": number},
                      "annotations": [{"result": [region]}]})
    ids: list[int] = ls.post(f"/api/projects/{project}/import?return_task_ids=true", found)["task_ids"]
    tasks.sync_project(project)
    model = vectors.current_model()
    assert model is not None
    with connect() as connection:
        vectors.store(connection, model, [(project, id_, look) for id_, look in zip(ids, looks, strict=True)])
    return ids


def exported(folder: Path) -> dict[int, str]:
    """Return the split of each task that an export holds."""
    return {image["task_id"]: split for split in SHARES
            for image in json.loads((folder / f"annotations_{split}.json").read_text())["images"]}


def export(project: int, folder: Path, shares: Mapping[str, float] = SHARES) -> dict[int, str]:
    export_project(project, "coco", folder, with_images=False, splits=shares)
    return exported(folder)


def test_one_video__new_frames_change_nothing_and_a_copy_goes_where_its_scenes_are(ls: LabelStudio, project: int,
                                                                                   tmp_path: Path) -> None:
    looks = scenes(80)
    ids = add_video(ls, project, "a.mp4", looks)
    outlook = preview_export(project, splits=SHARES)
    assert outlook.refused is None and [one.video for one in outlook.strips] == ["a.mp4"]
    first = export(project, tmp_path / "first")
    assert {split: part.images for split, part in outlook.splits.items()} == {
        split: list(first.values()).count(split) for split in SHARES}
    assert len(first) + sum(one.count for one in outlook.left_out) == len(ids)
    assert (outlook.images, outlook.counted, sum(outlook.objects.values())) == (len(first),) * 3
    for one, split in first.items():  # five seconds apart, unless in the same split
        assert {first.get(other, split) for other in ids if abs(ids.index(other) - ids.index(one)) < 5} == {split}
    assert set(outlook.splits["test"].objects) == {"cpu", "fan"}
    assert min(outlook.splits["test"].objects.values()) >= 3

    copies = add_video(ls, project, "b.mp4", [*looks[::-1], *scenes(30, 1)])
    second = export(project, tmp_path / "second")
    assert {task: second[task] for task in first} == first and not (set(ids) - set(first)) & set(second)
    for original, copy in zip(ids, copies[79::-1], strict=True):
        assert original not in first or copy not in second or second[copy] == first[original]
    assert len(set(copies[80:]) & set(second)) > 15
    assert export(project, tmp_path / "third") == second


def test_a_locked_test_set_stays_out_of_training_in_every_division(ls: LabelStudio, project: int,
                                                                   tmp_path: Path) -> None:
    looks = scenes(60)
    ids = add_video(ls, project, "a.mp4", looks)
    first = export(project, tmp_path / "first")
    done = CliRunner().invoke(main, ["splits", "lock", "-p", str(project), "--json"])
    held = {task for task, split in first.items() if split == "test"}
    assert (done.exit_code, json.loads(done.output)["locked"]) == (0, len(held))
    copies = add_video(ls, project, "b.mp4", [*looks, *scenes(30, 1)])
    report = export_project(project, "coco", tmp_path / "two", with_images=False, splits={"train": 0.8, "val": 0.2})
    images = [image["task_id"] for split in ("train", "val")
              for image in json.loads((tmp_path / "two" / f"annotations_{split}.json").read_text())["images"]]
    alike = {copies[ids.index(task)] for task in held}
    assert not (held | alike) & set(images)
    left = {one.reason: one.count for one in report.skipped}
    assert left["image in no split: in the locked test set"] == len(held)
    assert left["image in no split: near the locked test set"] >= len(held)
    again = export(project, tmp_path / "again")
    assert held <= {task for task, split in again.items() if split == "test"}
    assert not {task for task, split in again.items() if split != "test"} & (held | alike)
    assert divisions.unlock(project).locked == 0


def test_what_cannot_be_met_is_refused_and_nothing_is_kept(ls: LabelStudio, project: int, tmp_path: Path) -> None:
    add_video(ls, project, "a.mp4", [scenes(1)[0]] * 20)  # a still picture
    with pytest.raises(ArgusError, match="would be empty") as caught:
        export_project(project, "coco", tmp_path / "out", with_images=False, splits={"train": 0.8, "val": 0.2})
    assert caught.value.code == "nothing_selected" and list(tmp_path.iterdir()) == []
    assert store.divisions(project) == []
    shown = CliRunner().invoke(main, ["export", "-p", str(project), "--preview", "--splits", "train=0.8,val=0.2"])
    assert "Such an export is refused." in shown.output


def test_a_division_begins_anew_when_it_is_reset(ls: LabelStudio, project: int, tmp_path: Path) -> None:
    add_video(ls, project, "a.mp4", scenes(60))
    export(project, tmp_path / "first")
    (kept,) = divisions.listing(project).divisions
    assert kept.division == "test,train,val" and sum(kept.splits.values()) + kept.left_out == 60
    for action in (divisions.lock, divisions.reset):
        with pytest.raises(ArgusError, match="no such division"):
            action(project, "train,val")
    assert divisions.reset(project).divisions == []
    with pytest.raises(ArgusError, match="no such division"):
        divisions.reset(project)
