"""Every way a task arrives in Label Studio ends as a row whose image the one fetcher can open; nothing is missed,
and nothing of a person's is changed. In this process, on real servers; S3 is moto's server, a stand-in for a real one.
"""

from __future__ import annotations

import hashlib
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import requests

from argus.db import connect
from argus.errors import ArgusError
from argus.images.fetcher import ImageFetcher
from argus.jobs import queues, self_check
from argus.labelstudio import LabelStudio, listing
from argus.labelstudio.task_data import TaskImage
from argus.settings import get_settings
from argus_cli.stack.ports import free_port
from label_studio_config.projects import connected_ids, task_images
from ml_backend.detection import batch
from ml_backend.smart_tools import jobs
from search_service import periodic
from search_service.embedding import prefetch
from search_service.export import export_project
from search_service.pictures import crops, thumbnails
from search_service.projects import describe as projects
from search_service.projects.disconnect import disconnect
from search_service.sync import missing_projects
from search_service.sync import tasks as sync_tasks
from tests.pictures import plain
from tests.resting import resting
from tests.waiting import wait_for

pytestmark = pytest.mark.integration
CONFIG = ('<View><Image name="image" value="$image"/><RectangleLabels name="label" toName="image"><Label value="cpu"/>'
          "</RectangleLabels></View>")


@pytest.fixture
def project(label_studio: LabelStudio) -> Iterator[int]:
    number = label_studio.post("/api/projects/", {"title": "Ways", "label_config": CONFIG})["id"]
    yield number
    label_studio.delete(f"/api/projects/{number}/")


@pytest.fixture(scope="module")
def web(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """A web server on a private address, as an image server of a company is: `(origin, its folder)`."""
    folder = tmp_path_factory.mktemp("web")

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *arguments: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder)))
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", folder
    server.shutdown()


@pytest.fixture(scope="module")
def s3_stand_in() -> Iterator[str]:
    """moto's S3 server: it speaks S3, but checks no signature."""
    port = free_port()
    server = subprocess.Popen([sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)],
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    address = f"http://127.0.0.1:{port}"

    def answers() -> bool:
        try:
            return requests.get(address, timeout=2).ok
        except requests.RequestException:
            return False

    wait_for(answers, 60)
    yield address
    server.terminate()
    server.wait(10)


def fetched(ls: LabelStudio, project: int, *origins: str) -> list[bytes]:
    """Sync the project and fetch the image of every task, with these origins allowed."""
    sync_tasks.sync_project(project)
    settings = get_settings().model_copy(update={"image_origins": ",".join(origins)})
    fetcher = ImageFetcher(ls, settings)
    with connect() as connection:
        rows = connection.execute("SELECT id, image FROM task WHERE project_id = %s ORDER BY id", (project,)).fetchall()
    return [fetcher.fetch(TaskImage(project, row["id"], row["image"])).data for row in rows]


def refused(ls: LabelStudio, project: int, url: str) -> ArgusError:
    """Make a task of this address, as anybody who may import can, and return why its image is not fetched."""
    (task,) = ls.post(f"/api/projects/{project}/import?return_task_ids=true", [{"data": {"image": url}}])["task_ids"]
    with pytest.raises(ArgusError) as error:
        ImageFetcher(ls, get_settings()).fetch(TaskImage(project, task, url))
    ls.delete(f"/api/tasks/{task}/")
    return error.value


def test_uploads_and_the_api(label_studio: LabelStudio, project: int) -> None:
    files = [(f"{grey}.jpg", (f"{grey}.jpg", plain((grey, grey, 120)), "image/jpeg")) for grey in (10, 20)]
    label_studio.request("POST", f"/api/projects/{project}/import", files=files, timeout=60)
    upload = next(label_studio.tasks(project))["data"]["image"]
    label_studio.post("/api/tasks/", {"project": project, "data": {"image": upload}})  # one more, through the API
    label_studio.post("/api/tasks/", {"project": project,
                                      "data": {"image": f"{get_settings().public_label_studio_url}{upload}"}})
    assert fetched(label_studio, project) == [plain((grey, grey, 120)) for grey in (10, 20, 10, 10)]


