"""What a backup that somebody made up may not do, and that what we write can be unpacked again."""

from __future__ import annotations

import io
import json
import os
import socket
import tarfile
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from argus.errors import ArgusError
from argus.settings import Settings
from argus_cli.stack import archive, backup, swap
from argus_cli.stack.archive import add, entries, unpack
from argus_cli.stack.backup import FORMAT, restore

MANIFEST = json.dumps({"format": FORMAT, "argus": "1", "schema": 1, "databases": {}}).encode()


def member(name: str, **how: object) -> tarfile.TarInfo:
    made = tarfile.TarInfo(name)
    for key, value in how.items():
        setattr(made, key, value)
    return made


@pytest.mark.parametrize("hostile", [
    [member("../outside", size=4)], [member("label-studio/../../outside", size=4)],
    [member("label-studio", type=tarfile.SYMTYPE, linkname="../.."), member("label-studio/outside", size=4)],
    [member("files/link", type=tarfile.SYMTYPE, linkname="/etc/hostname")],
    [member("files/link", type=tarfile.LNKTYPE, linkname="../../outside")],
    [member("files/device", type=tarfile.CHRTYPE)], [member("files/pipe", type=tarfile.FIFOTYPE)],
    # Each link stays inside by its text, both together lead out.
    [member("files/a/b/up", type=tarfile.SYMTYPE, linkname="../.."),
     member("files/out", type=tarfile.SYMTYPE, linkname="a/b/up/../outside")],
    [member("files/link", type=tarfile.SYMTYPE, linkname="../label-studio.token")],
    [member("files/again", size=4), member("files/again", size=4)],
    [member("files/file", size=4), member("files/file/below", size=4)],
    [member("files/a/b", size=4), member("files/a", type=tarfile.SYMTYPE, linkname="c")],
    [member("stack.lock", size=4)], [member("files", size=4)], [member("postgres/PG_VERSION", size=4)],
    [member("/files/outside", size=4)], [member("files//outside", size=4)], [member("files/./outside", size=4)],
    [member("files/" + "n" * 256, size=4)],
])
def test_restore__a_member_that_leads_out_of_the_archive_is_refused(tmp_path: Path,
                                                                    hostile: list[tarfile.TarInfo]) -> None:
    home, file = tmp_path / "home", tmp_path / "argus.tar"
    home.mkdir()
    (home / "outside").write_text("ours")
    with tarfile.open(file, "w") as archive:
        archive.addfile(member("manifest.json", size=len(MANIFEST)), io.BytesIO(MANIFEST))
        for one in hostile:
            archive.addfile(one, io.BytesIO(b"evil"[:one.size]))
    before = sorted(path.name for path in tmp_path.rglob("*"))
    with pytest.raises(ArgusError) as caught:
        restore(Settings(_env_file=None, home=home), file)
    assert (caught.value.code, caught.value.hint) == ("bad_request", "Nothing was changed.")
    assert "is not a backup of Argus" in caught.value.message
    assert (home / "outside").read_text() == "ours"
    assert sorted({path.name for path in tmp_path.rglob("*")} - {"stack.lock", "logs"}) == before


@pytest.mark.parametrize("damage", [
    lambda data: data[:len(data) - 20 * 512], lambda data: b"no tar at all", lambda data: b"",
    lambda data: data.replace(b"manifest.json", b"manifest.jso_"),
], ids=["cut-off", "no-tar", "empty", "without-manifest"])
def test_restore__a_damaged_archive_changes_nothing(tmp_path: Path, damage: Callable[[bytes], bytes]) -> None:
    home, file = tmp_path / "home", tmp_path / "argus.tar"
    with tarfile.open(file, "w") as written:
        written.addfile(member("manifest.json", size=len(MANIFEST)), io.BytesIO(MANIFEST))
        written.addfile(member("files/picture", size=9000), io.BytesIO(b"p" * 9000))
    file.write_bytes(damage(file.read_bytes()))
    with pytest.raises(ArgusError, match="not a backup of Argus") as caught:
        restore(Settings(_env_file=None, home=home), file)
    assert caught.value.code == "bad_request"
    assert not (home / "files").exists() and not swap.place(home).exists()


