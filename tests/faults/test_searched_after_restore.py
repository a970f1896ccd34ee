"""A search service whose database is put back to a backup answers as PostgreSQL does, without being told."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from argus import home as argus_home
from argus.settings import Settings
from argus_cli.stack.template import copy_home, template_home, temporary_home

pytestmark = pytest.mark.faults

# One process, so that its vectors in memory live through the restore, as a service's do that is not restarted.
SEARCHING = """
import sys, time
from pathlib import Path
import numpy as np
from argus.db import connect, together
from argus.settings import get_settings
from argus_cli.stack import Stack
from argus_cli.stack.backup import backup, restore
from search_service.vectors import filter_memory, ranking, store

DIM, ROWS, PROJECT, file = 48, 2000, 7, Path(sys.argv[1])
random = np.random.default_rng(0)

def unit(rows):
    found = random.normal(size=(rows, DIM)).astype(np.float32)
    return found / np.linalg.norm(found, axis=1, keepdims=True)

queries = unit(5)

def put(first, vectors):
    with connect() as connection:
        connection.execute("INSERT INTO project (id, label_config) VALUES (%s, '<View/>') ON CONFLICT DO NOTHING",
                           (PROJECT,))
        connection.execute("INSERT INTO task (id, project_id, image, state) SELECT n, %s, 'x', 'embedded' "
                           "FROM generate_series(%s::bigint, %s) n", (PROJECT, first, first + len(vectors) - 1))
        store.store(connection, model, [(PROJECT, first + n, vector) for n, vector in enumerate(vectors)])

def tasks(query):
    # What memory answers, once it answers; it must be what PostgreSQL alone does in the same snapshot.
    until = time.monotonic() + 60
    while True:
        with together(snapshot=True), connect() as connection:
            found = ranking.search(model, PROJECT, query)
            right = connection.execute("SELECT * FROM search_similar_frames(%s::halfvec, %s::smallint, %s)",
                                       (str(query.tolist()), model.id, PROJECT)).fetchall()
        assert found.rows == [(row["task_id"], row["similarity"]) for row in right]
        if found.scanned == "memory":
            return [task for task, _ in found.rows]
        assert time.monotonic() < until, found.reason
        time.sleep(0.05)

filter_memory.start()
with Stack(get_settings(), {"postgres"}, durable=False):
    model = store.register_model("searched", "1", DIM)
    put(1, unit(ROWS))
    before = [tasks(query) for query in queries]
backup(get_settings(), file)
with Stack(get_settings(), {"postgres"}, durable=False):
    put(ROWS + 1, np.stack([queries[0]] * 5))
    assert set(tasks(queries[0])[:5]) == set(range(ROWS + 1, ROWS + 6))
restore(get_settings(), file)
with Stack(get_settings(), {"postgres"}, durable=False):
    assert [tasks(query) for query in queries] == before
    put(3 * ROWS, np.stack([queries[1]] * 5))  # as many versions as were lost
    assert tasks(queries[0]) == before[0]
    assert set(tasks(queries[1])[:5]) == set(range(3 * ROWS, 3 * ROWS + 5))
print("as PostgreSQL")
"""


def test_a_restore__is_noticed_by_a_search_service_that_lives_through_it(tmp_path: Path) -> None:
    home = copy_home(template_home(Settings(_env_file=None)), temporary_home())
    try:
        env = {name: value for name, value in os.environ.items() if not name.startswith("ARGUS_")}
        ran = subprocess.run([sys.executable, "-c", SEARCHING, str(tmp_path / "argus.tar")], capture_output=True,
                             text=True, timeout=300, env={**env, "ARGUS_HOME": str(home)})
        assert ran.returncode == 0 and "as PostgreSQL" in ran.stdout, ran.stdout + ran.stderr[-3000:]
    finally:
        argus_home.forget(home)