def test_http_addresses__only_from_listed_origins_when_private(label_studio: LabelStudio, project: int,
                                                              web: tuple[str, Path]) -> None:
    origin, folder = web
    (folder / "a.jpg").write_bytes(plain((30, 30, 120)))
    label_studio.post(f"/api/projects/{project}/import", [{"data": {"image": f"{origin}/a.jpg"}}])
    with pytest.raises(ArgusError) as error:
        fetched(label_studio, project)
    assert (error.value.code, origin in error.value.hint) == ("image_forbidden", True)
    assert fetched(label_studio, project, origin) == [plain((30, 30, 120))]


def test_local_files_storage(servers: Any, label_studio: LabelStudio, project: int) -> None:
    folder = servers.settings.home / "files" / f"line-{project}"
    folder.mkdir(parents=True)
    for grey in (40, 50):
        (folder / f"{grey}.jpg").write_bytes(plain((grey, grey, 120)))
    storage = label_studio.post("/api/storages/localfiles/", {
        "project": project, "path": str(folder), "use_blob_urls": True, "regex_filter": r".*\.jpg"})
    label_studio.post(f"/api/storages/localfiles/{storage['id']}/sync", {})
    wait_for(lambda: label_studio.project(project)["task_number"] == 2, 30)
    assert sorted(fetched(label_studio, project)) == sorted([plain((40, 40, 120)), plain((50, 50, 120))])


@pytest.fixture
def neighbour(label_studio: LabelStudio) -> Iterator[int]:
    """Another project that the service's token sees, too."""
    number = label_studio.post("/api/projects/", {"title": "Neighbour", "label_config": CONFIG})["id"]
    yield number
    label_studio.delete(f"/api/projects/{number}/")


def file_of(task: int, project: int) -> bytes:
    """Return a task's image file as a search by a part of it reads it."""
    with thumbnails.open_file(thumbnails.task_image(task, project)) as file:
        return file.read()


def test_another_projects_upload_is_not_fetched(label_studio: LabelStudio, project: int, neighbour: int) -> None:
    files = [("a.jpg", ("a.jpg", plain((70, 70, 120)), "image/jpeg"))]
    label_studio.request("POST", f"/api/projects/{neighbour}/import", files=files, timeout=60)
    task = next(label_studio.tasks(neighbour))
    upload = str(task["data"]["image"])
    assert fetched(label_studio, neighbour) == [plain((70, 70, 120))], "and it is in the cache now"
    name = upload.rpartition("/")[2]
    label_studio.request("POST", f"/api/projects/{project}/import", files=files, timeout=60)
    for url in (upload, get_settings().public_label_studio_url + upload, label_studio.url + upload,
                f"/data/upload/{project}/../{neighbour}/{name}", f"/data/upload/{project}/%2e%2e/{neighbour}/{name}",
                f"/data/upload/{project}/..%2F{neighbour}%2F{name}", f"/data//upload/{neighbour}/{name}",
                f"/data/./upload/{neighbour}/{name}", f"/%64ata/upload/{neighbour}/{name}",
                f"/storage-data/uploaded/?filepath=upload/{neighbour}/{name}",
                f"/tasks/{task['id']}/resolve/?fileuri=czM6Ly9iL2EuanBn", f"/projects/{neighbour}/resolve/?fileuri=x",
                "/api/projects/", f"/api/tasks/{task['id']}/", f"/api/projects/{neighbour}/export?exportType=JSON",
                "/user/account/", "/"):
        error = refused(label_studio, project, url)
        assert (error.code, f"project {project}" in error.hint) == ("image_forbidden", True), url


def test_what_one_project_was_shown_another_is_not(label_studio: LabelStudio, project: int, neighbour: int,
                                                   tmp_path: Path) -> None:
    """Every way to see a picture, after its owner saw it: caches hand nothing on."""
    label_studio.request("POST", f"/api/projects/{neighbour}/import", timeout=60,
                         files=[("a.jpg", ("a.jpg", plain((75, 75, 120)), "image/jpeg"))])
    owner = next(label_studio.tasks(neighbour))
    label_studio.post(f"/api/projects/{project}/import", [{"data": {"image": owner["data"]["image"]}}])
    for number in (neighbour, project):
        sync_tasks.sync_project(number)
    (other,) = ids(project)
    click = {"label": "", "boxes": [], "box_signs": [], "points": [[50, 50]], "point_signs": [1], "prompts": [],
             "existing": []}
    ways: dict[str, Callable[[int, int], object]] = {
        "thumbnail": lambda task, _: thumbnails.thumbnail(task, 64),
        "crop": lambda task, _: crops.crop(task, [0.1, 0.1, 0.9, 0.9], 64, 0.1),
        "search by its part": file_of,
        "embedding": lambda task, number: embedded(number, task),
        "detection": lambda task, _: batch.fetch_image(task_images([task])[task]),
        "smart tool": lambda task, number: queues.unpack(jobs.answer_smart_tool(
            number, task, owner["data"]["image"], click)),
        "doctor": lambda task, number: queues.unpack(self_check.fetch_image(number, task, owner["data"]["image"])),
    }
    for task in (owner["id"], other):
        label_studio.post(f"/api/tasks/{task}/annotations/", {"result": []})
    assert export_project(neighbour, "coco", tmp_path / "theirs", label_studio=label_studio).images == 1
    for linked in (True, False):
        with pytest.raises(ArgusError, match="image left out: image_forbidden"):
            export_project(project, "coco", tmp_path / "mine", label_studio=label_studio, link_images=linked)
    for name, see in ways.items():
        if name != "smart tool":  # which would need the model
            see(owner["id"], neighbour)
        with pytest.raises(ArgusError) as error:
            see(other, project)
        assert (error.value.code, f"project {project}" in error.value.hint) == ("image_forbidden", True), name


