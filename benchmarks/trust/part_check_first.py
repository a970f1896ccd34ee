"""Frames that are accepted and lack an object, before *Check first* and after it: twelve videos, truth known.

The videos' seeds were never tuned on. Detections take minutes; they are kept in a folder for the next time.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path

SEEDS = tuple(range(601, 613))
KEYS = ("frames_lacking_before", "frames_lacking_after", "frames_lacking_simple_rule", "looked_share")


def measure() -> Mapping[str, float]:
    """Return shares of the frames of the high band; print how often each kind of suspicion was right.

    The simple rule may look at as many frames as the suspicions led to, or at all it names if those are fewer.
    Videos lie in `ARGUS_TRUST_VIDEOS`, else in a folder of this user's temporary files.
    """
    from benchmarks.trust.check_first import anything_uncovered, apply, at_first, every_kind, hits, table
    from benchmarks.trust.videos import engine_of_demo, video

    cache = Path(os.environ.get("ARGUS_TRUST_VIDEOS") or Path(tempfile.gettempdir()) / f"argus-trust-{os.getuid()}")
    lacks = [seed for seed in SEEDS if not (cache / f"line-{seed}.npz").exists()]
    engine = engine_of_demo() if lacks else None
    videos = [video(seed, cache, engine) for seed in SEEDS]
    ours = apply(at_first, videos)
    every = apply(every_kind, videos)
    simple = apply(anything_uncovered, videos, ours.looked)
    whole = apply(anything_uncovered, videos)
    print("seeds", *SEEDS)
    print(f"high band: {ours.frames} frames, {ours.before:.1%} lack an object")
    print(f"check first: {ours.after:.1%} lack one, {ours.looked:.1%} looked at")
    print(f"simple rule: {simple.after:.1%} at {simple.looked:.1%}; with all it names {whole.after:.1%} at "
          f"{whole.looked:.1%}")
    print(f"with every kind {every.after:.1%} lack one, {every.looked:.1%} looked at")
    print(f"in the high band:\n{table(every.hits)}\non all frames:\n{table(hits(every_kind, videos))}")
    return {"frames_lacking_before": round(ours.before, 4), "frames_lacking_after": round(ours.after, 4),
            "frames_lacking_simple_rule": round(simple.after, 4), "looked_share": round(ours.looked, 4)}
