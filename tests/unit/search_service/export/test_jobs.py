"""The record of an export: told by files, so it needs no server."""

from __future__ import annotations

import errno
import json
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from argus.answers.export import Export, ExportPreview, ExportState, WrittenExport
from argus.errors import ArgusError
from argus.settings import get_settings
from search_service.export import jobs, room


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("ARGUS_HOME", str(tmp_path))
    get_settings.cache_clear()
    monkeypatch.setenv("ARGUS_EXPORT_FREE_MB", "0")  # the machine's disk may be nearly full
    monkeypatch.setattr(jobs, "recording", lambda *_: nullcontext())  # there is no database to keep versions in
    yield tmp_path
    monkeypatch.undo()
    get_settings.cache_clear()


AT = datetime(2026, 3, 2, tzinfo=UTC)


def put(home: Path, number: int, **state: Any) -> None:
    folder = home / "exports" / str(number)
    folder.mkdir(parents=True)
    record = {"id": number, "project": 1, "format": "coco", "state": "done", "created_at": AT.isoformat()} | state
    (folder / "state.json").write_text(json.dumps(record))


def test_listing__is_of_one_project_newest_first_and_skips_what_is_broken(home: Path) -> None:
    for number in (2, 10, 9):
        put(home, number)
    put(home, 11, project=2)
    (home / "exports" / "12").mkdir()
    (home / "exports" / "12" / "state.json").write_text("{")
    assert [one.id for one in jobs.listing(1)] == [10, 9, 2]


def test_describe__an_export_that_is_not_there_is_said_to_be(home: Path) -> None:
    with pytest.raises(ArgusError) as raised:
        jobs.describe(7)
    assert raised.value.code == "not_found"


def test_archive__is_refused_until_it_is_done(home: Path) -> None:
    put(home, 1, state="failed")
    with pytest.raises(ArgusError) as raised:
        jobs.archive(1)
    assert (raised.value.code, "failed" in raised.value.message) == ("not_ready", True)


def test_remove__a_finished_one_goes_a_running_one_is_told_to_stop(home: Path) -> None:
    put(home, 1)
    put(home, 2, state="running")
    jobs.remove(1)
    assert not (home / "exports" / "1").exists()
    assert jobs.remove(2).state == "cancelled"
    assert (home / "exports" / "2" / "cancel").exists()


