"""Versions on the real Label Studio and PostgreSQL, by the command line and by REST."""

from __future__ import annotations

import hashlib
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
from search_service.api.app import create_app
from search_service.export import export_project
from search_service.export.versions import recording as recorder
from search_service.export.versions import service
from search_service.export.versions.recording import Asked, recording
from search_service.sync import tasks
from search_service.vectors import store as vectors

pytestmark = pytest.mark.integration
CONFIG = ('<View><Image name="image" value="$image"/><RectangleLabels name="label" toName="image"><Label value="cpu"/>'
          '<Label value="fan"/></RectangleLabels></View>')
SHARES = {"train": 0.6, "val": 0.2, "test": 0.2}
DIM = 64


@pytest.fixture
def ls(servers: Any, monkeypatch: pytest.MonkeyPatch) -> LabelStudio:
    model = vectors.register_model("for-versions", "1", DIM)
    monkeypatch.setattr(vectors, "current_model", lambda: model)
    return get_label_studio()


@pytest.fixture
def project(ls: LabelStudio) -> Iterator[int]:
    number: int = ls.post("/api/projects/", {"title": "Versions", "label_config": CONFIG})["id"]
    yield number
    ls.delete(f"/api/projects/{number}/")


def add_videos(ls: LabelStudio, project: int, count: int, seed: int) -> list[int]:
    """Make videos of four annotated frames; no two frames look alike."""
    region = {"id": "r", "from_name": "label", "to_name": "image", "type": "rectanglelabels", "original_width": 64,
              "original_height": 48, "value": {"x": 10, "y": 10, "width": 20, "height": 20, "rotation": 0,
                                               "rectanglelabels": ["cpu"]}}
    made = [{"data": {"image": f"/data/upload/{seed}-{n}.jpg", "video": f"{seed}-{n // 4}", "video_time": float(n % 4)},
             "annotations": [{"result": [region]}]} for n in range(4 * count)]
    ids: list[int] = ls.post(f"/api/projects/{project}/import?return_task_ids=true", made)["task_ids"]
    tasks.sync_project(project)
    model = vectors.current_model()
    assert model is not None
    looks = np.random.default_rng(seed).normal(size=(len(ids), DIM)).astype(np.float32)
    looks /= np.linalg.norm(looks, axis=1, keepdims=True)
    with connect() as connection:
        vectors.store(connection, model, [(project, id_, look) for id_, look in zip(ids, looks, strict=True)])
    return ids


def argus(*arguments: str) -> Any:
    done = CliRunner().invoke(main, [*arguments, "--json"])
    assert done.exit_code == 0, done.output
    return json.loads(done.output)


def export(project: int, folder: Path, *more: str) -> dict[int, str]:
    """Export by the command line; return the split of each task."""
    splits = ",".join(f"{name}={share}" for name, share in SHARES.items())
    argus("export", "--project", str(project), "-o", str(folder), "--no-images", "--splits", splits, *more)
    return {image["task_id"]: split for split in SHARES
            for image in json.loads((folder / f"annotations_{split}.json").read_text())["images"]}


def test_an_export_is_a_version_that_says_what_it_holds(ls: LabelStudio, project: int, tmp_path: Path) -> None:
    add_videos(ls, project, 5, 1)
    export(project, tmp_path / "a", "--note", "The first line.")
    said = argus("versions", "show", "1", "--project", str(project))
    assert (said["note"], said["images"], said["objects"]) == ("The first line.", 20, {"cpu": 20})
    assert said["splits"] == {"train": 12, "val": 4, "test": 4} and said["leaks"]["leaking"] == 0
    assert (said["export"], said["locked"]) == (None, 0)
    body = json.loads((tmp_path / "a" / "version.json").read_text())
    assert {key: said[key] for key in body} == body
    sums = (tmp_path / "a" / "SHA256SUMS").read_bytes()
    assert hashlib.sha256(sums).hexdigest() == said["digest"]
    listed = dict(line.split("  ", 1)[::-1] for line in sums.decode().splitlines())
    files = {str(path.relative_to(tmp_path / "a")): path for path in (tmp_path / "a").rglob("*") if path.is_file()}
    assert set(listed) == set(files) - {"SHA256SUMS"}
    assert all(hashlib.sha256(files[name].read_bytes()).hexdigest() == digest for name, digest in listed.items())


