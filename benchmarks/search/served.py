"""The search service over HTTP, as `argus up` runs it: how long `GET /search` takes, alone and two at once, and what
memory the process has."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import requests

from argus_cli.stack.ports import free_port
from argus_cli.stack.service import PROCESS
from benchmarks.side_by_side.build import HERE, wait_for

PROJECT, TEXTS, TIMES = 1, 40, 3
# In place of the SigLIP worker: a text's vector is one of the queries. What is measured has them all in memory.
SERVICE = """
import sys
import numpy as np
from search_service import __main__ as service
from search_service.search import query_vectors

queries = np.load(sys.argv[1])

def stand_in(queue, job, *values, **options):
    if job.endswith("calibration"):
        return 100.0, -10.0
    return [queries[sum(text.encode()) % len(queries)].tolist() for text in values[0]]

query_vectors.queues.call = stand_in
sys.exit(service.main())
"""


@dataclass(frozen=True)
class Asked:
    """One search, in seconds of the machine's monotonic clock."""

    began: float
    ended: float
    scanned: str

    @property
    def took(self) -> float:
        return self.ended - self.began


class Person:
    """Somebody who searches, in a process of their own: two in one process would wait for each other."""

    def __init__(self, port: int) -> None:
        command = [sys.executable, str(Path(__file__).with_name("person.py")), "127.0.0.1", str(port)]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def ask(self, number: int) -> None:
        assert self.process.stdin
        path = f"/api/v1/projects/{PROJECT}/search?q=text+{number}&limit=50"
        print(path, file=self.process.stdin, flush=True)

    def answer(self) -> Asked:
        assert self.process.stdout
        began, ended, status, scanned = json.loads(self.process.stdout.readline())
        if status != 200:
            raise RuntimeError(f"{status}: {scanned}")
        return Asked(began / 1e9, ended / 1e9, scanned)

    def search(self, number: int) -> Asked:
        self.ask(number)
        return self.answer()


def measure(facts: dict[str, Any], queries: Path) -> dict[str, Any]:
    """Return `p50_ms`, `p95_ms`, `two_at_once` (a ratio) and `rss_mb` of a service on the database of `facts`."""
    with _running(facts, queries) as (port, pid), _person(port) as one, _person(port) as other:
        wait_for(lambda: one.search(0).scanned == "memory", 120, "the vectors were not loaded", every=0.2)
        for number in range(TEXTS):
            one.search(number)  # known from now on
        taken = [one.search(number).took for _ in range(TIMES) for number in range(TEXTS)]
        return {"p50_ms": _ms(taken, 50), "p95_ms": _ms(taken, 95), "two_at_once": _two_at_once(one, other),
                "rss_mb": round(_kilobytes(pid) / 1024, 1)}


def _ms(seconds: list[float], percent: int) -> float:
    return round(float(np.percentile(seconds, percent)) * 1000, 1)


def _two_at_once(one: Person, other: Person) -> float:
    """Return the median of what two searches that begin together take, the later one's end, to what one does."""
    ratios = []
    for number in range(TEXTS):
        alone = one.search(number).took
        for person, text in ((one, number), (other, (number + 1) % TEXTS)):
            person.ask(text)
        both = one.answer(), other.answer()
        ratios.append((max(each.ended for each in both) - min(each.began for each in both)) / alone)
    return round(float(np.median(ratios)), 3)


@contextlib.contextmanager
def _person(port: int) -> Iterator[Person]:
    person = Person(port)
    with person.process:
        try:
            yield person
        finally:
            person.process.terminate()


@contextlib.contextmanager
def _running(facts: dict[str, Any], queries: Path) -> Iterator[tuple[int, int]]:
    """Start the service, with the model as the one that searches use; give its port and process id."""
    port = free_port()
    env = {name: value for name, value in os.environ.items() if not name.startswith("ARGUS_")}
    env |= facts["env"] | PROCESS | {"ARGUS_SEARCH_SERVICE_PORT": str(port), "PYTHONPATH": str(HERE)}
    give_role = ("from argus.db import connect\nwith connect() as c: c.execute(\"UPDATE embedding_model "
                 f"SET role = 'current' WHERE id = {int(facts['model'])}\")")
    subprocess.run([sys.executable, "-c", give_role], env=env, check=True)
    with subprocess.Popen([sys.executable, "-c", SERVICE, str(queries)], env=env, cwd=HERE) as process:
        url = f"http://127.0.0.1:{port}"
        try:
            wait_for(lambda: process.poll() is not None or _answers(url), 60, "the search service did not start")
            yield port, process.pid
        finally:
            process.terminate()


def _answers(url: str) -> bool:
    try:
        return requests.get(f"{url}/livez", timeout=5).ok
    except requests.ConnectionError:
        return False


def _kilobytes(pid: int) -> int:
    line = next(line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1])
