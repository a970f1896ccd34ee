"""Searches by the filter in memory give what PostgreSQL alone gives: the same tasks, similarities and order."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import psycopg
import pytest
import requests
from psycopg import sql

from argus.db import connect, together
from argus.errors import ArgusError
from argus.settings import get_settings
from search_service.search import filter_store
from search_service.search.filters import Filters
from search_service.vectors import filter_memory, followed, int8_products, ranking, store, triggers, versions
from search_service.vectors.candidates import Ids
from search_service.vectors.filter_memory import MIB, FilterMemory
from search_service.vectors.ranking import Ranked
from search_service.vectors.store import Model, Vectors
from tests import rows, warm
from tests.resting import resting
from tests.roles import kept_roles
from tests.rows import project_of_rows
from tests.waiting import wait_for

pytestmark = pytest.mark.integration
DIM, ROWS = 48, 3000


def vectors(rows: int, seed: int = 0) -> Vectors:
    """Return clustered vectors of length 1."""
    random = np.random.default_rng(seed)
    centres = random.normal(size=(20, DIM))
    found = centres[random.integers(0, 20, rows)] + 0.4 * random.normal(size=(rows, DIM)) + 1
    return (found / np.linalg.norm(found, axis=1, keepdims=True)).astype(np.float32)


@pytest.fixture(scope="module", autouse=True)
def nobody_else_writes(servers: Any) -> Iterator[None]:
    with resting(servers, "worker", "siglip-worker"):
        yield


@pytest.fixture
def model(servers: Any) -> Model:
    return store.register_model("test-exact", "1", DIM)


@pytest.fixture
def memory(servers: Any, monkeypatch: pytest.MonkeyPatch) -> FilterMemory:
    made = FilterMemory(64 * MIB)
    monkeypatch.setattr(filter_memory, "_memory", made)
    return made


@pytest.fixture
def project(servers: Any) -> Iterator[int]:
    with project_of_rows() as number:
        yield number


def put(model: Model, project: int, found: Vectors, first: int = 0) -> list[int]:
    ids = [project * 100_000 + first + number for number in range(len(found))]
    with connect() as connection:
        connection.execute("INSERT INTO task (id, project_id, image, state) SELECT n, %s, 'x', 'embedded' "
                           "FROM unnest(%s::bigint[]) n ON CONFLICT DO NOTHING", (project, ids))
        store.store(connection, model, [(project, id_, vector) for id_, vector in zip(ids, found, strict=True)])
    return ids


def delete(ids: Sequence[int]) -> None:
    with connect() as connection:
        connection.execute("DELETE FROM task WHERE id = ANY(%s)", (list(ids),))


def images(project: int) -> int:
    with connect() as connection:
        row = connection.execute("SELECT count(*) AS n FROM task WHERE project_id = %s", (project,)).fetchone()
    assert row
    return int(row["n"])


def search(model: Model, project: int, query: Vectors, limit: int = 50, offset: int = 0, **kwargs: Any) -> Ranked:
    return ranking.search(model, project, query, limit, offset, total=images(project), **kwargs)


def alone(model: Model, project: int, query: Vectors, limit: int, offset: int = 0,
          only: Ids | None = None, leave_out: Sequence[int] = ()) -> list[tuple[int, float]]:
    """Return what PostgreSQL ranks without the filter's help, and without this module's code."""
    with connect() as connection:
        return [(row["task_id"], row["similarity"]) for row in connection.execute(
            "SELECT * FROM search_similar_frames(%s::halfvec, %s::smallint, %s, %s, %s, %s::bigint[], %s)",
            (query.tolist().__str__(), model.id, project, limit, offset, None if only is None else only.tolist(),
             list(leave_out)))]


def by_memory(model: Model, project: int, query: Vectors, limit: int = 50, offset: int = 0, **kwargs: Any) -> Ranked:
    """Search once the filter is loaded, and hold the answer against PostgreSQL's in the same snapshot."""
    wait_for(lambda: search(model, project, query).reason != "loading", 30, pause=0.05)
    with together(snapshot=True):
        found = search(model, project, query, limit, offset, **kwargs)
        assert found.rows == alone(model, project, query, limit, offset, **kwargs)
    assert (found.scanned, found.exact) == ("memory", True), found.reason
    return found


