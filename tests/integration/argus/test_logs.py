"""No log of any process has a secret in it, after requests, jobs and failures that had them at hand."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import requests

from argus.labelstudio import LabelStudio
from argus.settings import get_settings
from argus_cli.stack.apps import Web
from argus_cli.stack.ports import free_port
from argus_cli.stack.processes import Supervisor
from search_service.sync.progress import sync_progress
from tests.pictures import plain
from tests.waiting import wait_for

pytestmark = pytest.mark.integration
SECRETS = {"ARGUS_API_TOKEN": "sesame-of-the-api", "ARGUS_BASIC_AUTH_PASSWORD": "sesame-of-the-backend",
           "ARGUS_WEBHOOK_SECRET": "sesame-of-the-webhook"}
SIGNATURES = ("sesame-aws", "sesame-google", "sesame-azure")


def speak_to_locked_services(stack: Any, folder: Path) -> None:
    """Both web services with every secret set, asked with right and wrong ones; their logs come into `folder`."""
    backend, search = (f"http://127.0.0.1:{free_port()}" for _ in range(2))
    token = get_settings().access_token
    env = stack.env | SECRETS | {"ARGUS_BASIC_AUTH_USER": "argus", "ARGUS_LOG_LEVEL": "DEBUG",
                                 "ARGUS_ML_BACKEND_PORT": backend.rpartition(":")[2],
                                 "ARGUS_SEARCH_SERVICE_PORT": search.rpartition(":")[2]}
    supervisor = Supervisor(folder, lambda line: None)
    try:
        supervisor.start(Web("ml-backend", "ML backend", ["-m", "ml_backend"], env, backend))
        supervisor.start(Web("search-service", "search service", ["-m", "search_service"], env, search))
        right = {"Authorization": f"Bearer {SECRETS['ARGUS_API_TOKEN']}"}
        for headers, status in (({}, 401), ({"Authorization": f"Bearer {token}"}, 401), (right, 200),
                                (right | {"X-Label-Studio-Token": token}, 200),
                                (right | {"X-Label-Studio-Token": token[:-6]}, 400)):
            answer = requests.get(f"{search}/api/v1/projects?token={token}", headers=headers, timeout=30)
            assert answer.status_code == status, answer.text
            assert token[:-6] not in answer.text
        assert requests.post(f"{search}/api/v1/people/me", json={"token": token}, headers=right, timeout=30).ok
        for secret, status in ((token, 401), (SECRETS["ARGUS_WEBHOOK_SECRET"], 202)):
            answer = requests.post(f"{search}/webhooks/label-studio", json={"action": "PROJECT_UPDATED"},
                                   headers={"X-Argus-Secret": secret}, timeout=30)
            assert answer.status_code == status
        for password, status in ((token, 401), (SECRETS["ARGUS_BASIC_AUTH_PASSWORD"], 400)):
            answer = requests.post(f"{backend}/setup", json={"project": token, "extra_params": token},
                                   auth=("argus", password), timeout=30)
            assert answer.status_code == status
    finally:
        supervisor.close()


def test_no_log_has_a_secret(stack: Any, make_project: Callable[..., int], label_studio: LabelStudio,
                             tmp_path: Path) -> None:
    settings = get_settings()
    project = make_project(["cpu"], [("plain.jpg", plain((90, 90, 90)))])
    signed = [f"http://127.0.0.1:1/a.jpg?{query}" for query in (
        f"X-Amz-Signature={SIGNATURES[0]}", f"X-Goog-Signature={SIGNATURES[1]}", f"sv=1&sig={SIGNATURES[2]}")]
    label_studio.post(f"/api/projects/{project}/import", [{"image": address} for address in signed])
    wait_for(lambda: (sync_progress(project).embedded, sync_progress(project).failed) == (1, 3), 120)
    requests.get(f"{settings.search_service_url}/api/v1/projects/{project}", timeout=30,
                 headers={"X-Label-Studio-Token": settings.access_token}).raise_for_status()
    speak_to_locked_services(stack, tmp_path)
    nowhere = {"ARGUS_DATABASE_URL": "postgresql://argus:sesame-of-the-database@127.0.0.1:1/argus"}
    lost = subprocess.run([sys.executable, "-m", "argus_cli", "worker", "default"], env=stack.env | nowhere,
                          timeout=120, capture_output=True, text=True)
    assert lost.returncode != 0 and "PostgreSQL" in lost.stderr

    logs = {path: path.read_text("utf-8", "replace") for folder in (stack.settings.home / "logs", tmp_path)
            for path in folder.glob("*.log")} | {Path("a worker without a database"): lost.stderr}
    locked = logs[tmp_path / "search-service.log"]
    assert '"status": 401' in locked and '"status": 200' in locked
    assert len(logs) >= 10
    secrets = [settings.access_token, settings.access_token.rpartition(".")[2], "sesame",
               settings.label_studio_password.get_secret_value()]
    for name, text in logs.items():
        for secret in secrets:
            assert secret not in text, (name, [line[:300] for line in text.splitlines() if secret in line][:3])
        assert not re.search(r"eyJ[\w-]{8,}", text), name  # how every JSON Web Token begins
