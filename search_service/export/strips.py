"""How a division looks: of each video which part is in which split."""

from __future__ import annotations

from itertools import groupby
from typing import TypedDict

from search_service.export.splitting import Planned

SHOWN = 50  # videos
_PARTS = 400  # of a video


class Part(TypedDict):
    """Frames of a video that follow one another; `split` is '' for those in none."""

    split: str
    frames: int
    start: float
    end: float


class Strip(TypedDict):
    """A video: its name, and its parts by time, in seconds."""

    video: str
    parts: list[Part]


class ProblemText(TypedDict):
    code: str
    message: str
    hint: str


class LeftOut(TypedDict):
    """Frames in no split, and why; `tasks` names 20 of them at most."""

    reason: str
    count: int
    tasks: list[int]


class Outlook(TypedDict):
    """What is told of a division before it is made: `gap` in seconds, and the error that would refuse it."""

    strips: list[Strip]
    left_out: list[LeftOut]
    gap: float
    refused: ProblemText | None


def outlook(planned: Planned) -> Outlook:
    why = planned.refused
    return Outlook(strips=strips(planned), left_out=left_out(planned), gap=planned.rules.gap,
                   refused=ProblemText(code=why.code, message=why.message, hint=why.hint) if why else None)


def strips(planned: Planned) -> list[Strip]:
    """Return the first videos of an export, by name. Images of no video have no strip."""
    frames = planned.frames
    found: list[Strip] = []
    places = [place for place, task in enumerate(frames.tasks.tolist())
              if task in planned.places and frames.video[place] >= 0]
    for video, members in groupby(places, key=lambda place: int(frames.video[place])):
        if len(found) == SHOWN:
            break
        parts: list[Part] = []
        for place in members:
            split, seconds = planned.places[int(frames.tasks[place])][0], float(frames.seconds[place])
            if parts and parts[-1]["split"] == split:
                parts[-1] |= {"frames": parts[-1]["frames"] + 1, "end": seconds}
            elif len(parts) < _PARTS:
                parts.append({"split": split, "frames": 1, "start": seconds, "end": seconds})
        found.append(Strip(video=frames.names[video].partition("\n")[0], parts=parts))
    return found


def left_out(planned: Planned) -> list[LeftOut]:
    """Return why frames are in no split, by reason."""
    tasks: dict[str, list[int]] = {}
    for task, (split, reason) in planned.places.items():
        if not split:
            tasks.setdefault(reason, []).append(task)
    return [LeftOut(reason=reason, count=len(some), tasks=sorted(some)[:20]) for reason, some in sorted(tasks.items())]
