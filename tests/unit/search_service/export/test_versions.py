"""Versions: how an image's objects are matched between two of them, and what an export may take beside them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from argus.answers.export import Export
from argus.errors import ArgusError
from argus.labelstudio.regions import ExportObject
from argus.settings import get_settings
from search_service.export import room
from search_service.export.records import ExportImage
from search_service.export.versions.compare import image_change, row_of
from search_service.export.versions.store import PairRow

BOX, FAR = (10.0, 10.0, 50.0, 50.0), (80.0, 80.0, 95.0, 95.0)


def image(*objects: ExportObject, digest: str = "d") -> ExportImage:
    return ExportImage("a.jpg", 100, 100, objects, digest=digest)


def thing(label: str = "cpu", box: Any = BOX, region: str = "r", **more: Any) -> ExportObject:
    return ExportObject(label, box, regions=(region,), **more)


def pair(before: ExportImage | None, after: ExportImage | None,
         splits: tuple[str, str] = ("train", "train")) -> PairRow:
    was, now = [row_of(1, one, split)[1:] if one else (None,) * 5
                for one, split in zip((before, after), splits, strict=True)]
    return PairRow(1, *was, *now)  # type: ignore[arg-type]


def changes(before: ExportImage, after: ExportImage) -> list[tuple[str, str]]:
    return [(one.kind, one.label) for one in image_change(pair(before, after)).objects]


def test_row_of__boxes_are_fractions_and_the_order_of_objects_does_not_matter() -> None:
    one = row_of(1, image(thing(), thing("fan", FAR, "s")), "train")
    assert one.objects == [["cpu", 0.1, 0.1, 0.5, 0.5, ""], ["fan", 0.8, 0.8, 0.95, 0.95, ""]]
    assert one.regions == [["r"], ["s"]]
    assert row_of(1, image(thing("fan", FAR, "s"), thing()), "train") == one


@pytest.mark.parametrize(("after", "expected"), [
    ((thing(region="new"),), []),  # the same under another id
    ((thing(box=(12.0, 10.0, 50.0, 50.0), region="new"),), [("moved", "cpu")]),
    ((thing(box=FAR),), [("moved", "cpu")]),  # the region tells
    ((thing("fan"),), [("relabelled", "fan")]),
    ((thing("fan", region="new"),), [("relabelled", "fan")]),
    ((thing(box=FAR, region="new"),), [("removed", "cpu"), ("added", "cpu")]),
    ((thing(), thing(box=FAR, region="s")), [("added", "cpu")]),
    ((), [("removed", "cpu")]),
    ((thing(rings=(((10.0, 10.0), (50.0, 10.0), (50.0, 50.0)),)),), [("moved", "cpu")]),  # the same box, another shape
])
def test_image_change__objects(after: tuple[ExportObject, ...], expected: list[tuple[str, str]]) -> None:
    assert changes(image(thing()), image(*after)) == expected


def test_image_change__two_equal_objects_are_two() -> None:
    assert changes(image(thing(), thing(region="s")), image(thing())) == [("removed", "cpu")]


def test_image_change__came_went_split_and_file() -> None:
    came = image_change(pair(None, image(thing())))
    assert (came.kind, [one.kind for one in came.objects]) == ("added", ["added"])
    assert image_change(pair(image(thing()), None)).kind == "removed"
    moved = image_change(pair(image(thing()), image(thing(), digest="e"), ("val", "train")))
    assert (moved.kind, moved.was_split, moved.split, moved.other_file) == ("changed", "val", "train", True)
    assert not image_change(pair(image(digest=""), image(digest="e"))).other_file  # one was exported without files


def test_superseded__versions_stay_and_count(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ARGUS_EXPORT_QUOTA_MB", "100")
    get_settings.cache_clear()

    def made(number: int, size: int, version: int | None) -> Export:
        return Export(id=number, project=1, format="coco", state="done", bytes=size * 2**20, version=version,
                      created_at=datetime(2026, 3, 2, tzinfo=UTC))

    try:
        assert room.superseded([made(n, 1, n) for n in range(20, 0, -1)]) == []
        assert room.superseded([made(3, 60, 1), made(2, 50, None), made(1, 10, None)]) == [2, 1]
        with pytest.raises(ArgusError, match="versions of this project") as caught:
            room.superseded([made(2, 60, 2), made(1, 40, 1)])
        assert caught.value.code == "insufficient_storage"
        room.check_quota(40 * 2**20, 60 * 2**20)
        with pytest.raises(ArgusError, match="versions take"):
            room.check_quota(40 * 2**20 + 1, 60 * 2**20)
    finally:
        monkeypatch.undo()
        get_settings.cache_clear()
