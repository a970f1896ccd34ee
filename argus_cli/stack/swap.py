"""A prepared home takes the place of the one that is there, whole or not at all, whenever the machine may stop.

A restore prepares everything in `home`/.restore. Until the file `ready` is there, that folder is rubbish, and what was
there before is untouched. From then on the swap goes forward only: it is a few renames, and whoever opens the home
next finishes what was begun.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from argus import home as argus_home

FOLDERS = ("label-studio", "files")  # uploads and settings; what local storages serve
TOKEN = "label-studio.token"


def place(home: Path) -> Path:
    """Return where a restore into `home` prepares its things."""
    return home / ".restore"


def new_home(home: Path) -> Path:
    """Return the home that is prepared: its PostgreSQL may be started there, as in any other."""
    return place(home) / "new"


def commit(home: Path) -> None:
    """Say that everything is prepared, and put it in place."""
    os.sync()  # all of it is on the disk before the word that it is
    (place(home) / "ready").touch()
    _flush(place(home))
    finish(home)


def finish(home: Path) -> None:
    """Finish the swap that an ended process has begun, or forget what one had not prepared to the end. The home must
    be locked; does nothing when there is nothing."""
    if not place(home).exists():
        return
    if (place(home) / "ready").exists():
        for new, target in _pairs(home):
            old = target.with_name(f".{target.name}.before")
            if new.exists() and os.path.lexists(target):
                _forget(old)
                target.rename(old)
            if new.exists():
                new.rename(target)
                _flush(target.parent)
        for _, target in _pairs(home):
            _forget(target.with_name(f".{target.name}.before"))
    argus_home.forget(new_home(home))
    shutil.rmtree(place(home))


def _pairs(home: Path) -> list[tuple[Path, Path]]:
    pairs = [(argus_home.postgres_dir(new_home(home)), argus_home.postgres_dir(home))]
    return pairs + [(new_home(home) / name, home / name) for name in (*FOLDERS, TOKEN)]


def _forget(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _flush(folder: Path) -> None:
    """Have what was renamed in a folder on the disk before what comes next."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
