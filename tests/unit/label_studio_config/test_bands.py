"""One rule for the edges of bands."""

from __future__ import annotations

import pytest

from label_studio_config.bands import Edges, condition_sql, edges_of


@pytest.mark.parametrize(("score", "band"), [(0.9, "high"), (0.89996, "high"), (0.89994, "medium"), (0.35, "medium"),
                                             (0.3499, "low"), (None, "nothing_found")])
def test_band__scores_count_as_they_are_delivered(score: float | None, band: str) -> None:
    assert Edges(0.9, 0.35).band(score) == band


def test_ranges__meet_without_gap_or_overlap_also_when_the_medium_band_is_empty() -> None:
    assert Edges(0.8, 0.8).ranges() == {"high": (0.8, None), "medium": (0.8, 0.8), "low": (None, 0.8)}
    assert [Edges(0.8, 0.8).band(score) for score in (0.8, 0.7999)] == ["high", "low"]


def test_edges_of__a_project_s_own_else_the_settings() -> None:
    assert edges_of({"band_high": 0.95, "band_medium": None}) == Edges(0.95, 0.7)
    assert edges_of({"band_high": None, "band_medium": 0.123456789}) == Edges(0.9, 0.123456789)


@pytest.mark.parametrize(("band", "sql", "bounds"), [
    ("high", "s::numeric >= %(band_low)s", {"band_low": 0.9}),
    ("medium", "s::numeric >= %(band_low)s AND s::numeric < %(band_high)s", {"band_low": 0.7, "band_high": 0.9}),
    ("low", "s::numeric < %(band_high)s", {"band_high": 0.7}), ("nothing_found", "s IS NULL", {})])
def test_condition_sql(band: str, sql: str, bounds: dict[str, float]) -> None:
    assert condition_sql(Edges(0.9, 0.7), band, "s") == (sql, bounds)
