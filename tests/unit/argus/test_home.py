from __future__ import annotations

import os
from pathlib import Path

import pytest

from argus import home
from argus.home import Account

STRANGER = Account(uid=12345, gid=12345)


@pytest.fixture
def as_plain_user(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(home, "plain_account", lambda: None)


@pytest.fixture
def as_root(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Be root whose servers run as a stranger; returns the folder that stands for /var/lib/argus."""
    monkeypatch.setattr(home, "plain_account", lambda: STRANGER)
    monkeypatch.setattr(home, "ROOT_DATA", tmp_path / "var")
    return tmp_path / "var"


def test_reachable__follows_the_bits_of_every_folder(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    folder = tmp_path / "a" / "b"
    folder.mkdir(parents=True)
    owner = Account(os.getuid(), os.getgid())
    (tmp_path / "a").chmod(0o700)
    assert not home.reachable(folder, STRANGER)
    (tmp_path / "a").chmod(0o000)
    assert not home.reachable(folder, owner)


def test_reachable__what_does_not_exist_will_be_made_by_us() -> None:
    assert home.reachable(Path("/not/there/yet"), STRANGER)


def test_server_home__is_the_home_of_a_plain_user(as_plain_user: None, tmp_path: Path) -> None:
    assert home.server_home(tmp_path) == tmp_path


def test_server_home__moves_out_of_a_closed_folder_for_root(as_root: Path, tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    first, second = home.server_home(closed / "one"), home.server_home(closed / "two")
    assert first.parent == second.parent == as_root
    assert first != second


def test_socket_dir__is_short_for_a_deep_home(as_plain_user: None, tmp_path: Path) -> None:
    deep = tmp_path / ("x" * 90)
    assert home.socket_dir(Path("/srv/argus")) == Path("/srv/argus/run")
    assert len(str(home.socket_dir(deep) / ".s.PGSQL.5432")) < 107


def test_make_home__can_be_entered_whatever_the_umask(tmp_path: Path) -> None:
    before = os.umask(0o077)
    try:
        home.make_home(tmp_path / "a" / "b")
    finally:
        os.umask(before)
    assert (tmp_path / "a").stat().st_mode & 0o777 == (tmp_path / "a" / "b").stat().st_mode & 0o777 == 0o755


def test_own_socket_dir__is_closed_to_others(as_plain_user: None, tmp_path: Path) -> None:
    assert home.own_socket_dir(tmp_path / "home").stat().st_mode & 0o777 == 0o700


def test_forget__removes_what_lies_outside_the_home_too(as_root: Path, tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    outside = home.server_home(closed)
    (outside / "postgres").mkdir(parents=True)
    home.forget(closed)
    assert not closed.exists() and not outside.exists()


def test_forget__refuses_a_folder_that_holds_more_than_a_stack() -> None:
    for folder in (Path.cwd(), Path.home(), Path("/")):
        with pytest.raises(ValueError, match="not a stack's folder"):
            home.forget(folder)
