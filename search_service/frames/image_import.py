"""An image file → a task that knows its name, and is not made twice."""

from __future__ import annotations

import hashlib
from pathlib import Path

from pydantic import JsonValue

from argus.db import held
from argus.errors import ArgusError
from argus.labelstudio import LabelStudio, listing
from argus.labelstudio.filters import condition
from argus.labelstudio.task_data import set_value
from search_service.frames.frame_data import frame_data
from search_service.frames.sending import make_tasks, send_files, stem_of


def import_image(ls: LabelStudio, project_id: int, path: Path, name: str, ending: str) -> tuple[list[int], bool]:
    """Make a task of an image; one with the same bytes that came this way before is left alone.

    Args:
        name: as its owner calls it.
        ending: which its name has to have in Label Studio, "jpg".

    Returns:
        The task's id, if Label Studio told it, and whether the task is new.

    Raises:
        ArgusError: `unknown_project`, `bad_request` (Label Studio takes no files for this labelling config),
            `conflict` (somebody imports this image just now).
    """
    form = frame_data(ls.project(project_id)["label_config"] or "")
    content = path.read_bytes()
    digest = hashlib.sha256(content).hexdigest()[:16]
    data: dict[str, JsonValue] = {"image_name": name, "image_id": digest}
    if form.key in data:
        raise ArgusError("bad_request", f"The labelling config shows ${form.key} as the image, and an uploaded image "
                         "has another value there.", "Give the <Image> another key, such as $image.")
    with held(project_id, int(digest[:8], 16) - 2**31) as ours:
        if not ours:
            raise ArgusError("conflict", f"{name} is being imported into project {project_id} just now.",
                             "Wait for that import to end.")
        there = listing.page(ls, project_id, [condition("data.image_id", "equal", digest, "String")], size=1,
                             include="id")
        if there["total"]:
            return [task["id"] for task in there["tasks"]], False
        file = f"{stem_of(name, 'image')}.{ending}"
        set_value(data, form.key, send_files(ls, project_id, [(file, content)])[file])
        return make_tasks(ls, project_id, [data]), True
