"""What travels over the queue: jobs and answers that a build of before this one wrote are read, and the other way."""

from __future__ import annotations

from typing import Any

import pytest
from rq.serializers import JSONSerializer

from argus.errors import ArgusError
from argus.jobs import queues
from label_studio_config import projects
from ml_backend.detection.batch import Outcome
from ml_backend.runs import scheduling
from ml_backend.sam3_worker import detect_jobs, engine
from ml_backend.smart_tools.request import Request

QUESTION = {"label": "cpu", "boxes": [[[1.0, 2.0], [3.0, 4.0]], [[5.0, 6.0], [7.0, 8.0], [9.0, 9.5]]],
            "box_signs": [True, False], "points": [[10.0, 20.0]], "point_signs": [True], "prompts": ["fan"],
            "existing": [[[30.0, 40.0], [50.0, 60.0]]]}


def sent(value: Any) -> Any:
    return JSONSerializer.loads(JSONSerializer.dumps(value))


def test_a_click_is_written_and_read_as_it_was() -> None:
    request = Request.from_json(QUESTION)  # type: ignore[arg-type]  # a literal is no TypedDict
    assert sent(request.to_json()) == QUESTION
    assert Request.from_json(sent(request.to_json())) == request
    assert Request.from_json(sent(Request(None, points=((1.0, 2.0),), point_signs=(True,)).to_json())).label is None


@pytest.fixture()
def worker(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """A worker whose model and database are stand-ins; `found` is the outcome of its next detection."""
    state: dict[str, Any] = {"found": Outcome()}
    row = {"label_config": "", "overrides": {}, "model_version": "v"}
    recipe = type("Recipe", (), {"checkpoint": "c", "concepts": (), "detector": ""})()
    monkeypatch.setattr(projects, "load", lambda _id: row)
    monkeypatch.setattr(detect_jobs, "recipe_for", lambda _row: recipe)
    monkeypatch.setattr(detect_jobs, "detect_tasks", lambda *_given, **_named: state["found"])
    monkeypatch.setattr(detect_jobs.estimates, "record", lambda *_given: None)
    monkeypatch.setattr(scheduling, "enqueue_for_answer", lambda *_given: "next-job")
    monkeypatch.setattr(detect_jobs, "enqueue_for_answer", lambda *_given: "next-job")
    monkeypatch.setattr(engine, "get_engine", lambda: state.get("engine"))
    return state


def test_detection_for_an_answer_says_what_failed_and_which_job_goes_on(worker: dict[str, Any]) -> None:
    worker["found"] = Outcome(failed={7: ArgusError("bad_image", "No.")}, rest=[8, 9])
    assert sent(detect_jobs.detect_for_answer(1, [7, 8, 9], 1e12)) == {"failed": [7], "next": "next-job"}
    assert sent(detect_jobs.detect_for_answer(1, [7], 0.0)) == {"failed": [], "next": None}  # nobody waits any more


def test_detection_for_a_preview_answers_nothing_or_the_packed_error(worker: dict[str, Any]) -> None:
    assert sent(detect_jobs.detect_for_preview(1, 7, {}, ["cpu"])) == {}
    worker["found"] = Outcome(failed={7: ArgusError("bad_image", "No.", "Why?", task=7)})
    answer = sent(detect_jobs.detect_for_preview(1, 7, {"cpu": {"prompts": ["chip"]}}, ["cpu"]))
    assert answer == {"error": {"code": "bad_image", "message": "No.", "hint": "Why?", "details": {"task": 7}}}
    with pytest.raises(ArgusError, match="No"):
        queues.unpack(answer)


def test_unread_ends_are_a_list_and_a_failure_is_packed(worker: dict[str, Any]) -> None:
    worker["engine"] = type("Engine", (), {"unread": staticmethod(lambda prompts: ["" for _ in prompts])})()
    assert sent(detect_jobs.unread_prompts(["a", "b"])) == ["", ""]

    def refuse(_prompts: list[str]) -> list[str]:
        raise ArgusError("bad_request", "It keeps its tokens to itself.")

    worker["engine"] = type("Engine", (), {"unread": staticmethod(refuse)})()
    assert sent(detect_jobs.unread_prompts(["a"]))["error"]["code"] == "bad_request"