def embedded(project: int, task: int) -> None:
    """Fetch as the worker does before it embeds."""
    with connect() as connection, ThreadPoolExecutor(1) as pool:
        row = connection.execute("SELECT image FROM task WHERE id = %s", (task,)).fetchone()
        assert row is not None
        ((item,),) = prefetch.batches(pool, [TaskImage(project, task, row["image"])], lambda: 1, 256)
    if isinstance(item, prefetch.Unusable):
        raise item.error


def test_local_files_of_another_projects_storage_are_not_fetched(servers: Any, label_studio: LabelStudio, project: int,
                                                                neighbour: int) -> None:
    root = servers.settings.home / "files"
    mine, theirs = root / f"mine-{project}" / "shared", root / "shared"
    for folder, grey in ((mine, 80), (theirs, 90)):
        folder.mkdir(parents=True)
        (folder / "a b.jpg").write_bytes(plain((grey, grey, 120)))
    for owner, folder in ((project, mine), (neighbour, theirs)):
        label_studio.post("/api/storages/localfiles/", {"project": owner, "path": str(folder), "use_blob_urls": True})
    named = f"/data/local-files/?d=mine-{project}/shared/a%20b.jpg"
    label_studio.post(f"/api/projects/{project}/import", [{"data": {"image": named}}])
    assert fetched(label_studio, project) == [plain((80, 80, 120))]
    for name in ("shared/a%20b.jpg", f"mine-{project}/../shared/a%20b.jpg", f"mine-{project}%2F..%2Fshared%2Fa%20b.jpg",
                 "/shared/a%20b.jpg", f"mine-{project}/shared/x&d=shared/a%20b.jpg", f"mine-{project}/a.jpg",
                 f"mine-{project}/shared", "", str(theirs / "a%20b.jpg")):
        error = refused(label_studio, project, f"/data/local-files/?d={name}")
        assert (error.code, "storage of local files" in error.hint) == ("image_forbidden", True), name
    assert refused(label_studio, project, "/data/local-files/").code == "image_forbidden"


def test_a_project_without_a_storage_fetches_no_local_file(label_studio: LabelStudio, project: int) -> None:
    error = refused(label_studio, project, "/data/local-files/?d=shared/a.jpg")
    assert (error.code, f"project {project}" in error.hint) == ("image_forbidden", True)


@pytest.mark.parametrize("presign", [True, False])
def test_s3_storage__presigned_and_proxied(label_studio: LabelStudio, project: int, s3_stand_in: str,
                                           presign: bool) -> None:
    bucket = f"line-{project}"
    requests.put(f"{s3_stand_in}/{bucket}", timeout=10).raise_for_status()
    requests.put(f"{s3_stand_in}/{bucket}/frames/1.jpg", data=plain((60, 60, 120)), timeout=10).raise_for_status()
    storage = label_studio.post("/api/storages/s3/", {
        "project": project, "bucket": bucket, "prefix": "frames", "s3_endpoint": s3_stand_in, "region_name": "eu-1",
        "aws_access_key_id": "key", "aws_secret_access_key": "secret", "use_blob_urls": True, "presign": presign,
        "regex_filter": r".*\.jpg"})
    label_studio.post(f"/api/storages/s3/{storage['id']}/sync", {})
    wait_for(lambda: label_studio.project(project)["task_number"] == 1, 30)
    assert fetched(label_studio, project, s3_stand_in) == [plain((60, 60, 120))]