@pytest.mark.usefixtures("memory")
def test_search__is_postgresqls_answer(model: Model, project: int) -> None:
    stored = vectors(ROWS)
    ids = put(model, project, stored)
    with connect() as connection:
        connection.execute("UPDATE task SET labelled = true WHERE id = ANY(%s)", (ids[::3],))
    unlabelled = filter_store.select(project, Filters(labelled=False))
    labelled = filter_store.select(project, Filters(labelled=True))
    assert unlabelled is not None and labelled is not None
    queries = [*vectors(6, seed=1), *stored[:6], *-vectors(3, seed=2), *np.eye(DIM, dtype=np.float32)[:3]]
    for query in queries:
        by_memory(model, project, query)
        by_memory(model, project, query, 7, 13)
        by_memory(model, project, query, 50, leave_out=ids[:40])
        by_memory(model, project, query, 50, only=unlabelled)
        by_memory(model, project, query, 50, only=labelled, leave_out=ids[:9])
    with_vectors = by_memory(model, project, queries[0], 5)
    assert with_vectors.total == ROWS and by_memory(model, project, queries[0], only=labelled).total == len(ids[::3])
    asked = search(model, project, queries[0], 5, vectors=True)
    assert list(asked.vectors) == [task for task, _ in asked.rows]


@pytest.mark.usefixtures("memory")
def test_search__of_equal_images_and_zeros_is_in_postgresqls_order(model: Model, project: int) -> None:
    stored = vectors(ROWS)
    stored[100:160] = stored[0]
    stored[500:520] = 0
    put(model, project, stored)
    for limit in (1, 20, 61, 100):
        by_memory(model, project, stored[0], limit)
        by_memory(model, project, stored[0], limit, 30)
    by_memory(model, project, vectors(1, seed=9)[0], 150)


@pytest.mark.usefixtures("memory")
def test_search__follows_what_is_stored_replaced_and_deleted(model: Model, project: int) -> None:
    stored = vectors(ROWS)
    ids = put(model, project, stored)
    query = vectors(1, seed=3)[0]
    by_memory(model, project, query)
    for turn in range(6):
        new = put(model, project, query + 0.1 * vectors(5, seed=turn) * turn, ROWS + 10 * turn)
        assert set(new) & {task for task, _ in by_memory(model, project, query).rows}
        put(model, project, vectors(20, seed=50 + turn), 30 * turn)  # replaced
        best = [task for task, _ in by_memory(model, project, query, 10).rows]
        delete(best[::2])  # nobody announces it
        assert not set(best[::2]) & {task for task, _ in by_memory(model, project, query).rows}
        with connect() as connection:
            store.forget(connection, best[1::2])
        by_memory(model, project, query)
        put(model, project, vectors(3, seed=90), (best[1] - ids[0]))  # and has a vector again
        by_memory(model, project, query)


@pytest.mark.usefixtures("memory")
def test_search__of_many_deleted_images_is_right_at_once_and_fast_again(model: Model, project: int) -> None:
    ids = put(model, project, vectors(2 * ROWS))
    query = vectors(1, seed=3)[0]
    by_memory(model, project, query)
    order = [task for task, _ in alone(model, project, query, 3 * ROWS)]
    delete(order[:ROWS])
    assert search(model, project, query).rows == alone(model, project, query, 50)
    found = by_memory(model, project, vectors(1, seed=11)[0])
    assert {task for task, _ in found.rows} <= set(ids) - set(order[:ROWS])


@pytest.mark.usefixtures("memory")
def test_search__whose_snapshot_is_older_than_the_filter_is_that_of_its_snapshot(model: Model, project: int) -> None:
    stored = vectors(ROWS)
    put(model, project, stored)
    query = vectors(1, seed=4)[0]
    by_memory(model, project, query)
    with together(snapshot=True), ThreadPoolExecutor(1) as other:
        before = alone(model, project, query, 50)

        def write_and_search() -> list[tuple[int, float]]:
            put(model, project, np.stack([query] * 3), ROWS)  # the new best
            put(model, project, vectors(2, seed=5), before[0][0] - project * 100_000)  # and the old best, replaced
            return by_memory(model, project, query).rows

        assert other.submit(write_and_search).result(60) != before
        assert search(model, project, query).rows == before
    assert by_memory(model, project, query).rows != before


