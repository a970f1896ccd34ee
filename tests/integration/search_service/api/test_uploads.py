"""What uploads hold: whose they are, where they go on, what they take, and where their bytes lie."""

from __future__ import annotations

import base64
import hashlib
import os
import random
import socket
import stat
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import requests
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from argus import audit
from argus.client import Argus
from argus.db import connect
from argus.labelstudio import LabelStudio
from argus.settings import get_settings
from argus.web import serving
from search_service.api.app import MAX_BODY, create_app
from search_service.api.caller import HEADER
from search_service.api.requests import API
from search_service.uploads import files, leftovers, room, service
from tests.people import sign_up

pytestmark = pytest.mark.integration
Headers = dict[str, str]


@pytest.fixture(scope="module")
def second(servers: object) -> LabelStudio:
    settings = get_settings()
    return sign_up(LabelStudio(settings.label_studio_url, settings.access_token), "uploads@example.com")


@pytest.fixture
def client(servers: object) -> FlaskClient:
    return create_app().test_client()


@pytest.fixture(scope="module")
def projects(servers: object) -> Iterator[list[int]]:
    settings = get_settings()
    ls = LabelStudio(settings.label_studio_url, settings.access_token)
    made = [ls.post("/api/projects/", {"title": f"Uploads {number}"})["id"] for number in range(2)]
    with connect() as connection:
        for number in made:
            connection.execute("INSERT INTO project (id, title, connected_at) VALUES (%s, 'Uploads', now())", (number,))
    yield made
    for number in made:
        ls.delete(f"/api/projects/{number}/")
    with connect() as connection:
        connection.execute("DELETE FROM project WHERE id = ANY(%s)", (made,))


@pytest.fixture
def project(projects: list[int], no_uploads: None) -> int:
    return projects[0]


@pytest.fixture
def setting(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str, object], None]]:
    def set_it(name: str, value: object) -> None:
        monkeypatch.setenv(f"ARGUS_UPLOAD_{name}", str(value))
        get_settings.cache_clear()

    yield set_it
    monkeypatch.undo()
    get_settings.cache_clear()


def begin(client: FlaskClient, project: int, size: object, name: str | bytes = "a.mp4", **headers: str) -> TestResponse:
    encoded = base64.b64encode(name if isinstance(name, bytes) else name.encode()).decode()
    return client.post(f"{API}/projects/{project}/uploads", headers={
        "Tus-Resumable": "1.0.0", "Upload-Length": str(size), "Upload-Metadata": f"filename {encoded}", **headers})


def send(client: FlaskClient, at: str, start: int, data: bytes, **headers: str) -> TestResponse:
    return client.patch(at, data=data, content_type="application/offset+octet-stream",
                        headers={"Upload-Offset": str(start), **headers})


def stored(upload: str) -> Path:
    with connect() as connection:
        row = connection.execute("SELECT file FROM upload WHERE id = %s", (upload,)).fetchone()
    assert row
    return files.path_of(row["file"])


def test_an_upload_is_its_owners_in_its_project_alone(client: FlaskClient, projects: list[int], project: int,
                                                      second: LabelStudio) -> None:
    theirs = {HEADER: second._token}
    at = begin(client, project, 10, **theirs).headers["Location"]
    upload = at.rpartition("/")[2]
    assert len(bytes.fromhex(upload)) == 16
    elsewhere = f"{API}/projects/{projects[1]}/uploads/{upload}"
    owner: Headers = {HEADER: get_settings().access_token}
    for path, who in ((at, {}), (at, owner), (elsewhere, theirs), (at[:-1] + ("0" if at[-1] != "0" else "1"), theirs)):
        assert client.head(path, headers=who).status_code == 404
        assert send(client, path, 0, b"x", **who).status_code == 404
        assert client.get(path, headers=who).status_code == client.delete(path, headers=who).status_code == 404
        assert client.post(path + "/retry", headers=who).status_code == 404
    assert client.get(f"{API}/projects/{project}/uploads").json["uploads"] == []
    assert client.head(at, headers=theirs).headers["Upload-Offset"] == "0"
    (entry, *_) = audit.listing(project=project).entries
    assert [(one.who, one.action, one.outcome) for one in audit.listing(project=project).entries][-1] == (
        "uploads@example.com", "upload.start", "done")
    assert entry.action in ("upload.retry", "upload.delete")


def test_who_may_not_import_in_label_studio_may_not_here(client: FlaskClient, project: int, second: LabelStudio,
                                                         monkeypatch: pytest.MonkeyPatch) -> None:
    real = LabelStudio.answer

    def annotators_may_not(self: LabelStudio, method: str, path: str, **options: object) -> requests.Response:
        answer = real(self, method, path, **options)
        if path.endswith("/import"):
            assert answer.status_code == 400, "an import of nothing makes nothing"
            answer.status_code = 403
        return answer

    monkeypatch.setattr(LabelStudio, "answer", annotators_may_not)
    service._may_import._kept.clear()
    refused = begin(client, project, 10, **{HEADER: second._token})
    assert (refused.status_code, refused.get_json(force=True)["code"]) == (403, "forbidden")
    assert not list(files.folder().iterdir())


