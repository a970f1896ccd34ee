"""Which task an image of label files belongs to."""

from __future__ import annotations

from pathlib import Path

import pytest

from argus.labelstudio.files import file_path
from search_service.label_import.matching import Match, Matcher, NameIndex, without_twins
from search_service.label_import.planning import Images
from search_service.label_import.sources import open_source


def index(**paths: str) -> NameIndex[int]:
    found: NameIndex[int] = NameIndex()
    for task, path in paths.items():
        found.add(path, int(task[1:]))
    return found


def matcher(tasks: NameIndex[int], files: dict[str, bytes] | None = None,
            digests: dict[int, bytes] | None = None) -> Matcher:
    images: NameIndex[str] = NameIndex()
    for name in files or {}:
        images.add(name, name)
    return Matcher(tasks, digests or {}, images, lambda name: (files or {})[name])


def test_by_name__as_exports_write_it() -> None:
    one = matcher(index(t1=file_path("/data/upload/3/0123abcd-M%C3%BCller%201.JPEG"), t2="b.png"))
    assert one.match("images/Müller_1.jpg", stem_only=False) == Match(1)
    assert one.match("images/mu\u0308ller_1", stem_only=True) == Match(1)
    assert one.match("b.jpg", stem_only=False) == Match(2)
    assert one.match("c.jpg", stem_only=False).reason.startswith("no task has this name")


def test_by_path__where_several_tasks_have_the_name() -> None:
    tasks = index(t1="line/one/a.jpg", t2="line/two/a.jpg", t3="a.png")
    assert matcher(tasks).match("two/a.jpg", stem_only=False) == Match(2, "path")
    assert matcher(tasks).match("a.png", stem_only=False) == Match(3)
    several = "its name is that of several tasks"
    assert matcher(tasks).match("a.jpg", stem_only=False) == Match(reason=several, others="tasks 1, 2")
    assert matcher(tasks).match("line/a", stem_only=True) == Match(reason=several, others="tasks 1, 2, 3")


def test_by_digest__where_the_name_does_not_tell() -> None:
    tasks = index(t1="one/a.jpg", t2="two/a.jpg", t3="b.jpg")
    known = {1: b"1", 2: b"2", 3: b"3"}
    one = matcher(tasks, {"a.jpg": b"2", "x.jpg": b"3", "y.jpg": b"9"}, known)
    assert one.match("a.jpg", stem_only=False) == Match(2, "digest", "a.jpg")
    assert one.match("x.jpg", stem_only=False) == Match(3, "digest", "x.jpg")
    assert one.match("y", stem_only=True) == Match(file="y.jpg")
    twice = matcher(tasks, {"x.jpg": b"3"}, {1: b"3", 3: b"3"})
    told = Match(reason="its file is that of several tasks", others="tasks 1, 3")
    assert twice.match("x.jpg", stem_only=False) == told


def test_several_images_that_lead_to_one_task_are_left_alone_unless_one_is_sure() -> None:
    by_name, other = Match(1), Match(2)
    left = without_twins([by_name, by_name, other, Match(2, "digest"), Match(file="n.jpg"), Match(file="n.jpg")])
    task, image = ("several images of the labels are one task", "several images of the labels are one image")
    assert [(one.reason, one.others) for one in left] == [
        (task, "task 1"), (task, "task 1"), (task, "task 2"), ("", ""), (image, "n.jpg"), (image, "n.jpg")]


@pytest.mark.parametrize("brought", ["", "images", "images/val"])
def test_images_that_come_along_from_a_folder_of_the_labels_count_once(tmp_path: Path, brought: str) -> None:
    for name in ("train/a.jpg", "val/b.jpg"):
        (tmp_path / "images" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "images" / name).write_bytes(name.encode())
    images = Images(open_source(tmp_path), open_source(tmp_path / brought))
    found = images.index.find("b.jpg")
    assert found.one and images.read(found.one) == b"val/b.jpg" and images.is_brought(found.one)
    other = images.index.find("a.jpg").one
    assert other and images.is_brought(other) == (brought != "images/val")
