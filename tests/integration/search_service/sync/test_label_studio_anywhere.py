"""A real Label Studio below a path of a host, with another service beside it: tasks arrive in each way, their images
are fetched, and exports have the names that the storages have. Asked at the address of browsers, and at an inner one.

S3 is moto's server, Azure is Azurite (`pytest -m long`): stand-ins that speak the protocols. Google's storage has none
that Label Studio could be pointed at; its addresses are formed only (`unit/search_service/export/test_files.py`).
"""

from __future__ import annotations

import json
import shutil
import socket
import socketserver
import ssl
import subprocess
import threading
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from pydantic import SecretStr

from argus.db import connect
from argus.images.fetcher import ImageFetcher
from argus.labelstudio import LabelStudio
from argus.labelstudio.task_data import TaskImage
from argus.settings import get_settings
from argus_cli.stack.label_studio import find_python
from argus_cli.stack.ports import free_port
from search_service.export import export_project
from search_service.frames.video_import import import_video
from search_service.sync import tasks as sync_tasks
from tests import videos
from tests.conftest import Environment
from tests.integration.argus.test_tls import hand_on, self_signed
from tests.integration.search_service.sync.test_sync_ways import CONFIG, s3_stand_in  # noqa: F401  a fixture
from tests.label_studio_below import PATH, Front, label_studio_below
from tests.pictures import plain
from tests.waiting import wait_for

pytestmark = [pytest.mark.integration, pytest.mark.timeout(400)]
NAME = "ガラス Müller-0001"  # people's; Label Studio's own uploads lose what Django takes out of names


@pytest.fixture(scope="module")
def below(servers: Any) -> Iterator[Front]:
    with label_studio_below(servers.settings) as found:
        yield found


@pytest.fixture(params=["as browsers reach it", "at an inner address"])
def reached(request: pytest.FixtureRequest, below: Front) -> Iterator[LabelStudio]:
    """Label Studio below a path, and this process's settings."""
    url = below.url if request.param == "as browsers reach it" else below.inner
    environment = Environment({"ARGUS_LABEL_STUDIO_URL": url, "ARGUS_LABEL_STUDIO_PUBLIC_URL": below.url})
    below.neighbour.clear()
    yield LabelStudio(url, get_settings().access_token)
    environment.restore()
    assert below.neighbour == [], "nothing was asked of the service beside it"


@pytest.fixture
def project(label_studio: LabelStudio) -> Iterator[int]:
    number = label_studio.post("/api/projects/", {"title": "Below", "label_config": CONFIG})["id"]
    yield number
    label_studio.delete(f"/api/projects/{number}/")


def fetched(ls: LabelStudio, project: int, *origins: str) -> dict[int, bytes]:
    """Sync the project and return the image of every task."""
    sync_tasks.sync_project(project)
    images = ImageFetcher(ls, get_settings().model_copy(update={"image_origins": ",".join(origins)}))
    with connect() as connection:
        rows = connection.execute("SELECT id, image FROM task WHERE project_id = %s", (project,)).fetchall()
    return {row["id"]: images.fetch(TaskImage(project, row["id"], row["image"])).data for row in rows}


def exported(ls: LabelStudio, project: int, out: Path, *origins: str) -> dict[str, bytes]:
    """Annotate every task as empty, export, and return the image files by name."""
    for task in ls.tasks(project):
        ls.post(f"/api/tasks/{task['id']}/annotations/", {"result": []})
    images = ImageFetcher(ls, get_settings().model_copy(update={"image_origins": ",".join(origins)}))
    report = export_project(project, "coco", out, label_studio=ls, images=images)
    assert report.skipped == []
    names = [image["file_name"] for image in json.loads((out / "annotations.json").read_text())["images"]]
    return {name: (out / "images" / name).read_bytes() for name in names}


