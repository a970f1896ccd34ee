"""7. Label Studio below a path, behind a proxy, with cloud storages; and the names that files have there.

S3 is moto's server. The addresses of Azure's and Google's storages are formed as Label Studio forms them, and not
served: `pytest -m long tests/integration/search_service/sync/test_label_studio_anywhere.py` serves Azure's by Azurite.
"""

from __future__ import annotations

import base64
import hashlib
import subprocess
import sys
import time
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import requests

from benchmarks.odd_inputs import Case, product, settings
from benchmarks.odd_inputs.label_studio import Below, client, label_studio

ITEMS = (7,)
_CONFIG = ('<View><Image name="image" value="$image"/><RectangleLabels name="label" toName="image"><Label value="cpu"/>'
           "</RectangleLabels></View>")
_NAMES = {"decomposed Japanese, as macOS writes it": unicodedata.normalize("NFD", "ガラス"),
          "decomposed German": unicodedata.normalize("NFD", "Müller"), "Thai": "น้ำแข็ง", "Hindi": "हिन्दी",
          "an underscore in front, as cameras write it": "_DSC1234", "dots": "cam.2026.11.29"}


def cases(work: Path) -> Iterator[Case]:
    with label_studio() as below, _s3() as s3:
        yield from _addresses(below, s3, work)
        yield from _storage_names(below)
    for scheme, place in (("azure-blob", "Azure"), ("gs", "Google")):
        coded = base64.urlsafe_b64encode(f"{scheme}://line/frames/board-0001.jpg".encode()).decode()
        yield _named(f"{place}: as Label Studio forms it, not served", "the key in the address", "board-0001",
                     f"https://host/ls/tasks/7/resolve/?fileuri={coded}")
    yield Case(7, "a name is at most 255 bytes", "600 bytes of Japanese", "Linux: NAME_MAX", True, "fits", "部" * 200)


def _addresses(below: Below, s3: str, work: Path) -> Iterator[Case]:
    from tests import videos
    from tests.pictures import plain

    project = below.api.post("/api/projects/", {"title": "Odd", "label_config": _CONFIG})["id"]
    below.api.request("POST", f"/api/projects/{project}/import",
                      files=[("a.jpg", ("a.jpg", plain((1, 2, 3)), "image/jpeg"))])
    (upload,) = below.api.tasks(project)
    kind, right = "the image of a task is fetched", hashlib.sha256(plain((1, 2, 3))).hexdigest()
    for where, url in (("as browsers reach it", below.url), ("at its inner address", below.inner)):
        for what, image in (("an upload", upload["data"]["image"]),
                            ("an upload by its whole address", below.url[:-3] + upload["data"]["image"])):
            yield Case(7, kind, f"{what}, Label Studio {where}", below.version, right, "fetched",
                       [below.given(url), [project, upload["id"], image], ""])
    requests.put(f"{s3}/line", timeout=10).raise_for_status()
    requests.put(f"{s3}/line/frames/board-0001.jpg", data=plain((1, 2, 3)), timeout=10).raise_for_status()
    stored = below.api.post("/api/projects/", {"title": "In S3", "label_config": _CONFIG})["id"]
    storage = below.api.post("/api/storages/s3/", {
        "project": stored, "bucket": "line", "prefix": "frames", "s3_endpoint": s3, "region_name": "eu-1",
        "aws_access_key_id": "key", "aws_secret_access_key": "secret", "use_blob_urls": True, "presign": True})
    task = _synced(below, f"/api/storages/s3/{storage['id']}/sync", stored)
    named = below.api.get(f"/api/tasks/{task['id']}/", resolve_uri="false")["data"]["image"]
    for what, image in (("as a listing has it", task["data"]["image"]), ("as an ML backend is sent it", named)):
        yield Case(7, kind, f"an object of S3, {what}", below.version, right, "fetched",
                   [below.given(below.inner), [stored, task["id"], image], s3])
    yield _named("S3", below.version, Path(task["storage_filename"]).stem, task["data"]["image"])
    video = videos.write(work / "line.mp4", 25)
    yield Case(7, "frames are where a browser finds them", "import-video, Label Studio below a path", below.version,
               [upload["data"]["image"].rpartition("/")[0], 200], "imported", [below.given(), project, str(video)])


