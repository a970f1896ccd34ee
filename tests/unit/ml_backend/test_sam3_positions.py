"""Where SAM 3 thinks that each patch is, in the number format of the weights: on a GPU that is bfloat16.

bfloat16 has eight binary digits. Positions that are computed in it are off by up to an eighth of a patch in the layers
that look at the whole image, and boxes with them; transformers did so until 5.23. No weights are needed to see it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import torch
from transformers import Sam3ViTConfig
from transformers.models.sam3.modeling_sam3 import Sam3ViTLayer, Sam3ViTRotaryEmbedding

from ml_backend.engines.loading import load_model

CHECKPOINT = Path(__file__).parents[3] / "demo/checkpoints/sam3-tiny"
FULL = Sam3ViTConfig()
CPU = torch.device("cpu")


@contextmanager
def made_in(dtype: torch.dtype) -> Iterator[None]:
    """As `from_pretrained` makes a model whose weights have this format."""
    before = torch.get_default_dtype()
    torch.set_default_dtype(dtype)
    try:
        yield
    finally:
        torch.set_default_dtype(before)


def positions(window: int, dtype: torch.dtype) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """The places of a full-size layer's patches, and the angles' cosines and sines that they become."""
    with made_in(dtype):
        where = Sam3ViTLayer.precompute_positions(FULL, window)
        cosines, sines = Sam3ViTRotaryEmbedding(FULL)(torch.zeros(1, dtype=dtype), where)
    return where, cosines, sines


def test_config__is_that_of_the_full_model() -> None:
    assert (FULL.image_size, FULL.patch_size, FULL.window_size, FULL.num_hidden_layers) == (1008, 14, 24, 32)


@pytest.mark.parametrize("window", [0, FULL.window_size], ids=["whole-image", "window"])
def test_positions__are_the_same_in_bfloat16_and_float32(window: int) -> None:
    exact, rough = positions(window, torch.float32), positions(window, torch.bfloat16)
    side = window or FULL.image_size // FULL.patch_size
    assert len(exact[0]) == side ** 2
    # A patch of the whole image is a third of the window's unit: by its own definition, not by the library's.
    there = torch.arange(side, dtype=torch.float64) * FULL.window_size / side
    assert torch.allclose(exact[0].double().unique(), there, atol=1e-5)
    off = (rough[0].double() - exact[0].double()).abs().max() * side / FULL.window_size
    assert off < 0.001, f"off by {off:.3f} of a patch"
    for one, other in zip(exact[1:], rough[1:], strict=True):
        assert torch.allclose(one.double(), other.double(), atol=1e-6)


def test_load_model__keeps_them_exact() -> None:
    """Nothing on our way casts them either: every layer's, of a checkpoint that is loaded as for a GPU."""
    exact, rough = (load_model("Sam3Model", str(CHECKPOINT), CPU, dtype) for dtype in (torch.float32, torch.bfloat16))
    assert rough.dtype == torch.bfloat16
    pairs = [(one.position_ids, other.position_ids) for one, other in zip(layers(exact), layers(rough), strict=True)]
    assert pairs and all(rough.dtype == torch.float32 and torch.equal(exact, rough) for exact, rough in pairs)


def layers(model: torch.nn.Module) -> list[Sam3ViTLayer]:
    return [module for module in model.modules() if isinstance(module, Sam3ViTLayer)]
