"""An approximate index holds identical vectors once, and finds all of them."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import psycopg
import pytest
from psycopg import sql

from argus.db import connect
from argus.settings import get_settings
from search_service.vectors import identical, indexes, ranking, store
from search_service.vectors.candidates import Ids
from search_service.vectors.store import Model, Vectors
from tests.resting import resting
from tests.rows import project_of_rows

pytestmark = pytest.mark.integration
DIM, KINDS = 40, ("hnsw", "ivfflat")


@pytest.fixture(scope="module", autouse=True)
def nobody_drops_indexes(servers: Any) -> Iterator[None]:
    with resting(servers, "worker"):
        yield


@pytest.fixture
def model(servers: Any) -> Model:
    return store.register_model("test-identical", "1", DIM)


@pytest.fixture
def project(servers: Any) -> Iterator[int]:
    with project_of_rows() as number:
        yield number


@pytest.fixture
def by_index(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Every search goes by the index when there is one."""
    monkeypatch.setenv("ARGUS_EXACT_SEARCH_ROWS", "0")
    get_settings.cache_clear()
    yield
    monkeypatch.undo()
    get_settings.cache_clear()


def vectors(rows: int, seed: int = 0) -> Vectors:
    random = np.random.default_rng(seed)
    found = random.normal(size=(rows, DIM)) + 2 * random.normal(size=(40, DIM))[random.integers(0, 40, rows)]
    return (found / np.linalg.norm(found, axis=1, keepdims=True)).astype(np.float32)


def half_of_three(rows: int) -> Vectors:
    """Return vectors half of which are three pictures, in stretches."""
    found = vectors(rows)
    for number in range(3):
        found[number::6] = found[number]
    return found


def put(model: Model, project: int, found: Sequence[Any], first: int = 0) -> list[int]:
    ids = [project * 100_000 + first + number for number in range(len(found))]
    for start in range(0, len(ids), 2000):
        with connect() as connection:
            connection.execute("INSERT INTO task (id, project_id, image, state) SELECT n, %s, 'x', 'embedded' "
                               "FROM unnest(%s::bigint[]) n ON CONFLICT DO NOTHING", (project, ids[start:start + 2000]))
            connection.execute("SELECT FROM task WHERE id = ANY(%s) ORDER BY id FOR UPDATE", (ids[start:start + 2000],))
            store.store(connection, model, [(project, id_, vector) for id_, vector in
                                            zip(ids[start:start + 2000], found[start:start + 2000], strict=True)])
    return ids


def delete(ids: Sequence[int]) -> None:
    with connect() as connection:
        connection.execute("DELETE FROM task WHERE id = ANY(%s)", (list(ids),))


def recalls(model: Model, project: int, queries: Vectors, k: int = 50, only: Ids | None = None) -> list[float]:
    """Return each query's share of the right first k, and hold the hits' similarities and order against theirs."""
    found = []
    for query in queries:
        near = ranking.search(model, project, query, k, only=only)
        assert not near.exact and near.scanned == "index"
        with connect() as connection:
            right = {row["task_id"]: row["similarity"] for row in connection.execute(
                "SELECT * FROM search_similar_frames(%s::halfvec, %s::smallint, %s, 100000, 0, %s::bigint[])",
                (str(query.tolist()), model.id, project, None if only is None else only.tolist()))}
        best = list(right)[:k]
        assert [task for task, _ in near.rows] == sorted(
            (task for task, _ in near.rows), key=lambda task: (-dict(near.rows)[task], task))
        assert all(abs(right[task] - similarity) < 1e-3 for task, similarity in near.rows)  # 0 when it is not there
        found.append(len({task for task, _ in near.rows} & set(best)) / k)
    return found


def marked(model: Model, project: int) -> dict[bytes, tuple[int, int]]:
    """Return for each digest how many rows are in the index and how many repeat them; all have one vector."""
    with connect() as connection:
        rows = connection.execute(sql.SQL(
            "SELECT digest, count(*) FILTER (WHERE NOT repeated) AS once, count(*) FILTER (WHERE repeated) AS again, "
            "count(DISTINCT embedding) AS vectors FROM {} WHERE project_id = %s AND digest IS NOT NULL GROUP BY 1")
            .format(model.table), (project,)).fetchall()
    assert all(row["vectors"] == 1 for row in rows)
    return {row["digest"].bytes: (row["once"], row["again"]) for row in rows}


def test_digest__is_that_of_the_stored_vector(model: Model, project: int) -> None:
    found = vectors(3)
    put(model, project, found)
    with connect() as connection:
        rows = connection.execute(sql.SQL("SELECT {} AS digest FROM {} WHERE project_id = %s ORDER BY task_id").format(
            sql.SQL(identical._DIGEST), model.table), (project,)).fetchall()
    assert [row["digest"].bytes for row in rows] == [identical.digest(vector) for vector in found]


