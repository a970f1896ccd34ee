"""What the optional settings do to a loaded model: fewer pixels, int8, compilation. Each works or says why not."""

from __future__ import annotations

import importlib
import logging
import shutil
import warnings
from typing import TYPE_CHECKING, Any

import torch

from argus.errors import ArgusError
from argus.settings import Settings
from ml_backend.engines.loading import explain

if TYPE_CHECKING:
    from transformers import Sam3Config

log = logging.getLogger(__name__)


def config_for(checkpoint: str, side: int) -> Sam3Config:
    """Return the checkpoint's configuration for square inputs of `side` pixels; the weights fit any size.

    Args:
        side: a multiple of the encoder's patch (14 pixels in facebook/sam3).

    Raises:
        ArgusError: `bad_setting` when the size is none the model can take; else as `load_model`.
    """
    try:
        config: Sam3Config = importlib.import_module("transformers").Sam3Config.from_pretrained(checkpoint)
    except Exception as error:
        raise explain(checkpoint, error) from error
    vision: Any = config.vision_config
    backbone = vision.backbone_config
    patch = int(backbone.patch_size)
    if side % patch or not 4 * patch <= side <= 4 * int(backbone.image_size):
        near = max(4 * patch, round(side / patch) * patch)
        raise ArgusError("bad_setting", f"ARGUS_SAM3_RESOLUTION={side} does not fit {checkpoint}: it must be a "
                         f"multiple of {patch}, from {4 * patch} to {4 * int(backbone.image_size)}.",
                         f"{near} is near; 0 is the checkpoint's own {backbone.image_size}.")
    cells = side // patch
    config.image_size = backbone.image_size = side
    vision.backbone_feature_sizes = [[4 * cells] * 2, [2 * cells] * 2, [cells] * 2]
    return config


def tune(model: Any, settings: Settings) -> None:
    """Apply `sam3_int8` and `sam3_compile` to the encoder of images, where nearly all the time goes.

    Raises:
        ArgusError: `bad_setting` when the machine or the other settings do not allow it.
    """
    parameter = next(model.parameters())
    if settings.sam3_int8:
        if parameter.device.type != "cpu" or parameter.dtype != torch.float32:
            raise ArgusError("bad_setting", f"ARGUS_SAM3_INT8 is for float32 on a CPU, and this is {parameter.dtype} "
                             f"on {parameter.device}.", "Leave it off on a GPU, and ARGUS_DTYPE at auto.")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that a successor exists, which is a dependency of its own
            quantize: Any = torch.ao.quantization.quantize_dynamic
            quantize(model.vision_encoder.backbone, {torch.nn.Linear}, torch.qint8, inplace=True)
    if settings.sam3_compile:
        if settings.sam3_int8:
            raise ArgusError("bad_setting", "ARGUS_SAM3_COMPILE and ARGUS_SAM3_INT8 cannot be combined.",
                             "Choose one: int8 on a CPU, compilation on a GPU.")
        if parameter.device.type == "cpu" and not any(map(shutil.which, ("c++", "g++", "clang++"))):
            raise ArgusError("bad_setting", "ARGUS_SAM3_COMPILE needs a C++ compiler for a CPU, and there is none.",
                             "Install g++, or leave it off.")
        log.info("the image encoder is compiled at its first use, which takes a minute or more")
        model.vision_encoder.backbone = torch.compile(model.vision_encoder.backbone)
