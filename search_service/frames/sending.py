"""Files → Label Studio's uploads → tasks of our own making: they become no tasks by themselves."""

from __future__ import annotations

import json
import mimetypes
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from pydantic import JsonValue

from argus.errors import ArgusError
from argus.labelstudio import LabelStudio
from argus.labelstudio.files import uploaded_at
from argus.settings import get_settings

_SECONDS = 300  # that Label Studio may take for a batch


def stem_of(name: str, otherwise: str) -> str:
    """Return a file's name, without its ending, as Label Studio keeps it unchanged."""
    return re.sub(r"[^A-Za-z0-9_.-]+", "_", Path(name).stem)[:60].strip("._") or otherwise


def send_files(ls: LabelStudio, project_id: int, files: Sequence[tuple[str, bytes]]) -> dict[str, str]:
    """Upload files and return by name what tasks call them.

    Args:
        files: at most 100 of them, of different names that `stem_of` leaves alone.

    Raises:
        ArgusError: `label_studio_refused`.
    """
    sent = [(name, (name, data, mimetypes.guess_type(name)[0])) for name, data in files]
    answer = ls.request("POST", f"/api/projects/{project_id}/import", params={"commit_to_project": "false"},
                        files=sent, timeout=_SECONDS)
    uploaded = ls.get(f"/api/projects/{project_id}/file-uploads", ids=json.dumps(answer["file_upload_ids"]))
    site = get_settings().public_label_studio_url
    paths = {entry["file"].rsplit("/", 1)[-1].split("-", 1)[1]: uploaded_at(site, entry["file"]) for entry in uploaded}
    if lost := [name for name, _ in files if name not in paths]:
        raise ArgusError("label_studio_refused", f"Label Studio did not keep the upload {lost[0]}.")
    return paths


def make_tasks(ls: LabelStudio, project_id: int, data: Sequence[Mapping[str, JsonValue]]) -> list[int]:
    """Make a task of each and return their ids, as far as Label Studio tells them."""
    made = ls.request("POST", f"/api/projects/{project_id}/import", json=[{"data": one} for one in data],
                      params={"return_task_ids": "true"}, timeout=_SECONDS)
    return [int(task) for task in made.get("task_ids", ())]
