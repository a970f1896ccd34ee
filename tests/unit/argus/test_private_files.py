"""Logs and exports are for the account that wrote them, whatever its umask and whatever was there before."""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from argus.answers.export import Export
from argus.settings import get_settings
from argus_cli.stack.processes import Supervisor
from argus_cli.stack.service import Command, Service
from search_service.export import jobs
from search_service.export.files import output_folder


@pytest.fixture(autouse=True)
def open_to_all() -> Iterator[None]:
    """The umask of an account that shares everything."""
    before = os.umask(0)
    yield
    os.umask(before)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


class StandIn(Service):
    name, title = "stand-in", "Stand-in"

    def command(self) -> Command:
        return Command([sys.executable, "-c", "print('a picture', flush=True); import time; time.sleep(600)"],
                       dict(os.environ))


def test_logs__of_the_embedded_stack(tmp_path: Path) -> None:
    folder = tmp_path / "logs"
    folder.mkdir(0o755)  # as an older version made it
    supervisor = Supervisor(folder, lambda line: None)
    try:
        supervisor.start(StandIn())
    finally:
        supervisor.close()
    assert (mode(folder), mode(folder / "stand-in.log")) == (0o700, 0o600)


def test_exports__made_in_the_background(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ARGUS_HOME", str(tmp_path / "home"))
    get_settings.cache_clear()
    (tmp_path / "home/exports").mkdir(parents=True)
    export_id = jobs._new_folder()
    folder = tmp_path / "home/exports" / str(export_id)
    jobs._write(Export(id=export_id, project=1, format="coco", state="queued", created_at=datetime.now(UTC)))
    (tmp_path / "files").mkdir()
    (tmp_path / "files/one.jpg").write_bytes(b"pixels")
    assert list(jobs._zip(tmp_path / "files", folder / "export.zip"))
    monkeypatch.undo()
    get_settings.cache_clear()
    assert [mode(path) for path in (folder.parent, folder)] == [0o700, 0o700]
    assert [mode(path) for path in (folder / "state.json", folder / "export.zip")] == [0o600, 0o600]


@pytest.mark.parametrize(("umask", "expected"), [(0o022, 0o755), (0o077, 0o700), (0o027, 0o750)])
def test_export__into_a_persons_folder_is_as_open_as_that_person_wants(tmp_path: Path, umask: int,
                                                                       expected: int) -> None:
    os.umask(umask)
    with output_folder(tmp_path / "out", overwrite=False) as work:
        assert mode(work) == 0o700
    assert mode(tmp_path / "out") == expected
    assert os.umask(umask) == umask