def test_what_changed_between_two_versions(ls: LabelStudio, project: int, tmp_path: Path) -> None:
    first = add_videos(ls, project, 5, 1)
    export(project, tmp_path / "a")
    new = add_videos(ls, project, 1, 2)
    task = ls.get(f"/api/tasks/{first[0]}/")
    region = task["annotations"][0]["result"][0]
    moved = region | {"value": region["value"] | {"x": 15}}
    other = region | {"id": "s", "value": region["value"] | {"x": 60, "rectanglelabels": ["fan"]}}
    ls.patch(f"/api/annotations/{task['annotations'][0]['id']}/", {"result": [moved, other]})
    ls.delete(f"/api/tasks/{first[1]}/")
    export(project, tmp_path / "b")
    found = argus("versions", "diff", "1", "2", "--project", str(project))
    assert [found[key] for key in ("added", "removed", "changed", "moved", "same")] == [4, 1, 1, 0, 18]
    assert (found["objects_before"], found["objects_after"]) == ({"cpu": 20}, {"cpu": 23, "fan": 1})
    images = {one["task"]: one for one in found["images"]}
    assert set(images) == {first[0], first[1], *new} and found["next_task"] is None
    assert {(one["kind"], one["label"]) for one in images[first[0]]["objects"]} == {("moved", "cpu"), ("added", "fan")}
    assert images[first[1]]["kind"] == "removed" and images[new[0]]["kind"] == "added"
    client, base = create_app().test_client(), f"/api/v1/projects/{project}/versions"
    page = client.get(f"{base}/2/diff?before=1&limit=2").json
    rest = client.get(f"{base}/2/diff?before=1&after_task={page['next_task']}").json
    assert page["images"] + rest["images"] == found["images"]
    assert client.get(f"{base}/2/diff?before=9").status_code == 404
    told = CliRunner().invoke(main, ["versions", "diff", "1", "2", "--project", str(project)])
    assert "in another split" in told.output


def test_a_locked_test_set_enters_training_in_no_later_version(ls: LabelStudio, project: int, tmp_path: Path) -> None:
    add_videos(ls, project, 5, 1)
    before = export(project, tmp_path / "a")
    test = {task for task, split in before.items() if split == "test"}
    assert argus("versions", "lock", "1", "--project", str(project))["locked"] == len(test) == 4
    argus("splits", "reset", "--project", str(project))
    add_videos(ls, project, 5, 3)
    after = export(project, tmp_path / "b")
    assert {after[task] for task in test} == {"test"}
    assert argus("versions", "show", "2", "--project", str(project))["locked"] == len(test)
    export_project(project, "yolo", tmp_path / "c", with_images=False, splits={"train": 0.5, "val": 0.5})
    texts = [json.loads(line) for line in (tmp_path / "c" / "provenance.jsonl").read_text().splitlines()]
    assert not test & {one["task_id"] for one in texts}
    with pytest.raises(ArgusError, match="no version 7"):
        service.lock(project, 7)


def test_what_fails_or_is_stopped_is_no_version__and_no_number_comes_twice(
        ls: LabelStudio, project: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    add_videos(ls, project, 5, 1)
    with pytest.raises(KeyboardInterrupt), recording(project, Asked("coco")) as version:
        def stop(written: int) -> None:
            if written == 15:
                raise KeyboardInterrupt

        export_project(project, "coco", tmp_path / "a", with_images=False, progress=stop, version=version)
    assert service.listing(project).versions == [] and list(tmp_path.iterdir()) == []
    with connect() as connection:
        assert connection.execute("SELECT FROM version WHERE project_id = %s", (project,)).fetchone() is None
    export(project, tmp_path / "a")
    export(project, tmp_path / "b")
    assert argus("versions", "delete", "3", "--project", str(project)) == {"project": project, "version": 3}
    export(project, tmp_path / "c")
    assert [one["version"] for one in argus("versions", "list", "--project", str(project))["versions"]] == [4, 2]

    def away(*_: Any) -> None:
        raise ArgusError("database_read_only", "The database takes no changes.")

    monkeypatch.setattr(recorder.store, "begin", away)
    report = argus("export", "--project", str(project), "-o", str(tmp_path / "d"), "--no-images")
    assert report["version"] is None and not (tmp_path / "d" / "version.json").exists()
