"""What both builds took, as JSON and as the tables of `docs/benchmarks-frame-way.md`."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from benchmarks.annotate.report import machine
from benchmarks.frame_way.stages import MODEL, STAGES, WAITS, Event, Spent, spent
from benchmarks.frame_way.way import Regions, Way
from benchmarks.pages import put

PAGE = Path("docs/benchmarks-frame-way.md")
BEGIN, END = "<!-- way: written by python -m benchmarks.frame_way -->", "<!-- end of way -->"
GOAL = 0.6
SIDES = ("baseline", "this build")


@dataclass(frozen=True)
class Side:
    """One build's way and the calls of its processes meanwhile."""

    way: Way
    events: list[Event]

    @property
    def whole(self) -> float:
        return self.way.done - self.way.began

    @property
    def after_import(self) -> float:
        return self.way.done - self.way.imported

    @property
    def not_model(self) -> float:
        """Seconds from the import's end to the last stored prediction in which neither model was at work."""
        return self.after_import - sum(one.seconds for stage, one in self.after().items() if stage in MODEL)

    def during(self) -> dict[str, Spent]:
        return spent(self.events, self.way.began, self.way.imported)

    def after(self) -> dict[str, Spent]:
        return spent(self.events, self.way.imported, self.way.done)

    def all(self) -> dict[str, Spent]:
        return spent(self.events, self.way.began, self.way.done)


def different(one: Regions, other: Regions) -> list[int]:
    """Return the numbers of the frames whose predictions differ."""
    return sorted(number for number in one.keys() | other.keys() if one.get(number) != other.get(number))


def to_json(baseline: Side, ours: Side) -> dict[str, Any]:
    """Return the figures: the two ratios, and for each stage what both builds took of it."""
    sides = dict(zip(SIDES, (baseline, ours), strict=True))
    return {
        "not_model_ratio": round(ours.not_model / baseline.not_model, 3),
        "whole_ratio": round(ours.whole / baseline.whole, 3),
        "same_results": not different(baseline.way.regions, ours.way.regions),
        "frames": len(ours.way.regions),
        "regions": sum(map(len, ours.way.regions.values())),
        "seconds": {name: {"whole": side.whole, "import": side.way.imported - side.way.began,
                           "embedded_after_import": side.way.embedded - side.way.imported,
                           "run": side.way.done - side.way.embedded, "after_import": side.after_import,
                           "not_model": side.not_model} for name, side in sides.items()},
        "stages": {stage: {name: asdict(found[stage]) for name, side in sides.items() if stage in (found := side.all())}
                   for stage in STAGES},
        "on": machine(),
    }


def lines(figures: dict[str, Any]) -> list[str]:
    """Return the page's tables."""
    seconds = figures["seconds"]
    steps = {"the import": "import", "from its end until all is embedded": "embedded_after_import", "the run": "run",
             "from the import's end on": "after_import", "of that, neither model at work": "not_model",
             "the whole way": "whole"}
    head = [f"{figures['frames']} frames, {figures['regions']} regions, "
            f"{'the same from both builds' if figures['same_results'] else '**not the same from both builds**'}; "
            f"{figures['on']}.", "",
            "| step | baseline, s | this build, s | ratio |", "|---|---|---|---|"]
    head += [f"| {words} | {seconds[SIDES[0]][key]:.1f} | {seconds[SIDES[1]][key]:.1f} | "
             f"{seconds[SIDES[1]][key] / max(1e-9, seconds[SIDES[0]][key]):.2f} |" for words, key in steps.items()]
    head += ["", "| stage | calls | baseline, s | of it processor | this build, s | of it processor |",
             "|---|---|---|---|---|---|"]
    return [*head, *(_row(stage, figures["stages"][stage]) for stage in STAGES if figures["stages"][stage])]


def _row(stage: str, sides: dict[str, dict[str, float]]) -> str:
    before, after = (sides.get(name, {"calls": 0, "seconds": 0.0, "cpu": 0.0}) for name in SIDES)
    calls = f"{before['calls']}" if before["calls"] == after["calls"] else f"{before['calls']} → {after['calls']}"
    words = f"*{STAGES[stage]}*" if stage in WAITS else STAGES[stage]
    return (f"| {words} | {calls} | {before['seconds']:.1f} | {before['cpu']:.1f} | {after['seconds']:.1f} | "
            f"{after['cpu']:.1f} |")


def write(figures: dict[str, Any], page: Path = PAGE) -> None:
    put(page, BEGIN, END, lines(figures))
