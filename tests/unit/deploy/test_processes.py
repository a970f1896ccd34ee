"""The containers' commands, environments, health checks and stop times, as processes on real servers.

What a container adds (its image, its user, its network) needs an engine; the rest is read from the Compose
file, so that it cannot drift from what works.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import redis

from argus.stack.ports import free_port
from argus.stack.stack import APPS, Stack
from tests.resting import WORKERS, resting
from tests.unit.deploy.conftest import ROOT
from tests.unit.deploy.test_compose import seconds

WEB = {"ml-backend": "9090", "search-service": "8000"}
READY_SECONDS = 120


def stop(process: subprocess.Popen[bytes], within: float) -> int:
    process.send_signal(signal.SIGTERM)
    try:
        return process.wait(within)
    finally:
        process.kill()


@pytest.fixture
def alone(servers: Stack) -> Iterator[None]:
    """A worker's check looks for this host's name, and the test run's own workers would answer for it: they rest."""
    with resting(servers, *WORKERS):
        # One that was killed stays listed for a minute and a half.
        redis.Redis.from_url(servers.env["ARGUS_REDIS_URL"]).flushdb()
        yield


@pytest.mark.integration
@pytest.mark.parametrize("name", APPS)
@pytest.mark.usefixtures("alone")
def test_container__starts_gets_healthy_and_stops_in_time(servers: Stack, services: dict[str, dict[str, Any]],
                                                          tmp_path: Path, name: str) -> None:
    service = services[name]
    port = str(free_port())
    # Addresses of this machine in place of names that only the containers' network knows; the rest as it is.
    here = {key: servers.env[key] for key in ("ARGUS_DATABASE_URL", "ARGUS_REDIS_URL", "ARGUS_SIGLIP_MODEL",
                                              "ARGUS_SAM3_MODEL", "ARGUS_LABEL_STUDIO_URL")}
    here |= {"ARGUS_HOME": str(tmp_path), "ARGUS_LABEL_STUDIO_TOKEN": servers.settings.access_token,
             "ARGUS_ML_BACKEND_PORT": port, "ARGUS_SEARCH_SERVICE_PORT": port, "HOME": str(tmp_path),
             "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", "HF_HOME": str(tmp_path),
             "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"}
    environment = {key: str(value) for key, value in service["environment"].items()} | here
    assert service["healthcheck"]["test"][0] == "CMD"
    check = [part.replace(WEB.get(name, "never"), port) for part in service["healthcheck"]["test"][1:]]

    def healthy() -> bool:
        return subprocess.run(check, env=environment, cwd=tmp_path, capture_output=True,
                              timeout=seconds(service["healthcheck"]["timeout"])).returncode == 0

    assert name in WEB or not healthy(), "a worker of this host is already registered"
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen(service["command"], env=environment, cwd=tmp_path, stdout=log, stderr=log)
    try:
        end = time.monotonic() + READY_SECONDS
        while not healthy():
            assert process.poll() is None and time.monotonic() < end, (tmp_path / "log").read_text()[-3000:]
            time.sleep(0.5)
    finally:
        status = stop(process, seconds(service["stop_grace_period"]))
    assert status in (0, -signal.SIGTERM), (tmp_path / "log").read_text()[-3000:]
    assert not healthy()
