"""Clicks: SAM 3's tracker model, which turns points on one image into one mask, and each box into a mask of its own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from argus.errors import ArgusError
from ml_backend.engines.base import Detections, Mask
from ml_backend.engines.features import Tensors
from ml_backend.engines.loading import load_model
from ml_backend.engines.postprocess import cut_mask

_BOXES = 64  # in one pass: each has a mask of its own in memory


class Tracker:
    """A loaded `Sam3TrackerModel` on the encoder of the detector: an image is encoded once for boxes, text and clicks.

    Args:
        model: a loaded `Sam3TrackerModel`.
    """

    def __init__(self, model: Any) -> None:
        self.model = model
        self.device = next(model.mask_decoder.parameters()).device
        self.side = int(model.config.vision_config.backbone_config.image_size)

    @classmethod
    def load(cls, checkpoint: str, encoder: torch.nn.Module, device: torch.device, dtype: torch.dtype) -> Tracker:
        """Load the tracker's part of a checkpoint.

        Args:
            encoder: the detector's `vision_encoder.backbone`. A checkpoint holds the encoder once, for detector and
                tracker; so does memory.

        Raises:
            ArgusError: `model_broken` when the checkpoint has no tracker; else as `load_model`.
        """
        try:
            model: Any = load_model("Sam3TrackerModel", checkpoint, torch.device("cpu"), dtype)
        except ArgusError as error:
            if "missing" not in error.details:
                raise
            raise ArgusError("model_broken", f"The checkpoint {checkpoint} has no tracker, which clicks need.",
                             "Draw a box instead, or use a checkpoint of the form of facebook/sam3.") from error
        model.vision_encoder.backbone = encoder
        model.vision_encoder.neck.to(dtype)  # renamed weights are loaded in the number format of the file
        return cls(model.to(device))

    def features(self, encoded: torch.Tensor) -> Tensors:
        """Return what `click` needs of an image: the tracker's own view of it in three resolutions.

        Args:
            encoded: (1, C, h, w), the encoder's output.

        The same as `Sam3TrackerModel.get_image_embeddings`, which would encode the image itself.
        """
        levels = list(self.model.vision_encoder.neck(encoded)[0])
        levels[0] = self.model.mask_decoder.conv_s0(levels[0])
        levels[1] = self.model.mask_decoder.conv_s1(levels[1])
        # As in the library, which adds it to the last level even where the decoder looks only at the first three.
        levels[-1] = levels[-1] + self.model.no_memory_embedding.view(1, -1, 1, 1)
        return tuple(levels[:len(self.model.backbone_feature_sizes)])

    def click(self, features: Tensors, size: tuple[int, int], points: Sequence[tuple[float, float]],
              positive: Sequence[bool]) -> Detections:
        """Return the object at `points`, or none when its mask is empty.

        Args:
            features: of the image.
            size: width and height of the image in pixels.
            points: x, y in pixels.
            positive: one truth value for each point.

        The score is the tracker's own estimate of the mask's IoU; the box is the mask's.
        """
        # The model takes points in pixels of its own square input.
        scale = torch.tensor([self.side / size[0], self.side / size[1]])
        # They stay float32 whatever the model's format: bfloat16 knows only every fourth pixel of a large square.
        where = (torch.tensor([list(p) for p in points]) * scale)[None, None].to(self.device)
        signs = torch.tensor([[[int(p) for p in positive]]], device=self.device)
        out = self.model(image_embeddings=list(features), input_points=where, input_labels=signs,
                         multimask_output=False)
        whole = np.array([0, 0, *size], np.float32)
        mask = cut_mask(out.pred_masks[0, 0, 0].float().cpu(), whole, size)
        if mask is None:
            return Detections.none()
        height, width = mask.bits.shape
        box = np.array([[mask.x, mask.y, mask.x + width, mask.y + height]], np.float32)
        score = out.iou_scores[0, 0, :1].float().clamp(0, 1).cpu().numpy()
        return Detections(score, box, [mask])

    def outline(self, features: Tensors, size: tuple[int, int], boxes: NDArray[np.float32]) -> list[Mask | None]:
        """Return the mask of the object in each of `boxes` (N, 4), x0 y0 x1 y1 in pixels; None where it is empty.

        Args:
            features: of the image.
            size: width and height of the image in pixels.
        """
        scale = np.array([self.side / size[0], self.side / size[1]] * 2, np.float32)
        masks: list[Mask | None] = []
        for begin in range(0, len(boxes), _BOXES):
            part = boxes[begin:begin + _BOXES]
            out = self.model(image_embeddings=list(features), multimask_output=False,
                             input_boxes=torch.from_numpy(part * scale)[None].to(self.device))
            planes = out.pred_masks[0, :, 0].float().cpu()
            masks += [cut_mask(plane, box, size) for plane, box in zip(planes, part, strict=True)]
        return masks
