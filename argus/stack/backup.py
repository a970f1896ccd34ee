"""Everything that cannot be made again, in one file: the databases, and the embedded Label Studio's uploads and token.

The archive is a plain tar: `manifest.json` (what, from when, checksums), one `pg_dump` file a database, the folder
`label-studio/`, `files/`. Redis holds nothing of value (jobs are written in PostgreSQL first); checkpoints and
cached images come from elsewhere.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg

from argus import __version__
from argus.db import migrations
from argus.errors import ArgusError
from argus.logs import redact
from argus.settings import Settings
from argus.stack import paths
from argus.stack.binaries import postgres_bin
from argus.stack.stack import Stack

FORMAT = 1
Progress = Callable[[str], None]
# What a restore empties: tables with their sequences and indexes, then functions and enums; never an extension's own.
_OURS = "NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e')"
_DROPS = f"""
SELECT format('DROP TABLE IF EXISTS %s CASCADE', c.oid::regclass) FROM pg_class c
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND {_OURS}
UNION ALL SELECT format('DROP ROUTINE IF EXISTS %s CASCADE', c.oid::regprocedure) FROM pg_proc c
WHERE c.pronamespace = 'public'::regnamespace AND {_OURS}
UNION ALL SELECT format('DROP TYPE IF EXISTS %s CASCADE', c.oid::regtype) FROM pg_type c
WHERE c.typnamespace = 'public'::regnamespace AND c.typtype = 'e' AND {_OURS}
"""
# A function `SET hnsw.…` may be made by a plain role only in a session that has loaded pgvector.
_LOAD = ("DO $$ BEGIN IF EXISTS (SELECT FROM pg_extension WHERE extname = 'vector') THEN PERFORM '[0]'::vector; "
         "END IF; END $$")
_FOLDERS = ("label-studio", "files")  # uploads and settings; what local storages serve


def backup(settings: Settings, file: Path, progress: Progress = lambda line: None) -> dict[str, Any]:
    """Write the archive `file` and return its manifest. Argus may be running or not.

    Raises:
        ArgusError: `conflict` when the file exists, `database_unreachable`, `missing_package` (no `pg_dump`).
    """
    if file.exists():
        raise ArgusError("conflict", f"{file} exists already.", "Choose another name; a backup is never overwritten.")
    file.parent.mkdir(parents=True, exist_ok=True)
    part = file.with_name(f".{file.name}.part")
    with _database_up(settings), tempfile.TemporaryDirectory(prefix="argus-backup-") as scratch:
        dumps = {}
        for name, url in _databases(settings).items():
            progress(f"Database {name} …")
            dumps[name] = Path(scratch) / f"{name}.dump"
            _run("pg_dump", "--format=custom", "--no-owner", "--no-privileges", f"--file={dumps[name]}", url)
        manifest = {"format": FORMAT, "argus": __version__, "schema": max(n for n, _, _ in migrations()),
                    "made_at": datetime.now(UTC).isoformat(timespec="seconds"),
                    "databases": {name: _digest(dump) for name, dump in dumps.items()},
                    "label_studio": "embedded" if _embedded_label_studio(settings) else "elsewhere"}
        text = Path(scratch) / "manifest.json"
        text.write_text(json.dumps(manifest, indent=2))
        try:
            with tarfile.open(part, "w") as archive:
                archive.add(text, "manifest.json")
                for name, dump in dumps.items():
                    archive.add(dump, f"{name}.dump")
                if _embedded_label_studio(settings):
                    progress("Label Studio's files …")
                    for folder in _FOLDERS:
                        if (settings.home / folder).exists():
                            archive.add(settings.home / folder, folder)
                    if settings.token_path.exists():
                        archive.add(settings.token_path, settings.token_path.name)
            part.chmod(0o600)  # it holds the token
            part.rename(file)
        finally:
            part.unlink(missing_ok=True)
    return manifest


def restore(settings: Settings, file: Path, progress: Progress = lambda line: None) -> dict[str, Any]:
    """Put the state of `file` in the place of what is there, and return its manifest. Argus must be stopped.

    The archive is unpacked and checked whole before anything is replaced.

    Raises:
        ArgusError: `not_found`, `bad_request` (no archive of ours, damaged, or of a newer Argus), `conflict` (the
            stack is running), `database_unreachable`.
    """
    if not file.is_file():
        raise ArgusError("not_found", f"There is no file {file}.")
    if _running(settings):
        raise ArgusError("conflict", "Argus is running.", "Stop it first: argus down")
    settings.home.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".restore-", dir=settings.home) as scratch:
        progress("Checking the archive …")
        manifest = _unpack(file, Path(scratch))
        with _database_up(settings):
            urls = _databases(settings)
            for name in manifest["databases"]:
                if name in urls:
                    progress(f"Database {name} …")
                    _refill(urls[name], Path(scratch) / f"{name}.dump")
        if _embedded_label_studio(settings):
            progress("Label Studio's files …")
            _put_files(Path(scratch), settings)
    return manifest


def _put_files(scratch: Path, settings: Settings) -> None:
    for folder in _FOLDERS:
        if (scratch / folder).exists():
            if (target := settings.home / folder).exists():
                target.rename(scratch / f"{folder}.before")
            (scratch / folder).rename(target)
    if (token := scratch / settings.token_path.name).exists():
        token.replace(settings.token_path)


def _databases(settings: Settings) -> dict[str, str]:
    """The databases that are ours to save, by name: Argus's, and that of the Label Studio we started ourselves."""
    found = {"argus": settings.resolved_database_url}
    if _embedded_label_studio(settings):
        found["labelstudio"] = f"postgresql://labelstudio@/labelstudio?host={settings.run_dir}"
    return found


