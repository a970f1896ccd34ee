"""The Python client and the examples in docs/examples, against the running product."""

from __future__ import annotations

import csv
import os
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from argus.answers.search import ExampleSpec, ForgottenSearch
from argus.client import Argus
from argus.errors import ArgusError
from argus.settings import get_settings
from tests.pictures import scene

pytestmark = pytest.mark.integration
EXAMPLES = Path(__file__).parents[4] / "docs" / "examples"
COUNT = 8


def picture(number: int) -> bytes:
    return scene(f"client {number}", 320)


@pytest.fixture(scope="module")
def argus(stack: Any) -> Argus:
    return Argus(get_settings().search_service_url, get_settings().api_token.get_secret_value())


@pytest.fixture(scope="module")
def project(argus: Argus) -> Iterator[int]:
    from argus.labelstudio import get_label_studio
    from label_studio_config import projects
    from label_studio_config.connect import connect

    ls = get_label_studio()
    number = connect(ls, None, title="Client", labels=["cpu", "fan"]).project_id
    assert number is not None
    projects.set_check_first(number, [])  # whatever the model finds in these pictures is accepted
    ls.request("POST", f"/api/projects/{number}/import", timeout=60,
               files=[(f"{n}.jpg", (f"{n}.jpg", picture(n), "image/jpeg")) for n in range(COUNT)])
    assert argus.sync(number).seen == COUNT
    assert argus.wait_until_embedded(number, 90).embedded == COUNT
    yield number
    ls.delete(f"/api/projects/{number}/")


def run_example(name: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, EXAMPLES / name, "--address", get_settings().search_service_url, *arguments],
                          capture_output=True, text=True, timeout=240, env=os.environ)


def test_search__pages_and_pictures(argus: Argus, project: int) -> None:
    found = argus.search(project, "cpu", limit=3)
    assert (len(found), found.total, found.exact) == (3, COUNT, True)
    rest = argus.search(project, "cpu", limit=50, offset=3)
    assert len({hit.task for hit in [*found, *rest]}) == COUNT
    assert argus.similar(project, found.hits[0].task).total == COUNT
    best = argus.search_image(project, picture(2), limit=1).hits[0]
    assert best.similarity > 0.95
    assert argus.picture(best.task)[:2] == b"\xff\xd8"


def test_find__texts_and_parts_of_images_together_and_saved(argus: Argus, project: int) -> None:
    task = argus.search(project, "cpu", limit=1).hits[0].task
    like: list[ExampleSpec] = [{"task": task, "box": [0, 0, 0.5, 0.5]}]
    found = argus.find(project, "cpu", like=like, labelled=False)
    assert {hit.task for hit in found} == {hit.task for hit in argus.search(project, "cpu")} - {task}
    assert argus.find(project, like=like).hits == argus.similar(project, task, box=like[0]["box"]).hits
    kept = argus.save_search(project, "Corner", {"like": like}, keep_view=True, size=3)
    assert [one.name for one in argus.saved_searches(project)] == ["Corner"]
    assert (kept.tasks, len(argus.run_saved(project, kept.id, limit=3))) == (3, 3)
    assert argus.delete_saved(project, kept.id) == ForgottenSearch(deleted=kept.id, left=[])


def test_accept__is_taken_back(argus: Argus, project: int) -> None:
    task = argus.search(project, "cpu", limit=1).hits[0].task
    assert argus.wait_for_run(argus.start_run(project, ["cpu"], tasks=[task]).id, 180).state == "done"
    accepted = argus.accept(project, 0)
    assert accepted.accepted_tasks == 1
    assert argus.undo(accepted.acceptance).undone == 1


def test_errors_are_the_services_own(argus: Argus) -> None:
    with pytest.raises(ArgusError) as error:
        argus.search(987_654, "cpu")
    assert (error.value.code, error.value.details) == ("unknown_project", {"project": 987_654})
    assert error.value.hint
    with pytest.raises(ArgusError) as error:
        Argus(get_settings().label_studio_url).projects()
    assert "not Argus" in error.value.message
    with pytest.raises(ArgusError) as error:
        Argus("http://127.0.0.1:9").projects()
    assert error.value.code == "not_ready"


def test_example__find_and_label(argus: Argus, project: int, tmp_path: Path) -> None:
    target = tmp_path / "cpu.zip"
    done = run_example("find_and_label.py", "--project", str(project), "--query", "cpu", "--label", "cpu",
                       "--limit", "4", "--output", str(target))
    assert done.returncode == 0, done.stderr
    assert "tasks have predictions, 0 failed" in done.stdout
    assert zipfile.ZipFile(target).testzip() is None


def test_example__nothing_found_is_said(argus: Argus, project: int) -> None:
    done = run_example("find_and_label.py", "--project", "987654", "--query", "cpu", "--label", "cpu")
    assert (done.returncode, "no project 987654" in done.stderr) == (3, True)


def test_example__nightly_check(argus: Argus, project: int) -> None:
    done = run_example("nightly_check.py", "--minutes", "1")
    assert f"Client: {COUNT} of {COUNT} images searchable" in done.stdout, done.stderr


def test_example__more_like_these(argus: Argus, project: int, tmp_path: Path) -> None:
    (tmp_path / "examples").mkdir()
    (tmp_path / "examples" / "1.jpg").write_bytes(picture(1))
    table = tmp_path / "similar.csv"
    done = run_example("more_like_these.py", "--project", str(project), "--examples", str(tmp_path / "examples"),
                       "--table", str(table), "--limit", "2")
    assert done.returncode == 0, done.stderr
    rows = list(csv.DictReader(table.open()))
    assert [int(row["task"]) for row in rows] == [hit.task for hit in argus.search_image(project, picture(1), limit=2)]