def test_run__what_goes_wrong_is_in_the_record(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise ArgusError("nothing_selected", "Nothing to export.", "Annotate first.")

    monkeypatch.setattr(jobs, "_total", lambda state: 3)
    monkeypatch.setattr(jobs, "export_project", refuse)
    put(home, 1, state="queued", images=True, masks=False, splits={}, source="annotations")
    jobs.run(1)
    state = jobs.describe(1)
    assert (state.state, state.error.code, state.total) == ("failed", "nothing_selected", 3)
    assert state.finished_at


def test_run__one_told_to_stop_leaves_nothing(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def write(*_: Any, progress: Any, **__: Any) -> None:
        progress(1)

    monkeypatch.setattr(jobs, "_total", lambda state: 3)
    monkeypatch.setattr(jobs, "export_project", write)
    put(home, 1, state="queued", images=True, masks=False, splits={}, source="annotations")
    (home / "exports" / "1" / "cancel").touch()
    jobs.run(1)
    assert not (home / "exports" / "1").exists()
    jobs.run(1)  # deleted before its turn: nothing happens


def test_new_folder__never_gives_the_same_number_twice(home: Path) -> None:
    assert [jobs._new_folder() for _ in range(3)] == [1, 2, 3]


@pytest.fixture
def setting(home: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    def change(**values: object) -> None:
        for name, value in values.items():
            monkeypatch.setenv(f"ARGUS_{name.upper()}", str(value))
        get_settings.cache_clear()

    return change


def record(number: int, state: ExportState = "done", size: int = 0) -> Export:
    return Export(id=number, project=1, format="coco", state=state, bytes=size * 2**20, created_at=AT)


def test_superseded__the_newest_that_fit_stay(setting: Callable[..., None]) -> None:
    setting(export_quota_mb=100)
    assert room.superseded([record(n) for n in range(12, 0, -1)]) == [3, 2, 1]  # ten with the one to come
    assert room.superseded([record(3, size=60), record(2, size=40), record(1, size=1)]) == [1]
    assert room.superseded([record(3, "running"), record(2, "failed"), record(1, size=101)]) == [1]


def test_superseded__as_many_wait_as_may(setting: Callable[..., None]) -> None:
    setting(export_waiting=2)
    assert room.superseded([record(2, "queued"), record(1)]) == []
    with pytest.raises(ArgusError) as caught:
        room.superseded([record(3, "queued"), record(2, "running"), record(1)])
    assert caught.value.code == "too_many_requests" and caught.value.details["retry_after"] > 0


def test_enqueue__is_refused_while_too_little_of_the_disk_is_free(home: Path, setting: Callable[..., None]) -> None:
    setting(export_free_mb=2**40)
    with pytest.raises(ArgusError, match="must stay free") as caught:
        jobs._enqueue(Export(id=0, project=1, format="coco", state="queued", created_at=AT))
    assert caught.value.kind.status == 507 and "ARGUS_EXPORT_FREE_MB" in caught.value.hint
    assert list((home / "exports").iterdir()) == []


def written(count: int, size: int) -> Callable[..., WrittenExport]:
    """Return what stands for `export_project`: it writes `count` files of `size` bytes that are not compressed."""
    def write(_project: int, _format: str, folder: Path, *, progress: Callable[[int], None],
              **_: Any) -> WrittenExport:
        folder.mkdir()
        for number in range(1, count + 1):
            (folder / f"{number}.jpg").write_bytes(bytes(size))
            progress(number)
        return WrittenExport(images=count, objects=0, categories=1, splits={}, skipped=[], folder=str(folder))

    return write


@pytest.mark.parametrize(("changed", "code"), [({"export_quota_mb": 1}, "insufficient_storage"), ({}, "")])
def test_run__one_that_outgrows_the_quota_fails_and_leaves_nothing(
        home: Path, setting: Callable[..., None], monkeypatch: pytest.MonkeyPatch, changed: dict[str, int],
        code: str) -> None:
    setting(**changed)
    monkeypatch.setattr(jobs, "_total", lambda state: 3)
    monkeypatch.setattr(jobs, "export_project", written(3, 600_000))
    put(home, 1, state="queued", images=True, masks=False, splits={}, source="annotations", error=None)
    jobs.run(1)
    state = jobs.describe(1)
    left = {path.name for path in (home / "exports" / "1").iterdir()}
    if code:
        assert (state.state, state.error.code) == ("failed", code) and left == {"state.json"}
    else:
        assert (state.state, state.bytes > 1_800_000) == ("done", True) and left == {"state.json", "export.zip"}


def test_run__one_that_meets_a_disk_that_fills_up_ends_and_leaves_nothing(
        home: Path, setting: Callable[..., None], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "_total", lambda state: 3)
    monkeypatch.setattr(jobs, "_SAY_SECONDS", -1.0)

    def fill(*args: Any, progress: Callable[[int], None], **options: Any) -> WrittenExport:
        progress(1)
        setting(export_free_mb=2**40)  # stands for somebody else who fills the disk
        return written(3, 10)(*args, progress=progress, **options)

    def refuse(*_: Any, **__: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    for export in (fill, refuse):
        setting(export_free_mb=0)
        monkeypatch.setattr(jobs, "export_project", export)
        put(home, 1, state="queued", images=True, masks=False, splits={}, source="annotations")
        jobs.run(1)
        assert jobs.describe(1).error.code == "insufficient_storage"
        assert [path.name for path in (home / "exports" / "1").iterdir()] == ["state.json"]
        jobs.remove(1)


def test_tidy__what_a_lost_export_left_goes_and_a_live_one_stays(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "_is_lost", lambda number: number == 1)  # asks the queue server
    (home / "exports" / "0").mkdir(parents=True)
    (home / "exports" / "0" / "state.json").write_text("{")
    for number in (1, 2):
        put(home, number, state="running")
        (home / "exports" / str(number) / "half").mkdir()
        (home / "exports" / str(number) / "export.zip").touch()
    jobs.tidy()
    assert [path.name for path in (home / "exports" / "1").iterdir()] == ["state.json"]
    assert json.loads((home / "exports" / "1" / "state.json").read_text())["state"] == "failed"
    assert len(list((home / "exports" / "2").iterdir())) == 3


def test_preview__only_so_many_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "_PREVIEW_WAIT", 0.05)
    nothing = ExportPreview(images=0, videos=0, empty=0, objects={}, counted=0, splits={})
    monkeypatch.setattr(jobs, "preview_export", lambda *_, **__: nothing)
    assert jobs.preview(1, source="annotations", splits={}) == nothing
    monkeypatch.setattr(jobs, "preview_export", lambda *_, **__: jobs.preview(1, source="both", splits={}))
    with pytest.raises(ArgusError) as caught:
        jobs.preview(1, source="annotations", splits={})
    assert caught.value.code == "busy" and caught.value.details["retry_after"]
