"""Clicks: SAM 3's tracker model, which turns points on one image into one mask."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from PIL import Image

from argus.errors import ArgusError
from ml_backend.engines.base import Detections
from ml_backend.engines.loading import load_model
from ml_backend.engines.postprocess import cut_mask

_IMAGES_KEPT = 4


class Tracker:
    """A loaded `Sam3TrackerModel`. Embeddings of the last few images are kept: a second click does not encode again."""

    def __init__(self, model: Any) -> None:
        self.model = model
        parameter = next(model.parameters())
        self.device, self.dtype = parameter.device, parameter.dtype
        self.side = int(model.config.vision_config.backbone_config.image_size)
        self._kept: OrderedDict[str, list[torch.Tensor]] = OrderedDict()

    @classmethod
    def load(cls, checkpoint: str, device: torch.device, dtype: torch.dtype) -> Tracker:
        """Load the tracker's part of a checkpoint.

        Raises:
            ArgusError: `model_broken` when the checkpoint has no tracker; else as `load_model`.
        """
        try:
            return cls(load_model("Sam3TrackerModel", checkpoint, device, dtype))
        except ArgusError as error:
            if "missing" not in error.details:
                raise
            raise ArgusError("model_broken", f"The checkpoint {checkpoint} has no tracker, which clicks need.",
                             "Draw a box instead, or use a checkpoint of the form of facebook/sam3.") from error

    def click(self, image: Image.Image, key: str, points: Sequence[tuple[float, float]],
              positive: Sequence[bool]) -> Detections:
        """Return the object at `points` (x, y in pixels), or none when its mask is empty.

        The score is the tracker's own estimate of the mask's IoU; the box is the mask's.
        """
        from ml_backend.engines.transformers_engine import to_pixels

        if key not in self._kept:
            pixels = to_pixels(image, self.side)[None].to(self.device, self.dtype)
            self._kept[key] = self.model.get_image_embeddings(pixels)
        self._kept.move_to_end(key)
        while len(self._kept) > _IMAGES_KEPT:
            self._kept.popitem(last=False)
        # The model takes points in pixels of its own square input.
        scale = torch.tensor([self.side / image.width, self.side / image.height])
        where = (torch.tensor([list(p) for p in points]) * scale)[None, None].to(self.device, self.dtype)
        signs = torch.tensor([[[int(p) for p in positive]]], device=self.device)
        out = self.model(image_embeddings=self._kept[key], input_points=where, input_labels=signs,
                         multimask_output=False)
        whole = np.array([0, 0, image.width, image.height], np.float32)
        mask = cut_mask(out.pred_masks[0, 0, 0].float().cpu(), whole, image.size)
        if mask is None:
            return Detections.none()
        height, width = mask.bits.shape
        box = np.array([[mask.x, mask.y, mask.x + width, mask.y + height]], np.float32)
        score = out.iou_scores[0, 0, :1].float().clamp(0, 1).cpu().numpy()
        return Detections(score, box, [mask])