@pytest.mark.usefixtures("memory")
@pytest.mark.parametrize("again", [False, True], ids=["deleted", "written and deleted"])
def test_search__whose_snapshot_still_has_a_deleted_image_finds_it(model: Model, project: int, again: bool) -> None:
    put(model, project, vectors(ROWS))
    query = vectors(1, seed=4)[0]
    before = by_memory(model, project, query).rows
    if again:  # nobody searched since this version
        put(model, project, vectors(ROWS)[:3], before[0][0] - project * 100_000)
        before = alone(model, project, query, 50)
    with together(snapshot=True), ThreadPoolExecutor(1) as other:
        assert alone(model, project, query, 50) == before

        def delete_and_search() -> None:
            delete([task for task, _ in before[:20]] + [before[0][0] + n for n in range(3)])
            by_memory(model, project, query)

        other.submit(delete_and_search).result(60)
        assert search(model, project, query).rows == before
    assert not set(before[:20]) & set(by_memory(model, project, query).rows)


@pytest.mark.usefixtures("memory")
def test_search__while_others_write_and_delete_is_postgresqls_answer_of_the_same_moment(model: Model,
                                                                                        project: int) -> None:
    put(model, project, vectors(ROWS))
    queries = vectors(20, seed=6)
    by_memory(model, project, queries[0])
    writing = threading.Event()
    writing.set()

    def write(seed: int) -> None:
        random = np.random.default_rng(seed)
        for turn in range(40):
            near = queries[random.integers(0, 20, 8)] + 0.2 * vectors(8, seed=100 * seed + turn)
            first = int(random.integers(0, 2000))
            new = put(model, project, near / np.linalg.norm(near, axis=1, keepdims=True),
                      first if random.random() < 0.5 else ROWS + seed * 1000 + 8 * turn)
            if random.random() < 0.4:
                delete(new[:3])

    def read(seed: int) -> list[str]:
        random, ways = np.random.default_rng(seed), []
        while writing.is_set() or len(ways) < 20:
            query, limit = queries[random.integers(0, 20)], int(random.choice([1, 10, 50]))
            with together(snapshot=True):
                found = search(model, project, query, limit)
                assert found.rows == alone(model, project, query, limit)
            ways.append(found.scanned)
        return ways

    with ThreadPoolExecutor(4) as people:
        readers = [people.submit(read, seed) for seed in (1, 2)]
        writers = [people.submit(write, seed) for seed in (3, 4)]
        try:
            for writer in writers:
                writer.result(120)
        finally:
            writing.clear()
        ways = [way for reader in readers for way in reader.result(60)]
    assert "memory" in ways
    by_memory(model, project, queries[0])


def test_search__says_why_postgresql_ranked_alone(model: Model, project: int, memory: FilterMemory,
                                                  monkeypatch: pytest.MonkeyPatch) -> None:
    stored = vectors(ROWS)
    stored[1000:2500] = stored[0]
    ids = put(model, project, stored)
    query = vectors(1, seed=7)[0]

    def why(**kwargs: Any) -> tuple[str, str]:
        kwargs = {"query": query, "limit": 50, "offset": 0} | kwargs
        with together(snapshot=True):
            found = search(model, project, **kwargs)
            assert found.rows == alone(model, project, **kwargs)
        assert found.exact
        return found.scanned, found.reason

    assert why() == ("database", "loading")
    by_memory(model, project, query)
    assert why(offset=400) == ("database", "deep_page")
    assert why(query=stored[0]) == ("database", "many_candidates")
    some = np.array(ids[:900])
    assert why(only=some) == ("database", "few_images")
    monkeypatch.setattr(int8_products, "problem", lambda: "failed_check")
    assert why() == ("database", "failed_check")
    assert memory.state().problem == "failed_check"
    monkeypatch.setattr(int8_products, "problem", lambda: None)
    memory.budget = 0
    assert why() == ("database", "off")
    monkeypatch.setattr(filter_memory, "_memory", FilterMemory(ROWS * DIM))  # 16 bytes an image too few
    assert why() == ("database", "memory")


