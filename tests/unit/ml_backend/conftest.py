"""A tiny `Sam3Model` of the real class with random weights: it runs and is deterministic, and knows nothing."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from PIL import Image


@pytest.fixture(scope="session")
def random_sam3(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a SAM 3 checkpoint of random weights, in the form `from_pretrained` reads."""
    import torch

    from demo.train.sam3_tiny import build, save
    from demo.train.tokenizers import clip_tokenizer

    torch.set_num_threads(1)
    torch.manual_seed(0)
    tokenizer = clip_tokenizer()
    folder = tmp_path_factory.mktemp("random") / "sam3-random"
    save(build(tokenizer), tokenizer, folder)
    return folder


@pytest.fixture(scope="session")
def random_whole_sam3(random_sam3: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same with a tracker of random weights, in the form of `facebook/sam3`."""
    from demo.train import sam3_tiny, tracker
    from demo.train.predict import load_sam3

    folder = tmp_path_factory.mktemp("random") / "sam3-whole"
    shutil.copytree(random_sam3, folder)
    detector, _ = load_sam3(random_sam3)
    sam3_tiny.save_whole(detector, tracker.build(detector), folder)
    return folder


@pytest.fixture(scope="session")
def scenes() -> list[Image.Image]:
    """Three RGB images of different sizes with something in them."""
    images = []
    for index, size in enumerate([(320, 180), (200, 200), (90, 160)]):
        gradient = Image.radial_gradient("L").resize(size)
        images.append(Image.merge("RGB", [gradient, gradient.rotate(90 * index), gradient.point(lambda v: 255 - v)]))
    return images
