"""One thing breaks while images arrive, a run goes on, and somebody opens, accepts and takes back; then all is counted.

Each fault ends with the same account (`Load.account`): what Label Studio has and what we have on record agree to the
last task, nothing is there twice, nothing is accepted twice. The short form breaks three things, `make test-faults`
all, and writes the table of docs/faults.md when `ARGUS_FAULT_TABLE` names it.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from argus.labelstudio import LabelStudio
from ml_backend.runs import runs
from tests.faults import breaking, table
from tests.faults.breaking import Break
from tests.faults.load import Load, pictures
from tests.waiting import wait_for

pytestmark = [pytest.mark.faults, pytest.mark.integration, pytest.mark.timeout(1800)]
FIRST, ARRIVING = 24, 12  # tasks that are there when it breaks, and tasks that arrive meanwhile

SHORT: dict[str, Break] = {
    "all three workers: kill -9": breaking.killed("siglip-worker", "sam3-worker", "worker"),
    "Valkey: kill -9, comes back without its data": breaking.queue_forgets,
    "PostgreSQL: kill -9": breaking.killed("postgres"),
}
LONG: dict[str, Break] = {
    "nothing, for comparison": breaking.nothing,
    "SigLIP worker: kill -9": breaking.killed("siglip-worker"),
    "SAM 3 worker: kill -9": breaking.killed("sam3-worker"),
    "default worker: kill -9": breaking.killed("worker"),
    "ML backend: kill -9": breaking.killed("ml-backend"),
    "search service: kill -9": breaking.killed("search-service"),
    "Label Studio: kill -9": breaking.killed("label-studio"),
    "Valkey: kill -9": breaking.killed("valkey"),
    "Valkey: away for 10 s": breaking.away("valkey", 10),
    "PostgreSQL: away for 10 s": breaking.away("postgres", 10),
    "Label Studio: away for 60 s": breaking.away("label-studio", 60),
    "disk of the image cache: full": breaking.disk_full,
    "workers' clock: an hour ahead": breaking.clock_of_workers_ahead,
    "servers' clocks: put back by a day": breaking.clock_of_servers_put_back,
    "two deploys overlap": breaking.two_deploys,
}


@pytest.mark.parametrize(("fault", "broken"), [*SHORT.items(), *(pytest.param(*one, marks=pytest.mark.long)
                                                                 for one in LONG.items())], ids=[*SHORT, *LONG])
def test_nothing_is_lost_and_nothing_is_there_twice(fault: str, broken: Break, stack: Any, new: Callable[[int], int],
                                                    label_studio: LabelStudio, tmp_path: Path) -> None:
    project = new(FIRST)
    load = Load(project, label_studio, pictures(label_studio, project), ARRIVING)
    try:
        wait_for(load.under_way, 300)
        began = time.monotonic()
        with broken(stack, tmp_path):
            load.finish()
            seconds = time.monotonic() - began
    finally:
        load.stop()
    counts = load.account()
    progress = runs.run_progress(load.run)
    assert (progress.done, progress.failed, progress.errors) == (FIRST, 0, [])
    assert (counts.embedded, counts.given_up) == (counts.tasks, 0)
    assert counts.tasks >= FIRST + ARRIVING
    table.record(fault, f"{counts}; {load.refused()}", seconds)
