"""The record of an export: told by files, so it needs no server."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from argus.errors import ArgusError
from argus.settings import get_settings
from search_service import exports


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("ARGUS_HOME", str(tmp_path))
    get_settings.cache_clear()
    yield tmp_path
    monkeypatch.undo()
    get_settings.cache_clear()


def put(home: Path, number: int, **state: Any) -> None:
    folder = home / "exports" / str(number)
    folder.mkdir(parents=True)
    record = {"id": number, "project": 1, "format": "coco", "state": "done"} | state
    (folder / "state.json").write_text(json.dumps(record))


def test_listing__is_of_one_project_newest_first_and_skips_what_is_broken(home: Path) -> None:
    for number in (2, 10, 9):
        put(home, number)
    put(home, 11, project=2)
    (home / "exports" / "12").mkdir()
    (home / "exports" / "12" / "state.json").write_text("{")
    assert [one["id"] for one in exports.listing(1)] == [10, 9, 2]


def test_describe__an_export_that_is_not_there_is_said_to_be(home: Path) -> None:
    with pytest.raises(ArgusError) as raised:
        exports.describe(7)
    assert raised.value.code == "not_found"


def test_archive__is_refused_until_it_is_done(home: Path) -> None:
    put(home, 1, state="failed")
    with pytest.raises(ArgusError) as raised:
        exports.archive(1)
    assert (raised.value.code, "failed" in raised.value.message) == ("not_ready", True)


def test_remove__a_finished_one_goes_a_running_one_is_told_to_stop(home: Path) -> None:
    put(home, 1)
    put(home, 2, state="running")
    exports.remove(1)
    assert not (home / "exports" / "1").exists()
    assert exports.remove(2)["state"] == "cancelled"
    assert (home / "exports" / "2" / "cancel").exists()


def test_run__what_goes_wrong_is_in_the_record(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise ArgusError("nothing_selected", "Nothing to export.", "Annotate first.")

    monkeypatch.setattr(exports, "_total", lambda state: 3)
    monkeypatch.setattr(exports, "export_project", refuse)
    put(home, 1, state="queued", images=True, masks=False, splits={}, source="annotations")
    exports.run(1)
    state = exports.describe(1)
    assert (state["state"], state["error"]["code"], state["total"]) == ("failed", "nothing_selected", 3)
    assert state["finished_at"]


def test_run__one_told_to_stop_leaves_nothing(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def write(*_: Any, progress: Any, **__: Any) -> None:
        progress(1)

    monkeypatch.setattr(exports, "_total", lambda state: 3)
    monkeypatch.setattr(exports, "export_project", write)
    put(home, 1, state="queued", images=True, masks=False, splits={}, source="annotations")
    (home / "exports" / "1" / "cancel").touch()
    exports.run(1)
    assert not (home / "exports" / "1").exists()
    exports.run(1)  # deleted before its turn: nothing happens


def test_new_folder__never_gives_the_same_number_twice(home: Path) -> None:
    assert [exports._new_folder() for _ in range(3)] == [1, 2, 3]
