"""Another SigLIP checkpoint: images are embedded again in the background, searches use the old one until then.

Two tiny checkpoints with random weights, in this process, on the real PostgreSQL and Valkey.
"""

from __future__ import annotations

import io
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import psycopg
import pytest
from PIL import Image

from argus.answers.projects import ModelChange
from argus.db import connect, locks
from argus.errors import ArgusError
from argus.jobs import queues
from argus.settings import get_settings
from search_service import periodic
from search_service.embedding import loaded, prefetch, scheduling, worker
from search_service.sync import progress
from search_service.vectors import model_change, store
from tests.integration.search_service.embedding.test_search_jobs import FakeImages, add, png, project, row  # noqa: F401
from tests.roles import kept_roles
from tests.unit.search_service.conftest import make_random_siglip

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def checkpoints(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("change")
    return make_random_siglip(folder / "old", seed=1), make_random_siglip(folder / "new", seed=2)


@pytest.fixture
def start(servers: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Path], loaded.Worker]]:
    """Return `start(checkpoint)`: what a SigLIP worker does when it starts. The models that were current before are
    put back at the end."""

    def begin(checkpoint: Path) -> loaded.Worker:
        monkeypatch.setenv("ARGUS_SIGLIP_MODEL", str(checkpoint))
        monkeypatch.setenv("ARGUS_DEVICE", "cpu")
        get_settings.cache_clear()
        monkeypatch.setattr(loaded, "_worker", None)
        return loaded.prepared()

    with psycopg.connect(get_settings().resolved_database_url, autocommit=True) as lock, kept_roles():
        lock.execute("SELECT pg_advisory_lock(%s)", (locks.SYNC,))  # no running worker changes models
        yield begin
    monkeypatch.undo()
    get_settings.cache_clear()


@pytest.fixture
def images(monkeypatch: pytest.MonkeyPatch) -> FakeImages:
    fake = FakeImages()
    monkeypatch.setattr(prefetch, "get_images", lambda: fake)
    return fake


def work(project: int, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: F811
    """Do the embed jobs that a poll would enqueue now."""
    asked: list[list[int]] = []
    with monkeypatch.context() as patch:
        patch.setattr(queues, "enqueue", lambda *arguments, **_: asked.append(arguments[3]))
        scheduling.enqueue_waiting(project)
    for tasks in asked:
        worker.embed(project, tasks)


def test_a_new_checkpoint_takes_over_when_every_image_has_its_vector(
        start: Callable[[Path], loaded.Worker], checkpoints: tuple[Path, Path], images: FakeImages,
        project: int, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: F811
    old = start(checkpoints[0])
    tasks = add(project, images, *(png(n) for n in range(3)))
    worker.embed(project, tasks)
    assert store.current_model() == old.model

    new = start(checkpoints[1])
    assert new.model.id != old.model.id
    assert new.former is not None
    # Searches and progress go on as before, in both the vectors and the text.
    assert store.current_model() == old.model
    assert progress.sync_progress(project).embedded == 3
    assert model_change.progress(project) == ModelChange(model="new", embedded=0, left=3)
    np.testing.assert_allclose(worker.encode_text(["cpu"], old.model.id), old.encoder.encode_texts(["cpu"]), atol=1e-5)
    np.testing.assert_allclose(worker.encode_text(["cpu"], new.model.id), new.encoder.encode_texts(["cpu"]), atol=1e-5)
    with pytest.raises(ArgusError) as error:
        queues.unpack(worker.encode_text(["cpu"], 32_000))
    assert error.value.code == "not_ready"
    periodic._advance_model_change()
    assert store.current_model() == old.model

    # A task that comes now is found by both.
    images.files["/late"] = png(9)
    late = project * 1000 + 9
    with connect() as connection:
        connection.execute("INSERT INTO task (id, project_id, image) VALUES (%s, %s, '/late')", (late, project))
    worker.embed(project, [late])
    with connect() as connection:
        for model in (old.model, new.model):
            assert late in store.of_tasks(connection, model, project, [late])

    work(project, monkeypatch)
    assert model_change.progress(project) == ModelChange(model="new", embedded=4, left=0)
    periodic._advance_model_change()
    assert store.current_model() == new.model
    assert model_change.progress(project) is None
    with connect() as connection:
        stored = store.of_tasks(connection, new.model, project, tasks)
        assert set(store.of_tasks(connection, old.model, project, tasks)) == set(tasks)  # the way back is short
    expected = new.encoder.encode_images([Image.open(io.BytesIO(png(1)))])[0]
    np.testing.assert_allclose(stored[tasks[1]], expected, atol=1e-3)

    again = start(checkpoints[0])  # the way back: every image has a vector of it already
    assert again.former is not None
    periodic._advance_model_change()
    assert store.current_model() == old.model


def test_an_image_that_is_gone_does_not_hold_the_change_up(
        start: Callable[[Path], loaded.Worker], checkpoints: tuple[Path, Path], images: FakeImages,
        project: int, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: F811
    start(checkpoints[0])
    kept, gone = add(project, images, png(1), png(2))
    worker.embed(project, [kept, gone])
    images.files[row(gone)["image"]] = ArgusError("bad_image", "This is not a readable image.")
    start(checkpoints[1])
    work(project, monkeypatch)
    assert (row(gone)["state"], row(gone)["error"]["code"]) == ("embedded", "bad_image")  # the old vector serves
    assert progress.sync_progress(project).errors[0].task == gone
    periodic._advance_model_change()
    assert (row(kept)["state"], row(gone)["state"]) == ("embedded", "failed")
    assert store.current_model() == loaded.prepared().model


def test_when_the_old_checkpoint_is_gone_the_new_one_is_used_at_once(
        start: Callable[[Path], loaded.Worker], checkpoints: tuple[Path, Path], images: FakeImages,
        project: int, tmp_path: Path) -> None:  # noqa: F811
    lost = shutil.copytree(checkpoints[0], tmp_path / "lost")
    start(lost)
    (task,) = add(project, images, png(1))
    worker.embed(project, [task])
    shutil.rmtree(lost)
    new = start(checkpoints[1])
    assert new.former is None
    assert store.current_model() == new.model
    assert row(task)["state"] == "waiting"


def test_a_worker_with_another_checkpoint_than_searches_use_embeds_nothing(
        start: Callable[[Path], loaded.Worker], checkpoints: tuple[Path, Path], images: FakeImages,
        project: int, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: F811
    start(checkpoints[0])
    (task,) = add(project, images, png(1))
    model_change.make_current(store.register_model("elsewhere", "1", 8))
    assert worker.embed(project, [task]) == {"embedded": 0, "failed": 0, "later": 1}
    assert (row(task)["state"], row(task)["attempts"]) == ("waiting", 0)
