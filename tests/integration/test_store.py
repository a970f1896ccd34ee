"""Migrations and the SQL functions on the real PostgreSQL."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from pgvector import HalfVector
from pgvector.psycopg import register_vector

from argus.db import migrate, migrations, open_pool, try_lock
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


def test_try_lock__keeps_others_out_and_no_index_build_waiting(database: str) -> None:
    with psycopg.connect(database) as holder, psycopg.connect(database, autocommit=True) as other:
        other.execute("CREATE TABLE rows (id int)")
        assert holder.execute(try_lock(7, 8)).fetchone() == (True,)
        assert other.execute(try_lock(7, 8)).fetchone() == (False,)
        other.execute("SET statement_timeout = '20s'")
        other.execute("CREATE INDEX CONCURRENTLY ON rows (id)")  # waits for every snapshot that an open one holds
        holder.rollback()
        assert other.execute(try_lock(7, 8)).fetchone() == (True,)
