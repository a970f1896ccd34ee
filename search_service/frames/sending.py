"""Files → Label Studio's uploads → tasks of our own making: they become no tasks by themselves."""

from __future__ import annotations

import json
import mimetypes
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from pydantic import JsonValue

from argus.errors import ArgusError
from argus.labelstudio import LabelStudio
from argus.labelstudio.files import uploaded_at
from argus.settings import get_settings

BATCH_FILES, BATCH_BYTES = 50, 32 * 2**20  # Label Studio refuses more than 100 files a request
_SECONDS = 300  # that Label Studio may take for a batch


def stem_of(name: str, otherwise: str) -> str:
    """Return a file's name, without its ending, as Label Studio keeps it unchanged."""
    return re.sub(r"[^A-Za-z0-9_.-]+", "_", Path(name).stem)[:60].strip("._") or otherwise


class Upload(NamedTuple):
    """A file that Label Studio keeps: its id, and what a task's data calls it."""

    id: int
    image: str


def send_files(ls: LabelStudio, project_id: int, files: Sequence[tuple[str, bytes]]) -> dict[str, str]:
    """Upload files of different names and return by name what tasks call them. Raises as `upload`."""
    return {name: kept.image for (name, _), kept in zip(files, upload(ls, project_id, files), strict=True)}


def upload(ls: LabelStudio, project_id: int, files: Sequence[tuple[str, bytes]]) -> list[Upload]:
    """Upload files and return what is kept of each, in the same order.

    Args:
        files: names and contents, at most 100 of them.

    Raises:
        ArgusError: `label_studio_refused`, also when Label Studio did not keep all of them.
    """
    sent = [(str(index), (name, data, mimetypes.guess_type(name)[0])) for index, (name, data) in enumerate(files)]
    answer = ls.request("POST", f"/api/projects/{project_id}/import", params={"commit_to_project": "false"},
                        files=sent, timeout=_SECONDS)
    ids: list[int] = answer["file_upload_ids"]  # in the order in which they were sent
    uploaded = ls.get(f"/api/projects/{project_id}/file-uploads", ids=json.dumps(ids))
    paths = {entry["id"]: entry["file"] for entry in uploaded}
    if len(ids) != len(files) or set(ids) != set(paths):
        raise ArgusError("label_studio_refused", f"Label Studio kept {len(paths)} of {len(files)} uploads.")
    site = get_settings().public_label_studio_url
    return [Upload(number, uploaded_at(site, paths[number])) for number in ids]


def make_tasks(ls: LabelStudio, project_id: int, data: Sequence[Mapping[str, JsonValue]]) -> list[int]:
    """Make a task of each and return their ids, as far as Label Studio tells them."""
    made = ls.request("POST", f"/api/projects/{project_id}/import", json=[{"data": one} for one in data],
                      params={"return_task_ids": "true"}, timeout=_SECONDS)
    return [int(task) for task in made.get("task_ids", ())]
