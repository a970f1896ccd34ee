"""A build under measurement: its tree, its running stack, and its API."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests

HERE = Path(__file__).resolve().parent.parent.parent
START_SECONDS = 600


def baseline_tree() -> Path:
    """Return the folder of the baseline; made first, where it is missing: its environments take minutes."""
    made = subprocess.run([str(HERE / "scripts" / "baseline.sh")], check=True, stdout=subprocess.PIPE, text=True)
    return Path(made.stdout.split()[-1])


@dataclass
class Build:
    """One build with a home of its own. `start` and `stop` may be called in turn.

    Attributes:
        tree: the checkout whose `.venv` runs it.
        home: its ARGUS_HOME. Two builds may use one home one after the other: an upgrade.
        variables: what its processes find in their environment besides the settings.
    """

    name: str
    tree: Path
    home: Path
    ports: dict[str, int] = field(default_factory=dict)
    variables: dict[str, str] = field(default_factory=dict)
    _process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Run `argus up` until the search service is well."""
        self.ports = self.ports or {name: free_port() for name in ("LABEL_STUDIO", "ML_BACKEND", "SEARCH_SERVICE")}
        with (self.home.parent / f"{self.name}.log").open("ab") as log:
            self._process = subprocess.Popen([self._command(), "up"], cwd=self.tree, env=self._environment(),
                                             stdout=log, stderr=log, start_new_session=True)
        started = self._process
        wait_for(lambda: started.poll() is not None or self._is_well(), START_SECONDS, f"{self.name} did not start")
        if started.poll() is not None:
            told = Path(log.name).read_text("utf-8", "replace")[-2000:]
            raise RuntimeError(f"{self.name} ended while it started: {told}")

    def argus(self, *words: str) -> str:
        """Run a command of its command line beside the running stack, and return what it printed."""
        made = subprocess.run([self._command(), *words], cwd=self.tree, env=self._environment(), capture_output=True,
                              text=True)
        if made.returncode:
            raise RuntimeError(f"{self.name}: argus {' '.join(words)} ended with {made.returncode}: "
                               f"{made.stdout[-500:]}{made.stderr[-1500:]}")
        return made.stdout

    def _command(self) -> str:
        return str(self.tree / ".venv" / "bin" / "argus")

    def _environment(self) -> dict[str, str]:
        env = {name: value for name, value in os.environ.items()
               if not name.startswith("ARGUS_") and name not in ("PYTHONPATH", "VIRTUAL_ENV")}
        checkpoints = self.tree / "demo" / "checkpoints"
        env |= {f"ARGUS_{name}_PORT": str(port) for name, port in self.ports.items()}
        env |= {f"ARGUS_{name}_URL": f"http://127.0.0.1:{port}" for name, port in self.ports.items()}
        return env | self.variables | {
            "ARGUS_HOME": str(self.home), "ARGUS_SIGLIP_MODEL": str(checkpoints / "siglip2-tiny"),
            "ARGUS_SAM3_MODEL": str(checkpoints / "sam3-tiny"), "ARGUS_TORCH_THREADS": "1"}

    def stop(self) -> None:
        if self._process:
            # Not SIGINT: a shell's background process and its children ignore it.
            self._process.send_signal(signal.SIGTERM)
            self._process.wait(120)
            self._process = None

    def identity(self) -> tuple[str, str]:
        """Return the commit of the tree, and where the running processes' interpreter finds `argus`."""
        commit = subprocess.run(["git", "-C", str(self.tree), "rev-parse", "HEAD"], check=True, capture_output=True,
                                text=True).stdout.strip()
        assert self._process is not None
        found = set()
        for process in descendants(self._process.pid):
            command, environment = ((process / name).read_bytes().decode().split("\0")[:-1]
                                    for name in ("cmdline", "environ"))
            if any("search_service" in word or "ml_backend" in word for word in command):
                asked = subprocess.run([command[0], "-c", "import argus; print(argus.__file__)"], check=True,
                                       cwd=os.readlink(process / "cwd"), capture_output=True, text=True,
                                       env=dict(line.split("=", 1) for line in environment))
                found.add(asked.stdout.strip())
        if len(found) != 1:
            raise RuntimeError(f"the web processes of {self.name} run {sorted(found) or 'nothing that was found'}")
        return commit, found.pop()

    def new_project(self, title: str, labels: Sequence[str]) -> dict[str, object]:
        """Return what to send for a new project with boxes and masks, which the baseline always makes."""
        return {"title": title, "labels": list(labels), **({} if self.name == "baseline" else {"masks": True})}

    def call(self, method: str, path: str, json: Any = None, **params: Any) -> Any:
        """Call the search service's API."""
        answer = requests.request(method, f"http://127.0.0.1:{self.ports['SEARCH_SERVICE']}/api/v1{path}", json=json,
                                  params=params, timeout=300)
        if not answer.ok:
            raise RuntimeError(f"{self.name}: {answer.status_code} to {method} {path}: {answer.text[:500]}")
        return answer.json()

    def label_studio(self, method: str, path: str, **options: Any) -> Any:
        """Call the API of its Label Studio."""
        url = f"http://127.0.0.1:{self.ports['LABEL_STUDIO']}"
        refresh = (self.home / "label-studio.token").read_text("utf-8").strip()
        access = requests.post(f"{url}/api/token/refresh", json={"refresh": refresh}, timeout=60).json()["access"]
        answer = requests.request(method, url + path, headers={"Authorization": f"Bearer {access}"}, timeout=600,
                                  **options)
        answer.raise_for_status()
        return answer.json()

    def _is_well(self) -> bool:
        try:
            return requests.get(f"http://127.0.0.1:{self.ports['SEARCH_SERVICE']}/health", timeout=10).ok
        except requests.RequestException:
            return False


def descendants(pid: int) -> Iterator[Path]:
    """Yield the folders in /proc of the processes that this one started, and of those that they did."""
    for children in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in children.read_text("ascii").split():
            yield Path(f"/proc/{child}")
            yield from descendants(int(child))


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


def wait_for(condition: Callable[[], Any], seconds: float, told: str, every: float = 0.2) -> None:
    """Wait until `condition` holds. Raises `TimeoutError`."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError(told)
        time.sleep(every)