def test_restore__needs_no_filter_of_tarfile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Python 3.11.0 to 3.11.3 have none."""
    for name in [name for name in dir(tarfile) if name.endswith("_filter")]:
        monkeypatch.delattr(tarfile, name)
    file, folder = tmp_path / "argus.tar", tmp_path / "folder"
    folder.mkdir()
    with tarfile.open(file, "w") as written:
        written.addfile(member("files/one", size=4), io.BytesIO(b"data"))
    unpack(file, folder, swap.FOLDERS)
    assert (folder / "files/one").read_bytes() == b"data"


def test_unpack__no_room_is_said_before_anything_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file, folder = tmp_path / "argus.tar", tmp_path / "folder"
    folder.mkdir()
    with tarfile.open(file, "w") as written:
        written.addfile(member("files/one", size=4), io.BytesIO(b"data"))
    monkeypatch.setattr(archive.shutil, "disk_usage", lambda path: SimpleNamespace(free=3))
    with pytest.raises(ArgusError, match="MiB free"):
        unpack(file, folder, swap.FOLDERS)
    assert list(folder.iterdir()) == []


def round_trip(folder: Path, there: Path) -> None:
    """Archive `folder` as `files`, and unpack it into `there`."""
    file = there.with_suffix(".tar")
    with tarfile.open(file, "w") as written:
        for entry in entries(folder, "files"):
            add(written, entry)
    there.mkdir()
    unpack(file, there, swap.FOLDERS)


def test_entries__every_kind_of_link_can_be_unpacked_elsewhere(tmp_path: Path) -> None:
    home, outside = tmp_path / "home", tmp_path / "outside"
    (home / "deep/er").mkdir(parents=True)
    (outside / "line-a").mkdir(parents=True)
    (outside / "line-a/1.jpg").write_bytes(b"one")
    (outside / "line-a/again.jpg").symlink_to("1.jpg")
    (outside / "line-a/back.txt").symlink_to(home / "deep/own.txt")
    (home / "deep/own.txt").write_bytes(b"own")
    (home / "relative").symlink_to("deep/own.txt")
    (home / "absolute").symlink_to(home / "deep/own.txt")
    (home / "deep/er/upward").symlink_to("../../relative")
    (home / "to-itself").symlink_to(".")
    (home / "to-be-made").symlink_to("not-yet")
    (home / "file-outside").symlink_to(outside / "line-a/1.jpg")
    (home / "folder-outside").symlink_to("../outside/line-a")
    os.link(home / "deep/own.txt", home / "second-name")
    os.mkfifo(home / "pipe")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(home / "socket"))
    round_trip(home, tmp_path / "there")
    files = tmp_path / "there/files"
    for name in ("relative", "absolute", "deep/er/upward", "second-name", "folder-outside/back.txt"):
        assert (files / name).read_bytes() == b"own", name
    for name in ("file-outside", "folder-outside/1.jpg", "folder-outside/again.jpg"):
        assert (files / name).read_bytes() == b"one", name
    links = {str(path.relative_to(files)): os.readlink(path) for path in files.rglob("*") if path.is_symlink()}
    assert links["absolute"] == links["relative"] == "deep/own.txt" and links["to-itself"] == "."
    assert "file-outside" not in links and "folder-outside" not in links
    assert not {"pipe", "socket"} & {path.name for path in files.iterdir()}
    round_trip(files, tmp_path / "once-more")


@pytest.mark.parametrize(("target", "said"), [("/nowhere/at/all", "which does not exist"), ("..", "contains it")])
def test_entries__a_link_that_cannot_be_taken_along_is_named(tmp_path: Path, target: str, said: str) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "home/link").symlink_to(target)
    with pytest.raises(ArgusError, match=said) as caught:
        list(entries(tmp_path / "home", "files"))
    assert str(tmp_path / "home") in caught.value.message and caught.value.hint


def test_new_file__only_ours_from_its_first_byte_and_never_in_the_place_of_another(tmp_path: Path) -> None:
    file, token = tmp_path / "argus.tar", tmp_path / "label-studio.token"
    token.write_text("secret")
    left = tmp_path / ".argus.tar.killed.part"
    left.write_text("half")
    before = os.umask(0)
    try:
        with backup._new_file(file) as written:
            [part] = tmp_path.glob(".*")
            assert part != left  # what a killed one left is gone
            assert part.stat().st_mode & 0o777 == 0o600
            add(written, archive.Entry(token.name, token))
            with backup._new_file(tmp_path / "argus.tar"):  # a second one at the same time takes nothing away
                assert part.exists()
            file.unlink()
    finally:
        os.umask(before)
    assert file.stat().st_mode & 0o777 == 0o600
    with pytest.raises(ArgusError, match="exists already"), backup._new_file(file):
        pass
    assert [path.name for path in tmp_path.glob(".*")] == []


# The swap ----------------------------------------------------------------------------------------------------


def prepared(tmp_path: Path, *, ready: bool) -> Path:
    """A home with an old state, and a restore's prepared new one."""
    home = tmp_path / "home"
    for folder, text in ((home, "old"), (swap.new_home(home), "new")):
        for name in ("postgres", *swap.FOLDERS):
            (folder / name).mkdir(parents=True)
            (folder / name / "state").write_text(text)
        (folder / swap.TOKEN).write_text(text)
    tmp_path.chmod(0o711)
    if ready:
        (swap.place(home) / "ready").touch()
    return home


