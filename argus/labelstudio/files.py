"""Which addresses of Label Studio are files of a task, so that the service's rights may fetch them, and their names.

The service's token opens every project it can see, and whoever writes a task writes its address. So only what belongs
to the task's own project is fetched: its uploads, files of its storages, and what Label Studio resolves for the task.
All that is known of Label Studio's paths stands here.
"""

from __future__ import annotations

import base64
import json
import re
from pathlib import PurePath, PurePosixPath, PureWindowsPath
from urllib.parse import parse_qsl, unquote, urlsplit

from argus.addresses import Address, parse
from argus.errors import ArgusError
from argus.labelstudio.client import LabelStudio, texts_in
from argus.labelstudio.site import prefix_of
from argus.labelstudio.task_data import TaskImage
from argus.ttl_cache import Expiring

_NAME = r"(?!\.{1,2}$)[^/\\\x00-\x1f]+"  # one name, and no step out of its folder
_UPLOAD = re.compile(rf"/data/upload/([0-9]+)/{_NAME}")
_KEPT_UPLOAD = re.compile(rf"upload/([0-9]+)/{_NAME}")  # as cloud storage behind Label Studio has it
_RESOLVED = re.compile(r"/(tasks|projects)/([0-9]+)/(?:resolve|presign)/?")
_CLOUD = re.compile(r"(?:s3|gs|azure-blob)://[^/@:\s]+/(.+)", re.DOTALL)  # bucket or container, then the object's key
_UPLOAD_PREFIX = re.compile(r"[0-9a-f]{8}-(?=.)")  # Label Studio puts it before the name of an uploaded file
_STORAGES_SECONDS, _ROOT_SECONDS = 60.0, 600.0  # how long what Label Studio said of them is believed
_WINDOWS = re.compile(r"[A-Za-z]:|\\\\")
_ROOT = re.compile(r'LOCAL_FILES_DOCUMENT_ROOT="(.+?)" by security')
_UPLOAD_IT = "Upload the picture into project {project}, or give the task the address of a file in one of its storages."
_STORAGE_FIRST = ("Connect the folder to project {project} as a storage of local files (Settings, Cloud Storage), or "
                  "upload the picture into the project.")


class TaskFiles:
    """Tells a task's own files from everything else that Label Studio has.

    Args:
        ls: is asked for the folders of a project's local storages.
        prefix: the path below which Label Studio is served, without a slash at its end; "" at the root of its host.
    """

    def __init__(self, ls: LabelStudio, prefix: str = "") -> None:
        self._ls, self._prefix = ls, prefix
        self._folders: Expiring[int, list[PurePath]] = Expiring(_STORAGES_SECONDS)
        self._roots: Expiring[str, PurePath] = Expiring(_ROOT_SECONDS)

    def check(self, image: TaskImage, address: Address) -> None:
        """Return when `address`, which is Label Studio's, is a file of the task's own.

        Raises:
            ArgusError: `image_forbidden` when it is not; `label_studio_unreachable` and `label_studio_unauthorized`
                when Label Studio was to be asked for the project's storages.
        """
        if not address.path.startswith(self._prefix + "/"):
            raise _foreign(image, address, _UPLOAD_IT)
        path = unquote(address.path[len(self._prefix):])
        values = parse_qsl(address.query, keep_blank_values=True)
        if path in ("/data/local-files/", "/data/local-files"):
            if not self._in_storage(image.project_id, _only(values, "d")):
                raise _foreign(image, address, _STORAGE_FIRST)
        elif not _is_own(image, path, values):
            raise _foreign(image, address, _UPLOAD_IT)

    def _in_storage(self, project_id: int, name: str) -> bool:
        """Whether a file, named from the root of Label Studio's local files, lies in a storage of the project. A
        storage that was added just now counts: only that a file is in one is believed for a while."""
        if not name or ".." in re.split(r"[/\\]", name):
            return False
        return self._lies_in(self._folders.get(project_id) or [], project_id, name) \
            or self._lies_in(self._storages(project_id), project_id, name)

    def _lies_in(self, folders: list[PurePath], project_id: int, name: str) -> bool:
        if not folders:
            return False
        root = self._document_root(project_id)
        file = type(root)(name.lstrip("/"))
        if file.drive or file.root:
            return False
        return any((root / file).is_relative_to(folder) and root / file != folder for folder in folders)

    def _storages(self, project_id: int) -> list[PurePath]:
        kept = self._ls.get("/api/storages/localfiles/", project=project_id)
        self._folders[project_id] = folders = [_folder(storage["path"]) for storage in kept if storage.get("path")]
        return folders

    def _document_root(self, project_id: int) -> PurePath:
        """Return the folder that names of local files begin at. Label Studio tells it only when it refuses to make a
        storage of it, or of what lies around it: it is asked to look at one, and makes none."""
        root = self._roots.get("")
        if root is None:
            answer = self._ls.answer("POST", "/api/storages/localfiles/validate",
                                     json={"project": project_id, "path": "/"})
            if not (found := _ROOT.search(_sentences(answer.text))):
                raise ArgusError("image_forbidden", "Label Studio does not tell the root folder of its local files.",
                                 "Argus does not know this version; `argus doctor` shows which one it needs. "
                                 "Uploads still work.")
            self._roots[""] = root = _folder(found[1])
        return root


