"""Measure both models on this machine's GPU; see `benchmarks.gpu`.

Ends with status 1 when bfloat16 and float32 do not agree, with 2 where there is no CUDA.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import torch

from benchmarks.annotate.world import CHECKPOINT as TINY
from benchmarks.gpu import checkpoints, models
from benchmarks.gpu.rows import HEAD, Row, Table
from benchmarks.pages import put

PAGE = Path("docs/benchmarks-gpu.md")
BEGIN, END = "<!-- gpu: written by python -m benchmarks.gpu -->", "<!-- end of gpu -->"
SECONDS, ROW_SECONDS = 420.0, 6.0  # after `SECONDS` no row begins: the last one, and the weights, have a minute


def main(words: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.gpu", description=__doc__)
    parser.add_argument("--json", type=Path, help="write the figures into this file")
    parser.add_argument("--page", type=Path, help=f"put the table into this page ({PAGE})")
    parser.add_argument("--tiny", action="store_true", help="the demo's checkpoints on the CPU, without compilation")
    parser.add_argument("--no-compile", action="store_true", help="without torch.compile")
    options = parser.parse_args(words)
    if not (options.tiny or torch.cuda.is_available()):
        print("There is no CUDA here: torch.cuda.is_available() is False. Is the driver installed, and torch's build "
              "made for it? `--tiny` tries the benchmark with the demo's small models on the CPU.", file=sys.stderr)
        return 2
    began = time.monotonic()
    table = Table(began + SECONDS, 0.0, 1) if options.tiny else Table(began + SECONDS, ROW_SECONDS)
    with tempfile.TemporaryDirectory(prefix="argus-gpu-") as folder:
        found = measure(table, Path(folder), tiny=options.tiny, compiled=not (options.tiny or options.no_compile))
    figures = {"on": _machine(options.tiny), "seconds": round(time.monotonic() - began), "agreement": found,
               "agrees": found is not None and models.agrees(found), "rows": [asdict(row) for row in table.rows]}
    if options.json:
        options.json.write_text(json.dumps(figures, indent=1), "utf-8")
    if options.page:
        put(options.page, BEGIN, END, lines(figures))
    print("\n".join(lines(figures)))
    return int(found is not None and not figures["agrees"])


def measure(table: Table, folder: Path, *, tiny: bool, compiled: bool) -> dict[str, float] | None:
    """Measure all rows; return how far the number formats are apart, None when there was no time."""
    device, width = ("cpu", 640) if tiny else ("cuda", 1920)
    sam3, siglip = TINY, TINY.parent / "siglip2-tiny"
    if not tiny:
        print("making random weights …", file=sys.stderr, flush=True)
        sam3 = checkpoints.write_sam3(folder / "sam3", device)
        siglip = checkpoints.write_siglip2(folder / "siglip2", device)
        torch.cuda.empty_cache()
    models.sam3(table, sam3, device, width)
    models.siglip(table, siglip, device, width)
    found = None if table.is_over else models.agreement(sam3, siglip, device, width)
    if compiled:
        models.sam3(table, sam3, device, width, compiled=True)
    models.meta(table, folder, width)
    return found


def lines(figures: dict[str, Any]) -> list[str]:
    """Return what stands on the page."""
    found = figures["agreement"]
    said = "bfloat16 and float32 were not compared: the time was over."
    if found:
        said = (f"bfloat16 and float32 {'agree' if figures['agrees'] else '**do not agree**'}: raw boxes differ by "
                f"{found['box']:.4f} of a side on average (at most {models.BOX_LIMIT}), raw scores by "
                f"{found['score']:.4f} (at most {models.SCORE_LIMIT}), and the vectors' cosine is "
                f"{found['cosine']:.4f} (at least {models.COSINE_LIMIT}).")
    rows = [Row(**row).line() for row in figures["rows"]]
    return [f"{figures['on']}; {figures['seconds']} s for all.", "", *HEAD, *rows, "", said]


def _machine(tiny: bool) -> str:
    device = "the demo's checkpoints on a CPU, which says nothing about a GPU" if tiny else \
        f"{torch.cuda.get_device_name()}, {torch.cuda.get_device_properties(0).total_memory / 2**30:.0f} GB"
    return f"{device}, torch {torch.__version__}, {datetime.now(UTC):%Y-%m-%d}"


if __name__ == "__main__":
    sys.exit(main())
