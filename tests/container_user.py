"""The user that the images run as, and what a container takes from it, for tests that run as root."""

from __future__ import annotations

import functools
import os
import re
import shlex
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

DOCKERFILES = Path(__file__).parents[1] / "docker"


def uid(dockerfile: str = "web.Dockerfile") -> int:
    """Return the number of the user that an image's file ends with."""
    (user,) = re.findall(r"^USER (\d+):\1$", (DOCKERFILES / dockerfile).read_text(), re.MULTILINE)
    return int(user)


def as_container_user(command: Sequence[str], dockerfile: str = "web.Dockerfile", *, number: int | None = None,
                      writable: Sequence[Path] = ()) -> list[str]:
    """Return `command` as that user starts it when this is root, else as it is: a plain user is all there is.

    Args:
        number: another user than the one of our images.
        writable: the folders, and no other, that it can write to; none: as this process. They must be its own.

    Of root's rights it keeps one, to read everything: the interpreter of a test run may lie where only root may look,
    and an image's is open to all. What it writes must be its own.
    """
    if os.geteuid() != 0:
        return list(command)
    if not (program := shutil.which("setpriv")):
        pytest.skip("setpriv is not installed")
    user, right = str(number or uid(dockerfile)), "dac_read_search"
    argv = [program, "--reuid", user, "--regid", user, "--clear-groups", "--inh-caps", f"-all,+{right}",
            "--ambient-caps", f"+{right}", "--bounding-set", f"-all,+{right}", "--no-new-privs", *command]
    return [*_READ_ONLY, _script(writable), "sh", *argv] if writable and _can_remount() else argv


_READ_ONLY = ("unshare", "--mount", "--propagation", "private", "sh", "-c")


def _script(writable: Sequence[Path]) -> str:
    binds = "".join(f"mount --bind {shlex.quote(str(folder))} {shlex.quote(str(folder))} && " for folder in writable)
    return f'{binds}mount -o remount,bind,ro / && exec "$@"'


@functools.cache
def _can_remount() -> bool:
    """Tell whether this machine lets its root make a file system read-only for a process; some sandboxes do not."""
    try:
        done = subprocess.run([*_READ_ONLY, _script([Path("/tmp")]), "sh", "true"], capture_output=True)
    except FileNotFoundError:
        return False
    return done.returncode == 0
