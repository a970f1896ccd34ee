"""What a worker says when Hugging Face gives no files: the real loaders, a stand-in for the host on loopback."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest
from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError

from argus.errors import ArgusError
from argus.jobs import worker, worker_failures
from argus.model_hub import refusal
from benchmarks.odd_inputs.hugging_face import ANSWERS, hugging_face

# The address of the host is read when its client is imported, so the loaders are asked in a process of their own.
ASK = """
import json, sys
import torch
from argus.errors import ArgusError
from ml_backend.engines.loading import load_model
from search_service.embedding.encoder import SiglipEncoder
loaders = {"siglip": lambda name: SiglipEncoder(name, "cpu"),
           "sam3": lambda name: load_model("Sam3Model", name, torch.device("cpu"), torch.float32)}
said = {role: {} for role in loaders}
for role, load in loaders.items():
    for name in sys.argv[1:]:
        try:
            load(f"org/{name}")
        except ArgusError as error:
            said[role][name] = error.to_json()
print(json.dumps(said))
"""
CODES = {"gated": "model_gated", "forbidden": "model_refused", "wrong-token": "model_refused",
         "waits": "model_host_busy", "missing": "model_not_found"}


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_loading__tells_what_the_host_answered(tmp_path: Path) -> None:
    with hugging_face() as address:
        env = os.environ | {"HF_ENDPOINT": address, "HF_HOME": str(tmp_path), "HF_TOKEN": "hf_made_up"}
        done = subprocess.run([sys.executable, "-c", ASK, *ANSWERS], env=env, capture_output=True, text=True,
                              check=True, timeout=240)
    assert "hf_made_up" not in done.stdout
    told: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    for role, setting in (("siglip", "ARGUS_SIGLIP_MODEL"), ("sam3", "ARGUS_SAM3_MODEL")):
        said = told[role]
        assert {name: error["code"] for name, error in said.items()} == CODES, role
        assert said["waits"]["details"] == {"status": 429, "retry_after": 0} and "(429)" in said["waits"]["message"]
        assert "HF_TOKEN" in said["wrong-token"]["hint"] and setting in said["forbidden"]["hint"]


@pytest.mark.parametrize(("status", "headers", "seconds"), [
    (429, {"Retry-After": "7"}, 7), (429, {"Retry-After": "Wed, 21 Oct 2026 07:28:00 GMT"}, None), (429, {}, None),
    (429, {"RateLimit": '"resolvers";r=0;t=33'}, 33), (503, {}, None), (502, {"Retry-After": "60"}, 60)])
def test_refusal__when_it_may_be_asked_again(status: int, headers: dict[str, str], seconds: int | None) -> None:
    answer = httpx.Response(status, headers=headers, request=httpx.Request("HEAD", "http://127.0.0.1/org/x"))
    outer = OSError("We couldn't connect")
    outer.__cause__ = LocalEntryNotFoundError("not in the cache")
    outer.__cause__.__cause__ = HfHubHTTPError("said no", response=answer)
    error = refusal("org/x", "ARGUS_SAM3_MODEL", outer)
    assert error is not None and error.code == "model_host_busy" and str(status) in error.message
    assert error.details.get("retry_after") == seconds


def test_refusal__without_an_answer_there_is_none() -> None:
    assert refusal("org/x", "ARGUS_SAM3_MODEL", ConnectionError("no route")) is None


class Host:
    """A preparation that is told to wait a few times."""

    def __init__(self, *errors: ArgusError) -> None:
        self.errors = list(errors)

    def __call__(self) -> None:
        if self.errors:
            raise self.errors.pop(0)


def test_a_worker_that_is_asked_to_wait_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []
    told: list[tuple[str, bool]] = []
    monkeypatch.setattr(worker.time, "sleep", slept.append)
    monkeypatch.setattr(worker_failures, "record", lambda role, error, waits=False: told.append((error.code, waits)))
    worker._prepare("sam3", Host(ArgusError("model_host_busy", "Wait.", retry_after=7),
                                 ArgusError("model_host_busy", "Wait.", retry_after=10**6),
                                 ArgusError("model_host_busy", "Broken."),
                                 ArgusError("database_read_only", "Read-only.")))
    assert slept == [7, 600, 30, 30]
    assert told == [("model_host_busy", True)] * 3 + [("database_read_only", True)]
    with pytest.raises(ArgusError, match="Accept"):
        worker._prepare("sam3", Host(ArgusError("model_gated", "Accept its licence.")))
