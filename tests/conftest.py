"""The servers the tests talk to: real ones, started once a session on free ports, in a home of their own."""

from __future__ import annotations

import contextlib
import functools
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from argus import trace
from argus.labelstudio import LabelStudio
from argus.settings import Settings, get_settings
from tests.warm import second_starts_are_forks

pytest_plugins = ["tests.lanes", "tests.timings"]
CHECKPOINTS = Path(__file__).parent.parent / "demo" / "checkpoints"
OURS = ("argus", "argus_cli", "ml_backend", "search_service", "label_studio_config")


def forget_process_state() -> None:
    """Drop what this process keeps per settings: pools, clients, and the settings themselves."""
    from argus.db import get_pool

    if get_pool.cache_info().currsize:
        get_pool().close()
    for name, module in list(sys.modules.items()):
        if name.split(".")[0] in OURS:
            for thing in list(vars(module).values()):
                if type(thing) is functools._lru_cache_wrapper:
                    thing.cache_clear()


@pytest.fixture(autouse=True)
def no_ids_of_an_earlier_test() -> None:
    """Unbind the ids that code called in this process added to the thread, outside a job or a request."""
    trace.start()


class Environment:
    """The `ARGUS_*` variables of this process while a stack is up; put back as they were by `restore`."""

    def __init__(self, env: dict[str, str]) -> None:
        self._ours = {name: value for name, value in env.items() if name.startswith("ARGUS_")}
        self._before = {name: os.environ.get(name) for name in self._ours}
        self._enter()

    def _enter(self) -> None:
        os.environ.update(self._ours)
        forget_process_state()

    @contextlib.contextmanager
    def aside(self) -> Iterator[None]:
        """Put them back as they were, for a while."""
        self.restore()
        try:
            yield
        finally:
            self._enter()

    def restore(self) -> None:
        for name, value in self._before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
        forget_process_state()


ENVIRONMENT = pytest.StashKey[Environment]()


@pytest.fixture(scope="session")
def servers(request: pytest.FixtureRequest) -> Iterator[Any]:
    """PostgreSQL, Valkey and Label Studio; this process's settings point at them. Yields the `Stack`."""
    from argus import home as argus_home
    from argus_cli.stack import processes
    from argus_cli.stack.ports import free_port
    from argus_cli.stack.stack import Stack
    from argus_cli.stack.template import copy_home, template_home, temporary_home

    plain = Settings(_env_file=None)  # a .env of this checkout is somebody's installation, not the tests'
    home = copy_home(template_home(plain), temporary_home())
    settings = Settings(_env_file=None, home=home, label_studio_port=free_port(), ml_backend_port=free_port(),
                        search_service_port=free_port(), siglip_model=str(CHECKPOINTS / "siglip2-tiny"),
                        sam3_model=str(CHECKPOINTS / "sam3-tiny"), torch_threads=1,
                        sync_seconds=2.0, claim_seconds=15.0, lease_seconds=8,
                        export_free_mb=16)  # the machine's disk may be nearly full
    with (second_starts_are_forks(processes),
          Stack(settings, {"postgres", "valkey", "label-studio"}, durable=False) as stack):
        environment = request.config.stash[ENVIRONMENT] = Environment(stack.env)
        try:
            yield stack
        finally:
            del request.config.stash[ENVIRONMENT]
            environment.restore()
    argus_home.forget(home)


@pytest.fixture(autouse=True)
def settings_of_this_machine(request: pytest.FixtureRequest) -> Iterator[None]:
    """A test that does not ask for the session's servers sees nothing of them, though they may be up."""
    environment = request.config.stash.get(ENVIRONMENT, None)
    ours = environment is None or "servers" in request.fixturenames
    with contextlib.nullcontext() if ours else environment.aside():
        yield


@pytest.fixture(scope="session")
def stack(servers: Any) -> Any:
    """The whole product: the servers, both web processes and the four workers."""
    for name in ("ml-backend", "search-service", "siglip-worker", "sam3-worker", "worker", "export-worker"):
        servers.start(name)
    return servers


@pytest.fixture
def label_studio(servers: Any) -> LabelStudio:
    settings = get_settings()
    return LabelStudio(settings.label_studio_url, settings.access_token)


@pytest.fixture
def no_uploads(servers: Any) -> None:
    """Begin without an upload, and without a file of one that an earlier test left behind."""
    from argus.db import connect
    from search_service.uploads import files

    with connect() as connection:
        connection.execute("DELETE FROM upload")
    for file in files.folder().iterdir():
        file.unlink()


@pytest.fixture
def make_project(label_studio: LabelStudio) -> Iterator[Callable[..., int]]:
    """Return `make_project(labels, images, masks)`: a connected project with these files as tasks; deleted at the
    end."""
    made: list[int] = []

    def make(labels: Sequence[str] = ("cpu", "fan"), images: Sequence[tuple[str, bytes]] = (),
             masks: bool = False) -> int:
        from label_studio_config.connect import connect

        project = connect(label_studio, None, title=f"Test {len(made) + 1}", labels=labels, masks=masks).project_id
        made.append(project)
        for start in range(0, len(images), 50):
            files = [(name, (name, data, "image/jpeg")) for name, data in images[start:start + 50]]
            label_studio.request("POST", f"/api/projects/{project}/import", files=files, timeout=120)
        return project

    yield make
    for project in made:
        label_studio.delete(f"/api/projects/{project}/")