def test_memory__the_least_recently_searched_leaves_first(model: Model, project: int, memory: FilterMemory,
                                                          monkeypatch: pytest.MonkeyPatch) -> None:
    others = [next(rows.numbers), next(rows.numbers)]
    with connect() as connection:
        for number in others:
            connection.execute("INSERT INTO project (id) VALUES (%s)", (number,))
    for number in (project, *others):
        put(model, number, vectors(ROWS))
    memory.budget, query = int(2.5 * filter_memory.needed(ROWS, DIM)), vectors(1, seed=7)[0]
    by_memory(model, project, query)
    by_memory(model, others[0], query)
    assert search(model, others[1], query).reason == "memory"  # all others are in use
    monkeypatch.setattr(filter_memory, "IN_USE_SECONDS", 0.0)
    by_memory(model, project, query)
    by_memory(model, others[1], query)
    assert search(model, project, query).scanned == "memory"
    assert memory.state().projects == 2 and memory.nbytes() <= memory.budget
    monkeypatch.setattr(filter_memory, "IN_USE_SECONDS", 60.0)
    assert search(model, others[0], query).reason == "memory"
    put(model, project, vectors(ROWS, seed=8), ROWS)  # outgrows the budget beside the other
    by_memory(model, project, query)
    assert memory.state().projects == 1
    with connect() as connection:
        connection.execute("DELETE FROM project WHERE id = ANY(%s)", (others,))


