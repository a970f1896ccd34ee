"""The doctor on real servers: each break that it knows is made, found, and mended by the fix it names."""

from __future__ import annotations

import contextlib
import http.server
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from click.testing import CliRunner
from psycopg import sql
from safetensors.numpy import load_file, save_file
from werkzeug.serving import make_server

from argus import queue_names
from argus.db import connect as database
from argus.jobs import queues
from argus.labelstudio import LabelStudio
from argus.settings import get_settings
from argus_cli.main import main
from argus_cli.stack.postgres import connect as superuser
from label_studio_config.connect import connect
from search_service.api.app import create_app
from search_service.health.doctor import Doctor, Finding, clocks
from search_service.health.doctor import label_studio as to_label_studio
from search_service.health.doctor import servers as to_servers
from search_service.health.doctor.workers import Visit
from tests import warm
from tests.conftest import CHECKPOINTS
from tests.integration.fake_ml_backend import FakeMlBackend
from tests.pictures import plain
from tests.resting import resting
from tests.waiting import wait_for

pytestmark = pytest.mark.integration


@pytest.fixture
def search_service(servers: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """The search service in this process, whose webhook asks for a secret."""
    server = make_server("127.0.0.1", 0, create_app(), threaded=True)
    monkeypatch.setenv("ARGUS_SEARCH_SERVICE_URL", f"http://127.0.0.1:{server.server_port}")
    monkeypatch.setenv("ARGUS_WEBHOOK_SECRET", "the right one")
    get_settings.cache_clear()
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def project(search_service: Any, label_studio: LabelStudio, monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """A connected project whose fake ML backend answers with the right version."""
    with FakeMlBackend() as fake:
        monkeypatch.setenv("ARGUS_ML_BACKEND_URL", fake.url)
        get_settings.cache_clear()
        report = connect(label_studio, None, title="To examine", labels=["cpu"])
        fake.version = report.model_version
        assert report.project_id is not None
        yield report.project_id
        label_studio.delete(f"/api/projects/{report.project_id}/")
    with database() as connection:
        connection.execute("DELETE FROM project WHERE id = %s", (report.project_id,))
    monkeypatch.undo()
    get_settings.cache_clear()


def states(project: int) -> dict[str, str]:
    """Return what the doctor says about a project, by connection."""
    return {finding.name.removeprefix(f"project {project}: "): finding.state
            for finding in Doctor(project_id=project).projects()}


def problems(project: int) -> set[str]:
    return {name for name, state in states(project).items() if state == "problem"}


def test_a_healthy_project_has_no_problem(project: int) -> None:
    assert states(project) == {"webhook": "ok", "ML backend": "ok", "labelling config": "ok",
                               "model version": "ok", "images": "ok"}


def test_scores_that_count_for_another_version(project: int, label_studio: LabelStudio) -> None:
    label_studio.patch(f"/api/projects/{project}/", {"model_version": ""})
    assert problems(project) == {"model version"}
    connect(label_studio, project)
    assert problems(project) == set()


def test_a_backend_that_was_renamed_or_removed(project: int, label_studio: LabelStudio) -> None:
    (backend,) = label_studio.get("/api/ml", project=project)
    label_studio.patch(f"/api/ml/{backend['id']}", {"title": "SAM", "url": backend["url"], "project": project})
    assert problems(project) == {"model version"}
    connect(label_studio, project)
    assert problems(project) == set()
    label_studio.delete(f"/api/ml/{backend['id']}")
    assert problems(project) == {"ML backend"}
    connect(label_studio, project)
    assert problems(project) == set()


def test_a_webhook_that_was_switched_off_or_removed(project: int, label_studio: LabelStudio) -> None:
    (hook,) = [h for h in label_studio.get("/api/webhooks/", project=project) if h["is_active"]]
    label_studio.patch(f"/api/webhooks/{hook['id']}/", {"is_active": False, "actions": hook["actions"]})
    assert problems(project) == {"webhook"}
    connect(label_studio, project)
    assert problems(project) == set()
    label_studio.delete(f"/api/webhooks/{hook['id']}/")
    assert problems(project) == {"webhook"}
    connect(label_studio, project)
    assert problems(project) == set()


def test_a_webhook_that_does_not_arrive(project: int, search_service: Any, label_studio: LabelStudio) -> None:
    (hook,) = [h for h in label_studio.get("/api/webhooks/", project=project) if h["is_active"]]
    label_studio.patch(f"/api/webhooks/{hook['id']}/", {"headers": {"X-Argus-Secret": "a wrong one"},
                                                        "actions": hook["actions"]})
    assert "its secret is wrong" in details(project)["webhook"]
    connect(label_studio, project)
    assert "arrived" in details(project)["webhook"]
    search_service.shutdown()
    search_service.server_close()
    assert "did not arrive" in details(project)["webhook"]


def test_the_doctors_own_change_makes_no_work(project: int, label_studio: LabelStudio) -> None:
    name = f"sync-{project}"
    if job := queues.find(queue_names.DEFAULT, name):
        job.delete()
    assert states(project)["webhook"] == "ok"
    assert queues.find(queue_names.DEFAULT, name) is None
    label_studio.patch(f"/api/projects/{project}/", {"title": "Another title"})
    assert queues.find(queue_names.DEFAULT, name) is not None


def details(project: int) -> dict[str, str]:
    return {finding.name.removeprefix(f"project {project}: "): finding.detail
            for finding in Doctor(project_id=project).projects()}


def test_scores_that_label_studio_does_not_show(project: int, label_studio: LabelStudio) -> None:
    version = label_studio.project(project)["model_version"]
    label_studio.post(f"/api/projects/{project}/import", [{"image": "/data/upload/1/a.jpg"}])
    (task,) = (task["id"] for task in label_studio.tasks(project))
    label_studio.post(f"/api/projects/{project}/import/predictions", [
        {"task": task, "model_version": version, "score": 0.8, "result": []}])
    with database() as connection:
        connection.execute("INSERT INTO task (id, project_id, image) VALUES (%s, %s, '/data/upload/1/a.jpg') "
                           "ON CONFLICT DO NOTHING", (task, project))
        connection.execute("INSERT INTO prediction (task_id, model_version, project_id, channel, state, score) "
                           "VALUES (%s, %s, %s, 'push', 'stored', 0.8)", (task, version, project))
    assert states(project)["scores"] == "ok"
    label_studio.patch(f"/api/projects/{project}/", {"model_version": ""})
    assert {"scores", "model version"} <= problems(project)
    connect(label_studio, project)
    assert states(project)["scores"] == "ok"


def test_images_that_failed_or_cannot_be_fetched(project: int, servers: Any) -> None:
    with resting(servers, "worker"):  # it would forget a task that Label Studio does not have
        with database() as connection:
            connection.execute("INSERT INTO task (id, project_id, image, state, error) VALUES (1000000007, %s, "
                               "'/data/upload/1/none.jpg', 'failed', %s)", (project, json.dumps({"message": "gone"})))
        assert problems(project) == {"images", "image access"}


@pytest.mark.parametrize("code", ["bad_image", "image_too_large"])
@pytest.mark.parametrize("good", [False, True])
def test_a_file_that_cannot_be_read_is_no_broken_joint(project: int, servers: Any, label_studio: LabelStudio,
                                                       code: str, good: bool) -> None:
    files = [("bad.jpg", ("bad.jpg", b"no image"))] + ([("good.jpg", ("good.jpg", plain((9, 99, 9))))] if good else [])
    with resting(servers, "worker"):
        label_studio.request("POST", f"/api/projects/{project}/import", files=files, timeout=60)
        with database() as connection:
            for task in label_studio.tasks(project):
                bad = task["data"]["image"].endswith("bad.jpg")  # its name begins with random hex digits
                connection.execute("INSERT INTO task (id, project_id, image, state, error) VALUES (%s, %s, %s, %s, %s)",
                                   (task["id"], project, task["data"]["image"], "failed" if bad else "embedded",
                                    json.dumps({"code": code, "message": "This is not an image."}) if bad else None))
        assert problems(project) == set()
        assert f"{int(good)} of {1 + good} images embedded, 1 cannot be read, for example: This is not an image." in (
            details(project)["images"])
        assert "fetched by this process" in details(project)["image access"]


def test_a_project_that_was_deleted_in_label_studio(servers: Any) -> None:
    with database() as connection:
        connection.execute("INSERT INTO project (id, connected_at) VALUES (99999999, now())")
    try:
        (finding,) = Doctor(project_id=99999999).projects()
    finally:
        with database() as connection:
            connection.execute("DELETE FROM project WHERE id = 99999999")
    assert (finding.state, finding.fix) == ("problem", "It was deleted there.")


@pytest.mark.parametrize(("setting", "value", "broken"), [
    ("ML_BACKEND_URL", "http://127.0.0.1:9", {"ML backend"}),
    ("DATABASE_URL", "postgresql://nobody@127.0.0.1:9/none", {"database", "projects"}),
    ("REDIS_URL", "redis://127.0.0.1:9", {"queue", "workers"}),
    ("LABEL_STUDIO_URL", "http://127.0.0.1:9", {"Label Studio", "private addresses"}),
    ("LABEL_STUDIO_TOKEN", "nonsense", {"access token", "private addresses"}),
])
def test_each_server_that_is_away_is_named_and_the_status_says_so(servers: Any, setting: str, value: str,
                                                                  broken: set[str], monkeypatch: pytest.MonkeyPatch,
                                                                  ) -> None:
    monkeypatch.setenv(f"ARGUS_{setting}", value)
    done = subprocess.run([sys.executable, "-m", "argus_cli", "doctor", "--json"], capture_output=True, text=True,
                          timeout=120)
    report = json.loads(done.stdout)
    assert (done.returncode, report["ok"]) == (1, False)
    found = {finding["name"]: finding for finding in report["findings"] if finding["state"] == "problem"}
    assert broken <= set(found)
    assert all(found[name]["fix"] for name in broken)
    assert "nonsense" not in done.stdout


def found(check: Iterator[Finding]) -> dict[str, tuple[str, str]]:
    return {finding.name: (finding.state, finding.detail) for finding in check}


def test_a_password_that_everybody_knows_where_others_reach_it(servers: Any, label_studio: LabelStudio) -> None:
    settings = get_settings()

    def said(**changed: str) -> list[str]:
        found = to_label_studio.default_password(label_studio, settings.model_copy(update=changed))
        assert all((one.name, one.state) == ("access", "problem") and "reset_password" in one.fix for one in found)
        return [one.detail for one in to_label_studio.default_password(label_studio,
                                                                       settings.model_copy(update=changed))]

    assert said() == said(host="localhost") == said(label_studio_public_url="http://[::1]:8080") == []
    for changed in ({"host": "0.0.0.0"}, {"host": ""}, {"host": "192.0.2.7"},
                    {"label_studio_public_url": "https://labels.example"}):
        (detail,) = said(**changed)
        assert settings.label_studio_user in detail
        assert said(**changed, label_studio_user="nobody@example.com") == []  # its password is another
    findings = [one for one in Doctor(settings.model_copy(update={"host": "0.0.0.0"})).run() if one.name == "access"]
    assert any("documentation" in one.detail for one in findings)


def test_the_token_is_of_another_kind(servers: Any, label_studio: LabelStudio) -> None:
    access = label_studio.authorization().removeprefix("Bearer ")
    forged = label_studio._token[:-4] + "AAAA"
    for token, kind in ((access, "It is an access token"), ("01" * 20, "a legacy token"), ("", "There is none"),
                        (forged, "revoked or of another Label Studio")):
        state, detail = found(to_label_studio.check(LabelStudio(label_studio.url, token), token))["access token"]
        assert state == "problem" and kind in detail
        assert not token or token not in detail
    assert found(to_label_studio.check(label_studio, ""))["access token"][0] == "ok"


def test_something_else_answers_where_label_studio_should(servers: Any) -> None:
    with FakeMlBackend() as other:
        (finding,) = to_label_studio.check(LabelStudio(other.url, "t"), "t")
    assert (finding.state, "is not Label Studio" in finding.detail) == ("problem", True)


def test_versions_that_are_too_old(servers: Any, label_studio: LabelStudio, monkeypatch: pytest.MonkeyPatch) -> None:
    assert found(to_servers.database())["database"][0] == found(to_servers.queue())["queue"][0] == "ok"
    with superuser(servers.settings.run_dir, "argus") as server:
        (vector,) = server.execute("SELECT extversion FROM pg_extension WHERE extname = 'vector'").fetchone() or ("",)
        try:  # stand-ins for versions that are not at hand: what the catalogue says, on the server that is
            for said, state in (("0.7.4", "problem"), ("0.8.0", "problem"), ("0.8.3", "problem"), ("0.8", "problem"),
                                ("0.8.4", "ok"), ("0.9.0", "ok"), ("0.10", "ok"), ("1.0", "ok")):
                server.execute("UPDATE pg_extension SET extversion = %s WHERE extname = 'vector'", (said,))
                assert found(to_servers.database())["database"][0] == state, said
        finally:
            server.execute("UPDATE pg_extension SET extversion = %s WHERE extname = 'vector'", (vector,))
    with database() as connection:
        connection.execute("INSERT INTO schema_version (number, name) VALUES (9999, 'of a newer Argus')")
    try:
        assert "knows only up to" in found(to_servers.database())["database"][1]
    finally:
        with database() as connection:
            connection.execute("DELETE FROM schema_version WHERE number = 9999")
    # Older servers are not at hand, so what is asked for is newer.
    monkeypatch.setattr(to_servers, "MIN_POSTGRES", (99,))
    monkeypatch.setattr(to_servers, "MIN_VALKEY", (99, 0))
    monkeypatch.setattr(to_servers, "MIN_REDIS", (99, 0))
    monkeypatch.setattr(to_label_studio, "MIN_LABEL_STUDIO", (99, 0))
    assert found(to_servers.database())["database"][0] == "problem"
    assert found(to_servers.queue())["queue"][0] == "problem"
    assert found(to_label_studio.check(label_studio, ""))["Label Studio"][0] == "problem"


def test_a_postgresql_without_pgvector(servers: Any) -> None:
    run_dir, name = servers.settings.run_dir, sql.Identifier("without_pgvector")
    with superuser(run_dir) as server:
        server.execute(sql.SQL("CREATE DATABASE {} OWNER argus TEMPLATE template0").format(name))
        try:
            # Where this server looks for extensions: in this database it finds none.
            server.execute(sql.SQL("ALTER DATABASE {} SET extension_control_path = '/nowhere'").format(name))
            env = os.environ | {"ARGUS_DATABASE_URL": f"postgresql://argus@/without_pgvector?host={run_dir}"}
            done = subprocess.run([sys.executable, "-m", "argus_cli", "doctor", "--json"], env=env,
                                  capture_output=True, text=True, timeout=120)
        finally:
            server.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(name))
    told = {finding["name"]: finding for finding in json.loads(done.stdout)["findings"]}["database"]
    assert (done.returncode, told["state"]) == (1, "problem")
    assert told["detail"] == "This PostgreSQL has no pgvector extension."
    assert "Install pgvector 0.8" in told["fix"]


def test_a_queue_that_throws_jobs_away_when_it_is_full(servers: Any) -> None:
    redis = queues.get_redis()
    before = redis.config_get("maxmemory")["maxmemory"]
    try:
        redis.config_set("maxmemory", 2**30)
        redis.config_set("maxmemory-policy", "allkeys-lru")
        state, detail = found(to_servers.queue())["queue"]
    finally:
        redis.config_set("maxmemory-policy", "noeviction")
        redis.config_set("maxmemory", before)
    assert state == "problem" and "allkeys-lru" in detail
    assert found(to_servers.queue())["queue"][0] == "ok"


def test_clocks_that_differ(servers: Any, label_studio: LabelStudio, monkeypatch: pytest.MonkeyPatch) -> None:
    now = time.time()
    right, late = Visit({"time": now}, now, now), Visit({"time": now - 90}, now, now)
    ((state, detail),) = found(clocks.check(label_studio.url, {"siglip": right})).values()
    assert (state, detail) == ("ok", "agrees with PostgreSQL, Redis, Label Studio, the siglip worker")
    (finding,) = clocks.check(label_studio.url, {"siglip": right, "sam3": late})
    assert (finding.state, finding.detail) == ("problem", "The clock of the sam3 worker is 90 s behind this one.")
    monkeypatch.setattr(clocks, "_now", lambda: time.time() + 300)  # this machine's own clock is wrong
    told = [finding.detail for finding in clocks.check(label_studio.url, {})]
    assert [detail.split(" is ")[0] for detail in told] == [
        "The clock of PostgreSQL", "The clock of Redis", "The clock of Label Studio"]
    assert all("behind this one" in detail for detail in told)


def told_by_the_command(project: int) -> dict[str, str]:
    """Return the problems that `argus doctor` tells, and what it says of each."""
    report = json.loads(CliRunner().invoke(main, ["doctor", "--project", str(project), "--json"]).stdout)
    return {f["name"]: f["detail"] for f in report["findings"] if f["state"] == "problem"}


@pytest.fixture
def whole(stack: Any, label_studio: LabelStudio) -> Iterator[int]:
    """A project of the whole product in which all is well."""
    number = connect(label_studio, None, title="All is well", labels=["cpu"]).project_id
    assert number is not None
    label_studio.request("POST", f"/api/projects/{number}/import",
                         files=[("a.jpg", ("a.jpg", plain((90, 120, 60)), "image/jpeg"))])
    deadline = time.monotonic() + 240
    while (told := told_by_the_command(number)) and time.monotonic() < deadline:
        time.sleep(2)
    assert told == {}
    yield number
    label_studio.delete(f"/api/projects/{number}/")


def test_workers_and_config_of_the_whole_product(whole: int, stack: Any, label_studio: LabelStudio,
                                                 tmp_path: Path) -> None:
    names = found(Doctor(project_id=whole).run())
    workers = ", ".join(f"the {role} worker" for role in ("siglip", "sam3", "default", "export"))
    assert f"fetched by this process, {workers}" in names[f"project {whole}: image access"][1]
    for role in ("siglip", "sam3"):
        assert "passed its self-test just now" in names[f"{role} model"][1]

    os.kill(stack.pid("siglip-worker"), signal.SIGSTOP)  # it hangs
    try:
        state, detail = found(Doctor(project_id=whole).workers())["siglip worker"]
        assert state == "problem" and "does not answer" in detail
    finally:
        os.kill(stack.pid("siglip-worker"), signal.SIGCONT)

    stack.stop("siglip-worker", hard=True)
    try:
        assert list(told_by_the_command(whole)) == ["siglip worker"]
        done = warm.run("import argus_cli.main; argus_cli.main.main()", "worker", "siglip", kind="models",
                        ARGUS_SIGLIP_MODEL=str(one_that_knows_no_words(tmp_path)))
        assert done.status == 10, done.said
        assert "different texts give the same vector" in told_by_the_command(whole)["siglip worker"]
        if not torch.cuda.is_available():
            log = with_a_gpu_that_cannot_be_used("siglip")
            assert "encoder ready" not in log  # on the CPU
            assert "The device cuda cannot be used" in told_by_the_command(whole)["siglip worker"]
    finally:
        stack.start("siglip-worker")
    if not torch.cuda.is_available():
        with resting(stack, "sam3-worker"):
            log = with_a_gpu_that_cannot_be_used("sam3")
            assert "engine ready" not in log
            assert "The device cuda cannot be used" in told_by_the_command(whole)["sam3 worker"]

    label_studio.patch(f"/api/projects/{whole}/", {"label_config": (
        '<View><Audio name="a" value="$image"/><Choices name="c" toName="a"><Choice value="x"/></Choices></View>')})
    assert f"project {whole}: labelling config" in told_by_the_command(whole)


def with_a_gpu_that_cannot_be_used(role: str) -> str:
    """Start a worker that is told of an NVIDIA GPU on which torch cannot compute; it must end. Return its log."""
    code = ("import argus.devices, argus_cli.main; argus.devices.nvidia_gpu_present = lambda: True; "
            "argus_cli.main.main()")
    done = warm.run(code, "worker", role, kind="models", ARGUS_DEVICE="auto")
    assert done.status == 10, done.said
    lines = [json.loads(line) for line in done.said.splitlines() if line.startswith("{")]
    (said,) = [line for line in lines if line["level"] == "ERROR"]
    assert said["code"] == "device_unusable" and "ARGUS_DEVICE=cpu on purpose" in said["hint"]
    return done.said


def one_that_knows_no_words(folder: Path) -> Path:
    """Return a checkpoint whose text tower answers the same to everything."""
    broken = folder / "siglip2-broken"
    shutil.copytree(CHECKPOINTS / "siglip2-tiny", broken)
    weights = load_file(broken / "model.safetensors")
    for name in weights:
        if name.startswith("text_model.embeddings.token_embedding"):
            weights[name] = weights[name] * 0
    save_file(weights, broken / "model.safetensors", metadata={"format": "pt"})
    return broken


def state_of(task: int) -> str | None:
    with database() as connection:
        row = connection.execute("SELECT state FROM task WHERE id = %s", (task,)).fetchone()
    return row["state"] if row else None


def test_an_image_that_only_the_workers_cannot_fetch(whole: int, label_studio: LabelStudio,
                                                     monkeypatch: pytest.MonkeyPatch) -> None:
    with served(plain((10, 20, 30))) as origin:
        label_studio.post(f"/api/projects/{whole}/import", [{"image": f"{origin}/a.jpg"}])
        task = max(task["id"] for task in label_studio.tasks(whole, fields="task_only"))
        wait_for(lambda: state_of(task) == "failed", 60)
        monkeypatch.setenv("ARGUS_IMAGE_ORIGINS", origin)  # in this process, and not in the workers
        env = dict(os.environ)
        done = subprocess.run([sys.executable, "-m", "argus_cli", "doctor", "--project", str(whole), "--json"], env=env,
                              capture_output=True, text=True, timeout=120)
    told = {f["name"].removeprefix(f"project {whole}: "): f for f in json.loads(done.stdout)["findings"]}
    assert "fetched by this process" in told["image access"]["detail"]
    for role in ("siglip", "sam3", "default", "export"):
        worker = told[f"image access of the {role} worker"]
        assert worker["state"] == "problem" and f"task {task}" in worker["detail"]
    assert done.returncode == 1


@contextlib.contextmanager
def served(data: bytes) -> Iterator[str]:
    """An image server on loopback; yields its origin."""
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, format: str, *args: Any) -> None:
            """Nothing: a test's output is its own."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