def test_several_storages_of_a_project_and_an_upload(servers: Any, label_studio: LabelStudio, project: int,
                                                     s3_stand_in: str) -> None:
    pictures = [plain((grey, 10, 120)) for grey in range(5)]
    for number in (0, 1):
        folder = servers.settings.home / "files" / f"several-{project}" / str(number)
        folder.mkdir(parents=True)
        (folder / "a.jpg").write_bytes(pictures[number])
        storage = label_studio.post("/api/storages/localfiles/", {
            "project": project, "path": str(folder), "use_blob_urls": True, "regex_filter": r".*\.jpg"})
        label_studio.post(f"/api/storages/localfiles/{storage['id']}/sync", {})
    for number, presign in ((2, True), (3, False)):
        bucket = f"several-{project}-{number}"
        requests.put(f"{s3_stand_in}/{bucket}", timeout=10).raise_for_status()
        requests.put(f"{s3_stand_in}/{bucket}/a.jpg", data=pictures[number], timeout=10).raise_for_status()
        storage = label_studio.post("/api/storages/s3/", {
            "project": project, "bucket": bucket, "s3_endpoint": s3_stand_in, "region_name": "eu-1",
            "aws_access_key_id": "key", "aws_secret_access_key": "secret", "use_blob_urls": True, "presign": presign,
            "regex_filter": r".*\.jpg"})
        label_studio.post(f"/api/storages/s3/{storage['id']}/sync", {})
    label_studio.request("POST", f"/api/projects/{project}/import", timeout=60,
                         files=[("a.jpg", ("a.jpg", pictures[4], "image/jpeg"))])
    wait_for(lambda: label_studio.project(project)["task_number"] == 5, 30)
    assert sorted(fetched(label_studio, project, s3_stand_in)) == sorted(pictures)


def ids(project: int) -> set[int]:
    with connect() as connection:
        return {row["id"] for row in connection.execute("SELECT id FROM task WHERE project_id = %s", (project,))}


@pytest.fixture
def connected(servers: Any, label_studio: LabelStudio) -> Iterator[Callable[[], int]]:
    """Return `connected()`: a project without a webhook, so every webhook of it is missed, and with nobody who polls:
    a worker that earlier tests started rests meanwhile."""
    made: list[int] = []

    def make() -> int:
        made.append(label_studio.post("/api/projects/", {"title": "Polled", "label_config": CONFIG})["id"])
        with connect() as connection:
            connection.execute("INSERT INTO project (id, connected_at) VALUES (%s, now())", (made[-1],))
        return made[-1]

    with resting(servers, "worker"):
        yield make
        for number in made:
            label_studio.delete(f"/api/projects/{number}/")
            with connect() as connection:
                connection.execute("DELETE FROM project WHERE id = %s", (number,))


def add(ls: LabelStudio, project: int, count: int) -> list[int]:
    before = {task["id"] for task in ls.tasks(project)}
    ls.post(f"/api/projects/{project}/import", [{"data": {"image": f"/data/upload/{n}.jpg"}} for n in range(count)])
    return sorted({task["id"] for task in ls.tasks(project)} - before)


def one_round() -> None:
    wait_for(lambda: periodic.Rounds().once(), 30)  # another process may be at it


def test_missed_webhooks__one_round_finds_new_changed_and_deleted_tasks_of_all_projects(
        label_studio: LabelStudio, connected: Callable[[], int]) -> None:
    projects = [connected(), connected()]
    tasks = {project: add(label_studio, project, 3) for project in projects}
    one_round()
    assert {project: ids(project) for project in projects} == {p: set(found) for p, found in tasks.items()}
    more = add(label_studio, projects[1], 2)
    label_studio.patch(f"/api/tasks/{tasks[projects[0]][1]}/", {"data": {"image": "/data/upload/new.jpg"}})
    one_round()
    assert ids(projects[1]) == {*tasks[projects[1]], *more}
    with connect() as connection:
        image = connection.execute("SELECT image FROM task WHERE id = %s", (tasks[projects[0]][1],)).fetchone()
    assert image == {"image": "/data/upload/new.jpg"}
    label_studio.delete(f"/api/tasks/{more[0]}/")
    with connect() as connection:  # as if `reconcile_seconds` had passed
        connection.execute("UPDATE project SET reconciled_at = now() - interval '1 day' WHERE id = ANY(%s)",
                           (projects,))
    one_round()
    assert ids(projects[1]) == {*tasks[projects[1]], more[1]}