def test_fifty_cuts_end_with_the_same_digest(client: FlaskClient, project: int) -> None:
    data = random.Random(1).randbytes(3_000_000)
    chance, at = random.Random(2), begin(client, project, len(data)).headers["Location"]
    cuts = sorted(chance.sample(range(1, len(data)), 50))
    path = stored(at.rpartition("/")[2])
    for start, end in zip([0, *cuts], [*cuts, len(data)], strict=True):
        if chance.random() < 0.5:  # killed after its bytes were written, before the row said so
            with path.open("ab") as file:
                file.write(b"half a piece")
        assert send(client, at, start + 1, b"x").status_code == 409
        offset = int(client.head(at).headers["Upload-Offset"])
        assert offset == start
        answer = send(client, at, offset, data[start:end])
        assert (answer.status_code, answer.headers["Upload-Offset"]) == (204, str(end))
    assert hashlib.file_digest(path.open("rb"), "sha256").digest() == hashlib.sha256(data).digest()
    assert client.get(at).json["state"] == "queued"
    assert send(client, at, len(data), b"x").status_code == 409


def test_what_the_disk_lost_is_asked_for_again(client: FlaskClient, project: int) -> None:
    at = begin(client, project, 10).headers["Location"]
    send(client, at, 0, b"12345678")
    os.truncate(stored(at.rpartition("/")[2]), 3)
    assert client.head(at).headers["Upload-Offset"] == "3"
    assert send(client, at, 3, b"4567890").headers["Upload-Offset"] == "10"


def test_only_one_request_writes_at_a_time(client: FlaskClient, project: int) -> None:
    at = begin(client, project, 10).headers["Location"]
    with files.writing(stored(at.rpartition("/")[2]).name):
        assert send(client, at, 0, b"x").status_code == 409
    assert send(client, at, 0, b"x").status_code == 204


@pytest.mark.parametrize(("change", "status"), [
    ({"Upload-Length": "-1"}, 400), ({"Upload-Length": "0"}, 400), ({"Upload-Length": "9" * 18}, 413),
    ({"Upload-Length": "1e3"}, 400), ({"Upload-Defer-Length": "1"}, 400), ({"Tus-Resumable": "0.2.0"}, 412),
    ({"Upload-Metadata": "filename %%%"}, 400), ({"Upload-Metadata": "filename /w=="}, 400),
    ({"Upload-Metadata": "fps MTAwMA=="}, 400), ({"Upload-Metadata": "fps eA=="}, 400),
    ({"Upload-Metadata": "purpose eA=="}, 400), ({"Upload-Metadata": "scene bmFu"}, 400),
    ({"Upload-Metadata": "x " + "A" * 5000}, 400)])
def test_a_bad_beginning_is_refused_and_leaves_nothing(client: FlaskClient, project: int, change: Headers,
                                                       status: int) -> None:
    before = set(files.folder().iterdir())
    assert begin(client, project, 10, **change).status_code == status
    assert set(files.folder().iterdir()) == before


def test_the_total_is_fixed_at_the_start(client: FlaskClient, project: int) -> None:
    at = begin(client, project, 10).headers["Location"]
    refused = send(client, at, 0, b"x" * 11, **{"Upload-Length": "11"})
    assert (refused.status_code, client.head(at).headers["Upload-Length"]) == (400, "10")
    assert client.patch(at, data=b"x", headers={"Upload-Offset": "0"}).status_code == 415


@pytest.mark.parametrize(("name", "shown"), [
    ("../../../etc/cron.d/x", "x"), ("..\\..\\x.mp4", "x.mp4"), ("a\0b\n.mp4", "ab.mp4"), ("..", "file"), ("", "file"),
    ("ü" * 300, "ü" * 255), ("<b>x</b>.mp4", "b>.mp4"), ("/tmp/link", "link")])
def test_a_name_creates_nothing_elsewhere(client: FlaskClient, project: int, name: str, shown: str) -> None:
    home = get_settings().home
    before = {path for path in home.rglob("*") if "/postgres/" not in str(path)}
    made = begin(client, project, 3, name)
    new = {path for path in home.rglob("*") if "/postgres/" not in str(path)} - before - {files.folder()}
    path = stored(made.json["id"])
    assert (made.json["name"], new & {path}) == (shown, {path})
    assert path.parent == files.folder() and len(bytes.fromhex(path.name)) == 16 and path.name != made.json["id"]
    assert (stat.S_IMODE(path.stat().st_mode), stat.S_IMODE(path.parent.stat().st_mode)) == (0o600, 0o700)
    target = home / "target"
    target.write_bytes(b"")
    path.unlink()
    path.symlink_to(target)
    assert send(client, made.headers["Location"], 0, b"abc").status_code >= 400
    assert target.read_bytes() == b""
    path.unlink()
    target.unlink()


