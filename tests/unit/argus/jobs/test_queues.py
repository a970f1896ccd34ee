"""What a job raises is its answer, and a job that ended without one is told as what ended it."""

from __future__ import annotations

from typing import Any

import pytest
from rq.timeouts import JobTimeoutException

from argus.errors import ArgusError
from argus.jobs import queues


@pytest.mark.parametrize(("error", "code", "message"), [
    (ArgusError("bad_image", "It is broken."), "bad_image", "It is broken."),
    (RuntimeError("the password is hunter2"), "internal", "Unexpected error (RuntimeError)."),
    (MemoryError(), "internal", "Unexpected error (MemoryError)."),
])
def test_answering__what_is_raised_is_packed(error: Exception, code: str, message: str) -> None:
    @queues.answering
    def job() -> Any:
        raise error

    with pytest.raises(ArgusError) as caught:
        queues.unpack(job())
    assert (caught.value.code, caught.value.message) == (code, message)


def test_answering__the_end_of_a_jobs_time_ends_it() -> None:
    @queues.answering
    def job(seconds: int) -> int:
        """Say it."""
        if seconds > 1:
            raise JobTimeoutException("Task exceeded maximum timeout value")
        return seconds

    assert (job(1), job.__name__, job.__doc__) == (1, "job", "Say it.")
    with pytest.raises(JobTimeoutException):
        job(2)


@pytest.mark.parametrize(("said", "code"), [
    ("Traceback …\nValueError: the password is hunter2\n", "internal"),
    ("Traceback …\nrq.timeouts.JobTimeoutException: Task exceeded maximum timeout value (5 seconds)", "timeout"),
    ("due to AbandonedJobError", "child_died"), ("", "internal")])
def test_ended__tells_a_job_that_raised_from_a_dead_worker(said: str, code: str) -> None:
    error = queues._ended(said, "job-1")
    assert error.code == code
    assert "hunter2" not in str(error.to_json())
