"""What was measured, part by part: kept in one file, and told as the keys of `--json` and as the page's table."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks import pages

SIZES = {"10k": 10_000, "50k": 50_000, "300k": 300_000}
BEGIN, END = "<!-- ranking: written by python -m benchmarks.search -->", "<!-- end of ranking -->"
GOALS: dict[str, dict[str, float]] = {
    "ratio": {"10k": 1.6, "50k": 0.75, "300k": 0.55}, "filter20": {"10k": 1.0, "50k": 0.5, "300k": 0.35},
    "filter1": {"10k": 1.1, "50k": 0.75, "300k": 0.6}, "p95_ms": {"10k": 60, "50k": 80, "300k": 150}}
ROWS = ("numpy", "this build", "this build, PostgreSQL alone", "baseline, exactly", "baseline, its default",
        "FAISS flat", "FAISS SQ8", "usearch", "sqlite-vec", "LanceDB", "pgvector HNSW")
Parts = dict[str, Any]


def kept(file: Path, part: str) -> Parts:
    """Return what was measured of one part."""
    found: Parts = json.loads(file.read_text("utf-8")).get(part, {}) if file.exists() else {}
    return found


def merge(file: Path, part: str, figures: dict[str, Any]) -> Parts:
    """Put one part's figures beside the others, and return all."""
    parts: Parts = json.loads(file.read_text("utf-8")) if file.exists() else {}
    parts[part] = figures
    file.write_text(json.dumps(parts, indent=1, sort_keys=True) + "\n", "utf-8")
    return parts


def keys(parts: Parts) -> dict[str, Any]:
    """Return what `--json` writes; None where a part was not measured."""
    sizes = {name: parts.get(name, {}) for name in SIZES}
    found: dict[str, Any] = {f"ratio_{name}": _of(size, "ways", "this build", "ratio") for name, size in sizes.items()}
    worsts = [worst for size in sizes.values() if size for worst in (
        size["ways"]["this build"]["worst"], size["filter20"]["worst"], size["filter1"]["worst"])]
    found["recall_worst"] = min([*worsts, *([parts["1m"]["worst"]] if "1m" in parts else [])], default=None)
    for mode in ("filter20", "filter1"):
        found[mode] = {name: _of(size, mode, "ratio") for name, size in sizes.items()}
    return found | {
        "p95_ms": {name: size.get("p95_ms") for name, size in sizes.items()},
        "growth_1m": _of(parts, "1m", "growth"), "two_at_once_ratio": sizes["50k"].get("two_at_once"),
        "rss_50k_mb": sizes["50k"].get("rss_mb"), "start_wait_seconds": _of(parts, "start", "wait")}


def _of(found: Any, *path: str) -> Any:
    for name in path:
        found = (found or {}).get(name)
    return found


def write(page: Path, parts: Parts) -> None:
    """Put the tables between the page's marks."""
    pages.put(page, BEGIN, END, [_machine(parts), "", *_goals(parts), "", *_ways(parts)])


def _machine(parts: Parts) -> str:
    cpu = next((line.split(":", 1)[1].strip() for line in Path("/proc/cpuinfo").read_text().splitlines()
                if line.startswith("model name")), platform.machine())
    loads = sorted(part["load"] for part in parts.values() if "load" in part)
    kernels = sorted({part["kernel"] for part in parts.values() if "kernel" in part})
    days = sorted({part["on"] for part in parts.values()})
    when = " to ".join(sorted({days[0], days[-1]}))
    return (f"{os.cpu_count()} cores ({cpu}), numpy with {', '.join(kernels)}, {when}, "
            f"load {' to '.join(str(load) for load in sorted({loads[0], loads[-1]}))}.")


def _goals(parts: Parts) -> list[str]:
    found = keys(parts)
    table = [("whole ranking with PostgreSQL / numpy", GOALS["ratio"], {n: found[f"ratio_{n}"] for n in SIZES}),
             ("20 % pass a filter / baseline, exactly", GOALS["filter20"], found["filter20"]),
             ("1 % pass a filter / baseline, exactly", GOALS["filter1"], found["filter1"]),
             ("p95 of `GET /search`, ms", GOALS["p95_ms"], found["p95_ms"])]
    million = parts.get("1m", {})
    single = [("recall@50 of the worst query", "1.0", found["recall_worst"]),
              ("1,000,000 × 768: scan and re-scoring / numpy", "≤ 0.45", million.get("ratio")),
              ("processor time a row, 1,000,000 to 50,000", "≤ 1.1", found["growth_1m"]),
              ("two searches at once / one, 50,000", "≤ 1.45", found["two_at_once_ratio"]),
              ("memory of the search service with 50,000, MB", "≤ 160", found["rss_50k_mb"]),
              ("start or write while an index is built, s", "≤ 1", found["start_wait_seconds"])]
    return ["| | 10k × 1,152 | 50k × 1,152 | 300k × 1,152 |", "|---|---|---|---|",
            *(f"| {what} | " + " | ".join(f"{_told(got[n])} (≤ {goal[n]})" for n in SIZES) + " |"
              for what, goal, got in table), "",
            "| | aimed at | measured |", "|---|---|---|",
            *(f"| {what} | {goal} | {_told(got)} |" for what, goal, got in single)]


def _ways(parts: Parts) -> list[str]:
    """Return a table of all ways for each size."""
    lines: list[str] = []
    for name, rows in SIZES.items():
        if size := parts.get(name):
            lines += [f"## {rows:,} vectors of 1,152 dimensions", "",
                      f"{size['as_postgresql']} answers have the rows of PostgreSQL alone, in its order. Loading took "
                      f"{size['facts']['load']}; {size['facts']['ingest']:,} vectors a second are stored.", "",
                      "| | to numpy | its processor time | recall@50 | worst query | p50 ms | p95 ms | |",
                      "|---|---|---|---|---|---|---|---|",
                      *(_row(way, size["ways"][way]) for way in ROWS if way in size["ways"]),
                      *(_filter(mode, size[mode]) for mode in ("filter20", "filter1")), ""]
    return lines


def _row(name: str, way: dict[str, Any]) -> str:
    cells: Sequence[Any] = [name, way["ratio"], way["ratio_cpu"], way["recall"], way["worst"], way["p50"], way["p95"],
                            way["note"]]
    return "| " + " | ".join(map(str, cells)) + " |"


def _filter(mode: str, found: dict[str, Any]) -> str:
    share = {"filter20": "20 %", "filter1": "1 %"}[mode]
    times = ", ".join(f"{name} {ms} ms" for name, ms in found["p50"].items())
    return f"| {share} pass ({found['rows']:,}) | | | | {found['worst']} | | | {times} |"


def _told(value: Any) -> str:
    return "not measured" if value is None else str(value)
