"""Migrations and the SQL functions on the real PostgreSQL."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from pgvector import HalfVector
from pgvector.psycopg import register_vector

from argus.db import connect, get_pool, held, migrate, migrations, open_pool, together, try_lock
from argus.errors import ArgusError
from argus.settings import get_settings

pytestmark = pytest.mark.integration


@pytest.fixture
def database(servers: Any) -> Iterator[str]:
    """The URL of an empty database of its own."""
    url = get_settings().resolved_database_url
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("DROP DATABASE IF EXISTS scratch WITH (FORCE)")
        connection.execute("CREATE DATABASE scratch")
        yield url.replace("/argus?", "/scratch?")
        connection.execute("DROP DATABASE scratch WITH (FORCE)")


def test_migrate__applies_each_file_once_and_in_order(database: str) -> None:
    with psycopg.connect(database) as connection:
        assert migrate(connection) == [name for _, name, _ in migrations()]
        assert migrate(connection) == []


def test_migrate__two_processes_at_once(database: str) -> None:
    applied: list[list[str]] = []

    def one() -> None:
        with psycopg.connect(database) as connection:
            applied.append(migrate(connection))

    threads = [threading.Thread(target=one) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(name for names in applied for name in names) == [name for _, name, _ in migrations()]


@pytest.mark.parametrize("version", [5, 12])
def test_migrate__a_database_of_an_older_version_keeps_its_data_and_is_searched(
        database: str, version: int, monkeypatch: pytest.MonkeyPatch) -> None:
    older = [migration for migration in migrations() if migration[0] <= version]
    with psycopg.connect(database) as connection:
        with monkeypatch.context() as patch:
            patch.setattr(sys.modules[migrate.__module__], "migrations", lambda: older)
            assert len(migrate(connection)) == len(older)
        register_vector(connection)
        connection.execute("""INSERT INTO embedding_model (name, revision, dim) VALUES ('m', 'r', 2);
            INSERT INTO project (id, title, connected_at) VALUES (7, 'Line 3', now());
            INSERT INTO task (id, project_id, image, state) VALUES (1, 7, '/1.jpg', 'embedded'), (2, 7, '', 'failed');
            CREATE TABLE embedding_2 (model_id smallint, project_id int, task_id bigint, embedding halfvec(2));
            INSERT INTO embedding_2 VALUES (1, 7, 1, '[0.6,0.8]')""")
        assert [name for _, name, _ in older] + migrate(connection) == [name for _, name, _ in migrations()]
        kept = connection.execute("SELECT title, state FROM project JOIN task ON project_id = project.id "
                                  "ORDER BY task.id").fetchall()
        ((task, similarity),) = connection.execute(
            "SELECT * FROM search_similar_frames(%s, 1::smallint, 7)", (HalfVector([0, 3]),)).fetchall()
    assert kept == [("Line 3", "embedded"), ("Line 3", "failed")]
    assert (task, similarity) == (1, pytest.approx(0.8, abs=1e-3))  # a cosine, however long the query is


def test_migrate__a_correction_is_of_the_sample_that_its_acceptance_was_verified_by(
        database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    older = [migration for migration in migrations() if migration[0] < 74]
    with psycopg.connect(database) as connection:
        with monkeypatch.context() as patch:
            patch.setattr(sys.modules[migrate.__module__], "migrations", lambda: older)
            migrate(connection)
        connection.execute("""INSERT INTO project (id, title, connected_at) VALUES (7, 'Line 3', now());
            INSERT INTO sample (project_id, model_version, edges, target, confidence, digest, seed, objects, tasks)
                VALUES (7, 'v', '{0.9}', 0.95, 0.95, 'd', 's', 1, 1), (7, 'v', '{0.9}', 0.95, 0.95, 'd', 's', 1, 1);
            INSERT INTO acceptance (project_id, model_version, selection) VALUES (7, 'v', '{"sample": 2}');
            INSERT INTO later_correction (acceptance_id, task_id, objects, seen_at) VALUES (1, 3, '{a}', now())""")
        migrate(connection)
        kept = connection.execute("SELECT acceptance_id, task_id, sample_id, objects FROM later_correction").fetchall()
        drawn = connection.execute("SELECT kind, labels FROM sample").fetchall()
    assert kept == [(1, 3, 2, ["a"])] and drawn == [("objects", [])] * 2


def test_open_pool__a_server_that_is_not_there() -> None:
    with pytest.raises(ArgusError) as caught:
        open_pool("postgresql://user:hidden@127.0.0.1:1/none?connect_timeout=2")
    assert caught.value.code == "database_unreachable"
    assert "hidden" not in caught.value.message


def test_search_similar_frames__exact_order_and_stable_paging(database: str) -> None:
    with psycopg.connect(database) as connection:
        migrate(connection)
        connection.autocommit = False
        register_vector(connection)
        connection.execute("""INSERT INTO embedding_model (name, revision, dim) VALUES ('m', 'r', 2);
            CREATE TABLE embedding_2 (model_id smallint, project_id int, task_id bigint, embedding halfvec(2));
            INSERT INTO embedding_2 VALUES (1, 7, 1, '[1,0]'), (1, 7, 2, '[0,1]'), (1, 7, 3, '[1,0]'),
                (1, 7, 4, '[-1,0]'),
                (1, 8, 5, '[1,0]'), (2, 7, 6, '[1,0]')""")
        found = [connection.execute("SELECT task_id, similarity FROM search_similar_frames(%s, 1::smallint, 7, 2, %s)",
                                    (HalfVector([1, 0]), offset)).fetchall() for offset in (0, 2, 4)]
    # Equal distances are ordered by task; other projects and other models are not there.
    assert found == [[(1, 1.0), (3, 1.0)], [(2, 0.0), (4, -1.0)], []]


def test_held__is_one_process_s_until_the_block_ends(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ARGUS_DATABASE_URL", database)
    get_settings.cache_clear()
    with held(7, 8) as ours, held(7, 8) as theirs, held(7, 9) as another:
        assert (ours, theirs, another) == (True, False, True)
    with pytest.raises(RuntimeError), held(7, 8):
        raise RuntimeError("the holder fails")
    with held(7, 8) as ours:
        assert ours
    monkeypatch.undo()
    get_settings.cache_clear()


def test_try_lock__keeps_others_out_and_no_index_build_waiting(database: str) -> None:
    with psycopg.connect(database) as holder, psycopg.connect(database, autocommit=True) as other:
        other.execute("CREATE TABLE rows (id int)")
        assert holder.execute(try_lock(7, 8)).fetchone() == (True,)
        assert other.execute(try_lock(7, 8)).fetchone() == (False,)
        other.execute("SET statement_timeout = '20s'")
        other.execute("CREATE INDEX CONCURRENTLY ON rows (id)")  # waits for every snapshot that an open one holds
        holder.rollback()
        assert other.execute(try_lock(7, 8)).fetchone() == (True,)


def test_snapshot__is_of_its_transaction_alone_and_takes_no_second_connection(servers: Any) -> None:
    def level() -> str:
        with connect() as connection:
            row = connection.execute("SHOW transaction_isolation").fetchone()
        assert row is not None
        return str(row["transaction_isolation"])

    assert level() == "read committed"
    waited = get_pool().get_stats().get("requests_queued", 0)
    for _ in range(20):
        with together(snapshot=True):
            assert level() == "repeatable read"
        assert level() == "read committed"
    with pytest.raises(ZeroDivisionError), together(snapshot=True):
        level()
        raise ZeroDivisionError
    assert level() == "read committed"
    assert get_pool().get_stats().get("requests_queued", 0) == waited


def test_a_connection_that_the_server_ended_is_given_to_nobody(database: str) -> None:
    def session() -> int:
        with pool.connection() as connection:
            return connection.info.backend_pid

    with open_pool(database, max_size=1) as pool, psycopg.connect(database, autocommit=True) as other:
        first = session()
        assert session() == first
        other.execute("SELECT pg_terminate_backend(%s, 10000)", (first,))  # waits until it has ended
        assert session() != first
