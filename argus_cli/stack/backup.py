"""Everything that cannot be made again, in one file: the databases, and the embedded Label Studio's uploads and token.

The archive is a plain tar: `manifest.json` (what, from when, checksums), one `pg_dump` file a database, the folder
`label-studio/`, `files/`. Redis holds nothing of value (jobs are written in PostgreSQL first); checkpoints and
cached images come from elsewhere.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import tarfile
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal, TypedDict

import psycopg
from psycopg import sql

from argus import __version__
from argus import home as argus_home
from argus.db import migrations
from argus.errors import ArgusError
from argus.logs import redact
from argus.settings import Settings
from argus_cli.stack import swap
from argus_cli.stack.archive import Entry, add, entries, unpack
from argus_cli.stack.postgres_tools import run
from argus_cli.stack.stack import Stack, owner

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


class Manifest(TypedDict):
    """The first file of an archive: the versions of its format, of Argus and of the tables, when it was made, and the
    SHA-256 of each database's dump."""

    format: int
    argus: str
    schema: int
    made_at: str
    databases: dict[str, str]
    label_studio: Literal["embedded", "elsewhere"]


def backup(settings: Settings, file: Path, progress: Progress = lambda line: None) -> Manifest:
    """Write the archive `file` and return its manifest. Argus may be running or not.

    Raises:
        ArgusError: `conflict` when the file exists, `bad_request` (a link among Label Studio's files leads nowhere),
            `database_unreachable`, `missing_package` (no `pg_dump`).
    """
    if file.exists():
        raise _taken(file)
    file.parent.mkdir(parents=True, exist_ok=True)
    with _database_up(settings), tempfile.TemporaryDirectory(prefix="argus-backup-") as scratch:
        files = _label_studio_files(settings)  # what is wrong with them shows before the databases are read
        dumps = {}
        for name, url in _databases(settings).items():
            progress(f"Database {name} …")
            dumps[name] = Path(scratch) / f"{name}.dump"
            run("pg_dump", "--format=custom", "--no-owner", "--no-privileges", f"--file={dumps[name]}", url=url,
                scratch=Path(scratch))
        manifest: Manifest = {
            "format": FORMAT, "argus": __version__, "schema": max(n for n, _, _ in migrations()),
                    "made_at": datetime.now(UTC).isoformat(timespec="seconds"),
                    "databases": {name: _digest(dump) for name, dump in dumps.items()},
                    "label_studio": "embedded" if _embedded_label_studio(settings) else "elsewhere"}
        text = Path(scratch) / "manifest.json"
        text.write_text(json.dumps(manifest, indent=2))
        with _new_file(file) as archive:
            for entry in (Entry("manifest.json", text), *(Entry(dump.name, dump) for dump in dumps.values())):
                add(archive, entry)
            if files:
                progress("Label Studio's files …")
            for entry in files:
                add(archive, entry)
    return manifest


def _label_studio_files(settings: Settings) -> list[Entry]:
    if not _embedded_label_studio(settings):
        return []
    found = [entry for name in swap.FOLDERS if (settings.home / name).exists()
             for entry in entries(settings.home / name, name)]
    return found + ([Entry(swap.TOKEN, settings.token_path)] if settings.token_path.exists() else [])