def test_a_sync_that_is_cut_off_loses_nothing(label_studio: LabelStudio, connected: Callable[[], int],
                                             monkeypatch: pytest.MonkeyPatch) -> None:
    project = connected()
    tasks = add(label_studio, project, 7)
    for cut in ("walk", "pages"):
        whole = getattr(listing, cut)

        def interrupted(*arguments: Any, whole: Any = whole, **options: Any) -> Iterator[Any]:
            yield next(whole(*arguments, **options, size=3))
            raise KeyboardInterrupt

        monkeypatch.setattr(listing, cut, interrupted)
        with pytest.raises(KeyboardInterrupt):
            sync_tasks.sync_project(project, full=cut == "walk")
        monkeypatch.setattr(listing, cut, whole)
    assert 0 < len(ids(project)) < 7
    report = sync_tasks.sync_project(project)  # a new process would read the same cursor from PostgreSQL
    assert report.full
    assert ids(project) == set(tasks)
    assert sync_tasks.sync_project(project).created == 0


def missing_since(project: int) -> Any:
    with connect() as connection:
        row = connection.execute("SELECT missing_since FROM project WHERE id = %s", (project,)).fetchone()
    assert row is not None
    return row["missing_since"]


def test_a_project_that_is_gone_is_noticed_once_and_found_again(label_studio: LabelStudio, connected: Callable[[], int],
                                                               monkeypatch: pytest.MonkeyPatch) -> None:
    project, gone = connected(), label_studio.post("/api/projects/", {"title": "Gone", "label_config": CONFIG})["id"]
    with connect() as connection:
        connection.execute("INSERT INTO project (id, connected_at) VALUES (%s, now())", (gone,))
    one_round()
    assert missing_since(gone) is None
    label_studio.delete(f"/api/projects/{gone}/")
    asked: list[int] = []
    look = sync_tasks.sync_project
    monkeypatch.setattr(sync_tasks, "sync_project", lambda number: asked.append(number) or look(number))
    for _ in range(3):
        one_round()
    assert [number for number in asked if number in (project, gone)] == [project, gone, project, project]
    noticed = missing_since(gone)
    assert noticed is not None
    (shown,) = [row for row in projects.list_projects() if row.id == gone]
    assert (shown.connected, shown.missing_since) == (True, noticed)
    assert disconnect(label_studio, gone) == [
        "the project from those that are polled: Label Studio does not have it any more"]
    assert gone not in connected_ids()
    missing_projects.note(project)  # as if the token had lost its access for a while
    (task,) = add(label_studio, project, 1)
    one_round()
    assert ids(project) == set()
    with connect() as connection:  # as if `reconcile_seconds` had passed
        connection.execute("UPDATE project SET reconciled_at = now() - interval '1 day' WHERE id = %s", (project,))
    one_round()
    assert (ids(project), missing_since(project)) == ({task}, None)
    with connect() as connection:
        connection.execute("DELETE FROM project WHERE id = %s", (gone,))


def test_adoption_changes_nothing_of_a_persons(label_studio: LabelStudio, project: int, servers: Any) -> None:
    (task,) = add(label_studio, project, 1)
    region = {"from_name": "label", "to_name": "image", "type": "rectanglelabels", "original_width": 64,
              "original_height": 48, "value": {"x": 1, "y": 1, "width": 9, "height": 9, "rectanglelabels": ["cpu"]}}
    label_studio.post(f"/api/tasks/{task}/annotations/", {"result": [region]})
    label_studio.post(f"/api/projects/{project}/import/predictions",
                      [{"task": task, "model_version": "theirs", "score": 0.5, "result": [region]}])

    def of_people() -> str:
        found = label_studio.get(f"/api/tasks/{task}/")
        kept = {name: found[name] for name in ("data", "annotations", "predictions", "total_predictions")}
        config = label_studio.project(project)
        return hashlib.sha256(repr([kept, config["label_config"], config["model_version"]]).encode()).hexdigest()

    before = of_people()
    with resting(servers, "worker"):  # whose own round would hold the rows that are deleted here
        with connect() as connection:
            connection.execute("INSERT INTO project (id, connected_at) VALUES (%s, now())", (project,))
        one_round()
        one_round()
        assert ids(project) == {task}
        assert of_people() == before
        with connect() as connection:
            connection.execute("DELETE FROM project WHERE id = %s", (project,))
