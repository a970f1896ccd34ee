"""Where the embedded servers keep their files, and what root may and may not put there."""

from __future__ import annotations

import hashlib
import os
import pwd
import shutil
import stat
import tempfile
from dataclasses import dataclass
from pathlib import Path

ROOT_DATA = Path("/var/lib/argus")
_LONGEST_SOCKET_DIR = 80  # a unix socket's path holds 107 bytes, file name included


@dataclass(frozen=True)
class Account:
    """The user a server runs as when root started it."""

    uid: int
    gid: int


def plain_account() -> Account | None:
    """Return the account that root's PostgreSQL drops to, None when this process is not root."""
    if os.geteuid() != 0:
        return None
    nobody = pwd.getpwnam("nobody")
    return Account(nobody.pw_uid, nobody.pw_gid)


def reachable(folder: Path, account: Account) -> bool:
    """Say whether `account` may pass through every existing folder on the way into `folder`."""
    folder = folder.resolve()
    for part in (*reversed(folder.parents), folder):
        try:
            status = part.stat()
        except FileNotFoundError:
            return True  # made later, by us
        if status.st_uid == account.uid:
            allowed = status.st_mode & stat.S_IXUSR
        elif status.st_gid == account.gid:
            allowed = status.st_mode & stat.S_IXGRP
        else:
            allowed = status.st_mode & stat.S_IXOTH
        if not allowed:
            return False
    return True


def make_home(home: Path) -> None:
    """Make `home` and its missing parents so that `reachable` stays true, whatever the umask is."""
    for folder in (*reversed(home.parents), home):
        if not folder.exists():
            folder.mkdir(exist_ok=True)
            folder.chmod(0o755)


def _digest(path: Path) -> str:
    return hashlib.sha256(str(path).encode()).hexdigest()[:12]


def server_home(home: Path) -> Path:
    """Return the folder PostgreSQL's data and sockets live under: `home`, wherever that is possible.

    PostgreSQL refuses to run as root, so root starts it as a plain user, who cannot enter a `home` below a closed
    folder such as `/root`. Opening that folder to everybody is not ours to do: such a home's server data lives in
    `/var/lib/argus/<digest of home>` instead.
    """
    home = home.resolve()
    account = plain_account()
    return home if account is None or reachable(home, account) else ROOT_DATA / _digest(home)


def postgres_dir(home: Path) -> Path:
    """Return PostgreSQL's data folder for the stack that lives in `home`."""
    return server_home(home) / "postgres"


def socket_dir(home: Path) -> Path:
    """Return the folder for unix sockets of the stack that lives in `home`.

    A socket's path is limited, so a deep `home` gets a short folder named after its digest instead.
    """
    run = server_home(home) / "run"
    if len(str(run)) < _LONGEST_SOCKET_DIR:
        return run
    return Path(tempfile.gettempdir()) / f"argus-{_digest(run)}"


def own_socket_dir(home: Path) -> Path:
    """Make the folder of `socket_dir`, closed to other users, and return it."""
    run = socket_dir(home)
    run.mkdir(parents=True, exist_ok=True)
    if run.is_symlink() or run.stat().st_uid not in _trusted():
        raise PermissionError(f"{run} belongs to another user.")
    if account := plain_account():
        os.chown(run, account.uid, account.gid)
    run.chmod(0o700)
    return run


def _trusted() -> set[int]:
    account = plain_account()
    return {os.geteuid(), account.uid} if account else {os.geteuid()}


def forget(home: Path) -> None:
    """Delete `home` and whatever its servers keep elsewhere. The stack must not run.

    Raises:
        ValueError: `home` is a folder that holds more than a stack: a person's home, this directory or one above it.
    """
    if home.resolve() in (Path.home(), Path.cwd(), *Path.cwd().parents):
        raise ValueError(f"{home} is not a stack's folder.")
    outside = [socket_dir(home)]
    if (data := server_home(home)) != home.resolve():
        outside.append(data)
    for folder in (*outside, home):
        shutil.rmtree(folder, ignore_errors=True)


def gibibytes(number: int) -> str:
    return f"{number / 2**30:.1f} GiB"