@pytest.mark.usefixtures("by_index")
@pytest.mark.parametrize("kind", KINDS)
def test_search__finds_what_others_than_the_repeated_pictures_ask_for(model: Model, project: int, kind: str) -> None:
    ids = put(model, project, half_of_three(6000))
    assert indexes.build(model, project, kind)
    least = {"hnsw": 0.99, "ivfflat": 0.9}[kind]  # of so few vectors a list holds little
    assert np.mean(recalls(model, project, vectors(15, seed=3))) >= least
    with connect() as connection:
        (index,) = store.indexes(connection, model, project)
    assert index.once and sorted(marked(model, project).values()) == [(1, 999)] * 3
    repeated = ranking.search(model, project, half_of_three(6000)[0], 60)
    assert [task for task, _ in repeated.rows] == ids[0:360:6]


@pytest.mark.usefixtures("by_index")
def test_search__filters_and_left_out_tasks_count_for_each_of_those_that_are_alike(model: Model, project: int) -> None:
    found = half_of_three(6000)
    ids = put(model, project, found)
    indexes.build(model, project, "hnsw")
    some = [id_ for number, id_ in enumerate(ids) if number not in (0, 1, 2) and number % 6 in (0, 1, 4)]
    only = np.array(some)
    assert min(recalls(model, project, np.concatenate((found[:3], vectors(6, seed=4))), only=only)) >= 0.95
    near = ranking.search(model, project, found[0], 10, leave_out=ids[0:30:6])
    assert [task for task, _ in near.rows] == ids[30:90:6]


@pytest.mark.usefixtures("by_index")
def test_search__is_right_when_the_one_in_the_index_is_deleted_or_replaced(model: Model, project: int) -> None:
    found = half_of_three(3000)
    ids = put(model, project, found)
    indexes.build(model, project, "hnsw")
    delete([ids[0], ids[6], ids[12]])  # one after the other takes its place
    put(model, project, vectors(1, seed=9), 1)  # another picture now
    put(model, project, [found[5]] * 3, 3000)  # one that was there once is repeated
    put(model, project, [found[0]], 5000)
    assert [task for task, _ in ranking.search(model, project, found[0], 5).rows] == ids[18:48:6]
    assert [task for task, _ in ranking.search(model, project, found[1], 5).rows] == ids[7:37:6]
    assert {task for task, _ in ranking.search(model, project, found[5], 4).rows} == {
        ids[5], *range(project * 100_000 + 3000, project * 100_000 + 3003)}
    assert all(once >= 1 for once, _ in marked(model, project).values())
    assert marked(model, project)[identical.digest(found[0])] == (1, 497)
    delete([id_ for number, id_ in enumerate(ids) if number % 6 < 2])
    assert set(marked(model, project)) >= {identical.digest(found[2])}
    assert np.mean(recalls(model, project, vectors(6, seed=5))) >= 0.99


def test_concurrent_writers__leave_none_of_the_rows_that_repeat_another_alone(model: Model, project: int) -> None:
    pictures = vectors(4, seed=8)
    put(model, project, pictures[np.arange(400) % 4])
    indexes.build(model, project, "hnsw")

    def write(seed: int) -> None:
        random = np.random.default_rng(seed)
        for turn in range(40):
            first = int(random.integers(0, 60))
            try:
                if random.random() < 0.5:
                    put(model, project, pictures[random.integers(0, 4, 6)], 10 * first)
                else:
                    delete([project * 100_000 + 10 * first + number for number in range(8)])
            except psycopg.errors.DeadlockDetected:
                pass  # two that write the same tasks in another order: one of them does nothing
            except psycopg.errors.ForeignKeyViolation:
                assert turn >= 0  # the task was deleted before its vector came

    with ThreadPoolExecutor(4) as people:
        for done in [people.submit(write, seed) for seed in range(4)]:
            done.result(120)
    assert all(once >= 1 for once, _ in marked(model, project).values())


def test_a_row_that_is_locked_by_its_repetition__is_deleted_after_it_and_replaced(model: Model, project: int) -> None:
    picture = vectors(1, seed=8)[0]
    ids = put(model, project, [picture] * 2)
    indexes.build(model, project, "hnsw")
    delete(ids[1:])
    with ThreadPoolExecutor(1) as other:
        begun = threading.Event()

        def delete_it() -> None:
            begun.set()
            delete(ids[:1])

        with connect() as connection:
            connection.execute("INSERT INTO task (id, project_id, image, state) VALUES (%s, %s, 'x', 'embedded')",
                               (ids[1] + 1, project))
            store.store(connection, model, [(project, ids[1] + 1, picture)])
            deleted = other.submit(delete_it)
            begun.wait(10)
        deleted.result(60)
    assert list(marked(model, project).values()) == [(1, 0)]


@pytest.mark.long
@pytest.mark.usefixtures("by_index")
@pytest.mark.parametrize("kind", KINDS)
def test_search__of_60_000_of_which_half_are_three_pictures(model: Model, project: int, kind: str) -> None:
    put(model, project, half_of_three(60_000))
    indexes.build(model, project, kind)
    found = recalls(model, project, vectors(40, seed=3))
    assert np.mean(found) >= 0.99, found
