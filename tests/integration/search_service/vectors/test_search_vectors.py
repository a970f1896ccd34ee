"""Vectors in the real PostgreSQL + pgvector, held against numpy."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
from pgvector import HalfVector
from psycopg import sql

from argus.answers.projects import SearchIndex
from argus.db import connect, held, locks
from argus.settings import get_settings
from search_service.search import filter_store
from search_service.search.filters import Filters
from search_service.vectors import filter_memory, indexes, model_change, ranking, store
from search_service.vectors.store import Model, Vectors
from tests.resting import resting
from tests.rows import project_of_rows

pytestmark = pytest.mark.integration
DIM = 24


def unit(rows: int, seed: int = 0) -> Vectors:
    found = np.random.default_rng(seed).normal(size=(rows, DIM)).astype(np.float32)
    return found / np.linalg.norm(found, axis=1, keepdims=True)


@pytest.fixture(scope="module", autouse=True)
def nobody_drops_indexes(servers: Any) -> Iterator[None]:
    """A worker drops the indexes of models that nobody searches by, and to it these are some."""
    with resting(servers, "worker"):
        yield


@pytest.fixture
def model(servers: Any, request: pytest.FixtureRequest) -> Model:
    return store.register_model(f"test-{request.node.name}", "1", DIM)


@pytest.fixture
def project(servers: Any) -> Iterator[int]:
    with project_of_rows() as number:
        yield number


def fill(model: Model, project: int, found: Vectors, first: int | None = None) -> list[int]:
    """Store rows as tasks of the project and return their ids."""
    start = project * 10_000 if first is None else first
    ids = list(range(start, start + len(found)))
    with connect() as connection, connection.cursor() as cursor:
        cursor.executemany("INSERT INTO task (id, project_id, image, state) VALUES (%s, %s, 'x', 'embedded') "
                           "ON CONFLICT DO NOTHING", [(id_, project) for id_ in ids])
        store.store(connection, model, [(project, id_, vector) for id_, vector in zip(ids, found, strict=True)])
    return ids


def test_register_model__twice_is_once_and_a_new_revision_is_another(servers: Any) -> None:
    first = store.register_model("example/two-revisions", "a", DIM)
    assert store.register_model("example/two-revisions", "a", DIM) == first
    assert store.register_model("example/two-revisions", "b", DIM + 1).id != first.id


def locks_of(work: Callable[[], object]) -> Iterator[str]:
    """Yield the locks on tables that `work` asks for while a build holds its own on the parent and all its models'
    tables; a lock that the build's does not go with ends it."""
    with connect() as building:
        for row in building.execute("SELECT relname FROM pg_class WHERE relkind IN ('r', 'p') "
                                    "AND relname LIKE 'embedding\\_%'").fetchall():
            if row["relname"] != "embedding_model":
                building.execute(sql.SQL("LOCK TABLE {} IN SHARE UPDATE EXCLUSIVE MODE")
                                 .format(sql.Identifier(row["relname"])))
        with ThreadPoolExecutor(1) as pool:
            future = pool.submit(work)
            try:
                future.result(timeout=20)
            except TimeoutError:
                waiting = building.execute("SELECT relation::regclass::text AS name, mode FROM pg_locks "
                                           "WHERE NOT granted AND relation IS NOT NULL").fetchall()
                yield from (f"{row['mode']} on {row['name']}" for row in waiting)
            building.rollback()


def test_a_worker_that_starts_while_an_index_is_built__waits_for_nothing(model: Model, project: int) -> None:
    fill(model, project, unit(3))
    assert list(locks_of(lambda: store.register_model(model.name, "1", DIM))) == []


def test_a_write_while_a_worker_starts_and_an_index_is_built__waits_for_nothing(model: Model, project: int) -> None:
    def start_and_write() -> None:
        store.register_model(model.name, "1", DIM)
        fill(model, project, unit(3))

    assert list(locks_of(start_and_write)) == []


def test_register_model__vectors_are_kept_in_line(model: Model) -> None:
    with connect() as connection:
        rows = connection.execute("SELECT attstorage::text AS storage FROM pg_attribute WHERE attname = 'embedding' "
                                  "AND attrelid IN (%s::regclass, %s::regclass)",
                                  (f"embedding_{DIM}", f"embedding_{DIM}_m{model.id}"))
        storage = [row["storage"] for row in rows]
    assert storage == ["p", "p"]


