"""Which of Label Studio's addresses are a task's own files. `test_sync_ways.py` tries a real one."""

from __future__ import annotations

import json
from typing import Any

import pytest
import requests

from argus import addresses
from argus.errors import ArgusError
from argus.labelstudio.files import TaskFiles, uploaded_at
from argus.labelstudio.task_data import TaskImage

TASK = TaskImage(3, 7, "")
OWN = ["/data/upload/3/0a1b2c3d-a.png", "/data/upload/3/0a1b2c3d-a%25.png", "/data/upload/3/%E7%94%BB.png",
       "/storage-data/uploaded/?filepath=upload/3/0a1b2c3d-a.png",
       "/storage-data/uploaded/?filepath=upload%2F3%2F0a1b2c3d-a.png", "/tasks/7/resolve/?fileuri=czM6Ly9iL2E=",
       "/tasks/7/presign/?fileuri=czM6Ly9iL2E=", "/tasks/7/resolve?fileuri=x", "/projects/3/resolve/?fileuri=x",
       "/projects/3/presign/?fileuri=x", "/data/upload/4/../3/a.png"]
FOREIGN = ["/data/upload/4/a.png", "/data/upload/33/a.png", "/data/upload/03/../4/a.png", "/data/upload/a.png",
           "/data/upload/3/", "/data/upload/3", "/data/upload/3/b/a.png", "/data/upload/3/../4/a.png",
           "/data/upload/3/..%2F4%2Fa.png", "/data/upload/3%2F..%2F4/a.png", "/data/upload/3/..%5C4%5Ca.png",
           "/data/upload/3/%2e%2e/4/a.png", "/data//upload/3/a.png", "//data/upload/3/a.png", "/data/upload//3/a.png",
           "/x/data/upload/3/a.png", "/DATA/upload/3/a.png", "/data/upload/3/a%00.png", "/data/avatars/a.png",
           "/storage-data/uploaded/", "/storage-data/uploaded/?filepath=upload/4/a.png",
           "/storage-data/uploaded/?filepath=avatars/a.png", "/storage-data/uploaded/?filepath=upload/3/../4/a.png",
           "/storage-data/uploaded/?filepath=upload/3/%252e%252e/4/a.png",
           "/storage-data/uploaded/?filepath=upload/3/a.png&filepath=upload/4/a.png",
           "/storage-data/uploaded/?filepath=upload%252F4%252Fa.png", "/tasks/8/resolve/?fileuri=x",
           "/tasks/77/resolve/?fileuri=x", "/tasks/3/resolve/?fileuri=x", "/projects/7/resolve/?fileuri=x",
           "/projects/4/resolve/?fileuri=x", "/tasks/7/", "/tasks/7/resolve/x", "/api/tasks/7/", "/api/projects/3/",
           "/api/projects/3/export?exportType=JSON", "/user/account/", "/logout/", "/", "/static/a.png", "/metrics/"]


class LabelStudioThatIsNotAsked:
    url = "http://ls"


class LabelStudioOnWindows:
    """Stands for one on Windows, which is not to be had here: what it says of its folders."""

    url = "http://ls"
    storages: list[dict[str, Any]] = [{"path": "C:\\files\\mine"}]  # noqa: RUF012
    said = json.dumps({"detail": "Validation error", "validation_errors": {"non_field_errors": [
        'Absolute local path "\\" must be a subdirectory of LOCAL_FILES_DOCUMENT_ROOT="C:\\files" by security reasons. '
        'For example: "C:\\files\\dataset1".']}})

    def get(self, path: str, **params: Any) -> Any:
        assert (path, params) == ("/api/storages/localfiles/", {"project": 3})
        return self.storages

    def answer(self, method: str, path: str, **options: Any) -> requests.Response:
        response = requests.Response()
        response.status_code, response._content = 400, self.said.encode()
        return response


def allowed(files: TaskFiles, path: str) -> bool:
    try:
        files.check(TASK, addresses.parse(f"http://ls{path}"))
    except ArgusError as error:
        assert (error.code, bool(error.hint)) == ("image_forbidden", True)
        return False
    return True


@pytest.mark.parametrize("path", OWN)
def test_a_tasks_own_files(path: str) -> None:
    assert allowed(TaskFiles(LabelStudioThatIsNotAsked()), path)  # type: ignore[arg-type]
    below = TaskFiles(LabelStudioThatIsNotAsked(), "/ls")  # type: ignore[arg-type]
    assert (allowed(below, path), allowed(below, f"/ls{path}")) == (False, True)


@pytest.mark.parametrize("path", FOREIGN)
def test_everything_else(path: str) -> None:
    assert not allowed(TaskFiles(LabelStudioThatIsNotAsked()), path)  # type: ignore[arg-type]
    below = TaskFiles(LabelStudioThatIsNotAsked(), "/ls")  # type: ignore[arg-type]
    assert not allowed(below, f"/ls{path}")
    assert not allowed(below, f"/ls%2F{path[1:]}")


def test_uploads_are_written_as_label_studio_does() -> None:
    for site, path in (("http://ls", ""), ("https://host/ls/", "/ls"), ("https://host:8443/a/b", "/a/b")):
        assert uploaded_at(site, "upload/3/1a2b3c4d-a.jpg") == f"{path}/data/upload/3/1a2b3c4d-a.jpg"


@pytest.mark.parametrize(("name", "expected"), [
    ("mine%5Ca.png", True), ("mine/a.png", True), ("Mine%5Csub%5Ca.png", True), ("theirs%5Ca.png", False),
    ("mine%5C..%5Ctheirs%5Ca.png", False), ("mine/../theirs/a.png", False), ("C:%5Cfiles%5Cmine%5Ca.png", False),
    ("D:mine%5Ca.png", False), ("%5C%5Chost%5Cshare%5Ca.png", False), ("mine2%5Ca.png", False), ("mine", False)])
def test_local_files_of_label_studio_on_windows(name: str, expected: bool) -> None:
    assert allowed(TaskFiles(LabelStudioOnWindows()), f"/data/local-files/?d={name}") is expected  # type: ignore[arg-type]


def test_local_files__a_storage_that_was_added_just_now_counts() -> None:
    ls = LabelStudioOnWindows()
    files = TaskFiles(ls)  # type: ignore[arg-type]
    assert not allowed(files, "/data/local-files/?d=later/a.png")
    ls.storages = [*ls.storages, {"path": "C:\\files\\later"}]
    assert allowed(files, "/data/local-files/?d=later/a.png")
    ls.storages = []
    assert allowed(files, "/data/local-files/?d=later/b.png"), "believed for a minute"


def test_local_files__when_label_studio_does_not_say_where_they_begin() -> None:
    ls = LabelStudioOnWindows()
    ls.said = "Bad request"
    with pytest.raises(ArgusError, match="does not tell the root") as caught:
        TaskFiles(ls).check(TASK, addresses.parse("http://ls/data/local-files/?d=mine/a.png"))  # type: ignore[arg-type]
    assert (caught.value.code, bool(caught.value.hint)) == ("image_forbidden", True)
