"""The search service over HTTP, as `argus up` runs it: how long `GET /search` takes, alone and two at once, and what
memory the process has."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
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


def measure(facts: dict[str, Any], queries: Path) -> dict[str, Any]:
    """Return `p50_ms`, `p95_ms`, `two_at_once` (a ratio) and `rss_mb` of a service on the database of `facts`."""
    with _running(facts, queries) as (url, pid):
        scanned = ""

        def ask(number: int) -> float:
            nonlocal scanned
            started = time.perf_counter()
            answer = requests.get(f"{url}/api/v1/projects/{PROJECT}/search", {"q": f"text {number}", "limit": "50"},
                                  timeout=60)
            took = time.perf_counter() - started
            if not answer.ok:
                raise RuntimeError(f"{answer.status_code}: {answer.text[:300]}")
            scanned = answer.json()["scanned"]
            return took

        wait_for(lambda: ask(0) and scanned == "memory", 120, "the vectors were not loaded", every=0.2)
        for number in range(TEXTS):
            ask(number)  # known from now on
        taken = [ask(number) for _ in range(TIMES) for number in range(TEXTS)]
        return {"p50_ms": _ms(taken, 50), "p95_ms": _ms(taken, 95), "two_at_once": _two_at_once(ask),
                "rss_mb": round(_kilobytes(pid) / 1024, 1)}


def _ms(seconds: list[float], percent: int) -> float:
    return round(float(np.percentile(seconds, percent)) * 1000, 1)


def _two_at_once(ask: Any) -> float:
    """Return the median of what two searches that begin together take, the later one's end, to what one does."""
    ratios = []
    with ThreadPoolExecutor(2) as people:
        for number in range(TEXTS):
            one = ask(number)
            started = time.perf_counter()
            both = [people.submit(ask, number), people.submit(ask, (number + 1) % TEXTS)]
            for each in both:
                each.result()
            ratios.append((time.perf_counter() - started) / one)
    return round(float(np.median(ratios)), 3)


@contextlib.contextmanager
def _running(facts: dict[str, Any], queries: Path) -> Iterator[tuple[str, int]]:
    """Start the service, with the model as the one that searches use; give its address and process id."""
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
            yield url, process.pid
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