def test_four_of_a_person_arrive_at_once(client: FlaskClient, project: int, second: LabelStudio) -> None:
    made = [begin(client, project, 10) for _ in range(room.AT_ONCE)]
    refused = begin(client, project, 10)
    assert (refused.status_code, "Retry-After" in refused.headers) == (429, True)
    assert begin(client, project, 10, **{HEADER: second._token}).status_code == 201, "of another person"
    client.delete(made[0].headers["Location"])
    assert begin(client, project, 10).status_code == 201


def test_what_is_promised_counts(client: FlaskClient, project: int, setting: Callable[[str, object], None],
                                 monkeypatch: pytest.MonkeyPatch) -> None:
    setting("QUOTA_MB", 1)
    first = begin(client, project, 700_000)
    assert (first.status_code, begin(client, project, 700_000).status_code) == (201, 507)
    client.delete(first.headers["Location"])
    setting("FREE_MB", 1)
    with connect() as connection:
        connection.execute("DELETE FROM upload")
    monkeypatch.setattr(files, "free", lambda: 2 * 2**20)
    at = begin(client, project, 700_000).headers["Location"]
    refused = begin(client, project, 700_000 // 2)
    assert (refused.status_code, refused.get_json(force=True)["code"]) == (507, "insufficient_storage")
    monkeypatch.setattr(files, "free", lambda: 2**20)  # something else filled it meanwhile
    assert (send(client, at, 0, b"x").status_code, client.head(at).headers["Upload-Offset"]) == (507, "0")


def test_leftovers_go_after_a_day(client: FlaskClient, project: int) -> None:
    old, new = (begin(client, project, 10).headers["Location"] for _ in range(2))
    orphan = files.path_of(files.create())
    os.utime(orphan, (0, 0))  # of a process that was killed before the row was written
    with connect() as connection:
        connection.execute("UPDATE upload SET touched_at = now() - interval '25 hours' WHERE id = %s",
                           (old.rpartition("/")[2],))
    gone = stored(old.rpartition("/")[2])
    assert leftovers.remove() == 2
    assert not gone.exists() and not orphan.exists() and stored(new.rpartition("/")[2]).exists()
    assert (client.head(old).status_code, client.head(new).status_code) == (404, 200)


@pytest.fixture
def served(servers: object) -> Iterator[str]:
    server = serving.Server("test", "X", create_app(), "127.0.0.1", 0, threads=4, limits=serving.Limits(MAX_BODY))
    thread = threading.Thread(target=server.run)
    thread.start()
    yield f"http://127.0.0.1:{server.port}"
    server.stop()
    thread.join()


def test_the_client_uploads_and_goes_on(served: str, project: int, tmp_path: Path) -> None:
    (file := tmp_path / "a.mp4").write_bytes(random.Random(3).randbytes(10_000))
    argus = Argus(served)
    made = argus.uploads._begin(f"/projects/{project}/uploads", 10_000, {"filename": "a.mp4"})
    argus.call("PATCH", f"/projects/{project}/uploads/{made.id}", data=file.read_bytes()[:3000], headers={
        "Upload-Offset": "0", "Content-Type": "application/offset+octet-stream"})
    sent = argus.uploads.send(project, file)
    assert (sent.id, sent.state, stored(made.id).read_bytes()) == (made.id, "queued", file.read_bytes())
    argus.uploads.remove(project, made.id)
    assert [one.state for one in argus.uploads.list(project).uploads] == ["cancelled"]


def test_a_large_file_takes_little_memory_and_stalled_ones_hold_nobody_up(served: str, project: int) -> None:
    piece, count = b"x" * (8 * 2**20), 40
    made = requests.post(f"{served}{API}/projects/{project}/uploads",
                         headers={"Upload-Length": str(len(piece) * count)})
    at = served + made.headers["Location"]
    Path("/proc/self/clear_refs").write_text("5")
    before = _peak()
    for number in range(count):
        requests.patch(at, data=piece, headers={"Upload-Offset": str(number * len(piece)), "Content-Type":
                                                "application/offset+octet-stream"}).raise_for_status()
    assert _peak() - before < 64 * 2**20
    path = at.removeprefix(served)
    host, port = served.removeprefix("http://").split(":")
    stalled = []
    for _ in range(100):
        one = socket.create_connection((host, int(port)))
        one.sendall(f"PATCH {path} HTTP/1.1\r\nHost: {host}\r\nUpload-Offset: 0\r\nContent-Type: application/"
                    "offset+octet-stream\r\nContent-Length: 1000\r\n\r\nx".encode())
        stalled.append(one)
    began = time.monotonic()
    assert requests.get(f"{served}/livez", timeout=5).status_code == 200
    assert time.monotonic() - began < 1
    for one in stalled:
        one.close()


def _peak() -> int:
    (line,) = (line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) * 1024
