"""The data of a frame's task, in the form that the project's labelling config asks for. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from argus.errors import ArgusError
from argus.labelstudio.task_data import raw_value, set_value
from label_studio_config.tags import read_label_config
from search_service.sync.tasks import image_key


@dataclass(frozen=True)
class FrameData:
    """Makes the data of tasks for one project.

    Attributes:
        key: where the image's address goes, a key or a path such as `frame.urls[0]`.
        given: what a person adds to each task's data, by key or path.
    """

    key: str
    given: Mapping[str, Any] = field(default_factory=dict)

    def of(self, image: str, video: str, video_id: str, seconds: float, number: int) -> dict[str, Any]:
        """Return a frame's data. Raises `bad_request` when `given` or the image's key stand in each other's way."""
        data: dict[str, Any] = {"video": video, "video_time": seconds, "frame_number": number, "video_id": video_id}
        for key, value in {**self.given, self.key: image}.items():
            if key in data:
                raise ArgusError("bad_request", f"A frame's {key} is its own; it cannot be given.",
                                 "Choose another key.")
            set_value(data, key, value)
        return data


def frame_data(label_config: str, given: Mapping[str, Any]) -> FrameData:
    """Return what makes the data of a project's frames.

    Args:
        given: further values for each task, such as those that the labelling config asks for beside the image.

    Raises:
        ArgusError: `bad_request` when Label Studio would refuse such tasks, because its labelling config asks for more.
    """
    form = FrameData(image_key(label_config), given)
    sample = form.of("/", "", "", 0.0, 0)
    required = read_label_config(label_config).required if label_config.strip() else ()
    lacking = [key for key in required if raw_value(sample, key) is None]
    if lacking:
        raise ArgusError("bad_request", f"The labelling config also asks for {', '.join(lacking)} in the data of each "
                         "task, which a frame of a video does not have.",
                         f"Give it with --data {lacking[0]}=…, or take ${lacking[0]} out of the labelling config.",
                         keys=lacking)
    return form


def read_given(texts: Sequence[str]) -> dict[str, Any]:
    """Read `KEY=VALUE`; a value that is a JSON list or object is one, everything else is text.

    Raises:
        ArgusError: `bad_request`.
    """
    given: dict[str, Any] = {}
    for text in texts:
        key, sign, value = text.partition("=")
        if not sign or not key.strip():
            raise ArgusError("bad_request", f"{text!r} is not KEY=VALUE.", "For example --data line=7.")
        given[key.strip().removeprefix("$")] = _value(value)
    return given


def _value(text: str) -> Any:
    if not text.startswith(("[", "{")):
        return text
    try:
        return json.loads(text)
    except ValueError:
        return text
