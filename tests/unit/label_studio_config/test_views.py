"""What goes into a view, without a server."""

from __future__ import annotations

import pytest

from label_studio_config import views
from label_studio_config.bands import Edges
from label_studio_config.views import (
    MAX_IDS,
    band_filter,
    filter_digest,
    ids_filter,
    nothing_found_filter,
)

# What Label Studio's own interface can show; any other operator in a saved view blanks the project's Data Manager.
KNOWN = {"equal", "not_equal", "less", "greater", "less_or_equal", "greater_or_equal", "in", "not_in", "empty",
         "contains", "not_contains", "regex"}


def short(items: list[dict[str, object]]) -> list[tuple[object, ...]]:
    return [(item["filter"], item["operator"], item["value"]) for item in items]


def test_ranges__meet_without_gap_or_overlap() -> None:
    assert Edges(0.9, 0.7).ranges() == {"high": (0.9, None), "medium": (0.7, 0.9), "low": (None, 0.7)}


def test_band_filter__is_half_open_and_of_unreviewed_tasks() -> None:
    assert short(band_filter((0.7, 0.9))) == [("filter:tasks:predictions_score", "greater_or_equal", 0.7),
                                              ("filter:tasks:predictions_score", "less", 0.9),
                                              ("filter:tasks:total_annotations", "equal", 0)]
    assert [row[1] for row in short(band_filter((0.9, None)))] == ["greater_or_equal", "equal"]
    assert [row[1] for row in short(band_filter((None, 0.7)))] == ["less", "equal"]


def test_nothing_found_filter__asks_for_this_versions_empty_prediction() -> None:
    assert short(nothing_found_filter("argus-1")) == [
        ("filter:tasks:predictions_score", "empty", True),
        ("filter:tasks:predictions_model_versions", "contains", ["argus-1"]),
        ("filter:tasks:total_annotations", "equal", 0)]


def test_every_filter_uses_operators_the_interface_knows() -> None:
    filters = [band_filter(edges) for edges in Edges(0.9, 0.7).ranges().values()] + [nothing_found_filter("x")]
    assert {item["operator"] for items in filters for item in items} <= KNOWN


def test_limits_hold_on_sqlite() -> None:
    assert MAX_IDS <= 500


def test_filter_digest__tells_filters_apart_by_what_they_mean() -> None:
    written, other = ids_filter([1, 2]), ids_filter([2, 1])
    as_the_page_saves_it = {"items": [{**item, "value": float(item["value"]), "child_filter": None}
                                      for item in written["items"]], "conjunction": "or"}
    assert filter_digest(as_the_page_saves_it) == filter_digest(written)
    assert len({filter_digest(kind) for kind in (written, other, {**written, "conjunction": "and"}, None)}) == 4


def test_ids_filter__of_no_task_lets_none_pass() -> None:
    assert short(ids_filter([])["items"]) == [("filter:tasks:id", "equal", 0)]


@pytest.mark.parametrize(("title", "name"), [
    ("Search: cpu", "cpu"), ("Search: cpu (ranked)", "cpu"), ("Search: cpu (unordered)", "cpu"),
    ("Search: cpu (unordered) 2/3", "cpu"), ("Search: cpu 2/3", "cpu"),
    ("Search: cpu (ranked) -fan", "cpu (ranked) -fan"),
    ("Search: (ranked) cpu", "(ranked) cpu"),
])
def test_base_title__is_without_order_and_tier(title: str, name: str) -> None:
    assert views.base_title(title) == name
    assert views._clean_title(views.base_title(title)) == name


def test_hiding__adds_a_column_once() -> None:
    once = views._hiding({"hiddenColumns": {"explore": ["a"], "labeling": None}}, "b")
    assert once == {"explore": ["a", "b"], "labeling": ["b"]}
    assert views._hiding({"hiddenColumns": once}, "b") == once