@contextmanager
def _new_file(file: Path) -> Iterator[tarfile.TarFile]:
    """Yield an archive that gets the name `file` once it is whole; from its first byte only we may read it, for it
    holds the token. What an earlier process left unfinished goes."""
    for left in file.parent.glob(f".{file.name}.*.part"):
        with left.open("rb") as stream:
            try:
                fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                continue  # somebody is writing it
            left.unlink(missing_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{file.name}.", suffix=".part", dir=file.parent)
    try:
        with open(handle, "wb") as stream:
            fcntl.flock(stream, fcntl.LOCK_EX)
            with tarfile.open(fileobj=stream, mode="w") as archive:
                yield archive
            stream.flush()
            os.fsync(handle)
        if file.exists():
            raise _taken(file)
        os.rename(name, file)
    finally:
        Path(name).unlink(missing_ok=True)


def _taken(file: Path) -> ArgusError:
    return ArgusError("conflict", f"{file} exists already.", "Choose another name; a backup is never overwritten.")


def restore(settings: Settings, file: Path, progress: Progress = lambda line: None) -> Manifest:
    """Put the state of `file` in the place of what is there, and return its manifest. Argus must be stopped.

    Whenever this ends, by a kill or a power cut too, there is one whole state: the archive is unpacked and checked and
    all that is new is prepared beside what is there, which is then swapped in a step that the next start finishes. A
    PostgreSQL of somebody's own is emptied and filled in one transaction.

    Raises:
        ArgusError: `not_found`, `bad_request` (no archive of ours, damaged, of a newer Argus, or no room for it),
            `conflict` (the stack is running), `database_unreachable`.
    """
    if not file.is_file():
        raise ArgusError("not_found", f"There is no file {file}.")
    if _running(settings):
        raise ArgusError("conflict", "Argus is running.", "Stop it first: argus down")
    with Stack(settings, ()) as stack:  # nothing else starts in this home meanwhile
        home = stack.settings.home
        for folder, mode in ((swap.place(home), 0o711), (unpacked := swap.place(home) / "unpacked", 0o700)):
            folder.mkdir()
            folder.chmod(mode)
        try:
            progress("Checking the archive …")
            manifest = _check(file, unpacked)
            if settings.database_url or "labelstudio" not in manifest["databases"]:
                # Argus's own database alone: the server, or the Label Studio, is somebody else's.
                if not settings.database_url:
                    stack.start("postgres")
                progress("Database argus …")
                _refill(settings.resolved_database_url, unpacked / "argus.dump")
            else:
                _prepare(settings, swap.new_home(home), unpacked, manifest, progress)
                swap.commit(home)
        finally:
            swap.finish(home)
    return manifest


def _prepare(settings: Settings, home: Path, unpacked: Path, manifest: Manifest, progress: Progress) -> None:
    """Make a home of its own that is what the archive holds: a PostgreSQL, Label Studio's files, the token."""
    home.mkdir()
    home.chmod(0o711)  # the account that root's PostgreSQL runs as must get in
    fresh = settings.model_copy(update={"home": home})
    with Stack(fresh, {"postgres"}):
        for name, url in _databases(fresh).items():
            if name in manifest["databases"]:
                progress(f"Database {name} …")
                _refill(url, unpacked / f"{name}.dump")
    progress("Label Studio's files …")
    for name in (*swap.FOLDERS, swap.TOKEN):
        if (unpacked / name).exists():
            (unpacked / name).rename(home / name)


def _databases(settings: Settings) -> dict[str, str]:
    """The databases that are ours to save, by name: Argus's, and that of the Label Studio we started ourselves."""
    found = {"argus": settings.resolved_database_url}
    if _embedded_label_studio(settings):
        found["labelstudio"] = f"postgresql://labelstudio@/labelstudio?host={settings.run_dir}"
    return found


def _embedded_label_studio(settings: Settings) -> bool:
    return not settings.database_url and argus_home.postgres_dir(settings.home).exists()


def _running(settings: Settings) -> bool:
    return owner(settings.home) is not None


@contextmanager
def _database_up(settings: Settings) -> Iterator[None]:
    """The embedded PostgreSQL, started for the purpose unless it runs; a server of somebody else's is just used."""
    if settings.database_url or _running(settings):
        yield
        return
    with Stack(settings, {"postgres"}):
        yield


def _digest(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _check(file: Path, folder: Path) -> Manifest:
    """Unpack the archive, compare its checksums, and return its manifest."""
    unpack(file, folder, swap.FOLDERS)
    try:
        manifest: Manifest = json.loads((folder / "manifest.json").read_text())
        if manifest["format"] > FORMAT or manifest["schema"] > max(n for n, _, _ in migrations()):
            raise ArgusError("bad_request", f"{file} was written by a newer Argus ({manifest['argus']}).",
                             "Update Argus first.")
        damaged = [name for name, digest in manifest["databases"].items()
                   if _digest(folder / f"{Path(name).name}.dump") != digest]
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ArgusError("bad_request", f"{file} is not a backup of Argus, or it is damaged: {error}",
                         "Nothing was changed.") from error
    if damaged:
        raise ArgusError("bad_request", f"{file} is damaged: {', '.join(damaged)}.", "Nothing was changed.")
    return manifest


def _refill(url: str, dump: Path) -> None:
    """Empty the database of what is not an extension's and fill it from `dump`, both in one transaction.

    pg_dump also lists the extensions and the schema. Those that exist stay: they may belong to somebody else.
    """
    listed = [line for line in run("pg_restore", "--list", str(dump)).splitlines() if line and line[0] != ";"]
    extensions = [line.split()[-1] for line in listed if " EXTENSION - " in line]
    chosen, before, script = (dump.with_suffix(suffix) for suffix in (".list", ".before.sql", ".sql"))
    chosen.write_text("\n".join(line for line in listed if " EXTENSION " not in line and " SCHEMA " not in line))
    try:
        with psycopg.connect(url, connect_timeout=5, prepare_threshold=None) as connection:
            statements = [statement for (statement,) in connection.execute(_DROPS.encode())]
            make = sql.SQL("CREATE EXTENSION IF NOT EXISTS {}")
            statements += [make.format(sql.Identifier(name)).as_string(connection) for name in extensions]
    except psycopg.Error as error:
        raise ArgusError("database_unreachable", f"PostgreSQL refused: {redact(str(error)).strip()}") from error
    before.write_text("".join(f"{statement};\n" for statement in statements))
    run("pg_restore", "--no-owner", "--no-privileges", f"--use-list={chosen}", f"--file={script}", str(dump))
    run("psql", "--no-psqlrc", "--quiet", "--single-transaction", "--set=ON_ERROR_STOP=1", f"--command={_LOAD}",
        f"--file={before}", f"--file={script}", url=url, scratch=dump.parent)
