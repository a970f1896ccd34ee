"""The splits of an export: what was decided before, what is new, and how it is kept."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from argus.errors import ArgusError
from argus.labelstudio.types import Project
from argus.settings import get_settings
from label_studio_config import projects
from search_service.export import store
from search_service.export.divide import REASONS, Division, Rules, check, divide
from search_service.export.frames import NEW, NONE, Frames, Origin, frames_of
from search_service.export.source import Source
from search_service.export.vector_file import Block, VectorFile

_ATTEMPTS = 3


class Memory(Protocol):
    """What is known of a project's frames beside Label Studio's listing; see `store`."""

    def labels_of(self, project_id: int, source: Source) -> dict[int, list[str]]: ...
    def splits_of(self, project_id: int, division: str) -> dict[int, str]: ...
    def locked_of(self, project_id: int) -> frozenset[int]: ...
    def origins_of(self, project_id: int, tasks: Sequence[int]) -> dict[int, Origin]: ...
    def vectors_of(self, project_id: int) -> Iterable[Block]: ...
    def keep(self, project_id: int, division: str, known: int, decided: Mapping[int, tuple[str, str]]) -> bool: ...


class Unknown:
    """Of a project of which nothing is known: frames are divided by video and time alone, and nothing is kept."""

    def labels_of(self, project_id: int, source: Source) -> dict[int, list[str]]:
        return {}

    def splits_of(self, project_id: int, division: str) -> dict[int, str]:
        return {}

    def locked_of(self, project_id: int) -> frozenset[int]:
        return frozenset()

    def origins_of(self, project_id: int, tasks: Sequence[int]) -> dict[int, Origin]:
        return {}

    def vectors_of(self, project_id: int) -> Iterable[Block]:
        return []

    def keep(self, project_id: int, division: str, known: int, decided: Mapping[int, tuple[str, str]]) -> bool:
        return True


@dataclass(frozen=True)
class Planned:
    """Frames of an export and of earlier ones, and their splits.

    Attributes:
        places: `{task id: (split, reason)}` of the tasks of this export; the split '' is none, for that reason.
        refused: why an export would be refused.
    """

    frames: Frames
    division: Division
    rules: Rules
    places: Mapping[int, tuple[str, str]]
    refused: ArgusError | None


def division_name(splits: Iterable[str]) -> str:
    """Return the name of the division into these splits: `test,train,val`."""
    return ",".join(sorted(splits))


def plan(project_id: int, source: Source, origins: Mapping[int, Origin], shares: Mapping[str, float],
         memory: Memory = store) -> Planned:
    """Return how the tasks would be divided; nothing is kept."""
    rules = Rules(shares, get_settings().split_gap_seconds, get_settings().duplicate_similarity)
    return _plan(project_id, source, origins, rules, memory, memory.splits_of(project_id, division_name(shares)))


def decide(project_id: int, source: Source, origins: Mapping[int, Origin], shares: Mapping[str, float],
           memory: Memory = store) -> Planned:
    """Divide the tasks, and keep what was decided about those that are new.

    Raises:
        ArgusError: `nothing_selected` (a split would be empty), `shares_not_met`; nothing is kept then. `conflict`:
            other exports of the project decided at the same time.
    """
    rules = Rules(shares, get_settings().split_gap_seconds, get_settings().duplicate_similarity)
    for _ in range(_ATTEMPTS):
        known = memory.splits_of(project_id, division_name(shares))
        planned = _plan(project_id, source, origins, rules, memory, known)
        if planned.refused:
            raise planned.refused
        new = {int(task): (_name(rules, place), REASONS[0 if place >= 0 else reason]) for task, was, place, reason in
               zip(planned.frames.tasks, planned.frames.split, planned.division.decided, planned.division.reason,
                   strict=True) if was == NEW}
        if not new or memory.keep(project_id, division_name(shares), len(known), new):
            return planned
    raise ArgusError("conflict", "Other exports of this project are being divided into the same splits.",
                     "Export again in a moment.")


def _plan(project_id: int, source: Source, origins: Mapping[int, Origin], rules: Rules, memory: Memory,
          known: Mapping[int, str]) -> Planned:
    places = {name: place for place, name in enumerate(rules.names)}
    locked = memory.locked_of(project_id)
    earlier = [task for task in {*known, *locked} if task not in origins]
    everything = {**memory.origins_of(project_id, earlier), **origins} if earlier else origins
    frames = frames_of(everything, memory.labels_of(project_id, source),
                       {task: places.get(split, NONE) for task, split in known.items()}, locked)
    with VectorFile(memory.vectors_of(project_id)) as vectors:
        found = divide(frames, vectors, rules)
        ours = {int(task): (_name(rules, place), REASONS[reason] or "left out by an earlier export") if place < 0 else
                (_name(rules, place), "") for task, place, reason in
                zip(frames.tasks, found.split, found.reason, strict=True) if task in origins}
        refused = _refusal(frames, vectors, rules, [split for split, _ in ours.values()])
    return Planned(frames, found, rules, ours, refused)


def _refusal(frames: Frames, vectors: VectorFile, rules: Rules, splits: Sequence[str]) -> ArgusError | None:
    counts = np.array([splits.count(name) for name in rules.names])
    try:
        check(frames, vectors, rules, counts)
    except ArgusError as error:
        return error
    return None


def _name(rules: Rules, place: int) -> str:
    return rules.names[place] if place >= 0 else ""


def remember_project(project_id: int, label_studio_project: Project) -> None:
    """Record a project that Argus does not know yet, so that its division can be kept."""
    if projects.find(project_id) is None:
        projects.save(label_studio_project)
