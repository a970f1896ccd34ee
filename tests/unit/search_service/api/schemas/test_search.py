"""What the API takes, and the sentence for what it does not."""

from __future__ import annotations

import json

import pytest

from argus.errors import ArgusError
from search_service.api.schemas.review import AcceptRequest
from search_service.api.schemas.search import LikeRequest, SearchRequest, ViewRequest, read, read_json
from search_service.api.schemas.setup import ExportJobRequest
from search_service.run_sources import RunRequest
from search_service.search.fields import Request

JSON = "application/json"


def test_read__turns_text_into_numbers_and_fills_defaults() -> None:
    asked = read(SearchRequest, {"q": "cpu", "limit": "5"})
    assert (asked.q, asked.limit, asked.offset) == ("cpu", 5, 0)


@pytest.mark.parametrize(("model", "values", "said"), [
    (SearchRequest, {"limit": "many"}, "limit: input should be a valid integer"),
    (SearchRequest, {"limit": "0"}, "limit: input should be greater than or equal to 1"),
    (SearchRequest, {"limit": "1001"}, "limit: input should be less than or equal to 1000"),
    (SearchRequest, {"offset": "-1"}, "offset:"),
    (SearchRequest, {"querry": "cpu"}, "querry: is not a known field"),
    (ViewRequest, {}, "Give exactly one of query, task_ids"),
    (ViewRequest, {"query": "cpu", "task_ids": [1]}, "not query and task_ids"),
    (ViewRequest, {"task_ids": []}, "task_ids:"),
    (RunRequest, {"task_ids": [1]}, "labels: field required"),
    (RunRequest, {"labels": [], "all": True}, "labels:"),
    (RunRequest, {"labels": ["cpu"], "all": False}, "all:"),
    (RunRequest, {"labels": "cpu", "all": True}, "labels:"),
    (RunRequest, {"labels": ["cpu"], "task_ids": ["x"]}, "task_ids.0:"),
    (ExportJobRequest, {"splits": {"Train": 1}}, "splits.Train"),
    (ExportJobRequest, {"splits": {"a" * 32: 1}}, "at most 31"),
    (AcceptRequest, {"min_score": 1.5}, "min_score:"),
    (AcceptRequest, {"min_score": float("nan")}, "min_score:"),
    (AcceptRequest, {"accepted_by": "a\0b"}, "accepted_by: contains a NUL"),
])
def test_read__says_which_field_is_wrong(model: type[Request], values: dict[str, object], said: str) -> None:
    with pytest.raises(ArgusError) as error:
        read(model, values)
    assert error.value.code == "bad_request"
    assert said in error.value.message


@pytest.mark.parametrize(("body", "kind", "said"), [
    (b'{"title"', JSON, "not JSON"),
    (b"[1]", JSON, "JSON object"),
    (b"\xff\xfe{", JSON, "not JSON"),
    (b"[" * 100_000, JSON, "not JSON"),
    (b'{"query": "cpu"}', "text/plain", "Content-Type"),
    (b'{"query": "\\ud800"}', JSON, "not JSON"),
])
def test_read_json__refuses(body: bytes, kind: str, said: str) -> None:
    with pytest.raises(ArgusError, match=said):
        read_json(ViewRequest, body, kind)


def test_names_of_splits__have_letters_of_any_script_and_31_of_them() -> None:
    name = "aé" + 29 * "_"
    assert read_json(ExportJobRequest, json.dumps({"splits": {name: 80}}).encode(), JSON).splits == {name: 80}


def test_read_json__an_empty_body_is_an_empty_object() -> None:
    assert read_json(AcceptRequest, b"", "").min_score == 0.9


def test_corners__of_a_box() -> None:
    assert read(LikeRequest, {"box": "0,0.25,1,0.5"}).corners() == [0, 0.25, 1, 0.5]
    assert read(LikeRequest, {}).corners() is None


@pytest.mark.parametrize("box", ["1,2", "a,b,c,d", "0.5,0,0.5,1", "0,0,1,1.1", "-0.1,0,1,1", "nan,0,1,1"])
def test_corners__refuses(box: str) -> None:
    with pytest.raises(ArgusError) as error:
        read(LikeRequest, {"box": box}).corners()
    assert error.value.code == "bad_request"
