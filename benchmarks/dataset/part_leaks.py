"""Frames outside training that have a near one in it, in the product's splits and in a random one, and what the report
costs at 100,000 frames.

Two projects: the demo's video, and one in which every scene comes twice, in two files. The vectors are those of the
demo's SigLIP 2.
"""

from __future__ import annotations

import multiprocessing
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping
from fractions import Fraction
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np

from argus.settings import get_settings
from benchmarks.peak import peak_mb
from search_service.export.divide import Rules
from search_service.export.frames import Origin, frames_of
from search_service.export.leaks import find
from search_service.export.splitting import Planned, Unknown, plan
from search_service.export.vector_file import Block, VectorFile

KEYS = ("leak_share_blocks", "leak_share_random", "leak_report_seconds_100k", "leak_report_mb_100k")
SHARES = {"train": 0.7, "val": 0.2, "test": 0.1}
_SECONDS, _LEAST = 300, 0.3  # of the demo's video; a random split that leaks less says nothing about the product's
_FRAMES, _DIM, _BLOCK = 100_000, 768, 2000
_MOST_SECONDS, _MOST_MB = 120, 150


class Known(Unknown):
    """Frames of which the vectors are known."""

    def __init__(self, tasks: Iterable[int], looks: Any) -> None:
        self._block: Block = (np.array(list(tasks), np.int64), np.asarray(looks, np.float16))

    def vectors_of(self, project_id: int) -> Iterable[Block]:
        return [self._block]


def measure() -> Mapping[str, float]:
    looks = _looks()
    count = len(looks)
    once = {task: Origin("line.mp4", float(task)) for task in range(count)}
    twice = once | {count + task: Origin("copy.mp4", float(task)) for task in range(count)}
    cases = [(once, looks), (twice, np.concatenate([looks, looks]))]
    shares = [_shares(origins, vectors) for origins, vectors in cases]
    blocks, random = max(share for share, _ in shares), min(share for _, share in shares)
    if random < _LEAST:
        raise ValueError(f"Only {random:.2f} of a random split leaks: the measure is void.")
    seconds, megabytes = _large()
    return {"leak_share_blocks": blocks, "leak_share_random": random, "leak_report_seconds_100k": round(seconds, 1),
            "leak_report_mb_100k": round(megabytes, 1)}


def _looks() -> Any:
    """Return the vectors of the frames of the demo's video, one a second."""
    # Not above: the process that is measured imports this module, and loads no model.
    from benchmarks.teach.scenes import encoder
    from demo.video import render
    from search_service.frames.sampling import sample_frames

    model = encoder()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "line.mp4"
        render(path, Path(folder) / "truth.json", _SECONDS)
        return np.concatenate([model.encode_images([one.image().convert("RGB")])
                               for one in sample_frames(path, Fraction(1))])


def _shares(origins: Mapping[int, Origin], looks: Any) -> tuple[float, float]:
    """Return the leaking share of the product's splits, and of a random division of the same frames."""
    memory = Known(origins, looks)
    planned = plan(0, "annotations", origins, SHARES, memory)
    if planned.refused:
        raise planned.refused
    kept = {task: split for task, (split, _) in planned.places.items() if split}
    dealt = np.random.default_rng(7).permutation([split for split in kept.values()])
    return _leaking(planned, kept, memory), _leaking(planned, dict(zip(kept, dealt.tolist(), strict=True)), memory)


def _leaking(planned: Planned, splits: Mapping[int, str], memory: Known) -> float:
    with VectorFile(memory.vectors_of(0)) as vectors:
        return find(planned.frames, splits, vectors, planned.rules).share


def _large() -> tuple[float, float]:
    """Return the seconds that 100,000 frames take and the MiB by which a process of their own grows meanwhile."""
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    child = context.Process(target=_large_child, args=(there,))
    child.start()
    there.close()
    seconds, megabytes = here.recv()
    child.join()
    if seconds > _MOST_SECONDS or megabytes > _MOST_MB:
        raise ValueError(f"100,000 frames took {seconds:.0f} s and {megabytes:.0f} MiB.")
    return seconds, megabytes


def _large_child(answer: Connection) -> None:
    frames = frames_of({task: Origin(f"{task // 600}.mp4", float(task % 600)) for task in range(_FRAMES)}, {}, {})
    splits = {task: "train" if task % 10 < 7 else "val" if task % 10 < 9 else "test" for task in range(_FRAMES)}
    rules = Rules(SHARES, get_settings().split_gap_seconds, get_settings().duplicate_similarity)
    before, start = peak_mb(), time.monotonic()
    with VectorFile(_made_up()) as vectors:
        find(frames, splits, vectors, rules)
    answer.send((time.monotonic() - start, peak_mb() - before))


def _made_up() -> Iterator[Block]:
    random = np.random.default_rng(7)
    for first in range(0, _FRAMES, _BLOCK):
        made = random.normal(size=(_BLOCK, _DIM)).astype(np.float32)
        yield np.arange(first, first + _BLOCK), (made / np.linalg.norm(made, axis=1, keepdims=True)).astype(np.float16)

