"""What the benchmark of the search makes of its figures."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from benchmarks.search import __main__ as command
from benchmarks.search import data, figures, million
from benchmarks.search.ways import Answer, Asked

SIZE = {"ways": {"this build": {"ratio": 0.7, "worst": 1.0, "ratio_cpu": 0.7, "recall": 1.0, "p50": 9.0, "p95": 12.0,
                                "note": ""}},
        "filter20": {"ratio": 0.4, "worst": 1.0, "rows": 10_000, "p50": {"this build": 3.0}},
        "filter1": {"ratio": 0.6, "worst": 0.98, "rows": 500, "p50": {"this build": 2.0}},
        "p95_ms": 60.0, "two_at_once": 1.2, "rss_mb": 150.0, "as_postgresql": "60/60", "kernel": "OpenBLAS X",
        "facts": {"load": "1.4 s", "ingest": 20_000}, "load": 1.0, "on": "2026-11-29"}


def test_keys__are_there_whatever_was_measured() -> None:
    none = figures.keys({})
    assert list(none) == ["ratio_10k", "ratio_50k", "ratio_300k", "recall_worst", "filter20", "filter1", "p95_ms",
                          "growth_1m", "two_at_once_ratio", "rss_50k_mb", "start_wait_seconds"]
    assert none["filter20"] == {"10k": None, "50k": None, "300k": None} and none["recall_worst"] is None
    some = figures.keys({"50k": SIZE, "start": {"wait": 0.1}})
    assert (some["ratio_50k"], some["ratio_10k"], some["recall_worst"]) == (0.7, None, 0.98)
    assert (some["two_at_once_ratio"], some["rss_50k_mb"], some["start_wait_seconds"]) == (1.2, 150.0, 0.1)


def test_parts__add_to_what_was_measured_before_and_stand_on_the_page(tmp_path: Path) -> None:
    page, measured = tmp_path / "page.md", tmp_path / "measured.json"
    page.write_text(f"# Head\n\n{figures.BEGIN}\n{figures.END}\n\nTail\n")
    figures.merge(measured, "50k", SIZE)
    parts = figures.merge(measured, "start", {"wait": 0.25, "on": "2026-11-30"})
    assert set(parts) == {"50k", "start"}
    figures.write(page, parts)
    text = page.read_text()
    assert text.startswith("# Head\n") and text.endswith("\n\nTail\n")
    assert "| not measured (≤ 1.6) | 0.7 (≤ 0.75) | not measured (≤ 0.55) |" in text
    assert "numpy with OpenBLAS X, 2026-11-29 to 2026-11-30" in text and "| ≤ 1 | 0.25 |" in text


def test_kept__is_one_part_as_it_was_measured(tmp_path: Path) -> None:
    measured = tmp_path / "measured.json"
    assert figures.kept(measured, "50k") == {}
    figures.merge(measured, "50k", SIZE)
    assert figures.kept(measured, "50k") == SIZE and figures.kept(measured, "10k") == {}


def test_asked__ratio_is_the_median_of_the_queries_own() -> None:
    mine = Asked("mine", [Answer(ms, ms, [0]) for ms in (1, 2, 30)])
    its = Asked("its", [Answer(ms, 1, [0]) for ms in (2, 2, 10)])
    assert mine.ratio(its) == 1.0 and mine.ratio(its, "cpu") == 2.0


def test_recall__counts_what_is_as_good_as_the_last_right_row() -> None:
    scores = [np.array([0.9, 0.5, 0.5 - 1e-9, 0.1])]
    for rows, recall in (([0, 1], 1.0), ([0, 2], 1.0), ([0, 3], 0.5), ([0], 0.5)):
        assert Asked("way", [Answer(1, 1, rows)]).recalls(scores, 2) == [recall]


def test_prepare__vectors_are_halves_of_length_1(tmp_path: Path) -> None:
    data.prepare(tmp_path, 500, 64, 4)
    vectors, queries = np.load(tmp_path / "vectors.npy"), np.load(tmp_path / "queries.npy")
    assert vectors.dtype == np.float16 and np.load(tmp_path / "filter20.npy").sum() == 100
    assert np.allclose(np.linalg.norm(vectors.astype(np.float32), axis=1), 1, atol=1e-3)
    exact = data.cosines(tmp_path)
    assert len(exact) == 4 and exact[1][7] == pytest.approx(float(vectors[7].astype(float) @ queries[1]), abs=1e-12)


def test_million__finds_the_right_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(million, "PIECE", 1000)
    monkeypatch.setattr(million, "FEW", 1000)
    found = million.measure(3, rows=4000)
    assert found["worst"] == 1.0 and found["growth"] > 0


def test_an_unknown_part__is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", ["search", "--parts", "10k,walk"])
    with pytest.raises(SystemExit):
        command.main()
