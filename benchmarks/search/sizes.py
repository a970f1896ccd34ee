"""One size of 1,152 dimensions: this build, the baseline and the peers, asked the same queries in turn."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import tempfile
import venv
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.search import data, served
from benchmarks.search.ways import Asked, Way, ask_in_turn, way
from benchmarks.side_by_side.build import HERE, baseline_tree

K, DIM = 50, 1152
PEERS = ("FAISS flat", "FAISS SQ8", "usearch", "sqlite-vec", "LanceDB")
SLOW, SLOW_QUERIES = ("sqlite-vec", "LanceDB"), 12
NEEDED = Path(__file__).with_name("peers.txt")


def measure(rows: int, queries: int, with_peers: bool) -> dict[str, Any]:
    """Return the figures of one size."""
    with _opened(rows, queries) as (folder, numpy, ours, theirs):
        found = {"rows": rows, "kernel": numpy.facts["kernel"], "facts": {
            name: ours.facts[name] for name in ("ingest", "load")}}
        scores = data.cosines(folder)
        found |= _ranking(ours, theirs, numpy, queries, scores)
        found |= _filters_and_service(folder, numpy, ours, theirs, scores)
        if with_peers:
            found["ways"] |= dict(_peers(folder, peers_python(), numpy, scores))
        return found | {"load": round(os.getloadavg()[1], 1)}


def measure_filters_and_service(rows: int, queries: int) -> dict[str, Any]:
    """Return the figures of one size that need no index and no peer: searches with filters, and those over HTTP."""
    with _opened(rows, queries, ", no index") as (folder, numpy, ours, theirs):
        return _filters_and_service(folder, numpy, ours, theirs, data.cosines(folder)) | {
            "load": round(os.getloadavg()[1], 1)}


@contextlib.contextmanager
def _opened(rows: int, queries: int, form: str = "") -> Iterator[tuple[Path, Way, Way, Way]]:
    """Make the data; yield their folder, and numpy, this build and the baseline with it."""
    with tempfile.TemporaryDirectory(prefix="argus-search-") as temporary, contextlib.ExitStack() as opened:
        folder = Path(temporary)
        data.prepare(folder, rows, DIM, queries)
        python, tree = peers_python(), baseline_tree()
        numpy = opened.enter_context(way("peers.py", "numpy", folder, python))
        ours = opened.enter_context(way("stored.py", f"this build{form}", folder, Path(sys.executable), tree=HERE))
        theirs = opened.enter_context(way("stored.py", f"baseline{form}", folder, tree / ".venv/bin/python", tree=tree))
        yield folder, numpy, ours, theirs


def _filters_and_service(folder: Path, numpy: Way, ours: Way, theirs: Way, scores: list[Any]) -> dict[str, Any]:
    found = {mode: _filter(mode, ours, theirs, numpy, folder, scores) for mode in ("filter20", "filter1")}
    return found | served.measure(ours.facts, folder / "queries.npy")


def _ranking(ours: Way, theirs: Way, numpy: Way, queries: int, scores: list[Any]) -> dict[str, Any]:
    ways = {"numpy": (numpy, "all"), "this build": (ours, "all"), "this build, PostgreSQL alone": (ours, "sql"),
            "baseline, exactly": (theirs, "all"), "pgvector HNSW": (ours, "pgvector")}
    if "index" in theirs.facts:
        ways["baseline, its default"] = theirs, "default"
    asked = ask_in_turn(ways, queries)
    same = [mine.rows == its.rows for mine, its in
            zip(asked["this build"].answers, asked["this build, PostgreSQL alone"].answers, strict=True)]
    notes = {"numpy": numpy.facts["kernel"], "pgvector HNSW": ours.facts["index"],
             "baseline, its default": theirs.facts.get("index", "")}
    return {"ways": {name: _row(one, asked["numpy"], scores, notes.get(name, "")) for name, one in asked.items()},
            "as_postgresql": f"{sum(same)}/{len(same)}"}


def _row(one: Asked, numpy: Asked, scores: list[Any], note: str = "") -> dict[str, Any]:
    recalls = one.recalls(scores[:len(one.answers)], K)
    return {"p50": one.p(50), "p95": one.p(95), "ratio": one.ratio(numpy), "ratio_cpu": one.ratio(numpy, "cpu"),
            "recall": round(float(np.mean(recalls)), 4), "worst": min(recalls), "queries": len(recalls), "note": note}


def _filter(mode: str, ours: Way, theirs: Way, numpy: Way, folder: Path, scores: list[Any]) -> dict[str, Any]:
    """Ask with a filter, whose tasks both builds look up in every search; numpy has them at hand."""
    passing = np.load(folder / f"{mode}.npy")
    asked = ask_in_turn({"this build": (ours, mode), "baseline": (theirs, mode), "numpy": (numpy, mode)}, len(scores))
    only = [np.where(passing, row, -np.inf) for row in scores]
    return {"ratio": asked["this build"].ratio(asked["baseline"]), "rows": int(passing.sum()),
            "ratio_cpu": asked["this build"].ratio(asked["baseline"], "cpu"),
            "p50": {name: one.p(50) for name, one in asked.items()},
            "worst": min(asked["this build"].recalls(only, K))}


def _peers(folder: Path, python: Path, numpy: Way, scores: list[Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Ask the peers one after the other, each in turn with numpy: all at once would not fit into memory."""
    for name in PEERS:
        with way("peers.py", name, folder, python) as peer:
            asked = ask_in_turn({"numpy": (numpy, "all"), name: (peer, "all")},
                                SLOW_QUERIES if name in SLOW else len(scores))
            yield name, _row(asked[name], asked["numpy"], scores, peer.facts["version"])


def peers_python() -> Path:
    """Return the interpreter of the peers' environment, `PEERS_FOLDER` (.argus/peers), made where it is missing."""
    folder = Path(os.environ.get("PEERS_FOLDER") or HERE / ".argus" / "peers")
    python = folder / "bin" / "python"
    if not python.exists():
        venv.create(folder, with_pip=True)
    subprocess.run([str(python), "-m", "pip", "install", "--quiet", "-r", str(NEEDED)], check=True)
    return python
