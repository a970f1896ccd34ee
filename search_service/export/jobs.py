"""Exports made in the background: a job of the export worker, a folder each, and a file that says how far it is.

The state stands in the folder, next to what was written: `argus-home` is shared by the web process and the worker. What
the browser gets is one ZIP. When the worker dies the export is begun again once; after that it is said to have failed.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import tempfile
import threading
import time
import zipfile
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path

from argus import audit, private_files, queue_names
from argus.answers.base import Error
from argus.answers.export import Export, ExportPreview, ExportReport
from argus.errors import ArgusError, as_argus_error
from argus.jobs import queues
from argus.labelstudio import get_label_studio
from argus.settings import get_settings
from search_service.export import count_images, export_project, preview_export, room
from search_service.export.run import FORMATS
from search_service.export.source import Source
from search_service.export.versions.recording import Asked, recording

TIMEOUT = 6 * 3600
UNDER_WAY = ("queued", "running")
_ASKING = threading.Lock()
_PREVIEW_WAIT = 5.0  # seconds
_SAY_SECONDS, _QUIET_SECONDS = 0.5, 30.0
_PREVIEWS = threading.BoundedSemaphore(2)  # each holds a thread of the web process for as long as Label Studio lists
_STORED = (".jpg", ".jpeg", ".png", ".webp")  # already compressed


class _Cancelled(Exception):
    pass


def preview(project_id: int, *, source: Source, splits: Mapping[str, float]) -> ExportPreview:
    """Return what an export would hold: `search_service.export.preview_export`, for splits in any proportion.

    Raises:
        ArgusError: as that, and `busy` when others' previews take too long.
    """
    if not _PREVIEWS.acquire(timeout=_PREVIEW_WAIT):
        raise ArgusError("busy", "Other exports are being counted.", "Try again in a moment.", retry_after=5)
    try:
        return preview_export(project_id, source=source, splits=_shares(splits))
    finally:
        _PREVIEWS.release()


def tidy() -> None:
    """Write down of each export that is lost that it failed, and delete what is there of it. An export worker does so
    before its first job."""
    for number in _numbers():
        with contextlib.suppress(ArgusError, OSError, ValueError, KeyError):  # deleted meanwhile, or not ours
            if json.loads((_folder(number) / "state.json").read_text("utf-8"))["state"] in UNDER_WAY:
                state = describe(number)
                if state.state == "failed":
                    _clear(number)
                    _write(state.model_copy(update={"finished_at": _now()}))


def start(project_id: int, *, format: str, source: Source, masks: bool, images: bool,
          splits: Mapping[str, float], leak_report: bool = True, note: str = "", licence: str = "") -> Export:
    """Ask for an export and return its state.

    Raises:
        ArgusError: `unknown_format`, `unknown_project`, `queue_unreachable`, `too_many_requests` (as many exports of
            the project wait as may), `insufficient_storage`.
    """
    if format not in FORMATS:
        raise ArgusError("unknown_format", f"There is no export format {format!r}.",
                         f"Choose one of: {', '.join(FORMATS)}.")
    get_label_studio().project(project_id)
    tidy()
    with _ASKING:  # two who ask at once are counted one after the other; this service is one process
        for old in room.superseded(listing(project_id)):
            remove(old)
        return _enqueue(Export(id=0, project=project_id, format=format, source=source, masks=masks, images=images,
                               splits=dict(splits), leak_report=leak_report, note=note, licence=licence,
                               made_by=audit.actor().verified_name, state="queued", created_at=_now()))


def _enqueue(asked: Export) -> Export:
    private_files.make_folder(_root())
    room.check_disk(_root())
    export_id = _new_folder()
    audit.about(f"export {export_id}")
    state = asked.model_copy(update={"id": export_id})
    _write(state)
    try:
        queues.enqueue(queue_names.EXPORT, "search_service.export.jobs.run", export_id, job_id=_job(export_id),
                       timeout=TIMEOUT, retries=1)
    except ArgusError:
        remove(export_id)
        raise
    return state


def describe(export_id: int) -> Export:
    """Return the state of an export. Raises `not_found`."""
    try:
        found = Export.model_validate_json((_folder(export_id) / "state.json").read_bytes())
    except (OSError, ValueError) as error:
        raise ArgusError("not_found", f"There is no export {export_id}.",
                         "It may have been deleted to make room for newer ones.") from error
    if found.state in UNDER_WAY and _is_lost(export_id):
        gone = ArgusError("child_died", "The worker that made this export has ended.", "Start the export again.")
        return found.model_copy(update={"state": "failed", "error": Error(**gone.to_json())})
    return found


def _is_lost(export_id: int) -> bool:
    """Tell whether nothing works on an export any more: it was quiet for a while, and its job is not there."""
    try:
        quiet = time.time() - (_folder(export_id) / "state.json").stat().st_mtime
        job = queues.find(queue_names.EXPORT, _job(export_id)) if quiet > _QUIET_SECONDS else None
    except (OSError, ArgusError):  # deleted meanwhile; or the queue does not answer, and nothing can be said
        return False
    return quiet > _QUIET_SECONDS and (job is None or job.get_status() in queues.ENDED)


def _job(export_id: int) -> str:
    return f"export-{export_id}"


def listing(project_id: int) -> list[Export]:
    """Return the exports of a project, newest first."""
    found = []
    for number in _numbers():
        with contextlib.suppress(ArgusError):  # deleted meanwhile, or not ours
            found.append(describe(number))
    return sorted((one for one in found if one.project == project_id), key=lambda one: -one.id)


def archive(export_id: int) -> tuple[Path, str]:
    """Return the ZIP of a finished export and the name to save it by. Raises `not_found`, `not_ready`."""
    state = describe(export_id)
    if state.state != "done":
        raise ArgusError("not_ready", f"The export {export_id} is {state.state}.")
    return _folder(export_id) / "export.zip", f"project-{state.project}-{state.format}-{export_id}.zip"


def remove(export_id: int) -> Export:
    """Delete an export, or stop one that still runs at its next image; return its last state. Raises `not_found`."""
    state = describe(export_id)
    if state.state == "running":
        (_folder(export_id) / "cancel").touch()
        return state.model_copy(update={"state": "cancelled"})
    shutil.rmtree(_folder(export_id), ignore_errors=True)
    return state.model_copy(update={"state": "cancelled"}) if state.state == "queued" else state


def run(export_id: int) -> None:
    """Make an export: the job. What goes wrong is written into its state, not raised."""
    try:
        state = describe(export_id)
    except ArgusError:
        return  # deleted before its turn
    folder = _folder(export_id)
    _clear(export_id)  # what a worker left that was killed while it wrote
    said = 0.0

    def progress(written: int) -> None:
        nonlocal said
        if (folder / "cancel").exists():
            raise _Cancelled
        if time.monotonic() - said > _SAY_SECONDS:
            said = time.monotonic()
            room.check_disk(folder)
            _write(state.model_copy(update={"written": written}))

    try:
        state = state.model_copy(update={"state": "running", "written": 0, "total": _total(state)})
        _write(state)
        room.check_disk(folder)
        state = _export(state, folder, progress)
    except _Cancelled:
        shutil.rmtree(folder, ignore_errors=True)
        return
    except Exception as error:
        full = room.disk_full(error) if isinstance(error, OSError) else None
        said_error = Error(**as_argus_error(full or error).to_json())
        state = state.model_copy(update={"state": "failed", "error": said_error})
    _write(state.model_copy(update={"finished_at": _now()}))


def _export(state: Export, folder: Path, progress: Callable[[int], None]) -> Export:
    asked = Asked(state.format, state.source, state.masks, state.images, _shares(state.splits), state.note,
                  state.made_by, state.licence)
    with recording(state.project, asked, state.id) as version, tempfile.TemporaryDirectory(dir=folder) as place:
        files = Path(place) / "export"
        report = export_project(state.project, state.format, files, with_images=state.images, link_images=True,
                                masks=state.masks, splits=_shares(state.splits) or None, source=state.source,
                                progress=progress, leak_report=state.leak_report, version=version)
        kept = room.bytes_of_versions(listing(state.project))
        for size in _zip(files, Path(place) / "export.zip"):
            room.check_quota(size, kept)
            progress(report.images)
        os.replace(Path(place) / "export.zip", folder / "export.zip")
    return state.model_copy(update={
        "state": "done", "written": report.images, "version": report.version,
        "report": ExportReport(**report.model_dump(exclude={"folder"})),
        "bytes": (folder / "export.zip").stat().st_size})


def _zip(files: Path, target: Path) -> Iterator[int]:
    """Write a ZIP of the files; yield its bytes after each of them."""
    with private_files.open_file(target, "wb") as file, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as zipped:
        for path in sorted(files.rglob("*")):
            if path.is_file():
                how = zipfile.ZIP_STORED if path.suffix.lower() in _STORED else zipfile.ZIP_DEFLATED
                zipped.write(path, path.relative_to(files), how)
                yield target.stat().st_size


def _total(state: Export) -> int:
    return count_images(state.project, state.source)


def _shares(splits: Mapping[str, float]) -> dict[str, float]:
    total = sum(splits.values())
    return {name: share / total for name, share in splits.items()}


def _root() -> Path:
    return get_settings().home / "exports"


def _folder(export_id: int) -> Path:
    return _root() / str(int(export_id))


def _numbers() -> list[int]:
    return [int(path.parent.name) for path in _root().glob("*/state.json") if path.parent.name.isdigit()]


def _clear(export_id: int) -> None:
    """Delete what was made of an export, but for its state."""
    folder = _folder(export_id)
    (folder / "export.zip").unlink(missing_ok=True)
    for left in filter(Path.is_dir, folder.iterdir()):
        shutil.rmtree(left, ignore_errors=True)


def _new_folder() -> int:
    """Make the folder of a new export and return its id; two at once get different ones."""
    private_files.make_folder(_root())
    export_id = max((int(path.name) for path in _root().iterdir() if path.name.isdigit()), default=0)
    while True:
        export_id += 1
        try:
            _folder(export_id).mkdir(mode=0o700)
        except FileExistsError:
            continue
        return export_id


def _write(state: Export) -> None:
    """Put the state in place whole: a reader never sees half of it."""
    path = _folder(state.id) / "state.json"
    new = path.with_suffix(".new")
    with private_files.open_file(new, "w") as file:
        file.write(state.model_dump_json())
    os.replace(new, path)


def _now() -> datetime:
    return datetime.now(UTC)