def states(home: Path) -> set[str]:
    return {(home / name / "state").read_text() for name in ("postgres", *swap.FOLDERS)} | {
        (home / swap.TOKEN).read_text()}


@pytest.fixture
def anywhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every folder may be entered by the account of root's PostgreSQL."""
    monkeypatch.setattr(swap.argus_home, "server_home", lambda home: home.resolve())


class Killed(BaseException):
    """In the place of a kill: nothing catches it."""


@pytest.mark.usefixtures("anywhere")
@pytest.mark.parametrize("at", range(1, 40))
def test_swap__cut_off_anywhere_it_is_finished_by_the_next_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
                                                                 at: int) -> None:
    home, calls = prepared(tmp_path, ready=False), 0

    def counted(function: Callable[..., object]) -> Callable[..., object]:
        def call(*arguments: object, **named: object) -> object:
            nonlocal calls
            calls += 1
            if calls == at:
                raise Killed
            return function(*arguments, **named)
        return call

    with monkeypatch.context() as patch:
        for owner, name in ((Path, "rename"), (Path, "unlink"), (Path, "touch"), (os, "unlink"), (os, "rmdir"),
                            (os, "sync"), (os, "fsync")):
            patch.setattr(owner, name, counted(getattr(owner, name)))
        try:
            swap.commit(home)
        except Killed:
            pass
        else:
            assert calls < at
    swap.finish(home)
    assert states(home) == ({"old"} if at <= 2 else {"new"})
    assert sorted(path.name for path in home.iterdir()) == sorted(("postgres", *swap.FOLDERS, swap.TOKEN))


@pytest.mark.usefixtures("anywhere")
def test_swap__what_was_not_prepared_to_the_end_is_forgotten(tmp_path: Path) -> None:
    home = prepared(tmp_path, ready=False)
    swap.finish(home)
    assert states(home) == {"old"} and not swap.place(home).exists()


@pytest.mark.usefixtures("anywhere")
def test_swap__a_folder_that_is_a_link_is_replaced_and_what_it_leads_to_stays(tmp_path: Path) -> None:
    home = prepared(tmp_path, ready=True)
    (home / "files").rename(tmp_path / "disk")
    (home / "files").symlink_to(tmp_path / "disk")
    swap.finish(home)
    assert states(home) == {"new"} and (tmp_path / "disk/state").read_text() == "old"
