"""Measure a frame's way on both builds, one after the other; see `benchmarks.frame_way`.

Ends with status 1 when the two builds do not give the same predictions, or this build takes more than 0.6 × the
baseline's time from the import's end to the last stored prediction, the models left out.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from pathlib import Path

from benchmarks.frame_way import report, stages
from benchmarks.frame_way.footage import make_video
from benchmarks.frame_way.report import GOAL, Side, different
from benchmarks.frame_way.way import go
from benchmarks.side_by_side.__main__ import refuse_the_same
from benchmarks.side_by_side.build import HERE, Build, baseline_tree


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.frame_way", description=__doc__)
    parser.add_argument("--json", type=Path, help="write the figures into this file")
    parser.add_argument("--minutes", type=float, default=10, help="length of the video, a frame a second is taken (10)")
    parser.add_argument("--page", type=Path, help=f"put the tables into this page ({report.PAGE})")
    options = parser.parse_args()
    seconds = round(60 * options.minutes)
    with tempfile.TemporaryDirectory(prefix="argus-way-") as name:
        folder = Path(name)
        print(f"making a video of {seconds} s …", file=sys.stderr, flush=True)
        make_video(folder / "belt.mp4", seconds)
        sides, identities = [], []
        for build, events in builds(folder):
            print(f"{build.name} …", file=sys.stderr, flush=True)
            try:
                build.start()
                identities.append(build.identity())
                way = go(build, folder / "belt.mp4", seconds)
            finally:
                build.stop()
            sides.append(Side(way, stages.read(events)))
        refuse_the_same(report.SIDES, identities)
    figures = report.to_json(*sides)
    if options.json:
        options.json.write_text(json.dumps(figures, indent=1), "utf-8")
    if options.page:
        report.write(figures, options.page)
    print("\n".join(report.lines(figures)))
    if wrong := different(*(side.way.regions for side in sides)):
        print(f"The predictions of {len(wrong)} frames differ, first of frame {wrong[0]}.")
    return int(bool(wrong) or figures["not_model_ratio"] > GOAL)


def builds(folder: Path) -> list[tuple[Build, Path]]:
    """Return both builds, each with the folder into which its processes write what they took."""
    return [(Build(name, tree, folder / name.replace(" ", "-"),
                   variables=stages.variables(functions, events := folder / f"events of {name}")), events)
            for name, tree, functions in ((report.SIDES[0], baseline_tree(), stages.BASELINE),
                                          (report.SIDES[1], HERE, stages.THIS_BUILD))]


if __name__ == "__main__":
    sys.exit(main())
