"""PostgreSQL's own programs, told their password by a file: everybody may read the arguments of a process."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
from pathlib import Path

from psycopg.conninfo import conninfo_to_dict, make_conninfo

from argus import home
from argus.errors import ArgusError
from argus.logs import redact
from argus_cli.stack.binaries import postgres_bin


def run(program: str, *arguments: str, url: str = "", scratch: Path | None = None) -> str:
    """Run `pg_dump`, `pg_restore` or `psql` and return what it printed.

    Args:
        url: the database; the program gets it without its passwords.
        scratch: a folder that only we may enter, for the files with the passwords; needed with `url`.

    Raises:
        ArgusError: `missing_package`; `database_unreachable` with what the program said.
    """
    env = dict(os.environ)
    if url:
        assert scratch is not None
        conninfo, more = _without_secrets(url, scratch)
        arguments, env = (f"--dbname={conninfo}", *arguments), env | more
    done = subprocess.run([_program(program), *arguments], check=False, capture_output=True, text=True, env=env)
    if done.returncode:
        said = redact(" ".join(done.stderr.split()))[:500]
        raise ArgusError("database_unreachable", f"{program} failed: {said}",
                         "Does the server answer, and is the program as new as the server?")
    return done.stdout


def _without_secrets(url: str, scratch: Path) -> tuple[str, dict[str, str]]:
    """Return connection parameters without passwords, and the variables that say where those are.

    The password of the database goes into a password file, and that of a client's key into a service file, the only
    one that libpq reads it from. Where `url` has none, libpq looks where it always does.
    """
    known = {name: str(value) for name, value in conninfo_to_dict(url).items()}
    env = {}
    if password := known.pop("password", ""):
        escaped = password.replace("\\", "\\\\").replace(":", "\\:")
        env["PGPASSFILE"] = _private(scratch / "passwords", f"*:*:*:*:{escaped}\n")
    if key := known.pop("sslpassword", ""):
        env["PGSERVICEFILE"] = _private(scratch / "services", f"[argus]\nsslpassword={key}\n")
        known["service"] = "argus"
    return make_conninfo("", **known), env


def _private(path: Path, text: str) -> str:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
    with open(handle, "w") as file:
        file.write(text)
    return str(path)


def _program(name: str) -> str:
    """Where `name` is: with the embedded PostgreSQL, since a system's own may be older than the server."""
    with contextlib.suppress(ArgusError):
        if (own := postgres_bin(home.plain_account()) / name).exists():
            return str(own)
    if found := shutil.which(name):
        return found
    raise ArgusError("missing_package", f"{name} is not installed.",
                     "It comes with PostgreSQL's client programs; they must be at least as new as the server.")
