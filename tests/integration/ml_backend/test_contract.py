"""Label Studio's side of the ML protocol: what Label Studio 1.23.2 really sends, what it makes of our answers, and
that nothing else which may arrive takes the service down."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given
from hypothesis import settings as fuzz
from hypothesis import strategies as st
from pydantic import SecretStr

from argus.db import connect
from argus.errors import ArgusError
from argus.jobs import queues
from argus.labelstudio import LabelStudio
from argus.labelstudio.task_data import data_value
from argus.settings import get_settings
from label_studio_config import projects
from label_studio_config.label_config import parse_label_config
from label_studio_config.project_shape import read_project
from label_studio_config.recipe import recipe_for
from ml_backend.detection import store
from ml_backend.engines.base import Detections, Found, Mask
from ml_backend.predictions.regions import build_regions
from ml_backend.protocol.app import create_app
from search_service.frames.frame_data import frame_data
from tests.integration.recording_ml_backend import RecordingMlBackend
from tests.pictures import plain
from tests.waiting import wait_for

pytestmark = pytest.mark.integration

USER, PASSWORD = "argus", "pässwort"
CONFIG = ('<View><Image name="img" value="$image"/><RectangleLabels name="box" toName="img" smart="true">'
          '<Label value="cpu"/><Label value="fan"/></RectangleLabels></View>')
ALL = {"all": True, "excluded": []}
TASK_KEYS = {"id", "data", "meta", "created_at", "updated_at", "is_labeled", "overlap", "inner_id", "total_annotations",
             "cancelled_annotations", "total_predictions", "comment_count", "unresolved_comment_count",
             "last_comment_updated_at", "project", "updated_by", "file_upload", "comment_authors", "annotations",
             "predictions"}


@pytest.fixture(scope="module")
def backend(servers: Any) -> Iterator[RecordingMlBackend]:
    settings = get_settings().model_copy(update={
        "basic_auth_user": USER, "basic_auth_password": SecretStr(PASSWORD), "predict_deadline": 0.3,
        "predict_deadline_single": 0.3})
    with RecordingMlBackend(settings) as recording:
        yield recording


@pytest.fixture(scope="module")
def project(servers: Any, backend: RecordingMlBackend) -> Iterator[int]:
    """A project of 300 tasks with our backend, connected as a person does in the settings; 12 tasks are computed."""
    ls = LabelStudio(get_settings().label_studio_url, get_settings().access_token)
    number: int = ls.post("/api/projects/", {"title": "Contract", "label_config": CONFIG,
                                             "show_collab_predictions": True})["id"]
    ls.post(f"/api/projects/{number}/import", [{"image": f"http://127.0.0.1:9/{i}.jpg"} for i in range(300)])
    connected = ls.post("/api/ml", {
        "project": number, "url": backend.url, "title": version(), "is_interactive": True,
        "auth_method": "BASIC_AUTH", "basic_auth_user": USER, "basic_auth_pass": PASSWORD,
        "extra_params": {"note": "anything"}})
    assert connected["readable_state"] == "Connected"
    recipe = recipe_for({"label_config": CONFIG, "overrides": {}})
    one = Detections(np.array([0.9], np.float32), np.array([[64, 36, 128, 72]], np.float32), [None])
    row = projects.load(number)
    ids = sorted(t["id"] for t in ls.tasks(number, fields="task_only"))
    with connect() as connection, connection.cursor() as cursor:
        cursor.executemany("INSERT INTO task (id, project_id, image) VALUES (%s, %s, %s)",
                           [(i, number, f"http://127.0.0.1:9/{i}.jpg") for i in ids])
    for task in ids[:12]:  # the first was only previewed: whoever asks for its prediction asks for its labels
        store.store(task, recipe, (640, 360), {"cpu": one, "fan": Detections.none()}, previewed=task == ids[0])
    assert row["model_version"] == version()
    yield number
    ls.delete(f"/api/projects/{number}/")


def version() -> str:
    return recipe_for({"label_config": CONFIG, "overrides": {}}).model_version


def backend_id(ls: LabelStudio, project: int) -> int:
    return int(ls.get("/api/ml", project=project)[0]["id"])


def action(ls: LabelStudio, project: int, **body: Any) -> Any:
    return ls.request("POST", f"/api/dm/actions?id=retrieve_tasks_predictions&project={project}", timeout=150,
                      json={"filters": {"conjunction": "and", "items": []}, **body})


def test_connect__health_and_setup_with_basic_auth(backend: RecordingMlBackend, project: int) -> None:
    health, setup = backend.of("/health")[0], backend.of("/setup")[0]
    assert (health.method, health.status, health.body) == ("GET", 200, None)
    assert base64.b64decode(health.headers["Authorization"].removeprefix("Basic ")) == \
        f"{USER}:{PASSWORD}".encode("latin-1")
    assert set(setup.body) == {"project", "schema", "hostname", "access_token", "extra_params"}
    assert setup.body["project"].split(".")[0] == str(project)
    assert setup.body["schema"] == CONFIG
    assert setup.answer == {"model_version": version(), "fills": ["<box> gets boxes of cpu, fan."], "notes": [],
                            "warnings": []}


def test_wrong_password_is_told_to_the_person(backend: RecordingMlBackend, label_studio: LabelStudio,
                                              project: int) -> None:
    with pytest.raises(ArgusError, match="authentication parameters"):
        label_studio.post("/api/ml", {"project": project, "url": backend.url, "auth_method": "BASIC_AUTH",
                                      "basic_auth_user": USER, "basic_auth_pass": "wrong"})


def test_versions_and_training(backend: RecordingMlBackend, label_studio: LabelStudio, project: int) -> None:
    backend.forget()
    label_studio.get(f"/api/ml/{backend_id(label_studio, project)}/versions")
    (versions,) = backend.of("/versions")
    assert (versions.method, versions.status) == ("GET", 200)
    label_studio.post(f"/api/ml/{backend_id(label_studio, project)}/train", {})
    training = backend.of("/webhook")[-1]
    assert (training.body["action"], training.status) == ("START_TRAINING", 200)
    assert training.headers["Authorization"].startswith("Basic ")


def test_events__come_without_basic_auth_and_change_nothing(backend: RecordingMlBackend, label_studio: LabelStudio,
                                                            project: int) -> None:
    backend.forget()
    before = label_studio.project(project)["model_version"]
    task = sorted(t["id"] for t in label_studio.tasks(project, fields="task_only"))[-1]
    made = label_studio.post(f"/api/tasks/{task}/annotations/", {"result": []})
    label_studio.delete(f"/api/annotations/{made['id']}/")
    wait_for(lambda: {c.body["action"] for c in backend.of("/webhook")}
             >= {"ANNOTATION_CREATED", "ANNOTATIONS_DELETED"}, 20)
    assert all(c.status == 200 and "Authorization" not in c.headers for c in backend.of("/webhook"))
    assert label_studio.project(project)["model_version"] == before


def test_retrieve__300_tasks_in_one_request(backend: RecordingMlBackend, label_studio: LabelStudio,
                                            project: int) -> None:
    backend.forget()
    action(label_studio, project, selectedItems=ALL)
    (call,) = backend.of("/predict")
    assert set(call.body) == {"tasks", "project", "label_config", "params"}
    assert set(call.body["params"]) == {"login", "password", "context"}
    assert call.body["params"]["context"] is None
    assert len(call.body["tasks"]) == 300
    assert set(call.body["tasks"][0]) == TASK_KEYS
    results = call.answer["results"]
    assert len(results) == 300
    assert call.answer["model_version"] == version()
    ready = [t["id"] for t, r in zip(call.body["tasks"], results, strict=True) if r]
    stored = {t["id"]: t["predictions"] for t in label_studio.tasks(project) if t["predictions"]}
    assert sorted(stored) == sorted(ready)
    assert len(ready) == 12
    for prediction in (p for ps in stored.values() for p in ps):
        assert (prediction["model_version"], prediction["score"]) == (version(), pytest.approx(0.9))
        assert prediction["result"][0]["value"]["x"] == 10
    action(label_studio, project, selectedItems={"all": False, "included": ready})  # they have ours: nothing is asked
    assert len(backend.of("/predict")) == 1
    drop_queues()


def drop_queues() -> None:
    """No worker runs here, so what these tests enqueue is not left to the next ones."""
    queues.get_redis().flushdb()
    with connect() as connection:
        connection.execute("UPDATE run SET state = 'cancelled' WHERE state IN ('queued', 'running')")


def test_open__one_task_is_asked_for(backend: RecordingMlBackend, label_studio: LabelStudio, project: int) -> None:
    task = sorted(t["id"] for t in label_studio.tasks(project, fields="task_only"))[100]
    backend.forget()
    label_studio.get(f"/api/tasks/{task}/", project=project)
    (call,) = backend.of("/predict")
    assert [t["id"] for t in call.body["tasks"]] == [task]
    assert call.answer["results"] == [[]]  # not ready: nothing is stored
    assert label_studio.get(f"/api/tasks/{task}/", project=project)["predictions"] == []
    drop_queues()


def test_interactive__context_of_the_editor(backend: RecordingMlBackend, label_studio: LabelStudio,
                                            project: int) -> None:
    task = sorted(t["id"] for t in label_studio.tasks(project, fields="task_only"))[0]
    backend.forget()
    url = f"/api/ml/{backend_id(label_studio, project)}/interactive-annotating"
    answer = label_studio.post(url, {"task": task, "context": {"result": [{"value": {"x": "no number"}}]}})
    (call,) = backend.of("/predict")
    assert call.body["params"]["context"] == {"result": [{"value": {"x": "no number"}}]}
    assert {"drafts", "annotations", "predictions"} <= set(call.body["tasks"][0])
    assert (call.status, call.answer["code"]) == (400, "bad_request")
    assert call.answer["detail"] in answer["errors"][0]  # Label Studio passes the status line on, and nothing else
    assert "Traceback" not in json.dumps(answer)


def test_config_that_cannot_be_filled__says_why_in_label_studio(backend: RecordingMlBackend,
                                                                label_studio: LabelStudio) -> None:
    number = label_studio.post("/api/projects/", {"title": "Text", "label_config": (
        '<View><Text name="t" value="$t"/><Labels name="l" toName="t"><Label value="a"/></Labels></View>')})["id"]
    try:
        with pytest.raises(ArgusError, match="Reason: 422 Client Error: There is not"):  # the rest is cut off here
            label_studio.post("/api/ml", {"project": number, "url": backend.url, "auth_method": "BASIC_AUTH",
                                          "basic_auth_user": USER, "basic_auth_pass": PASSWORD})
    finally:
        label_studio.delete(f"/api/projects/{number}/")


CONFIGS = Path(__file__).parents[2] / "data" / "label_configs"
FRAME = ("/data/upload/1/a.jpg", "line.mp4", "0123456789abcdef", 1.0, 25)


@pytest.fixture(scope="module")
def client(servers: Any) -> Iterator[FlaskClient]:
    """The application without Basic auth and with short deadlines, called in this process."""
    app = create_app(get_settings().model_copy(update={"predict_deadline": 0.01, "predict_deadline_single": 0.01}))
    yield app.test_client()
    with connect() as connection:
        connection.execute("DELETE FROM project WHERE id BETWEEN 999000 AND 999999")
    drop_queues()


def test_unknown_project(client: FlaskClient) -> None:
    answer = client.post("/predict", json={"project": "999002.1", "tasks": []})
    assert (answer.status_code, answer.get_json()["code"]) == (404, "unknown_project")
    assert client.post("/versions", json={"project": "999002.1"}).get_json() == {"versions": []}


def test_versions__of_a_known_project(client: FlaskClient) -> None:
    client.post("/setup", json={"project": "999003.1", "schema": CONFIG})
    assert client.post("/versions", json={"project": "999003.1"}).get_json() == {"versions": [version()]}


@pytest.mark.parametrize(("schema", "detail"), [
    (CONFIG + " " * 10 * 2**20, "more than 1 MiB"), ("<View>", "not well-formed"), ("\ud800", "no text"),
    ('<!DOCTYPE a [<!ENTITY b "c">]><View>&b;</View>', "document type"), ("<View/>", "shows no image"),
    (CONFIG.replace('"cpu"', '"cpu" model_score_threshold="NaN"'), "number from 0 to 1"),
], ids=["10 MB", "unclosed", "surrogate", "entities", "empty", "NaN"])
def test_hostile_configs(client: FlaskClient, schema: str, detail: str) -> None:
    for path, name in (("/setup", "schema"), ("/predict", "label_config")):
        answer = client.post(path, json={"project": "999004.1", name: schema, "tasks": []})
        assert (answer.status_code, answer.get_json()["code"]) == (422, "bad_label_config")
        assert detail in answer.get_json()["detail"]
    assert client.get("/health").status_code == 200
    assert client.post("/predict", json={"project": "999004.1", "tasks": []}).status_code == 404  # nothing was kept


@pytest.mark.parametrize("data", [
    {"image": "a\0b"}, {"image": "\ud800"}, {"image": 5}, {"image": ["x"]}, {"image": None}, {}, None, "no json", [],
    {"image": ""}, {"image": {"url": "x"}}, '{"image": 7}',
])
def test_tasks_whose_image_is_nothing__are_not_ready_and_spoil_no_other(client: FlaskClient, data: Any) -> None:
    tasks = [{"id": 9_990_001, "data": data}, {"id": 9_990_002, "data": {"image": "/a.jpg"}, "updated_at": "yesterday"}]
    answer = client.post("/predict", json={"project": "999005.1", "label_config": CONFIG, "tasks": tasks})
    assert (answer.status_code, answer.get_json()["results"]) == (200, [[], []])


def test_names_full_of_markup_are_data(client: FlaskClient) -> None:
    """A label is text: it is stored, hashed and answered as it is, and nothing of it is run."""
    xml = (CONFIGS / "markup_in_names.xml").read_text("utf-8")
    answer = client.post("/setup", json={"project": "999006.1", "schema": xml})
    assert "'; DROP TABLE task; --" in answer.get_json()["fills"][0]
    assert answer.mimetype == "application/json"  # a browser does not take it for a page
    with connect() as connection:
        row = connection.execute("SELECT label_config FROM project WHERE id = 999006").fetchone()
    assert row is not None and row["label_config"] == xml


JSON = st.recursive(st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=8),
                    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
                    max_leaves=12)
TASKS = st.lists(JSON | st.fixed_dictionaries(
    {"id": st.integers() | JSON}, optional={"data": st.fixed_dictionaries({"image": JSON}) | JSON, "updated_at": JSON}),
    max_size=3)
BODY = st.fixed_dictionaries({}, optional={
    "project": st.sampled_from(["999007.1", "999008", 999007, "-1", "1e9", "", None]) | JSON, "schema": JSON,
    "label_config": st.just(CONFIG) | JSON, "tasks": TASKS | JSON,
    "params": st.fixed_dictionaries({}, optional={"context": JSON | st.fixed_dictionaries(
        {"result": st.lists(st.fixed_dictionaries({"value": JSON}) | JSON, max_size=2)})}) | JSON})


@fuzz(max_examples=200, deadline=None, derandomize=True, database=None,
      suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(path=st.sampled_from(["/setup", "/predict", "/versions", "/webhook"]), body=BODY | JSON)
def test_anything__is_answered_with_json_and_no_traceback(client: FlaskClient, path: str, body: Any) -> None:
    answer = client.post(path, data=json.dumps(body), content_type="application/json")
    assert answer.status_code < 500, (answer.status_code, answer.text[:300])
    assert answer.is_json
    if answer.status_code >= 400:
        assert answer.get_json()["detail"]
    assert "Traceback" not in answer.text


def test_after_all_that_the_service_answers_on(client: FlaskClient) -> None:
    assert client.get("/health").get_json()["status"] == "UP"
    assert client.post("/setup", json={"project": "999009.1", "schema": CONFIG}).status_code == 200
    text = client.get("/metrics").get_data(as_text=True)
    assert "argus_ml_predict_tasks_total" in text


def test_webhook__a_secret_is_compared_as_bytes(servers: Any) -> None:
    app = create_app(get_settings().model_copy(update={"webhook_secret": SecretStr("gehöim")}))
    call: Callable[..., Any] = app.test_client().post
    for secret, status in (("gehöim", 200), ("geheim", 401), ("", 401)):
        raw = secret.encode().decode("latin-1")  # what a server makes of UTF-8 in a header
        assert call("/webhook", json={}, headers={"X-Argus-Secret": raw}).status_code == status


def test_every_config_of_the_corpus_is_answered(label_studio: LabelStudio, client: FlaskClient) -> None:
    """What Label Studio itself lets a project have, `/setup` answers with a version or a sentence."""
    filled, refused = 0, []
    for file in sorted(CONFIGS.glob("*.xml")):
        xml = file.read_text("utf-8")
        answer = client.post("/setup", json={"project": "999001.1", "schema": xml})
        said = answer.get_json()
        if answer.status_code == 200:
            assert said["model_version"].startswith("sam3-") and said["fills"], file.stem
            filled += 1
            try:
                label_studio.post("/api/projects/validate/", {"label_config": xml})
            except ArgusError as error:
                refused.append((file.stem, error.message))
        else:
            assert (answer.status_code, said["code"]) == (422, "bad_label_config"), file.stem
            assert len(said["detail"]) > 30
    assert (filled, refused) == (24, [])


def test_frames_of_a_video_are_tasks_that_label_studio_takes(label_studio: LabelStudio) -> None:
    """For every kind of config: it takes the files and the data that we make, or we say before that it takes none."""
    refused = []
    for file in sorted(CONFIGS.glob("*.xml")):
        xml = file.read_text("utf-8")
        try:
            key = parse_label_config(xml, default_threshold=0.4).image.key
        except ArgusError:
            continue
        number = label_studio.post("/api/projects/", {"title": "Frames", "label_config": xml})["id"]
        upload = ("POST", f"/api/projects/{number}/import?commit_to_project=false")
        files = [("a.jpg", ("a.jpg", plain((1, 2, 3)), "image/jpeg"))]
        try:
            data = frame_data(xml).of(*FRAME)
            label_studio.request(*upload, files=files)
            label_studio.post(f"/api/projects/{number}/import", [{"data": data}])
            (task,) = label_studio.tasks(number)
            assert data_value(task["data"], key) == FRAME[0] and task["data"]["frame_number"] == 25, file.stem
        except ArgusError as error:
            assert error.code == "bad_request" and error.details["keys"], file.stem
            with pytest.raises(ArgusError, match="more than one data key"):
                label_studio.request(*upload, files=files)
            refused.append(file.stem)
        finally:
            label_studio.delete(f"/api/projects/{number}/")
    assert {"two_images", "image_and_text"} <= set(refused) and not {"value_path", "value_list"} & set(refused)


@pytest.mark.parametrize(("name", "data"), [
    ("everything_at_once", {"image": "/a.jpg"}), ("japanese", {"image": "/a.jpg"}),
    ("markup_in_names", {"image": "/a.jpg"}), ("value_path", {"frame": {"urls": ["/a.jpg"]}}),
    ("value_list", {"images": ["/a.jpg", "/b.jpg"]}),
    ("second_image_only", {"reference": "/a.jpg", "part": "/b.jpg"}), ("odd_spelling", {"Image_URL-1": "/a.jpg"}),
])
def test_predictions_are_kept_as_they_were_made(label_studio: LabelStudio, name: str, data: dict[str, Any]) -> None:
    """Label Studio drops regions that do not fit the config without a word: every kind of region has to come back."""
    xml = (CONFIGS / f"{name}.xml").read_text("utf-8")
    plan = parse_label_config(xml, default_threshold=0.4)
    assert data_value(data, plan.image.key)
    bits = np.zeros((30, 40), np.bool_)
    bits[3:27, 5:35] = True
    one = Detections(np.array([0.9], np.float32), np.array([[20, 10, 60, 40]], np.float32), [Mask(20, 10, bits)])
    regions = build_regions(plan, {c.label: Found(200, 100, one) for c in plan.concepts})
    number = label_studio.post("/api/projects/", {"title": "Corpus", "label_config": xml})["id"]
    try:
        shape = read_project(label_studio, number)  # an export reads the image and the labels that predictions are for
        assert shape.image_key == plan.image.key and set(shape.labels) >= {c.label for c in plan.concepts}
        label_studio.post(f"/api/projects/{number}/import", [data])
        (task,) = [t["id"] for t in label_studio.tasks(number, fields="task_only")]
        made = label_studio.post(f"/api/projects/{number}/import/predictions",
                                 [{"task": task, "result": regions, "score": 0.9, "model_version": "x"}])
        assert made["created"] == 1
        (kept,) = label_studio.tasks(number)
        assert kept["predictions"][0]["result"] == regions
    finally:
        label_studio.delete(f"/api/projects/{number}/")
