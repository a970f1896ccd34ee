"""The page docs/benchmarks-search.md, written from the figures."""

from __future__ import annotations

import json
import os
import platform
from pathlib import Path
from statistics import median
from typing import Any

Figure = dict[str, Any]
# From EXPLAIN (ANALYZE, BUFFERS) of the exact search in 50,000 images, every page in memory, on a quiet machine.
_NOTES = [
    "Why the exact path does not reach numpy (measured once, 2026-11-23): numpy multiplies one array that lies in "
    "memory as a whole. PostgreSQL visits 50,000 rows on 16,700 pages (about 12 ms), and has to bring each row's "
    "vector from memory, in pieces of 2 kB, for its distance (about 30 ms, although the distance of a vector that "
    "is in the processor's cache takes 0.1 µs). Neither larger buffers, nor another way of reading, nor going by "
    "the index instead of the whole table was faster. The plan shares the work among up to three processes: 44 ms "
    "alone, 32 ms with one more on two cores, and 26 ms with one more where the server's memory is in huge pages "
    "(`huge_pages` of PostgreSQL, `vm.nr_hugepages` of Linux).", "",
    "Recall of the exact path is counted against full precision. The store keeps half precision, which exchanges "
    "two images whose cosines differ in the seventh digit.", ""]
_LOST = [
    "A worst query near 0 in a row of HNSW: in that build the query is answered from another part of the images. "
    "The graph is built by several processes at once and each build is another one: one made of the same images "
    "with the same numbers (measured once, 2026-11-23) answered every query with at least 0.98.", ""]
_ORDER = ("Argus", "one HNSW, WHERE", "numpy, exact", "FAISS flat", "FAISS HNSW, filtered", "sqlite-vec")


def write(results: Path, page: Path) -> None:
    """Write the page; of a figure measured twice the last one counts."""
    figures = [json.loads(line) for line in results.read_text().splitlines()]
    parts: dict[str, list[Figure]] = {}
    for figure in figures:
        parts.setdefault(figure["part"], []).append(figure)
    ranks = {(f["size"], f["share"], f["way"]): f for f in parts.get("rank", [])}
    lines = ["# Search: figures", "",
             f"`make bench-search` on {_machine()}, {_when(figures)}. Compare ratios, not milliseconds with those "
             "of another machine; none stands where the two were measured at different times.", ""]
    lines += _goals(ranks, parts)
    for size in sorted({size for size, _, _ in ranks}):
        lines += _ranking(size, ranks)
    for figure in _last(parts.get("ingest", []), "size"):
        lines.append(f"- Ingest into the store, {figure['size']:,} vectors in batches of 2,000: "
                     f"{figure['vectors_per_second']:,} vectors a second.")
    lines += ["", *_embedding(_turns(parts)), *_service(parts)]
    page.write_text("\n".join(lines).rstrip() + "\n")


def _machine() -> str:
    cpu = next((line.split(":", 1)[1].strip() for line in Path("/proc/cpuinfo").read_text().splitlines()
                if line.startswith("model name")), "") if Path("/proc/cpuinfo").exists() else ""
    return f"{os.cpu_count()} CPU cores ({cpu or platform.machine()}), no GPU"


def _when(figures: list[Figure]) -> str:
    """Return when the figures were measured, and the load of the five minutes before, which our own is part of."""
    days = sorted({figure["on"] for figure in figures})
    loads = sorted({figure["load"] for figure in figures})
    return f"{_span(days)}, load {_span(loads)}"


def _span(values: list[Any]) -> str:
    return f"{values[0]} to {values[-1]}" if len(values) > 1 else "".join(map(str, values))


def _last(figures: list[Figure], key: str) -> list[Figure]:
    return list({figure[key]: figure for figure in figures}.values())


def _ranking(size: int, ranks: dict[tuple[int, int, str], Figure]) -> list[str]:
    lines = [f"## {size:,} vectors of 1,152 dimensions", "",
             "50 rows asked of a project that holds so much of the store; recall@50 against the exact answer, mean and "
             "worst query; half of the queries are text-like, half image-like.", "",
             "| project | way | recall | worst | rows | fewest | p50 ms | p95 ms | to numpy | |",
             "|---|---|---|---|---|---|---|---|---|---|"]
    for share in (1, 5, 20, 100):
        numpy = ranks.get((size, share, "numpy, exact"))
        for way in _ORDER:
            if f := ranks.get((size, share, way)):
                ratio = _ratio(f, numpy)
                lines.append(f"| {share} % ({f['rows']:,}) | {way} | {f['recall']} | {f['worst']} | {f['returned']} | "
                             f"{f['fewest']} | {f['p50']} | {f['p95']} | {f'{ratio:.2f}' if ratio else ''} | "
                             f"{f['note']} |")
    return [*lines, ""]


def _ratio(figure: Figure, numpy: Figure | None) -> float | None:
    """Return the ratio of the medians, None when the two were measured at different times."""
    return figure["p50"] / numpy["p50"] if numpy and figure["sitting"] == numpy["sitting"] else None


def _goals(ranks: dict[tuple[int, int, str], Figure], parts: dict[str, list[Figure]]) -> list[str]:
    """Return what was aimed at beside what came out."""
    ours = [f for (_, _, way), f in ranks.items() if way == "Argus"]
    exact, graph = ([f for f in ours if f["note"].startswith(kind)] for kind in ("exact", "partial"))
    rows = [("rows returned = 50 asked, in every project", 50, min((f["fewest"] for f in ours), default=None)),
            ("recall@50 on the exact path", "1.0", min((f["recall"] for f in exact), default=None))]
    for (size, share, way), f in ranks.items():
        if way == "Argus" and share == 100 and f in exact:
            numpy = ranks.get((size, share, "numpy, exact"))
            rows.append((f"p95 of the exact path, {size:,} images", "≤ 150 ms", f"{f['p95']} ms"))
            if ratio := _ratio(f, numpy):
                rows.append((f"p50 against one thread of numpy, {size:,} images", "≤ 1.5 ×", f"{ratio:.1f} ×"))
    rows += [(f"recall@50 of a project's own HNSW index, {f['rows']:,} images", "≥ 0.97", f["recall"]) for f in graph]
    rows += [(f"ingest, {f['size']:,} vectors", "≥ 10,000 a second", f"{f['vectors_per_second']:,} a second")
             for f in _last(parts.get("ingest", []), "size")]
    if turns := _turns(parts):
        rows.append(("embedding pipeline against the bare encoder", "≥ 90 %", f"{_share(turns):.0%}"))
    for f in parts.get("polls", [])[-1:]:
        rows += [(f"poll of {f['tasks']:,} unchanged tasks", "< 1 s", f"{f['incremental']:.2f} s"),
                 ("their full reconcile", "< 30 s", f"{f['reconcile']:.1f} s")]
    for f in parts.get("queries", [])[-1:]:
        rows.append(("p95 of a text query while images are embedded", f"≤ {2 * f['idle']['p95'] + 100:.0f} ms: twice "
                     "the idle one and 100 ms", f"{f['busy']['p95']:.0f} ms"))
    return ["| goal | aimed at | measured |", "|---|---|---|",
            *(f"| {what} | {aim} | {got} |" for what, aim, got in rows), "", *_NOTES,
            *(_LOST if any(f["worst"] < 0.5 for f in graph) else [])]


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
