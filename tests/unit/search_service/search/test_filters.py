"""What a search can be narrowed by, and how an ask reads; without a database."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from pydantic import ValidationError

from argus.errors import ArgusError
from search_service.search.filters import Filters
from search_service.search.query import Example, SearchQuery
from search_service.sync.annotations import labels_of


@pytest.mark.parametrize("values", [{}, {"label_in": "predictions"}, {"collapse": False}, {"video": ""}])
def test_narrow__nothing_is_asked_for(values: dict[str, object]) -> None:
    assert not Filters.model_validate(values).narrow()


@pytest.mark.parametrize("values", [{"labelled": False}, {"labelled": True}, {"band": "low"}, {"video_from": 0},
                                    {"label": "cpu"}, {"collapse": True}, {"flaw": "dark"},
                                    {"captured_to": "2026-01-01"}])
def test_narrow__something_is(values: dict[str, object]) -> None:
    assert Filters.model_validate(values).narrow()


@pytest.mark.parametrize("values", [{"video_from": 5, "video_to": 4}, {"video_from": -1}, {"band": "best"},
                                    {"captured_from": "2026-02-01", "captured_to": "2026-01-01"}, {"label": "a\0b"},
                                    {"labelled": "perhaps"}, {"flaw": "odd"}, {"video_to": float("nan")},
                                    {"lable": "cpu"},
                                    {"captured_from": "yesterday"}])
def test_filters__refuse(values: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Filters.model_validate(values)


def test_filters__a_time_without_a_zone_is_utc() -> None:
    assert Filters.model_validate({"captured_from": "2026-01-01T10:00"}).captured_from == datetime(
        2026, 1, 1, 10, tzinfo=UTC)


def test_ask__reads_like_a_sentence_and_survives_being_kept() -> None:
    ask = SearchQuery.model_validate({"text": " cpu  -fan", "like": [{"task": 7, "box": [0, 0, 0.5, 1]}],
                              "unlike": [{"task": 9}], "filters": {"labelled": False, "video_from": 0}})
    assert ask.title() == ("cpu -fan · like part 0 0 50 100 % of task 7 · not like task 9 · labelled: no · "
                           "video from: 0.0")
    assert SearchQuery.model_validate(ask.to_json()) == ask
    assert ask.examples == [7, 9]
    assert ask.is_savable
    assert not SearchQuery(like=[Example(image="aGk=")]).is_savable


@pytest.mark.parametrize("example", [{}, {"task": 1, "image": "aGk="}, {"task": 0}, {"task": 1, "box": [0, 0, 1]},
                                     {"task": 1, "box": [0.5, 0, 0.5, 1]}, {"task": 1, "box": [0, 0, 1, 1.1]}])
def test_example__refuses(example: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Example.model_validate(example)


def test_ask__only_exclusions_are_nothing_to_search_for() -> None:
    with pytest.raises(ArgusError, match="nothing to search for"):
        SearchQuery.model_validate({"unlike": [{"task": 1}]}).check()


def test_labels_of__boxes_masks_and_choices_each_once() -> None:
    def region(**value: object) -> dict[str, object]:
        return {"value": value}

    annotations = [{"result": [region(rectanglelabels=["fan"], x=1), region(brushlabels=["cpu"], rle=[1]),
                               region(rectanglelabels=["fan"]), region(choices=["blurred"]), region(text=["x"]), {}]},
                   {"result": [region(rectanglelabels=["hdd"])], "was_cancelled": True}, {"result": None}]
    assert labels_of(annotations) == ["blurred", "cpu", "fan"]
