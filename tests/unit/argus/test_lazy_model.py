"""Models that are completed when they are first used, also by several threads at once."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from argus.answers.base import LazyModel

THREADS = 8


@pytest.fixture
def eager_threads() -> Iterator[None]:
    """Threads take turns so often that they meet in the middle of everything."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    yield
    sys.setswitchinterval(before)


def test_lazy_model__may_be_used_first_by_several_threads(eager_threads: None) -> None:
    with ThreadPoolExecutor(THREADS) as pool:
        for _ in range(200):  # pydantic alone fails about once in a hundred
            class Inner(LazyModel):
                number: int

            class Outer(LazyModel):
                inner: list[Inner]

            together = threading.Barrier(THREADS)

            def use(number: int, outer: type[Outer] = Outer, together: threading.Barrier = together) -> int:
                together.wait()
                made = outer.model_validate({"inner": [{"number": number}]})
                return int(outer.model_validate_json(made.model_dump_json()).inner[0].number)

            assert list(pool.map(use, range(THREADS))) == list(range(THREADS))