def test_frames_and_uploads(reached: LabelStudio, below: Front, project: int, tmp_path: Path) -> None:
    reached.request("POST", f"/api/projects/{project}/import", timeout=60,
                    files=[("a.jpg", ("board-0001.jpg", plain((10, 20, 120)), "image/jpeg"))])
    (upload,) = [task["data"]["image"] for task in reached.tasks(project)]
    assert import_video(videos.write(tmp_path / "line.mp4", 50), project, 1, ls=reached).imported == 2
    found = [task["data"]["image"] for task in reached.tasks(project)]
    assert [url.rpartition("/")[0] for url in found] == [upload.rpartition("/")[0]] * 3 == [
        f"{PATH}/data/upload/{project}"] * 3, "a frame is addressed as Label Studio addresses an upload"
    for url in found:  # as its page does
        seen = requests.get(below.origin + url, headers={"Authorization": reached.authorization()}, timeout=30)
        assert (seen.status_code, seen.headers["content-type"]) == (200, "image/jpeg")
    assert len(fetched(reached, project)) == 3
    names = exported(reached, project, tmp_path / "out")
    assert sorted(names) == ["board-0001.jpg", "line-00000000.jpg", "line-00000025.jpg"]
    assert names["board-0001.jpg"] == plain((10, 20, 120))


def test_local_files(reached: LabelStudio, below: Front, servers: Any, project: int, tmp_path: Path) -> None:
    folder = servers.settings.home / "files" / f"below-{project}"
    folder.mkdir(parents=True)
    (folder / f"{unicodedata.normalize('NFD', NAME)}.jpg").write_bytes(plain((30, 20, 120)))
    storage = reached.post("/api/storages/localfiles/", {"project": project, "path": str(folder),
                                                         "use_blob_urls": True})
    reached.post(f"/api/storages/localfiles/{storage['id']}/sync", {})
    wait_for(lambda: reached.project(project)["task_number"] == 1, 30)
    (task,) = reached.tasks(project)
    assert task["data"]["image"].startswith(f"{below.url}/data/local-files/?d=")
    assert list(fetched(reached, project).values()) == [plain((30, 20, 120))]
    assert exported(reached, project, tmp_path / "out") == {f"{NAME.replace(' ', '_')}.jpg": plain((30, 20, 120))}


@pytest.mark.parametrize("presign", [True, False])
def test_s3(reached: LabelStudio, below: Front, project: int, presign: bool, tmp_path: Path,
            s3_stand_in: str) -> None:  # noqa: F811
    bucket = f"below-{project}"
    requests.put(f"{s3_stand_in}/{bucket}", timeout=10).raise_for_status()
    for name in ("board-0001.jpg", "ガラス.jpg"):
        requests.put(f"{s3_stand_in}/{bucket}/frames/{name}", data=plain((40, len(name), 120)),
                     timeout=10).raise_for_status()
    storage = reached.post("/api/storages/s3/", {
        "project": project, "bucket": bucket, "prefix": "frames", "s3_endpoint": s3_stand_in, "region_name": "eu-1",
        "aws_access_key_id": "key", "aws_secret_access_key": "secret", "use_blob_urls": True, "presign": presign})
    reached.post(f"/api/storages/s3/{storage['id']}/sync", {})
    wait_for(lambda: reached.project(project)["task_number"] == 2, 30)
    listed = {task["id"]: task["data"]["image"] for task in reached.tasks(project)}
    assert all(url.startswith(f"{below.url}/tasks/{task}/resolve/?fileuri=") for task, url in listed.items())
    pictures = {"board-0001.jpg": plain((40, 14, 120)), "ガラス.jpg": plain((40, 7, 120))}
    assert sorted(fetched(reached, project, s3_stand_in).values()) == sorted(pictures.values())
    assert exported(reached, project, tmp_path / "out", s3_stand_in) == pictures
    named = reached.get(f"/api/tasks/{next(iter(listed))}/", resolve_uri="false")["data"]["image"]
    assert named.startswith(f"s3://{bucket}/frames/"), "as an ML backend is told"
    images = ImageFetcher(reached, get_settings().model_copy(update={"image_origins": s3_stand_in}))
    assert images.download(TaskImage(project, next(iter(listed)), named)) in pictures.values()


