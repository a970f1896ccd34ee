"""The part of the client that uploads videos and images: `Argus(…).uploads`."""

from __future__ import annotations

import base64
from collections.abc import Callable, Sequence
from pathlib import Path

import requests

from argus.answers.uploads import Purpose, Upload, Uploads, VideoFiles
from argus.errors import ArgusError

_PIECE = 8 * 2**20  # bytes of one request


class ProjectUploads:
    """Your uploads. Every method raises `ArgusError`, as those of `Argus` do."""

    def __init__(self, call: Callable[..., requests.Response]) -> None:
        self._call = call

    def list(self, project: int) -> Uploads:
        """Return your uploads into a project, newest first, and what may be uploaded."""
        return Uploads.model_validate_json(self._call("GET", f"/projects/{project}/uploads").content)

    def show(self, project: int, upload: str) -> Upload:
        """Return how far an upload and its import are."""
        return Upload.model_validate_json(self._call("GET", f"/projects/{project}/uploads/{upload}").content)

    def send(self, project: int, file: Path, *, fps: str = "1", scene: float = 0.0,
             purpose: Purpose = "frames") -> Upload:
        """Upload a video or an image and return its state; the service imports it then.

        One of the same name and size that was cut off goes on where it stopped.

        Args:
            fps: frames per second of video, a number or a fraction such as `1/5`.
            purpose: `labels` for label files, which `label_imports.plan` sends.
            scene: above 0, of these frames only those that differ so much from the last one taken (0 to 1).
        """
        size, base = file.stat().st_size, f"/projects/{project}/uploads"
        cut_off = [one for one in self.list(project).uploads
                   if (one.state, one.name, one.size, one.purpose) == ("receiving", file.name, size, purpose)]
        made = cut_off[0] if cut_off else self._begin(base, size, {
            "filename": file.name, "fps": fps, "scene": str(scene), "purpose": purpose})
        offset = made.received
        with file.open("rb") as opened:
            opened.seek(offset)
            while offset < size:
                piece = opened.read(_PIECE)
                if not piece:
                    raise ArgusError("bad_video", f"{file.name} became shorter while it was uploaded.")
                answer = self._call("PATCH", f"{base}/{made.id}", data=piece, headers={
                    "Upload-Offset": str(offset), "Content-Type": "application/offset+octet-stream"})
                offset = int(answer.headers["Upload-Offset"])
        return self.show(project, made.id)

    def _begin(self, base: str, size: int, told: dict[str, str]) -> Upload:
        metadata = ",".join(f"{key} {base64.b64encode(value.encode()).decode()}" for key, value in told.items())
        answer = self._call("POST", base, headers={"Upload-Length": str(size), "Upload-Metadata": metadata})
        return Upload.model_validate_json(answer.content)

    def retry(self, project: int, upload: str) -> Upload:
        """Import a file again whose import failed."""
        answer = self._call("POST", f"/projects/{project}/uploads/{upload}/retry")
        return Upload.model_validate_json(answer.content)

    def video_files(self, project: int) -> VideoFiles:
        """Return the tasks whose own file is a video, as when one was uploaded in Label Studio."""
        return VideoFiles.model_validate_json(self._call("GET", f"/projects/{project}/video-files").content)

    def cut(self, project: int, tasks: Sequence[int] | None = None, *, fps: str = "1",
            scene: float = 0.0) -> VideoFiles:
        """Let the service cut such videos into frames, those of `tasks` or all that were not cut; `fps` and `scene` as
        of `send`."""
        answer = self._call("POST", f"/projects/{project}/video-files/cut", json={
            "tasks": None if tasks is None else list(tasks), "fps": fps, "scene": scene})
        return VideoFiles.model_validate_json(answer.content)

    def cut_by_itself(self, project: int, on: bool = True, *, fps: str = "1", scene: float = 0.0) -> VideoFiles:
        """Have such videos cut from now on without anybody asking, those that wait included; or no more."""
        answer = self._call("PUT", f"/projects/{project}/video-files/rule", json={"on": on, "fps": fps, "scene": scene})
        return VideoFiles.model_validate_json(answer.content)

    def remove(self, project: int, upload: str) -> None:
        """Cancel an upload or its import, or forget one that has ended."""
        self._call("DELETE", f"/projects/{project}/uploads/{upload}")