def test_search__is_numpys_order_and_pages_do_not_overlap(model: Model, project: int) -> None:
    found, query = unit(300), unit(1, seed=1)[0]
    ids = fill(model, project, found)
    order = [ids[row] for row in np.argsort(-(found.astype(np.float16).astype(np.float32) @ query), kind="stable")]
    pages = [ranking.search(model, project, query, 50, offset) for offset in range(0, 300, 50)]
    got = [task for page in pages for task, _ in page.rows]
    assert all(page.exact and page.total == 300 for page in pages)
    assert set(got) == set(ids)
    agreed = sum(a == b for a, b in zip(got, order, strict=True))
    assert agreed >= 290  # half precision may swap neighbours that are nearly equal
    similarity = dict(row for page in pages for row in page.rows)
    expected = dict(zip(ids, found @ query, strict=True))
    assert max(abs(similarity[task] - expected[task]) for task in ids) < 2e-3


def test_search__equal_images_have_a_fixed_order(model: Model, project: int) -> None:
    ids = fill(model, project, np.repeat(unit(1), 40, axis=0))
    got = [task for offset in range(0, 40, 7) for task, _ in ranking.search(model, project, unit(1)[0], 7, offset).rows]
    assert got == ids


def test_search__sees_only_its_own_project_and_model(model: Model, project: int) -> None:
    ids = fill(model, project, unit(5))
    other_model = store.register_model(model.name + "-other", "1", DIM)
    fill(other_model, project, unit(5, seed=3), first=project * 10_000 + 100)
    with connect() as connection:
        connection.execute("INSERT INTO project (id) VALUES (%s)", (project + 50_000,))
    fill(model, project + 50_000, unit(5, seed=4))
    found = ranking.search(model, project, unit(1)[0], 50)
    assert (sorted(task for task, _ in found.rows), found.total) == (ids, 5)
    with connect() as connection:
        connection.execute("DELETE FROM project WHERE id = %s", (project + 50_000,))


def test_search__past_the_end_is_empty(model: Model, project: int) -> None:
    fill(model, project, unit(5))
    assert ranking.search(model, project, unit(1)[0], 10, 5).rows == []


def test_store__again_replaces(model: Model, project: int) -> None:
    fill(model, project, unit(5))
    fill(model, project, unit(5, seed=9))
    found = ranking.search(model, project, unit(5, seed=9)[2], 1)
    assert found.total == 5
    assert found.rows[0][0] == project * 10_000 + 2
    assert found.rows[0][1] == pytest.approx(1, abs=2e-3)


def test_a_deleted_task_loses_its_vector(model: Model, project: int) -> None:
    ids = fill(model, project, unit(5))
    with connect() as connection:
        connection.execute("DELETE FROM task WHERE id = %s", (ids[2],))
    found = ranking.search(model, project, unit(5)[2], 10)
    assert found.total == 4
    assert ids[2] not in [task for task, _ in found.rows]


def test_forget__removes_the_vectors_of_every_model(model: Model, project: int) -> None:
    ids = fill(model, project, unit(4))
    other = store.register_model(model.name + "-wide", "1", DIM)
    fill(other, project, unit(4))
    with connect() as connection:
        store.forget(connection, ids[:3])
    assert [store.count(m, project) for m in (model, other)] == [1, 1]


def test_known_vectors__finds_content_in_any_project(model: Model, project: int) -> None:
    (task,) = fill(model, project, unit(1))
    with connect() as connection:
        connection.execute("UPDATE task SET content_hash = %s WHERE id = %s", (b"\1" * 32, task))
        known = store.known_vectors(connection, model, [b"\1" * 32, b"\2" * 32])
    assert list(known) == [b"\1" * 32]
    np.testing.assert_allclose(known[b"\1" * 32], unit(1)[0], atol=1e-3)


@pytest.fixture
def settings(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., None]]:
    """Return `settings(NAME=value)`: ARGUS settings of this process, put back at the end."""
    def change(**values: object) -> None:
        for name, value in values.items():
            monkeypatch.setenv(f"ARGUS_{name}", str(value))
        get_settings.cache_clear()

    yield change
    monkeypatch.undo()
    get_settings.cache_clear()


