"""The doctor on real servers: each break that it knows is made, found, and mended by the fix it names."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any

import pytest

from argus.db import connect as database
from argus.doctor import Doctor
from argus.labelstudio import LabelStudio
from argus.settings import get_settings
from label_studio_config.project import connect
from tests.integration.fake_ml_backend import FakeMlBackend

pytestmark = [pytest.mark.integration, pytest.mark.timeout(180)]


@pytest.fixture
def project(servers: Any, label_studio: LabelStudio, monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
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
    """Return what the doctor says about a project, by joint."""
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


def test_images_that_failed_or_cannot_be_fetched(project: int) -> None:
    with database() as connection:
        connection.execute("INSERT INTO task (id, project_id, image, state, error) VALUES (1000000007, %s, "
                           "'/data/upload/1/none.jpg', 'failed', %s)", (project, json.dumps({"message": "gone"})))
    assert problems(project) == {"images", "image access"}


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
    ("LABEL_STUDIO_TOKEN", "nonsense", {"Label Studio", "private addresses"}),
])
def test_each_server_that_is_away_is_named_and_the_status_says_so(servers: Any, setting: str, value: str,
                                                                  broken: set[str], monkeypatch: pytest.MonkeyPatch,
                                                                  ) -> None:
    monkeypatch.setenv(f"ARGUS_{setting}", value)
    done = subprocess.run([sys.executable, "-m", "argus.cli", "doctor", "--json"], capture_output=True, text=True,
                          timeout=120)
    report = json.loads(done.stdout)
    assert (done.returncode, report["ok"]) == (1, False)
    found = {finding["name"]: finding for finding in report["findings"] if finding["state"] == "problem"}
    assert broken <= set(found)
    assert all(found[name]["fix"] for name in broken)
    assert "nonsense" not in done.stdout


def told_by_the_command(project: int) -> dict[str, str]:
    """Return the problems that `argus doctor` tells, and what it says of each."""
    command = [sys.executable, "-m", "argus.cli", "doctor", "--project", str(project), "--json"]
    report = json.loads(subprocess.run(command, capture_output=True, text=True).stdout)
    return {f["name"]: f["detail"] for f in report["findings"] if f["state"] == "problem"}


def test_all_is_well_when_everything_runs(stack: Any, label_studio: LabelStudio) -> None:
    number = connect(label_studio, None, title="All is well", labels=["cpu"]).project_id
    try:
        deadline = time.monotonic() + 60
        while (told := told_by_the_command(number)) and time.monotonic() < deadline:
            time.sleep(2)
        assert told == {}
        stack.stop("siglip-worker", hard=True)
        assert list(told_by_the_command(number)) == ["siglip worker"]
    finally:
        stack.start("siglip-worker")
        label_studio.delete(f"/api/projects/{number}/")