ACCOUNT = "devstoreaccount1"
KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="  # Azurite's, published
AZURITE = "azurite@3.35.0"
UPLOAD = """
import pathlib, sys
from azure.storage.blob import BlobServiceClient
client = BlobServiceClient(sys.argv[1], credential=sys.argv[2]).create_container(sys.argv[3])
for file in map(pathlib.Path, sys.argv[4:]):
    client.upload_blob(f"frames/{file.name}", file.read_bytes())
"""


@pytest.fixture(scope="module")
def azurite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """Azurite's port, from npm. It speaks Azure's protocol and checks its signatures."""
    if not (npm := shutil.which("npm")):
        pytest.skip("npm, which brings Azurite, is not installed")
    folder = tmp_path_factory.mktemp("azurite")
    made = subprocess.run([npm, "install", "--no-audit", "--no-fund", "--prefix", str(folder), AZURITE],
                          capture_output=True, text=True, timeout=300)
    if made.returncode:
        pytest.skip(f"npm could not bring {AZURITE}: {made.stderr[-200:]}")
    port = free_port()
    server = subprocess.Popen([folder / "node_modules/.bin/azurite-blob", "--blobHost", "127.0.0.1", "--blobPort",
                               str(port), "--location", folder / "data", "--skipApiVersionCheck", "--silent"],
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)

    def answers() -> bool:
        try:
            return requests.get(f"http://127.0.0.1:{port}/", timeout=2).status_code > 0
        except requests.RequestException:
            return False

    wait_for(answers, 60)
    yield port
    server.terminate()
    server.wait(10)
    shutil.rmtree(folder)


@pytest.fixture
def to_azure(azurite: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A proxy at whose other end `devstoreaccount1.blob.core.windows.net` is Azurite, with a certificate that this
    process trusts: presigned addresses of Azure have that name and no other."""
    certificate, key = self_signed(tmp_path, "azure", f"{ACCOUNT}.blob.core.windows.net")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)

    class Tunnel(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            while self.rfile.readline().strip():  # the request for a tunnel, and its headers
                pass
            self.wfile.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            with context.wrap_socket(self.connection, server_side=True) as tls, \
                    socket.create_connection(("127.0.0.1", azurite)) as behind:
                hand_on(tls, behind)

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Tunnel) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate))
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


@pytest.mark.long  # npm brings Azurite: 190 MB
@pytest.mark.parametrize("presign", [True, False])
def test_azure(reached: LabelStudio, below: Front, project: int, presign: bool, tmp_path: Path, azurite: int,
               to_azure: str) -> None:
    place, container = f"http://127.0.0.1:{azurite}/{ACCOUNT}", f"below-{project}"
    pictures = {"board-0001.jpg": plain((50, 14, 120)), "ガラス.jpg": plain((50, 7, 120))}
    for name, content in pictures.items():
        (tmp_path / name).write_bytes(content)
    python = find_python(get_settings().label_studio_python)  # which has Azure's client
    subprocess.run([python, "-c", UPLOAD, place, KEY, container, *(tmp_path / name for name in pictures)], check=True)
    storage = reached.post("/api/storages/azure/", {
        # It has no field for another endpoint than Azure's; the key is put into a connection string as it stands.
        "project": project, "container": container, "prefix": "frames", "account_name": ACCOUNT,
        "account_key": f"{KEY};BlobEndpoint={place}", "use_blob_urls": True, "presign": presign})
    reached.post(f"/api/storages/azure/{storage['id']}/sync", {})
    wait_for(lambda: reached.project(project)["task_number"] == 2, 30)
    settings = get_settings().model_copy(update={
        "proxy_url": SecretStr(to_azure), "image_origins": f"https://{ACCOUNT}.blob.core.windows.net"})
    images = ImageFetcher(reached, settings)
    sync_tasks.sync_project(project)
    for task in reached.tasks(project):
        assert task["data"]["image"].startswith(f"{below.url}/tasks/{task['id']}/resolve/?fileuri=")
        assert images.fetch(TaskImage(project, task["id"], task["data"]["image"])).data in pictures.values()
        reached.post(f"/api/tasks/{task['id']}/annotations/", {"result": []})
    export_project(project, "coco", tmp_path / "out", label_studio=reached, images=images)
    assert {path.name: path.read_bytes() for path in (tmp_path / "out" / "images").iterdir()} == pictures