def clusters(rows: int) -> Vectors:
    rng, centres = np.random.default_rng(5), unit(20, seed=6)
    found = centres[rng.integers(0, 20, rows)] + 0.3 * rng.normal(size=(rows, DIM))
    return (found / np.linalg.norm(found, axis=1, keepdims=True)).astype(np.float32)


@pytest.mark.parametrize("kind", ["hnsw", "ivfflat"])
def test_search__a_large_project_uses_its_own_index_and_says_so(
        model: Model, project: int, kind: str, settings: Callable[..., None]) -> None:
    ids = fill(model, project, clusters(3000))
    queries = unit(10, seed=7)  # lists begin at random: one query alone may be unlucky
    query, exact = queries[0], ranking.search(model, project, queries[0], 100)
    bests = [[task for task, _ in ranking.search(model, project, one, 100).rows] for one in queries]
    assert exact.exact
    settings(EXACT_SEARCH_ROWS=1000)
    assert ranking.search(model, project, query, 100).exact  # no index yet: slower, but right
    assert indexes.build(model, project, kind)
    assert not indexes.build(model, project, kind)
    near = ranking.search(model, project, query, 100)
    assert (near.exact, near.total, len(near.rows)) == (False, 3000, 100)
    recalls = [overlap(ranking.search(model, project, one, 100), best) / 100
               for one, best in zip(queries, bests, strict=True)]
    assert np.mean(recalls) >= {"hnsw": 0.95, "ivfflat": 0.6}[kind]  # a fifth of the lists, far from all queries
    pages = [ranking.search(model, project, query, 100, offset).rows for offset in range(0, 1200, 100)]
    window = [task for page in pages for task, _ in page]
    assert len(window) == len(set(window)) == ranking.WINDOW
    assert set(window) <= set(ids)
    assert indexes.state(model, project) == SearchIndex(kind=kind, state="ready", percent=None)


def test_search__says_itself_how_it_scans_an_index(model: Model, project: int) -> None:
    """What a server or a role has by default, which another pgvector changes, does not change what a search finds."""
    with connect() as connection:
        functions = connection.execute(
            "SELECT proconfig FROM pg_proc WHERE prosrc LIKE %s", ("%ORDER BY e.embedding <=>%",)).fetchall()
    assert functions and all({"hnsw.iterative_scan=relaxed_order", "ivfflat.iterative_scan=relaxed_order"}
                             <= set(row["proconfig"]) for row in functions)
    ids = fill(model, project, clusters(3000))
    assert indexes.build(model, project, "hnsw")
    with connect() as connection:
        connection.execute("SET LOCAL hnsw.iterative_scan = 'off'")
        found = connection.execute(
            "SELECT task_id FROM search_similar_frames_approximate(%s, %s::smallint, %s, %s, NULL, '{}', true)",
            (HalfVector(unit(1, seed=7)[0]), model.id, project, ranking.WINDOW)).fetchall()
    assert len({row["task_id"] for row in found} & set(ids)) == ranking.WINDOW  # without the scan going on, ef_search


def label(project: int, ids: list[int], labels: list[str]) -> None:
    with connect() as connection:
        connection.execute("UPDATE task SET labelled = true, labels = %s WHERE id = ANY(%s)", (labels, ids))


def test_search__filters_come_first_so_that_no_page_is_short(model: Model, project: int,
                                                             settings: Callable[..., None]) -> None:
    """Exactly, by way of the index while most tasks pass, and exactly again when few do."""
    found, query = clusters(3000), unit(1, seed=7)[0]
    ids = fill(model, project, found)
    similarity = dict(zip(ids, found.astype(np.float16).astype(np.float32) @ query, strict=True))
    ranked = sorted(ids, key=lambda task: (-similarity[task], task))
    label(project, ranked[:1200], ["cpu"])  # the best ones do not pass
    label(project, ranked[1200:1300], ["fan"])
    unlabelled = filter_store.select(project, Filters(labelled=False))
    fans = filter_store.select(project, Filters(label="fan"))
    assert unlabelled is not None and fans is not None
    exact = ranking.search(model, project, query, 50, only=unlabelled)
    assert (exact.exact, exact.total) == (True, 1700)
    assert overlap(exact, ranked[1300:1350]) >= 49
    settings(EXACT_SEARCH_ROWS=1000)
    indexes.build(model, project, "hnsw")
    near = ranking.search(model, project, query, 50, only=unlabelled)
    assert (near.exact, near.total, len(near.rows)) == (False, 1700, 50)
    assert overlap(near, ranked[1300:1350]) >= 45
    few = ranking.search(model, project, query, 50, only=fans)
    assert (few.exact, few.total) == (True, 100)
    assert overlap(few, ranked[1200:1250]) >= 49
    left_out = ranking.search(model, project, query, 50, leave_out=ranked[:5])
    assert len(left_out.rows) == 50
    assert not overlap(left_out, ranked[:5])