def resolved_at(image: TaskImage) -> str | None:
    """Return where Label Studio gives out an object of its cloud storages, as a path from its root; None for an image
    that is none. Listings have such addresses already; the tasks that an ML backend is sent name the bucket."""
    if not _CLOUD.fullmatch(image.url.strip()):
        return None
    return f"tasks/{image.task_id}/resolve/?fileuri={base64.urlsafe_b64encode(image.url.strip().encode()).decode()}"


def uploaded_at(site: str, file: str) -> str:
    """Return what Label Studio writes into a task for an uploaded file.

    Args:
        site: Label Studio's address as browsers know it; its path goes before the file's.
        file: as the list of uploads names it: `upload/3/1a2b3c4d-a.jpg`.
    """
    return f"{prefix_of(parse(site))}/data/{file}"


def storage_uri(url: str) -> str:
    """Return the `s3://bucket/key` (`gs://…`, `azure-blob://…`) that Label Studio resolves at `url`; "" for others."""
    path, values = _parts(url)
    given = _only(values, "fileuri")
    if _CLOUD.fullmatch(given) or not re.search(r"/(tasks|projects)/[0-9]+/(?:resolve|presign)/?$", path):
        return given if _CLOUD.fullmatch(given) else ""
    try:
        return base64.urlsafe_b64decode(given.encode()).decode()
    except ValueError:
        return ""


def file_name(url: str) -> str:
    """Return the name that its storage has for the file at an address of a task's data, without the folders.

    Names are not changed, but for what Label Studio puts before that of an upload; "" when there is none.
    """
    return file_path(url).rpartition("/")[2]


def file_path(url: str) -> str:
    """Return the name as of `file_name` with the folders before it, as far as the address tells them."""
    if found := _CLOUD.fullmatch(storage_uri(url) or url):
        return found[1]  # a key is not percent-encoded
    (path, values), uploaded = _parts(url), False
    if re.search(r"/data/local-files/?$", path):
        path = _only(values, "d")
    elif path.endswith("/storage-data/uploaded/"):
        path, uploaded = _only(values, "filepath"), True
    else:
        uploaded = re.search(r"/data/upload/[0-9]+/[^/]*$", path) is not None
    path = path.replace("\\", "/")
    return _UPLOAD_PREFIX.sub("", path.rpartition("/")[2]) if uploaded else path


def _parts(url: str) -> tuple[str, list[tuple[str, str]]]:
    """Return the decoded path and the query of an address; what is no address is all path."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return unquote(url), []
    return unquote(parts.path), parse_qsl(parts.query, keep_blank_values=True)


def _is_own(image: TaskImage, path: str, values: list[tuple[str, str]]) -> bool:
    if found := _UPLOAD.fullmatch(path):
        return int(found[1]) == image.project_id
    if path == "/storage-data/uploaded/":
        found = _KEPT_UPLOAD.fullmatch(unquote(_only(values, "filepath")))  # Label Studio decodes it twice
        return found is not None and int(found[1]) == image.project_id
    if found := _RESOLVED.fullmatch(path):  # of the project's own storages, as Label Studio sees to
        return int(found[2]) == (image.task_id if found[1] == "tasks" else image.project_id)
    return False


def _only(values: list[tuple[str, str]], name: str) -> str:
    """Return the value of a query's field; "" when it is not there once: of several, a server may take any."""
    found = [value for key, value in values if key == name]
    return found[0] if len(found) == 1 else ""


def _folder(path: str) -> PurePath:
    return PureWindowsPath(path) if _WINDOWS.match(path) else PurePosixPath(path)


def _sentences(text: str) -> str:
    """Return every text inside of JSON, one a line; "" when it is no JSON."""
    try:
        return "\n".join(texts_in(json.loads(text)))
    except ValueError:
        return ""


def _foreign(image: TaskImage, address: Address, fix: str) -> ArgusError:
    shown = address.shown if fix is _UPLOAD_IT else f"{address.shown}?{address.query}"[:200]  # no credential then
    return ArgusError("image_forbidden", f"The image of task {image.task_id} is not a file of its project "
                      f"{image.project_id} in Label Studio: {shown}.", fix.format(project=image.project_id))
