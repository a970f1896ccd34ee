from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from argus import trace


def test_carried__a_thread_of_a_pool_knows_whose_work_it_does() -> None:
    with ThreadPoolExecutor(1) as pool:
        with trace.bind(request="r", job="j"):
            first = pool.submit(trace.carried(trace.current, task=7))
            alone = pool.submit(trace.current)
        assert first.result() == {"request": "r", "job": "j", "task": "7"}
        assert alone.result() == {}  # neither what its caller knows, nor what the task before it left


def test_bind__what_is_added_inside_ends_with_it() -> None:
    with trace.bind(job="j"):
        trace.add(run=3)
        assert trace.current() == {"job": "j", "run": "3"}
    assert trace.current() == {}