def overlap(found: ranking.Ranked, expected: list[int]) -> int:
    return len({task for task, _ in found.rows} & set(expected))


@pytest.fixture
def searched(model: Model, monkeypatch: pytest.MonkeyPatch) -> Model:
    """Let searches use the test's model, as far as this process knows."""
    monkeypatch.setattr(model_change, "roles", lambda: (model, None))
    return model


def test_index__is_built_replaced_and_dropped_as_the_project_and_the_settings_want(
        searched: Model, project: int, settings: Callable[..., None]) -> None:
    model = searched
    fill(model, project, unit(300))
    settings(EXACT_SEARCH_ROWS=1000)
    assert not indexes.due(model, project)
    settings(EXACT_SEARCH_ROWS=200)
    assert indexes.due(model, project)
    with held(locks.BUILD_INDEX, DIM):  # another process builds or drops one
        assert not indexes.update(project, model.id)
        assert indexes.due(model, project)
    assert indexes.update(project, model.id)
    assert indexes.state(model, project).kind == "hnsw"
    assert not indexes.due(model, project)
    settings(SEARCH_INDEX="ivfflat")
    assert indexes.update(project, model.id)
    with connect() as connection:
        assert [index.kind for index in store.indexes(connection, model, project)] == ["ivfflat"]
    settings(EXACT_SEARCH_ROWS=310)
    assert not indexes.due(model, project)  # a little below the limit it stays
    settings(EXACT_SEARCH_ROWS=1000)
    assert not indexes.update(project, model.id)
    assert indexes.state(model, project).kind == "exact"


def test_index__that_exists_stays_and_answers_while_memory_does_not_hold_the_vectors(
        searched: Model, project: int, settings: Callable[..., None], monkeypatch: pytest.MonkeyPatch) -> None:
    """An upgrade from the version that built it makes no search slower."""
    model, query = searched, unit(1, seed=7)[0]
    monkeypatch.setattr(indexes, "INDEX_ROWS", 1200)
    monkeypatch.setattr(ranking, "INDEX_ROWS", 1200)
    fill(model, project, clusters(1500))
    settings(EXACT_SEARCH_ROWS=1200)  # the limit of that version
    assert indexes.update(project, model.id)
    settings(EXACT_SEARCH_ROWS=1_000_000, SEARCH_MEMORY_MB=0)
    assert not indexes.due(model, project) and not indexes.update(project, model.id)
    found = ranking.search(model, project, query, 10)
    assert (found.scanned, found.reason, found.exact) == ("index", "off", False)
    monkeypatch.setattr(filter_memory, "budget", lambda: filter_memory.needed(1000, DIM))  # of 1,500 at least
    settings(SEARCH_MEMORY_MB="")
    assert not indexes.due(model, project)
    monkeypatch.setattr(filter_memory, "budget", lambda: 100 * filter_memory.MIB)
    assert indexes.due(model, project) and not indexes.update(project, model.id)
    assert indexes.state(model, project).kind == "exact"


def test_index__of_a_project_that_is_gone_is_dropped(searched: Model, project: int) -> None:
    model = searched
    indexes.build(model, project, "hnsw")
    assert store.index_name(model, project, "hnsw") not in indexes.drop_unused()
    with connect() as connection:
        connection.execute("DELETE FROM project WHERE id = %s", (project,))
    with held(locks.BUILD_INDEX, DIM):
        assert indexes.drop_unused() == []
    assert store.index_name(model, project, "hnsw") in indexes.drop_unused()
    with connect() as connection:
        assert store.indexes(connection, model, project) == []
