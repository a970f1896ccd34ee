"""Connecting and disconnecting projects, on a real Label Studio; the ML backend is a fake that knows no model."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from argus.db import connect as database
from argus.errors import ArgusError
from argus.labelstudio import LabelStudio
from argus.settings import get_settings
from label_studio_config.bands import Edges
from label_studio_config.connect import connect, disconnect, ensure_model_version
from label_studio_config.links import WEBHOOK_ACTIONS
from search_service.frames.video_import import import_video
from tests import videos
from tests.integration.fake_ml_backend import FakeMlBackend
from tests.waiting import wait_for

pytestmark = pytest.mark.integration

OWN_CONFIG = ('<View><Image name="photo" value="$url"/><RectangleLabels name="part" toName="photo">'
              '<Label value="Hard disk" alias="hdd"/><Label value="cpu"/></RectangleLabels></View>')
CHOICES = ('<View><Image name="image" value="$image"/><Choices name="c" toName="image"><Choice value="good"/>'
           '<Choice value="bad"/></Choices></View>')


@pytest.fixture
def backend(servers: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeMlBackend]:
    with FakeMlBackend() as fake:
        monkeypatch.setenv("ARGUS_ML_BACKEND_URL", fake.url)
        get_settings.cache_clear()
        yield fake
    monkeypatch.undo()
    get_settings.cache_clear()


@pytest.fixture
def project(label_studio: LabelStudio) -> Iterator[Callable[..., int]]:
    """Return `project(label_config)`: a project that a person made; deleted at the end."""
    made: list[int] = []

    def make(label_config: str = OWN_CONFIG) -> int:
        made.append(label_studio.post("/api/projects/", {"title": "By hand", "label_config": label_config})["id"])
        return made[-1]

    yield make
    for number in made:
        label_studio.delete(f"/api/projects/{number}/")


def links(ls: LabelStudio, project_id: int) -> tuple[list[Any], list[Any]]:
    return ls.get("/api/ml", project=project_id), ls.get("/api/webhooks/", project=project_id)


def row(project_id: int) -> dict[str, Any]:
    with database() as connection:
        return connection.execute("SELECT * FROM project WHERE id = %s", (project_id,)).fetchone() or {}


def predict(ls: LabelStudio, project_id: int, version: str) -> None:
    ls.post(f"/api/projects/{project_id}/import", [{"url": "http://127.0.0.1/x.jpg"}])
    (task,) = [t["id"] for t in ls.tasks(project_id, fields="task_only")]
    ls.post(f"/api/projects/{project_id}/import/predictions",
            [{"task": task, "model_version": version, "score": 0.8, "result": []}])


def test_connect__makes_a_project_whose_versions_are_one(backend: FakeMlBackend, label_studio: LabelStudio) -> None:
    report = connect(label_studio, None, title="New line", labels=["cpu", "fan"])
    assert report.project_id is not None
    (ml,), hooks = links(label_studio, report.project_id)
    made = label_studio.project(report.project_id)
    assert (ml["title"], made["model_version"], ml["readable_state"]) == (report.model_version,) * 2 + ("Connected",)
    assert (report.labels, made["show_collab_predictions"]) == (["cpu", "fan"], True)
    ours, theirs = sorted(hooks, key=lambda hook: hook["url"].endswith("/webhook"))
    assert (ours["url"], sorted(ours["actions"])) == (
        get_settings().search_service_url + "/webhooks/label-studio", sorted(WEBHOOK_ACTIONS))
    assert (theirs["url"], theirs["is_active"]) == (backend.url + "/webhook", False)
    stored = row(report.project_id)
    assert (stored["ml_backend_id"], stored["webhook_id"]) == (ml["id"], ours["id"])
    assert stored["connected_at"] is not None
    label_studio.delete(f"/api/projects/{report.project_id}/")


def test_connect__a_second_time_changes_nothing(backend: FakeMlBackend, label_studio: LabelStudio,
                                                project: Callable[..., int]) -> None:
    number = project()
    first = connect(label_studio, number)
    before = (links(label_studio, number), label_studio.project(number))
    again = connect(label_studio, number)
    assert (again.created, again.changed) == ([], [])
    assert len(again.kept) == 3
    after = (links(label_studio, number), label_studio.project(number))
    for old, new in zip(before[0][0] + before[0][1], after[0][0] + after[0][1], strict=True):
        assert old | {"updated_at": ""} == new | {"updated_at": ""}
    assert before[1]["model_version"] == after[1]["model_version"] == first.model_version


def test_connect__dry_run_says_what_it_would_do_and_does_nothing(backend: FakeMlBackend, label_studio: LabelStudio,
                                                                 project: Callable[..., int]) -> None:
    number = project("<View></View>")
    count = len(label_studio.projects())
    would = connect(label_studio, number, labels=["cpu"], dry_run=True)
    assert len(would.created) == 2
    assert any("labelling config" in line for line in would.changed)
    connect(label_studio, None, title="Never made", labels=["cpu"], dry_run=True)
    assert len(label_studio.projects()) == count
    assert links(label_studio, number) == ([], [])
    assert row(number) == {}
    done = connect(label_studio, number, labels=["cpu"])
    assert done.created == would.created


def test_connect__adopts_a_project_with_its_config_and_a_foreign_model(
        backend: FakeMlBackend, label_studio: LabelStudio, project: Callable[..., int]) -> None:
    number = project()
    predict(label_studio, number, "their-model-7")
    label_studio.patch(f"/api/projects/{number}/", {"model_version": "their-model-7"})
    report = connect(label_studio, number, labels=["ignored"])
    adopted = label_studio.project(number)
    assert adopted["label_config"] == OWN_CONFIG
    assert report.labels == ["hdd", "cpu"]
    assert adopted["model_version"] == "their-model-7"  # people look at those; ours come later
    assert any("their-model-7" in line for line in report.kept)
    assert ensure_model_version(label_studio, number, report.model_version) is True
    assert label_studio.project(number)["model_version"] == report.model_version
    assert ensure_model_version(label_studio, number, report.model_version) is False


@pytest.mark.parametrize(("further", "keys"), [
    ("", []), ("<Text name='t' value='$title'/>", ["$title"]), ("<Image name='second' value='$other'/>", ["$other"]),
    ("<Header name='h' value='$part.name'/><Text name='t' value='$title'/>", ["$part.name", "$title"])])
def test_connect__tells_that_label_studio_takes_no_frames_as_import_video_does(
        backend: FakeMlBackend, label_studio: LabelStudio, project: Callable[..., int], tmp_path: Path, further: str,
        keys: list[str]) -> None:
    number = project(OWN_CONFIG.replace("</View>", f"{further}</View>"))
    for dry_run in (True, False):
        report = connect(label_studio, number, dry_run=dry_run)
        told = [note for note in report.notes if "import-video" in note]
        assert report.answer().notes == report.notes and len(told) == bool(keys)
        assert all(f"shows {', '.join(keys)} beside the image" in note for note in told)
    film = videos.write(tmp_path / "film.mp4", 25)
    if keys:
        with pytest.raises(ArgusError, match="takes uploads only where") as caught:
            import_video(film, number, ls=label_studio)
        assert [f"${key}" for key in caught.value.details["keys"]] == keys
        assert label_studio.get(f"/api/projects/{number}/file-uploads") == []
    else:
        assert import_video(film, number, ls=label_studio).imported == 1


def test_connect__a_config_that_cannot_be_filled_is_refused_before_anything_changes(
        backend: FakeMlBackend, label_studio: LabelStudio, project: Callable[..., int]) -> None:
    number = project(CHOICES)
    label_studio.patch(f"/api/projects/{number}/", {"show_collab_predictions": False})
    with pytest.raises(ArgusError) as failure:
        connect(label_studio, number, labels=["cpu"])
    assert failure.value.code == "bad_label_config"
    assert links(label_studio, number) == ([], [])
    assert label_studio.project(number)["show_collab_predictions"] is False


def test_connect__an_empty_config_needs_labels(backend: FakeMlBackend, label_studio: LabelStudio,
                                               project: Callable[..., int]) -> None:
    number = project("<View></View>")
    with pytest.raises(ArgusError) as failure:
        connect(label_studio, number)
    assert failure.value.code == "bad_request"
    connect(label_studio, number, labels=["cpu"])
    assert "RectangleLabels" in label_studio.project(number)["label_config"]


def test_connect__a_backend_that_is_down_leaves_no_project_behind(servers: Any, label_studio: LabelStudio,
                                                                  monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ARGUS_ML_BACKEND_URL", "http://127.0.0.1:9")
    get_settings.cache_clear()
    before = {p["id"] for p in label_studio.projects()}
    try:
        with pytest.raises(ArgusError) as failure:
            connect(label_studio, None, title="Not to be", labels=["cpu"])
    finally:
        monkeypatch.undo()
        get_settings.cache_clear()
    assert failure.value.code == "label_studio_refused"
    assert "127.0.0.1:9" in failure.value.message
    assert {p["id"] for p in label_studio.projects()} == before


def test_ensure_model_version__takes_the_title_along(backend: FakeMlBackend, label_studio: LabelStudio,
                                                     project: Callable[..., int]) -> None:
    number = project()
    connect(label_studio, number)
    assert ensure_model_version(label_studio, number, "sam3-0000000001") is True
    (ml,), _ = links(label_studio, number)
    assert (ml["title"], label_studio.project(number)["model_version"]) == ("sam3-0000000001",) * 2
    back = connect(label_studio, number)
    assert [line for line in back.changed if "title" in line]
    assert label_studio.project(number)["model_version"] == back.model_version


def test_ensure_model_version__works_on_predictions_alone(backend: FakeMlBackend, label_studio: LabelStudio,
                                                          project: Callable[..., int]) -> None:
    number = project()
    predict(label_studio, number, "sam3-0000000002")
    with pytest.raises(ArgusError):
        ensure_model_version(label_studio, number, "sam3-0000000003")
    assert ensure_model_version(label_studio, number, "sam3-0000000002") is True


def test_connect__basic_auth_and_secret_reach_label_studio(servers: Any, label_studio: LabelStudio,
                                                           project: Callable[..., int],
                                                           monkeypatch: pytest.MonkeyPatch) -> None:
    number = project()
    with FakeMlBackend(password="right") as fake:
        for name, value in (("ML_BACKEND_URL", fake.url), ("BASIC_AUTH_USER", "argus"), ("WEBHOOK_SECRET", "s3cret"),
                            ("BASIC_AUTH_PASSWORD", "wrong")):
            monkeypatch.setenv(f"ARGUS_{name}", value)
        get_settings.cache_clear()
        with pytest.raises(ArgusError) as failure:
            connect(label_studio, number)
        assert "credentials" in failure.value.message
        monkeypatch.setenv("ARGUS_BASIC_AUTH_PASSWORD", "right")
        get_settings.cache_clear()
        connect(label_studio, number)
        (ml,), hooks = links(label_studio, number)
        assert (ml["readable_state"], ml["auth_method"]) == ("Connected", "BASIC_AUTH")
        assert [hook["headers"] for hook in hooks if hook["is_active"]] == [{"X-Argus-Secret": "s3cret"}]
    monkeypatch.undo()
    get_settings.cache_clear()


def test_disconnect__takes_back_only_what_is_ours(backend: FakeMlBackend, label_studio: LabelStudio,
                                                  project: Callable[..., int]) -> None:
    from label_studio_config.views import band_views

    number = project()
    foreign = label_studio.post("/api/webhooks/", {"project": number, "url": "http://127.0.0.1:9/theirs"})
    tab = label_studio.post("/api/dm/views/", {"project": number, "data": {"title": "Mine"}})
    report = connect(label_studio, number)
    predict(label_studio, number, report.model_version)
    band_views(label_studio, number, Edges(0.9, 0.7).ranges(), report.model_version)
    removed = disconnect(label_studio, number)
    assert len(removed) == 4  # the backend, its webhook, ours, the views
    mls, hooks = links(label_studio, number)
    assert (mls, [hook["id"] for hook in hooks]) == ([], [foreign["id"]])
    assert [view["id"] for view in label_studio.get("/api/dm/views/", project=number)] == [tab["id"]]
    assert label_studio.project(number)["model_version"] == report.model_version  # predictions stay visible
    assert [t["total_predictions"] for t in label_studio.tasks(number)] == [1]
    assert row(number)["connected_at"] is None
    assert disconnect(label_studio, number) == []


@pytest.mark.timeout(600)
def test_connect__label_studio_with_its_default_settings_refuses_private_addresses(
        servers: Any, backend: FakeMlBackend, label_studio: LabelStudio, project: Callable[..., int]) -> None:
    from argus_cli.stack.label_studio import LabelStudio as Service
    from argus_cli.stack.ports import free_port
    from search_service.health.doctor import Doctor

    number = project()
    settings = servers.settings.model_copy(update={"label_studio_port": free_port()})
    command = Service(settings).command()
    env = {k: v for k, v in command.env.items() if k not in ("ML_BLOCK_LOCAL_IP", "SSRF_PROTECTION_ENABLED")}
    process = subprocess.Popen(command.argv, env=env, cwd=command.cwd, stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL, start_new_session=True)
    strict = LabelStudio(f"http://127.0.0.1:{settings.label_studio_port}", settings.access_token)
    try:
        wait_for(lambda: answers(strict.url), 300)
        with pytest.raises(ArgusError) as failure:
            connect(strict, number)
        findings = [finding for finding in Doctor(ls=strict).private_addresses()]
        kind = connect(label_studio, number)  # the same project through the server that allows them
    finally:
        process.terminate()
        process.wait(60)
    assert failure.value.code == "label_studio_refused"
    assert "SSRF_PROTECTION_ENABLED=false" in failure.value.hint
    assert [finding.state for finding in findings] == ["problem", "problem"]
    assert [finding.state for finding in Doctor(ls=label_studio).private_addresses()] == ["ok", "ok"]
    assert len(kind.created) == 2


def answers(url: str) -> bool:
    try:
        return requests.get(f"{url}/health/", timeout=5).ok
    except requests.RequestException:
        return False
