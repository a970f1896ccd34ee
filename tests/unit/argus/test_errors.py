from __future__ import annotations

import pickle

import pytest

from argus import trace
from argus.errors import CATALOGUE, ArgusError, as_argus_error, may_pass


def test_problem__has_status_code_and_hint() -> None:
    error = ArgusError("unknown_project", "There is no project 7.", "List them.", project=7)
    assert error.to_problem() == {"type": "urn:argus:error:unknown_project", "title": "unknown project", "status": 404,
                                  "detail": "There is no project 7.", "code": "unknown_project", "hint": "List them.",
                                  "details": {"project": 7}}


def test_a_code_that_is_not_in_the_catalogue_is_a_mistake_of_ours() -> None:
    with pytest.raises(KeyError):
        ArgusError("made_up", "…")


def test_error_survives_pickling_between_processes() -> None:
    error = pickle.loads(pickle.dumps(ArgusError("bad_image", "m", "h", task=1)))
    assert (error.code, error.message, error.hint, error.details) == ("bad_image", "m", "h", {"task": 1})


def test_as_argus_error__names_the_type_and_the_ids_and_the_log_has_the_rest(
        caplog: pytest.LogCaptureFixture) -> None:
    with trace.bind(request="r1", job="j2"):
        made = as_argus_error(ValueError("password is hunter2"), task=7)
    assert made.to_json() == {"code": "internal", "message": "Unexpected error (ValueError).",
                              "hint": "The log has the details: request r1, job j2.", "details": {}}
    (record,) = caplog.records
    assert record.task == 7  # type: ignore[attr-defined]
    assert "hunter2" in caplog.text
    assert as_argus_error(ValueError()).hint == "The log has the details."


def test_as_argus_error__keeps_ours_and_logs_nothing(caplog: pytest.LogCaptureFixture) -> None:
    ours = ArgusError("timeout", "late")
    assert as_argus_error(ours) is ours
    assert not caplog.records


def test_exit_codes_tell_success_apart() -> None:
    assert all(1 <= kind.exit_code < 64 for kind in CATALOGUE.values())


@pytest.mark.parametrize(("code", "status", "expected"), [
    ("image_unreachable", 0, True), ("image_unreachable", 503, True), ("image_unreachable", 404, False),
    ("image_unreachable", 429, True), ("out_of_memory", 0, True), ("bad_image", 0, False), ("internal", 0, False)])
def test_may_pass(code: str, status: int, expected: bool) -> None:
    assert may_pass(ArgusError(code, "…", status=status)) is expected
