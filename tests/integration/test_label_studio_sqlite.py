"""The chain from a task to a view on a Label Studio that keeps its data in SQLite, its own default database.

Everywhere else in the tests Label Studio is on PostgreSQL.
"""

from __future__ import annotations

import fcntl
import shutil
import subprocess
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
import requests
from psycopg.conninfo import make_conninfo

from argus.db import connect
from argus.labelstudio import LabelStudio
from argus.settings import Settings, get_settings
from argus.stack.access_token import ensure_access_token
from argus.stack.label_studio import LabelStudio as Service
from argus.stack.ports import free_port
from argus.stack.template import template_home
from tests.conftest import CHECKPOINTS, Environment
from tests.pictures import plain
from tests.waiting import wait_for

pytestmark = [pytest.mark.integration, pytest.mark.timeout(600)]


def answers(url: str) -> bool:
    try:
        return requests.get(f"{url}/health/", timeout=5).ok
    except requests.RequestException:
        return False


def run_label_studio(settings: Settings) -> subprocess.Popen[bytes]:
    """Start Label Studio on SQLite in `settings.home` and wait until it answers."""
    service = Service(settings)
    service.prepare(lambda line: None)
    command = service.command()
    env = {name: value for name, value in command.env.items() if not name.startswith("POSTGRE_")}
    process = subprocess.Popen(command.argv, env=env | {"DJANGO_DB": "sqlite"}, cwd=command.cwd,
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
    wait_for(lambda: answers(service.url), 500, pause=1)
    return process


def stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    process.wait(30)


@pytest.fixture(scope="module")
def sqlite(servers: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LabelStudio]:
    """A Label Studio on SQLite with an empty Argus database of its own; this process's settings point at both.

    Its first boot takes a minute or more: it is kept beside the other template.
    """
    template = template_home(Settings(_env_file=None))
    template = template.with_name(f"{template.name}-sqlite")
    home = tmp_path_factory.mktemp("sqlite") / "home"
    port = free_port()
    with template.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (template / "complete").exists():
            shutil.rmtree(template, ignore_errors=True)
            fresh = Settings(_env_file=None, home=template, label_studio_port=port, label_studio_token="")
            process = run_label_studio(fresh)
            ensure_access_token(fresh, f"http://127.0.0.1:{port}", lambda line: None)
            stop(process)
            (template / "complete").touch()
    shutil.copytree(template, home)
    settings = Settings(_env_file=None, home=home, label_studio_port=port, label_studio_token="")
    process = run_label_studio(settings)
    with psycopg.connect(get_settings().resolved_database_url, autocommit=True) as connection:
        connection.execute("DROP DATABASE IF EXISTS beside_sqlite")
        connection.execute("CREATE DATABASE beside_sqlite")
    url = f"http://127.0.0.1:{port}"
    environment = Environment({
        "ARGUS_DATABASE_URL": make_conninfo(get_settings().resolved_database_url, dbname="beside_sqlite"),
        "ARGUS_LABEL_STUDIO_URL": url, "ARGUS_LABEL_STUDIO_PUBLIC_URL": url,
        "ARGUS_LABEL_STUDIO_TOKEN": settings.token_path.read_text().strip(), "ARGUS_HOME": str(home),
        "ARGUS_REDIS_URL": get_settings().resolved_redis_url, "ARGUS_SIGLIP_MODEL": str(CHECKPOINTS / "siglip2-tiny")})
    try:
        yield LabelStudio(url, settings.token_path.read_text().strip())
    finally:
        environment.restore()
        stop(process)


def test_upload_sync_embed_rank_view_delete(sqlite: LabelStudio, monkeypatch: pytest.MonkeyPatch) -> None:
    from label_studio_config.views import MAX_IDS, search_views
    from search_service import jobs, sync, vectors

    monkeypatch.setattr(jobs, "_worker", None)
    config = ('<View><Image name="image" value="$image"/><RectangleLabels name="label" toName="image">'
              '<Label value="cpu"/></RectangleLabels></View>')
    project = sqlite.post("/api/projects/", {"title": "SQLite", "label_config": config})["id"]
    with connect() as connection:
        connection.execute("INSERT INTO project (id, connected_at) VALUES (%s, now())", (project,))
    files = [(f"{grey}.jpg", (f"{grey}.jpg", plain((grey, 90, 200 - grey)), "image/jpeg"))
             for grey in range(0, 200, 25)]
    sqlite.request("POST", f"/api/projects/{project}/import", timeout=60, files=files)
    report = sync.sync_project(project)
    assert (report.created, report.full) == (8, True)
    tasks = sorted(task["id"] for task in sqlite.tasks(project))
    assert jobs.embed(project, tasks) == {"embedded": 8, "failed": 0, "later": 0}
    model = vectors.current_model()
    assert model is not None
    with connect() as connection:
        wanted = vectors.of_tasks(connection, model, project, tasks)[tasks[5]]
    best = [task for task, _ in vectors.search(model, project, wanted, 3).rows]
    assert best[0] == tasks[5]

    (view,) = search_views(sqlite, project, "like the sixth", best)
    shown = sqlite.get("/api/tasks/", project=project, view=view, page=1, page_size=100)
    assert {task["id"] for task in shown["tasks"]} == set(best)

    sqlite.delete(f"/api/tasks/{tasks[0]}/")
    assert sync.sync_project(project).deleted == 0  # an incremental poll cannot see it
    assert sync.sync_project(project, full=True).deleted == 1
    assert sync.sync_progress(project)["seen"] == 7

    # A view as large as any of ours: SQLite refuses a filter of about 1,000 terms.
    many = sqlite.post(f"/api/projects/{project}/import?return_task_ids=true",
                       [{"data": {"image": f"/data/upload/{n}.jpg"}} for n in range(MAX_IDS + 1)],
                       timeout=60)["task_ids"]
    made = search_views(sqlite, project, "many", many)
    shown_by = [sqlite.get("/api/tasks/", project=project, view=view, page=1, page_size=1000, include="id")["tasks"]
                for view in made]
    assert [sorted(task["id"] for task in tasks) for tasks in shown_by] == [many[:MAX_IDS], many[MAX_IDS:]]
