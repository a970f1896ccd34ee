"""The user that the images run as, for tests that run as root."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Sequence
from pathlib import Path

import pytest

DOCKERFILES = Path(__file__).parents[1] / "docker"


def uid(dockerfile: str = "web.Dockerfile") -> int:
    """Return the number of the user that an image's file ends with."""
    (user,) = re.findall(r"^USER (\d+):\1$", (DOCKERFILES / dockerfile).read_text(), re.MULTILINE)
    return int(user)


def as_container_user(command: Sequence[str], dockerfile: str = "web.Dockerfile") -> list[str]:
    """Return `command` as that user starts it when this is root, else as it is: a plain user is all there is.

    Of root's rights it keeps one, to read everything: the interpreter of a test run may lie where only root may look,
    and an image's is open to all. What it writes must be its own.
    """
    if os.geteuid() != 0:
        return list(command)
    if not (program := shutil.which("setpriv")):
        pytest.skip("setpriv is not installed")
    number, right = str(uid(dockerfile)), "+dac_read_search"
    return [program, "--reuid", number, "--regid", number, "--clear-groups", "--inh-caps", right, "--ambient-caps",
            right, "--no-new-privs", *command]