def _storage_names(below: Below) -> Iterator[Case]:
    for number, (instance, name) in enumerate(_NAMES.items()):
        folder = below.files / f"odd-{number}"
        folder.mkdir(parents=True)
        (folder / f"{name}.jpg").write_bytes(b"")
        project = below.api.post("/api/projects/", {"title": "Files", "label_config": _CONFIG})["id"]
        storage = below.api.post("/api/storages/localfiles/", {"project": project, "path": str(folder),
                                                               "use_blob_urls": True})
        task = _synced(below, f"/api/storages/localfiles/{storage['id']}/sync", project)
        right = unicodedata.normalize("NFC", Path(task["storage_filename"]).stem)
        yield _named(f"local files, {instance}", below.version, right, task["data"]["image"])


def _named(instance: str, reference: str, right: str, url: str) -> Case:
    return Case(7, "a file has the name that its storage has", instance, reference, right, "named", url)


def _synced(below: Below, sync: str, project: int) -> Any:
    """Sync a storage and return its one task."""
    below.api.post(sync, {})
    end = time.monotonic() + 60
    while not (tasks := list(below.api.tasks(project))):
        if time.monotonic() > end:
            raise TimeoutError(f"Label Studio made no task of {sync}")
        time.sleep(0.2)
    return tasks[0]


@contextmanager
def _s3() -> Iterator[str]:
    from argus_cli.stack.ports import free_port
    from tests.waiting import wait_for

    address = f"http://127.0.0.1:{(port := free_port())}"
    server = subprocess.Popen([sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)],
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def answers() -> bool:
        try:
            return requests.get(address, timeout=2).ok
        except requests.RequestException:
            return False

    try:
        wait_for(answers, 120)
        yield address
    finally:
        server.terminate()
        server.wait(10)


def fetched(argument: list[Any]) -> Any:
    """Return the digest of a task's image."""
    given, (project, task, image), origins = argument
    ls = client(given)
    with settings(image_origins=origins):
        fetcher = product("argus.images.fetcher", "argus.images", "ImageFetcher")(
            ls, product("argus.settings", "get_settings")())
        try:
            of_task = product("argus.labelstudio.task_data", "TaskImage")(project, task, image)
        except ImportError:  # the baseline takes the address alone
            of_task = image
        return hashlib.sha256(fetcher.fetch(of_task).data).hexdigest()


def imported(argument: list[Any]) -> Any:
    """Return the folder of the address that an imported frame has, and what a browser is answered there."""
    given, project, video = argument
    ls = client(given)
    before = {task["id"] for task in ls.tasks(project)}
    product("search_service.frames.video_import", "search_service.frames", "import_video")(video, project, 1, ls=ls)
    (image,) = [task["data"]["image"] for task in ls.tasks(project) if task["id"] not in before]
    for task in ls.tasks(project):  # for the other side
        if task["id"] not in before:
            ls.request("DELETE", f"/api/tasks/{task['id']}/")
    seen = requests.get(requests.compat.urljoin(given["public"] + "/", image),
                        headers={"Authorization": ls.authorization()}, timeout=30)
    is_picture = seen.headers.get("content-type", "").startswith("image/")
    return [image.rpartition("/")[0], seen.status_code if is_picture else f"{seen.status_code}, no image"]


def named(argument: str) -> Any:
    return product("search_service.export.files", "argus.export.files", "file_stem")(argument)


def fits(argument: str) -> Any:
    """Whether the file's name can be written."""
    names = product("search_service.export.files", "argus.export.files", "UniqueNames")()
    files = product("search_service.export.files", "argus.export.files", "file_stem")
    return len(names.take(files(f"https://host/{argument}.jpg"), ".jpg", 1).encode()) <= 255
