from __future__ import annotations

import pytest
import redis

from argus.errors import ArgusError
from argus.jobs import queues, worker


class RedisThatComesUp:
    """Stands for a server that is not there for the first few questions."""

    def __init__(self, refusals: int) -> None:
        self.left = refusals
        self.error: redis.RedisError = redis.ConnectionError("not yet")

    def set(self, *_: object, **__: object) -> bool:
        self.left -= 1
        if self.left >= 0:
            raise self.error
        return True

    def delete(self, *_: object) -> int:
        return 1


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> RedisThatComesUp:
    server = RedisThatComesUp(3)
    monkeypatch.setattr(queues, "get_redis", lambda: server)
    monkeypatch.setattr(worker, "PAUSE", 0.01)
    return server


def test_await_queue__until_it_answers(server: RedisThatComesUp) -> None:
    worker._await_queue(10)
    assert server.left == -1


def test_await_queue__not_for_ever(server: RedisThatComesUp) -> None:
    with pytest.raises(ArgusError) as caught:
        worker._await_queue(0)
    assert caught.value.code == "queue_unreachable" and server.left == 2


def test_await_queue__as_long_as_it_takes_no_writes(server: RedisThatComesUp) -> None:
    server.error = redis.exceptions.OutOfMemoryError("OOM command not allowed when used memory > 'maxmemory'.")
    worker._await_queue(0)
    assert server.left == -1
