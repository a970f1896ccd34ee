"""The chain from a task to a view on a Label Studio that keeps its data in SQLite, its own default database.

Everywhere else in the tests Label Studio is on PostgreSQL. The same chain there, which `make test` runs: `sync`
(upload, sync, deletion) and `views` (views, saved searches, tabs) of `tests/integration/search_service`. How large a
view may be on SQLite: `tests/unit/label_studio_config/test_views.py`.
"""

from __future__ import annotations

import fcntl
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
import requests
from psycopg.conninfo import make_conninfo

from argus.db import connect
from argus.labelstudio import LabelStudio
from argus.settings import Settings, get_settings
from argus_cli.stack.access_token import ensure_access_token
from argus_cli.stack.label_studio import LabelStudio as Service
from argus_cli.stack.ports import free_port
from argus_cli.stack.template import template_home
from tests.conftest import CHECKPOINTS, Environment
from tests.pictures import plain, scene
from tests.waiting import wait_for

pytestmark = [pytest.mark.integration, pytest.mark.long, pytest.mark.timeout(600)]


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
        "ARGUS_REDIS_URL": f"{get_settings().resolved_redis_url}?db=9",  # the session's own workers know another store
        "ARGUS_SIGLIP_MODEL": str(CHECKPOINTS / "siglip2-tiny"), "ARGUS_TORCH_THREADS": "1", "ARGUS_SYNC_SECONDS": "1"})
    try:
        yield LabelStudio(url, settings.token_path.read_text().strip())
    finally:
        environment.restore()
        stop(process)


@contextmanager
def workers(folder: Path, *roles: str) -> Iterator[None]:
    """Workers with this process's settings, until the block ends."""
    with (folder / "workers.log").open("ab") as log:
        started = [subprocess.Popen([sys.executable, "-m", "argus_cli", "worker", role], stdout=log, stderr=log)
                   for role in roles]
    try:
        yield
    finally:
        for process in started:
            stop(process)


def connected(sqlite: LabelStudio, title: str, files: list[tuple[str, bytes]]) -> int:
    """Make a project with these files as tasks, which our workers look after."""
    config = ('<View><Image name="image" value="$image"/><RectangleLabels name="label" toName="image">'
              '<Label value="cpu"/></RectangleLabels></View>')
    project = int(sqlite.post("/api/projects/", {"title": title, "label_config": config})["id"])
    with connect() as connection:
        connection.execute("INSERT INTO project (id, connected_at) VALUES (%s, now())", (project,))
    sqlite.request("POST", f"/api/projects/{project}/import", timeout=60,
                   files=[(name, (name, data, "image/jpeg")) for name, data in files])
    return project


def forget(project: int) -> None:
    """Let no worker look after the project any more."""
    with connect() as connection:
        connection.execute("UPDATE project SET connected_at = NULL WHERE id = %s", (project,))


def tasks_of(sqlite: LabelStudio, project: int, view: int) -> list[int]:
    """Return the tasks that Label Studio shows in a view, in its order."""
    shown = sqlite.get("/api/tasks/", project=project, view=view, page=1, page_size=1000, include="id")
    return [task["id"] for task in shown["tasks"]]


def test_upload_sync_embed_rank_view_delete(sqlite: LabelStudio, monkeypatch: pytest.MonkeyPatch) -> None:
    from label_studio_config.views import MAX_IDS, search_views
    from search_service.embedding import loaded, worker
    from search_service.sync import progress
    from search_service.sync import tasks as sync_tasks
    from search_service.vectors import ranking, store

    monkeypatch.setattr(loaded, "_worker", None)
    project = connected(sqlite, "SQLite", [(f"{grey}.jpg", plain((grey, 90, 200 - grey)))
                                           for grey in range(0, 200, 25)])
    report = sync_tasks.sync_project(project)
    assert (report.created, report.full) == (8, True)
    tasks = sorted(task["id"] for task in sqlite.tasks(project))
    assert worker.embed(project, tasks) == {"embedded": 8, "failed": 0, "later": 0}
    model = store.current_model()
    assert model is not None
    with connect() as connection:
        wanted = store.of_tasks(connection, model, project, tasks)[tasks[5]]
    best = [task for task, _ in ranking.search(model, project, wanted, 3).rows]
    assert best[0] == tasks[5]

    (view,) = search_views(sqlite, project, "like the sixth", best)
    assert set(tasks_of(sqlite, project, view)) == set(best)

    sqlite.delete(f"/api/tasks/{tasks[0]}/")
    assert sync_tasks.sync_project(project).deleted == 0  # an incremental poll cannot see it
    assert sync_tasks.sync_project(project, full=True).deleted == 1
    assert progress.sync_progress(project).seen == 7

    # A view as large as any of ours: SQLite refuses a filter of about 1,000 terms.
    many = sqlite.post(f"/api/projects/{project}/import?return_task_ids=true",
                       [{"data": {"image": f"/data/upload/{n}.jpg"}} for n in range(MAX_IDS + 1)],
                       timeout=60)["task_ids"]
    made = search_views(sqlite, project, "many", many)
    assert [sorted(tasks_of(sqlite, project, view)) for view in made] == [many[:MAX_IDS], many[MAX_IDS:]]
    forget(project)


def test_a_saved_search_and_a_tab__follow_the_images(sqlite: LabelStudio, tmp_path: Path) -> None:
    from search_service.search.query import SearchQuery
    from search_service.search.search import search
    from search_service.sync import progress
    from search_service.views import saved_searches

    def arrive(number: int) -> tuple[str, bytes]:
        return f"{number}.jpg", scene(f"sqlite {number}", 320)

    def best(query: str, limit: int) -> list[int]:
        return [hit.task for hit in search(project, query, limit, record=False).hits]

    project = connected(sqlite, "Followed", [arrive(number) for number in range(6)])
    with workers(tmp_path, "siglip", "default"):
        wait_for(lambda: progress.sync_progress(project).embedded == 6, 180)
        plain_one = saved_searches.create(project, "Parts", SearchQuery(text="cpu"), size=3, keep_view=True)
        ranked = saved_searches.create(project, "In order", SearchQuery(text="cpu"), size=4, keep_view=True, ranked=4)
        wait_for(lambda: saved_searches.get(project, ranked.id).refreshed_at, 60)
        (in_order,) = saved_searches.get(project, ranked.id).views
        assert sorted(tasks_of(sqlite, project, plain_one.views[0])) == sorted(best("cpu", 3))
        assert tasks_of(sqlite, project, in_order) == best("cpu", 4)

        tab = sqlite.post(f"/api/dm/views/?project={project}", {"project": project, "data": {"title": "? cpu"}})["id"]
        wait_for(lambda: sqlite.get(f"/api/dm/views/{tab}/", project=project)["data"].get("filters"), 60)
        likely = {hit.task for hit in search(project, "cpu", 100, record=False).hits if hit.relevance != "unlikely"}
        assert set(tasks_of(sqlite, project, tab)) == likely

        sqlite.request("POST", f"/api/projects/{project}/import", timeout=60, files=[
            (name, (name, data, "image/jpeg")) for name, data in map(arrive, range(6, 12))])
        wait_for(lambda: progress.sync_progress(project).embedded == 12, 120)
        wait_for(lambda: tasks_of(sqlite, project, in_order) == best("cpu", 4), 120, pause=1)
        wait_for(lambda: sorted(tasks_of(sqlite, project, plain_one.views[0])) == sorted(best("cpu", 3)), 60)
    forget(project)
