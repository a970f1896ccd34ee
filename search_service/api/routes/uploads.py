"""Files that are sent in to be imported, by the resumable upload protocol tus 1.0.0 (https://tus.io/protocols)."""

from __future__ import annotations

import re

from flask import Blueprint, Response, abort, request

from argus import audit
from argus.answers.uploads import Upload, Uploads, VideoFiles
from argus.errors import ArgusError
from search_service.api.answering import answers
from search_service.api.caller import caller
from search_service.api.requests import API
from search_service.api.schemas.search import read_json
from search_service.api.schemas.uploads import CutRequest, CutRuleRequest
from search_service.uploads import metadata, room, service, task_videos

blueprint = Blueprint("uploads", __name__, url_prefix=API)
VERSION, BYTES = "1.0.0", "application/offset+octet-stream"
_NUMBER = re.compile(r"[0-9]{1,18}")
_HEADERS = {"Tus-Resumable": VERSION}


@blueprint.before_request
def check_version() -> Response | None:
    """Refuse another version of the protocol, as it says."""
    if request.method != "OPTIONS" and request.headers.get("Tus-Resumable", VERSION) != VERSION:
        response = Response(status=412, headers={"Tus-Version": VERSION})
        return response
    return None


@blueprint.after_request
def add_version(response: Response) -> Response:
    response.headers.setdefault("Tus-Resumable", VERSION)
    return response


def _owner(project_id: int) -> service.Owner:
    asks = caller()
    return service.Owner(project_id, asks.person.id if asks else None)


def _number(header: str) -> int:
    value = request.headers.get(header, "")
    if not _NUMBER.fullmatch(value):
        raise ArgusError("bad_request", f"{header} must be a whole number of bytes.")
    return int(value)


@blueprint.route("/projects/<int:project_id>/uploads", methods=["OPTIONS"])
def options_uploads(project_id: int) -> Response:
    return Response(status=204, headers={**_HEADERS, "Tus-Version": VERSION, "Tus-Extension": "creation,termination",
                                         "Tus-Max-Size": str(room.largest())})


@blueprint.get("/projects/<int:project_id>/uploads")
@answers
def list_uploads(project_id: int) -> Uploads:
    return service.listing(_owner(project_id))


@blueprint.post("/projects/<int:project_id>/uploads")
@answers
def post_upload(project_id: int) -> tuple[Upload, int, dict[str, str]]:
    if "Upload-Defer-Length" in request.headers:
        raise ArgusError("bad_request", "The length of an upload must be known when it begins.", "Send Upload-Length.")
    size, info = _number("Upload-Length"), metadata.read(request.headers.get("Upload-Metadata", ""))
    if asks := caller():
        service.check_right(asks.person.ls, project_id, asks.person.id)
    made = service.begin(_owner(project_id), size, info)
    return made, 201, {"Location": f"{API}/projects/{project_id}/uploads/{made.id}"}


@blueprint.get("/projects/<int:project_id>/video-files")
@answers
def get_video_files(project_id: int) -> VideoFiles:
    return task_videos.listing(project_id)


@blueprint.post("/projects/<int:project_id>/video-files/cut")
@answers
def post_video_files(project_id: int) -> tuple[VideoFiles, int, dict[str, str]]:
    asked = read_json(CutRequest, request.get_data(), request.content_type or "")
    if asks := caller():
        service.check_right(asks.person.ls, project_id, asks.person.id)
    return task_videos.cut(_owner(project_id), asked.info(), asked.tasks), 202, {}


@blueprint.put("/projects/<int:project_id>/video-files/rule")
@answers
def put_video_rule(project_id: int) -> VideoFiles:
    asked = read_json(CutRuleRequest, request.get_data(), request.content_type or "")
    return task_videos.set_rule(_owner(project_id), asked.info() if asked.on else None)


@blueprint.route("/projects/<int:project_id>/uploads/<upload:upload_id>", methods=["HEAD"])
def head_upload(project_id: int, upload_id: str) -> Response:
    stored, size = service.offset(_owner(project_id), upload_id)
    return Response(status=200, headers={**_HEADERS, "Upload-Offset": str(stored), "Upload-Length": str(size)})


@blueprint.get("/projects/<int:project_id>/uploads/<upload:upload_id>")
@answers
def get_upload(project_id: int, upload_id: str) -> Upload:
    return service.describe(_owner(project_id), upload_id)


@blueprint.patch("/projects/<int:project_id>/uploads/<upload:upload_id>")
def patch_upload(project_id: int, upload_id: str) -> Response:
    if request.mimetype != BYTES:
        abort(415)
    stored = service.append(_owner(project_id), upload_id, _number("Upload-Offset"),
                            request.stream, request.content_length or 0)  # type: ignore[arg-type]
    return Response(status=204, headers={**_HEADERS, "Upload-Offset": str(stored)})


@blueprint.delete("/projects/<int:project_id>/uploads/<upload:upload_id>")
def delete_upload(project_id: int, upload_id: str) -> Response:
    service.cancel(_owner(project_id), upload_id)
    return Response(status=204, headers=_HEADERS)


@blueprint.post("/projects/<int:project_id>/uploads/<upload:upload_id>/retry")
@answers
def post_upload_retry(project_id: int, upload_id: str) -> Upload:
    audit.about(f"upload {upload_id[:40]}")
    return service.retry(_owner(project_id), upload_id)