def test_budget__more_than_the_machine_has_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    there = filter_memory.machine_memory() // MIB
    for asked, wanted in ((None, max(100, there // 10)), (0, 0), (500, 500)):
        if asked is not None:
            monkeypatch.setenv("ARGUS_SEARCH_MEMORY_MB", str(asked))
        get_settings.cache_clear()
        assert filter_memory.budget() // MIB == wanted
    monkeypatch.setenv("ARGUS_SEARCH_MEMORY_MB", str(there + 1))
    get_settings.cache_clear()
    with pytest.raises(ArgusError, match="ARGUS_SEARCH_MEMORY_MB is .*, more than the"):
        filter_memory.budget()
    started = subprocess.run([sys.executable, "-m", "search_service"], capture_output=True, text=True, timeout=60)
    assert started.returncode == 10 and "ARGUS_SEARCH_MEMORY_MB" in started.stderr, started.stderr
    monkeypatch.undo()
    get_settings.cache_clear()


@pytest.mark.usefixtures("memory")
def test_a_filter_far_behind__is_loaded_anew(model: Model, project: int, monkeypatch: pytest.MonkeyPatch) -> None:
    put(model, project, vectors(ROWS))
    query = vectors(1, seed=7)[0]
    by_memory(model, project, query)
    monkeypatch.setattr(followed, "CATCH_UP", 100)
    put(model, project, vectors(200, seed=8), ROWS)
    assert search(model, project, query).reason == "loading"
    by_memory(model, project, query)
    with connect() as connection:  # what is kept of the versions does not lead to the filter's
        put(model, project, vectors(5, seed=9), ROWS)
        connection.execute("DELETE FROM embedding_batch WHERE project_id = %s", (project,))
    assert search(model, project, query).reason == "loading"
    by_memory(model, project, query)


def test_versions__only_the_newest_changes_are_kept(model: Model, project: int,
                                                    monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "KEPT_VERSIONS", 50)
    with connect() as connection:
        connection.execute("INSERT INTO task (id, project_id, image, state) VALUES (%s, %s, 'x', 'embedded')",
                           (project * 100_000, project))
        for _ in range(200):
            store.store(connection, model, [(project, project * 100_000, vectors(1)[0])])
        kept = [change.state.version for change in store.changes(connection, model, project, 0)]
    assert kept == list(range(151, 201))


@pytest.mark.usefixtures("memory")
@pytest.mark.parametrize("when", ["always", "never before"], ids=["a new table", "a table of an earlier version"])
def test_search__finds_what_a_worker_of_an_earlier_version_writes(model: Model, project: int, when: str) -> None:
    """Such a worker deletes and copies rows, and takes no version."""
    ids = put(model, project, vectors(ROWS))
    query = vectors(1, seed=7)[0]
    if when == "never before":
        with connect() as connection:
            connection.execute(sql.SQL("DROP TRIGGER {} ON {}").format(sql.Identifier(triggers.VERSIONS), model.table))
    before = [task for task, _ in by_memory(model, project, query, 5).rows]
    with psycopg.connect(get_settings().resolved_database_url) as old:
        worst = [task for task in ids if task not in before][:3]
        old.execute(sql.SQL("DELETE FROM {} WHERE task_id = ANY(%s)").format(model.table), (worst,))
        for task in worst:
            old.execute(sql.SQL("INSERT INTO {} (model_id, project_id, task_id, embedding) VALUES (%s, %s, %s, "
                                "%s::halfvec)").format(model.table), (model.id, project, task, str(query.tolist())))
    with together(snapshot=True):
        found = search(model, project, query, 3)
        assert found.rows == alone(model, project, query, 3)
    assert [task for task, _ in by_memory(model, project, query, 3).rows] == worst
    put(model, project, np.stack([query] * 2), ROWS)  # this version's worker goes on from there, followed as ever
    assert search(model, project, query, 5).scanned == "memory"
    assert [task for task, _ in by_memory(model, project, query, 5).rows] == [*worst, ids[-1] + 1, ids[-1] + 2]


@pytest.mark.usefixtures("memory")
def test_a_restored_backup__is_noticed_although_its_version_comes_again(model: Model, project: int) -> None:
    """The tables as a backup held them come back, and as many versions are written as were lost."""
    put(model, project, vectors(ROWS))
    query = vectors(1, seed=7)[0]
    tables = ["embedding_state", "embedding_batch", f"embedding_{DIM}_m{model.id}"]
    with psycopg.connect(get_settings().resolved_database_url, autocommit=True) as backup:
        for table in tables:
            backup.execute(sql.SQL("CREATE TEMP TABLE {} AS SELECT * FROM {} WHERE project_id = {}").format(
                sql.Identifier(f"kept_{table}"), sql.Identifier(table), sql.Literal(project)))
        lost = put(model, project, np.stack([query] * 5), ROWS)
        assert lost[0] in [task for task, _ in by_memory(model, project, query).rows]
        with backup.transaction():
            for table in reversed(tables):
                backup.execute(sql.SQL("DELETE FROM {} WHERE project_id = {}").format(
                    sql.Identifier(table), sql.Literal(project)))
            for table in tables:
                backup.execute(sql.SQL("INSERT INTO {} SELECT * FROM {}").format(
                    sql.Identifier(table), sql.Identifier(f"kept_{table}")))
    other = put(model, project, np.stack([query] * 4), 2 * ROWS)
    with together(snapshot=True):
        found = search(model, project, query)
        assert found.rows == alone(model, project, query, 50)
    assert not set(lost) & {task for task, _ in by_memory(model, project, query).rows}
    assert [task for task, _ in by_memory(model, project, query, 4).rows] == other


KILLED = """
import os, signal, sys
import numpy as np
from argus.db import connect
from search_service.vectors import store
def die(*_): os.kill(os.getpid(), signal.SIGKILL)
name, project, first, when = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
model = store.register_model(name, "1", int(sys.argv[5]))
if when == "before its version":
    store._next_version = die
vectors = np.load(sys.argv[6])
with connect() as connection:
    connection.execute("INSERT INTO task (id, project_id, image, state) SELECT n, %s, 'x', 'embedded' "
                       "FROM generate_series(%s::bigint, %s) n ON CONFLICT DO NOTHING",
                       (project, first, first + len(vectors) - 1))
    store.store(connection, model, [(project, first + n, vector) for n, vector in enumerate(vectors)])
    if when == "before its commit":
        die()
die()
"""


@pytest.mark.usefixtures("memory")
@pytest.mark.parametrize("when", ["before its version", "before its commit", "after its commit"])
def test_a_writer_that_is_killed__leaves_all_or_nothing(model: Model, project: int, when: str, tmp_path: Any) -> None:
    put(model, project, vectors(ROWS))
    query = vectors(1, seed=7)[0]
    before = by_memory(model, project, query).rows
    np.save(tmp_path / "vectors.npy", np.stack([query] * 3))
    first = project * 100_000 + ROWS
    died = warm.run(KILLED, model.name, project, first, when, DIM, tmp_path / "vectors.npy")
    assert died.status == -signal.SIGKILL, died.said
    after = by_memory(model, project, query).rows
    assert (after == before) == (when != "after its commit")
    put(model, project, np.stack([query] * 4), ROWS)  # whoever comes next waits for nobody and is followed
    assert [task for task, _ in by_memory(model, project, query, 4).rows] == list(range(first, first + 4))


KILLED_LOADING = """
import os, signal, sys, time
import numpy as np
from search_service.vectors import filter_memory, followed, ranking, store
def die(*_): os.kill(os.getpid(), signal.SIGKILL)
name, project, when = sys.argv[1], int(sys.argv[2]), sys.argv[3]
model = store.register_model(name, "1", int(sys.argv[4]))
if when == "before the first version":
    store.begin_versions = die
else:
    put = followed.CandidateFilter.put
    followed.CandidateFilter.put = lambda *values: (put(*values), die())
filter_memory.start()
query = np.ones(model.dim, np.float32) / model.dim ** 0.5
while ranking.search(model, project, query).scanned != "memory":
    time.sleep(0.05)
"""


@pytest.mark.usefixtures("memory")
@pytest.mark.parametrize("when", ["before the first version", "while it reads"])
def test_a_service_that_is_killed_while_it_loads__leaves_nothing_behind(model: Model, project: int, when: str) -> None:
    put(model, project, vectors(ROWS))
    if when == "before the first version":
        with connect() as connection:  # as in a database of an earlier version
            for table in ("embedding_batch", "embedding_state"):
                connection.execute(sql.SQL("DELETE FROM {} WHERE project_id = %s").format(sql.Identifier(table)),
                                   (project,))
    died = warm.run(KILLED_LOADING, model.name, project, when, DIM)
    assert died.status == -signal.SIGKILL, died.said
    query = vectors(1, seed=7)[0]
    best = put(model, project, np.stack([query] * 3), ROWS)  # writers wait for nobody
    assert [task for task, _ in by_memory(model, project, query, 3).rows] == best


@pytest.mark.usefixtures("memory")
def test_a_killed_postgresql__changes_no_answer(model: Model, project: int, servers: Any) -> None:
    put(model, project, vectors(ROWS))
    query = vectors(1, seed=7)[0]
    by_memory(model, project, query)
    pid = servers.pid("postgres")
    servers.stop("postgres", hard=True)
    with pytest.raises(ArgusError, match=""):
        search(model, project, query)
    servers.start("postgres")
    assert servers.pid("postgres") != pid

    def answers() -> bool:
        try:
            return bool(images(project))
        except ArgusError:
            return False

    wait_for(answers, 60)
    by_memory(model, project, query)
    new = put(model, project, np.stack([query] * 3), ROWS)
    assert [task for task, _ in by_memory(model, project, query, 3).rows] == new


@pytest.fixture
def service(servers: Any) -> Iterator[Callable[[str], requests.Response]]:
    """The search service, just started; `service(path)` asks it."""
    servers.stop("search-service")
    servers.start("search-service")
    yield lambda path: requests.get(f"{get_settings().search_service_url}{path}", timeout=60)
    servers.stop("search-service")
    servers.start("search-service")


def test_a_search_service_killed_while_it_loads__starts_again_and_answers_alike(
        model: Model, project: int, servers: Any, service: Callable[[str], requests.Response]) -> None:
    ids = put(model, project, vectors(20_000))
    with connect() as connection:
        connection.execute("UPDATE project SET connected_at = now() WHERE id = %s", (project,))
    with kept_roles(model.id):
        path = f"/api/v1/projects/{project}/tasks/{ids[0]}/similar?limit=30"
        first = service(path).json()
        assert (first["scanned"], first["reason"]) == ("database", "loading"), first
        os.kill(servers.pid("search-service"), signal.SIGKILL)
        wait_for(lambda: servers.alive()["search-service"] and answers(service), 60)
        wait_for(lambda: service(path).json()["scanned"] == "memory", 60)
        assert service(path).json()["hits"] == first["hits"]
        told = service("/health").json()["search_memory"]
        assert (told["projects"], told["loading"], told["problem"]) == (1, 0, ""), told
        assert told["budget_mb"] >= 100 and told["used_mb"] == round(20_000 * (DIM + 16) / MIB, 1)
        assert 'argus_searches_total{reason="none",scanned="memory"}' in service("/metrics").text
        text = next(line for line in service("/metrics").text.splitlines()
                    if line.startswith("argus_search_memory_bytes "))
        assert float(text.split()[1]) == 20_000 * (DIM + 16)


def answers(service: Callable[[str], requests.Response]) -> bool:
    try:
        return service("/livez").ok
    except requests.ConnectionError:
        return False


def test_leads_to__wants_every_change_in_its_place(model: Model, project: int) -> None:
    with connect() as connection:
        connection.execute("INSERT INTO task (id, project_id, image, state) VALUES (%s, %s, 'x', 'embedded')",
                           (project * 100_000, project))
        for _ in range(4):
            store.store(connection, model, [(project, project * 100_000, vectors(1)[0])])
        one, two, three, four = store.changes(connection, model, project, 0)
    assert versions.leads_to(one.state, [two, three, four], four.state)
    assert not versions.leads_to(one.state, [two, four], four.state)
    assert not versions.leads_to(one.state, [two, three], four.state)
    assert not versions.leads_to(two.state, [two, three, four], four.state)
    assert not versions.leads_to(one.state._replace(token=four.state.token), [two, three, four], four.state)
