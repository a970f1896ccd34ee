"""The part of docs/benchmarks-search.md about embedding, polling and queries meanwhile, written from their figures."""

from __future__ import annotations

import json
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks import pages

BEGIN, END = "<!-- pipeline: written by python -m benchmarks.search -->", "<!-- end of pipeline -->"
Figure = dict[str, Any]


def write(measured: Path, page: Path) -> None:
    """Write between the page's marks; of a figure measured twice the last one counts."""
    parts: dict[str, list[Figure]] = {}
    for line in measured.read_text("utf-8").splitlines():
        figure = json.loads(line)
        parts.setdefault(figure["part"], []).append(figure)
    lines = [*_embedding(_turns(parts)), *_service(parts)]
    pages.put(page, BEGIN, END, lines[:-1])


def _turns(parts: dict[str, list[Figure]]) -> list[Figure]:
    """Return the turns of the last sitting."""
    figures = parts.get("embedding", [])
    first = max((at for at, figure in enumerate(figures) if figure["turn"] == 1), default=0)
    return figures[first:]


def _share(turns: list[Figure]) -> float:
    return float(median(turn["pipeline"] for turn in turns) / median(turn["bare"] for turn in turns))


def _embedding(turns: list[Figure]) -> list[str]:
    if not turns:
        return []
    bare, whole = (median(turn[name] for turn in turns) for name in ("bare", "pipeline"))
    return ["## Embedding", "",
            "SigLIP 2 base-patch16-256 at full size with random weights, JPEGs of 1920 × 1080 over HTTP; median of "
            f"{len(turns)} turns, batch {turns[-1]['batch']}, {turns[-1]['device']}.", "",
            "| | images a second |", "|---|---|", f"| bare encoder, pixels prepared | {bare:.2f} |",
            f"| the whole pipeline: fetch, decode, resize, encode, store | {whole:.2f} ({_share(turns):.0%}) |", ""]


def _service(parts: dict[str, list[Figure]]) -> list[str]:
    lines: list[str] = []
    for f in parts.get("polls", [])[-1:]:
        lines += ["## Polling", "", f"A project of {f['tasks']:,} tasks that nobody changes: first listing "
                  f"{f['first']:.1f} s, incremental poll {f['incremental']:.2f} s, full reconcile in the background "
                  f"{f['reconcile']:.1f} s.", ""]
    for f in parts.get("queries", [])[-1:]:
        lines += ["## Text queries while images are embedded", "",
                  "The same full-size model on a CPU, and one SigLIP worker; every text is new and "
                  "follows the answer to the one before. A query stops the image in work between two layers, "
                  f"unless none was finished for 10 s: {f['embedded_meanwhile']} was embedded meanwhile.", "",
                  "| | p50 ms | p95 ms |", "|---|---|---|",
                  f"| idle | {f['idle']['p50']} | {f['idle']['p95']} |",
                  f"| bulk embedding runs | {f['busy']['p50']} | {f['busy']['p95']} |", ""]
    return lines
