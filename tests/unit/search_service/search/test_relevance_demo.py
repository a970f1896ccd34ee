"""Relevance bands on the demo's frames with its own checkpoint: what is there is likely, what is not is unlikely."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest

from demo.vocabulary import ABSENT, NAMES
from search_service.search.relevance import Calibration, relevance
from search_service.vectors.store import Vectors

CHECKPOINT = Path(__file__).parents[4] / "demo" / "checkpoints" / "siglip2-tiny"
SCENES = 40


class Frames(NamedTuple):
    encoder: object
    vectors: Vectors
    shown: list[set[str]]  # labels of each frame

    def bands(self, query: str, rows: np.ndarray | slice = slice(None)) -> list[str]:
        encode = self.encoder.encode_texts  # type: ignore[attr-defined]
        calibration = Calibration(self.encoder.logit_scale, self.encoder.logit_bias)  # type: ignore[attr-defined]
        return relevance(self.vectors[rows], encode([query]), calibration, encode)


@pytest.fixture(scope="module")
def frames() -> Frames:
    from demo.draw import Split
    from demo.scenes import make_scene, render_scene
    from search_service.embedding.encoder import SiglipEncoder

    encoder = SiglipEncoder(str(CHECKPOINT), "cpu", threads=1)
    scenes = [render_scene(make_scene(Split.HELD_OUT, seed), 640) for seed in range(SCENES)]
    return Frames(encoder, encoder.encode_images([image for image, _ in scenes]),
                  [{thing.label for thing in things} for _, things in scenes])


@pytest.mark.parametrize("query", ["elephant", "a photo of an elephant", "Elefant", "giraffe", *ABSENT])
def test_what_is_on_no_frame__nothing_is_found(frames: Frames, query: str) -> None:
    assert set(frames.bands(query)) == {"unlikely"}


@pytest.mark.parametrize("query", ["battery", "Batterie", "ram stick", "メモリ"])
def test_a_known_part_that_is_not_in_the_project__has_no_likely_hit(frames: Frames, query: str) -> None:
    name = next(name for name in NAMES if query in name.all)
    without = np.array([name.label not in labels for labels in frames.shown])
    bands = frames.bands(query, without)
    assert len(bands) >= 20
    assert "likely" not in bands
    assert bands.count("unlikely") >= 0.85 * len(bands)


@pytest.mark.parametrize("name", NAMES, ids=lambda name: name.label)
def test_what_is_on_a_frame__is_likely_in_every_language(frames: Frames, name: object) -> None:
    shown = np.array([name.label in labels for labels in frames.shown])  # type: ignore[attr-defined]
    assert shown.sum() >= 5
    for query in (name.label, name.german, name.japanese):  # type: ignore[attr-defined]
        bands = frames.bands(query, shown)
        assert bands.count("likely") >= 0.8 * len(bands), query
