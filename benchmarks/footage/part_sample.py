"""How many rare situations the first images of a varied sample show."""

from __future__ import annotations

from collections.abc import Mapping

KEYS = ("situations_of_12",)
SEEDS, FIRST, SHOTS, SHOT_FRAMES, RARE, RARE_FRAMES, WIDTH = 10, 24, 23, 12, 12, 2, 640


def measure() -> Mapping[str, float]:
    """Return the mean over the seeds: 300 frames, of which 276 are 23 shots of 12 frames, and 24 are 12 scenes of two
    neighbouring frames each."""
    import numpy as np
    from PIL import Image

    from benchmarks.footage.page import write
    from benchmarks.teach.scenes import encoder
    from demo.draw import Split
    from demo.scenes import make_scene, render_scene
    from search_service.search.browse import farthest_first

    siglip, seen, by_chance = encoder(), [], []
    lengths = [SHOT_FRAMES] * SHOTS + [RARE_FRAMES] * RARE
    of_frame = np.repeat(np.arange(len(lengths)), lengths)
    for seed in range(SEEDS):
        vectors = []
        for shot, frames in enumerate(lengths):
            scene = np.asarray(render_scene(make_scene(Split.HELD_OUT, f"sample {seed} {shot}"), WIDTH)[0])
            vectors.append(siglip.encode_images(
                [Image.fromarray(np.roll(scene, 8 * frame, axis=1)) for frame in range(frames)]))
        chosen = of_frame[farthest_first(np.concatenate(vectors).astype(np.float32), FIRST)]
        seen.append(len({int(shot) for shot in chosen if shot >= SHOTS}))
        drawn = np.random.default_rng(seed).permutation(of_frame)[:FIRST]
        by_chance.append(len({int(shot) for shot in drawn if shot >= SHOTS}))
    write("sample", [
        f"{len(of_frame)} frames of the demo's scenes: {SHOTS} shots of {SHOT_FRAMES} frames, and "
        f"{RARE} rare ones of {RARE_FRAMES}. Of these {RARE}, the first {FIRST} images of the varied sample show "
        f"{np.mean(seen):.1f} ({min(seen)} to {max(seen)}, {SEEDS} seeds); as many random frames show "
        f"{np.mean(by_chance):.1f}."])
    return {KEYS[0]: round(float(np.mean(seen)), 2)}
