"""What the routes of videos that were uploaded in Label Studio take."""

from __future__ import annotations

from pydantic import Field

from search_service.search.fields import Request
from search_service.search.query import TaskId
from search_service.uploads import metadata
from search_service.uploads.metadata import FileInfo
from search_service.uploads.task_videos import MOST


class Cutting(Request):
    """How videos are to be cut into frames."""

    fps: str = Field("1", max_length=20, description="Frames per second of video: a number or a fraction such as 1/5.")
    scene: float = Field(0, ge=0, le=1, description="Above 0: of these frames only those that differ so much from the "
                         "last one taken.")

    def info(self) -> FileInfo:
        """Return how they are to be cut. Raises `bad_request`."""
        return FileInfo(name="", fps=metadata.checked_rate(self.fps), scene=self.scene)


class CutRequest(Cutting):
    """Which videos are to be cut into frames, and how."""

    tasks: list[TaskId] | None = Field(None, min_length=1, max_length=MOST,
                                       description="Tasks of a video. Null: all that were not cut.")


class CutRuleRequest(Cutting):
    """Whether videos are to be cut automatically, and how."""

    on: bool = Field(True, description="False: they wait until somebody asks.")
