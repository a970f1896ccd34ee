"""The data of a frame's task, in the form that the project's labelling config asks for. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from pydantic import JsonValue

from argus.errors import ArgusError
from argus.labelstudio.task_data import set_value
from label_studio_config.tags import read_label_config
from search_service.sync.tasks import image_key


@dataclass(frozen=True)
class FrameData:
    """Makes the data of tasks for one project.

    Attributes:
        key: where the image's address goes, a key or a path such as `frame.urls[0]`.
    """

    key: str

    def of(self, image: str, video: str, video_id: str, seconds: float, number: int) -> dict[str, JsonValue]:
        """Return a frame's data. Raises `bad_request` when the image's place is one of the video's values."""
        data: dict[str, JsonValue] = {"video": video, "video_time": seconds, "frame_number": number,
                                      "video_id": video_id}
        if self.key in data:
            raise ArgusError("bad_request", f"The labelling config shows ${self.key} as the image, and a frame has "
                             "another value there.", "Give the <Image> another key, such as $image.")
        set_value(data, self.key, image)
        return data


def frame_data(label_config: str) -> FrameData:
    """Return what makes the data of a project's frames.

    Raises:
        ArgusError: `bad_request` when Label Studio takes no files for the project: its labelling config shows more of a
            task's data than one image.
    """
    form = FrameData(image_key(label_config))
    form.of("/", "", "", 0.0, 0)
    if label_config.strip() and (further := read_label_config(label_config).shown_beside(form.key)):
        raise ArgusError("bad_request", f"The labelling config shows {', '.join(further)} beside the image; Label "
                         "Studio takes uploads only where it shows one value of a task's data.",
                         "Import the video into a project whose labelling config shows the image alone, or put its "
                         "frames into a storage of this one and import tasks with all values as JSON (see the help "
                         "page on images).", keys=[key[1:] for key in further])
    return form