def _embedded_label_studio(settings: Settings) -> bool:
    return not settings.database_url and paths.postgres_dir(settings.home).exists()


def _running(settings: Settings) -> bool:
    from argus.stack.stack import owner

    return owner(settings.home) is not None


@contextmanager
def _database_up(settings: Settings) -> Iterator[None]:
    """The embedded PostgreSQL, started for the purpose unless it runs; a server of somebody else's is just used."""
    if settings.database_url or _running(settings):
        yield
        return
    with Stack(settings, {"postgres"}):
        yield


def _run(program: str, *arguments: str) -> str:
    done = subprocess.run([_program(program), *arguments], check=False, capture_output=True, text=True)
    if done.returncode:
        said = redact(" ".join(done.stderr.split()))[:500]
        raise ArgusError("database_unreachable", f"{program} failed: {said}",
                         "Does the server answer, and is the program as new as the server?")
    return done.stdout


def _program(name: str) -> str:
    """Where `name` is: with the embedded PostgreSQL, since a system's own may be older than the server."""
    with contextlib.suppress(ArgusError):
        if (own := postgres_bin(paths.plain_account()) / name).exists():
            return str(own)
    if found := shutil.which(name):
        return found
    raise ArgusError("missing_package", f"{name} is not installed.",
                     "It comes with PostgreSQL's client programs; they must be as new as the server.")


def _digest(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _unpack(file: Path, folder: Path) -> dict[str, Any]:
    try:
        with tarfile.open(file) as archive:
            archive.extractall(folder, filter="data")  # refuses paths that lead out of the folder
        manifest: dict[str, Any] = json.loads((folder / "manifest.json").read_text())
        if manifest["format"] > FORMAT or manifest["schema"] > max(n for n, _, _ in migrations()):
            raise ArgusError("bad_request", f"{file} was written by a newer Argus ({manifest['argus']}).",
                             "Update this one first.")
        damaged = [name for name, digest in manifest["databases"].items()
                   if _digest(folder / f"{name}.dump") != digest]
    except (OSError, tarfile.TarError, ValueError, KeyError, TypeError) as error:
        raise ArgusError("bad_request", f"{file} is not a backup of Argus, or it is damaged: {error}",
                         "Nothing was changed.") from error
    if damaged:
        raise ArgusError("bad_request", f"{file} is damaged: {', '.join(damaged)}.", "Nothing was changed.")
    return manifest


def _refill(url: str, dump: Path) -> None:
    """Empty the database of what is not an extension's, and fill it from `dump` in one transaction.

    pg_dump also lists the extension and the schema, which exist and may belong to somebody else.
    """
    entries = [line for line in _run("pg_restore", "--list", str(dump)).splitlines()
               if line and not line.startswith(";") and " EXTENSION " not in line and " SCHEMA " not in line]
    chosen = dump.with_suffix(".list")
    chosen.write_text("\n".join(entries))
    try:
        with psycopg.connect(url, connect_timeout=5, prepare_threshold=None) as connection:
            for (statement,) in connection.execute(_DROPS.encode()).fetchall():
                connection.execute(statement.encode())
    except psycopg.Error as error:
        raise ArgusError("database_unreachable", f"PostgreSQL refused: {redact(str(error)).strip()}") from error
    script = dump.with_suffix(".sql")
    _run("pg_restore", "--no-owner", "--no-privileges", f"--use-list={chosen}", f"--file={script}", str(dump))
    _run("psql", "--no-psqlrc", "--quiet", "--single-transaction", "--set=ON_ERROR_STOP=1", f"--dbname={url}",
         f"--command={_LOAD}", f"--file={script}")
