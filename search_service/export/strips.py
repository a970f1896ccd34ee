"""How a division looks: of each video which part is in which split."""

from __future__ import annotations

from itertools import groupby
from typing import TypedDict

from argus.answers.base import Error
from argus.answers.export import SkippedTasks, StripPart, VideoStrip
from search_service.export.splitting import Planned

SHOWN = 50  # videos
_PARTS = 400  # of a video


class Outlook(TypedDict, total=False):
    """What is told of a division before it is made: `gap` in seconds, and the error that would refuse it."""

    strips: list[VideoStrip]
    left_out: list[SkippedTasks]
    gap: float
    refused: Error | None


def outlook(planned: Planned) -> Outlook:
    why = planned.refused
    return Outlook(strips=strips(planned), left_out=left_out(planned), gap=planned.rules.gap,
                   refused=Error(code=why.code, message=why.message, hint=why.hint) if why else None)


def strips(planned: Planned) -> list[VideoStrip]:
    """Return the first videos of an export, by name. Images of no video have no strip."""
    frames = planned.frames
    found: list[VideoStrip] = []
    places = [place for place, task in enumerate(frames.tasks.tolist())
              if task in planned.places and frames.video[place] >= 0]
    for video, members in groupby(places, key=lambda place: int(frames.video[place])):
        if len(found) == SHOWN:
            break
        parts: list[StripPart] = []
        for place in members:
            split, seconds = planned.places[int(frames.tasks[place])][0], float(frames.seconds[place])
            if parts and parts[-1].split == split:
                parts[-1] = parts[-1].model_copy(update={"frames": parts[-1].frames + 1, "end": seconds})
            elif len(parts) < _PARTS:
                parts.append(StripPart(split=split, frames=1, start=seconds, end=seconds))
        found.append(VideoStrip(video=frames.names[video].partition("\n")[0], parts=parts))
    return found


def left_out(planned: Planned) -> list[SkippedTasks]:
    """Return why frames are in no split, by reason."""
    tasks: dict[str, list[int]] = {}
    for task, (split, reason) in planned.places.items():
        if not split:
            tasks.setdefault(reason, []).append(task)
    return [SkippedTasks(reason=reason, count=len(some), tasks=sorted(some)[:20])
            for reason, some in sorted(tasks.items())]
