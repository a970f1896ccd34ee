"""Homes with a Label Studio that has booted once: made once per machine, copied per test suite.

Label Studio's first start takes a minute, a start from a copy a few seconds.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import tempfile
from importlib.metadata import version
from pathlib import Path

from argus import home as argus_home
from argus.settings import Settings
from argus_cli.stack import ports
from argus_cli.stack.binaries import POSTGRES_WHEELS, package_dir
from argus_cli.stack.label_studio import find_python
from argus_cli.stack.service import Progress
from argus_cli.stack.stack import Stack

LAYOUT = 1  # raise it when what the stack puts into a home changes
COPIED = ("label-studio", "files", "label-studio.token")


def template_home(settings: Settings, progress: Progress = print) -> Path:
    """Return a stopped home under `settings.home`/test-template with both databases, an account and its token.

    It is made when there is none for these versions and this account, and must not be started or written to:
    `copy_home` makes one to work in.

    Raises:
        ArgusError: as `Stack`.
    """
    home = settings.home.resolve() / "test-template" / _key(settings)
    home.parent.mkdir(parents=True, exist_ok=True)
    with (home.parent / f"{home.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # two test runs may want it at once
        if not (home / "complete").exists():
            argus_home.forget(home)
            # A Label Studio on the default port is another one: this one gets a port of its own.
            fresh = settings.model_copy(update={"home": home, "database_url": "", "redis_url": "",
                                                "label_studio_token": type(settings.label_studio_token)(""),
                                                "label_studio_port": ports.free_port()})
            with Stack(fresh, {"postgres", "label-studio"}, progress=progress, durable=False):
                pass
            (home / "complete").touch()
    return home


def copy_home(template: Path, home: Path) -> Path:
    """Copy a stopped home (`template_home`'s) to `home`, which must not exist or be empty; return it absolute."""
    home = home.resolve()
    home.mkdir(parents=True, exist_ok=True)
    for name in COPIED:
        source = template / name
        if source.is_dir():
            shutil.copytree(source, home / name, symlinks=True)
        elif source.exists():
            shutil.copy2(source, home / name)
    data = argus_home.postgres_dir(home)
    shutil.copytree(argus_home.postgres_dir(template), data, symlinks=True, dirs_exist_ok=True)
    if account := argus_home.plain_account():
        for folder, _, files in os.walk(data):
            for path in (folder, *(os.path.join(folder, file) for file in files)):
                os.chown(path, account.uid, account.gid)
    return home


def temporary_home(prefix: str = "argus-") -> Path:
    """Make an empty home in the temporary folder that root's PostgreSQL can enter too; end it by `home.forget`."""
    home = Path(tempfile.mkdtemp(prefix=prefix))
    home.chmod(0o711)
    return home


def _key(settings: Settings) -> str:
    python = find_python(settings.label_studio_python)
    label_studio = subprocess.run(
        [str(python), "-c", "from importlib.metadata import version; print(version('label-studio'))"],
        check=True, capture_output=True, text=True).stdout.strip()
    postgres = next((f"{name}-{version(name.replace('_', '-'))}" for name in POSTGRES_WHEELS if package_dir(name)), "")
    account = f"{settings.label_studio_user}:{settings.label_studio_password.get_secret_value()}:{os.geteuid()}"
    digest = hashlib.sha256(f"{LAYOUT} {label_studio} {postgres} {account}".encode()).hexdigest()[:10]
    return f"{label_studio}-{digest}"
