"""Run the two checkpoints on pictures the way the product does: one encoding an image, all labels, NMS a label."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor
from transformers import Sam3Model, Sam3Processor, Sam3TrackerModel, SiglipModel, SiglipProcessor
from transformers.models.sam3.modeling_sam3 import Sam3VisionEncoderOutput

from demo.train.siglip2 import tokens

NMS_IOU: Final = 0.6
FLOOR: Final = 0.02  # scores below are dropped


@dataclass(frozen=True)
class Detection:
    """One box of one label in one image: ``box`` xyxy in 0..1, ``score`` in 0..1 and the two logits it is made of."""

    image: int
    label: int
    box: NDArray[np.float32]
    score: float
    logit: float
    presence: float


def load_sam3(folder: Path) -> tuple[Sam3Model, Sam3Processor]:
    """Model and processor from a folder; ``ValueError`` if the folder does not hold every weight."""
    loaded: Any = Sam3Model.from_pretrained(folder, dtype=torch.float32, output_loading_info=True)
    model, info = loaded
    _refuse_missing(folder, info)
    return model.eval(), Sam3Processor.from_pretrained(folder)


def load_tracker(folder: Path) -> Sam3TrackerModel:
    """The tracker from a folder; ``ValueError`` if the folder does not hold every weight."""
    loaded: Any = Sam3TrackerModel.from_pretrained(folder, dtype=torch.float32, output_loading_info=True)
    model, info = loaded
    _refuse_missing(folder, info)
    tracker: Sam3TrackerModel = model.eval()
    return tracker


def load_siglip2(folder: Path) -> tuple[SiglipModel, SiglipProcessor]:
    """Model and processor from a folder; ``ValueError`` if the folder does not hold every weight."""
    loaded: Any = SiglipModel.from_pretrained(folder, dtype=torch.float32, output_loading_info=True)
    model, info = loaded
    _refuse_missing(folder, info)
    return model.eval(), SiglipProcessor.from_pretrained(folder)


def detect(
    model: Sam3Model,
    processor: Sam3Processor,
    images: Iterable[Image.Image],
    texts: list[str],
    floor: float = FLOOR,
) -> list[Detection]:
    """All detections of every text in every image, scored ``floor`` or more, after NMS within a text."""
    found = []
    with torch.inference_mode():
        words = processor.tokenizer(
            [text.lower() for text in texts],
            padding="max_length",
            max_length=32,
            truncation=True,
            return_tensors="pt",
        )
        text = model.get_text_features(**words)
        for number, image in enumerate(images):
            pixels = processor.image_processor(image, return_tensors="pt").pixel_values
            features = _repeat(model.get_vision_features(pixel_values=pixels), len(texts))
            out = model(vision_embeds=features, text_embeds=text, attention_mask=words.attention_mask)
            for label in range(len(texts)):
                found += _detections(number, label, out, floor)
    return found


def detect_like(
    model: Sam3Model,
    processor: Sam3Processor,
    image: Image.Image,
    box: NDArray[np.float32],
    floor: float = FLOOR,
) -> list[Detection]:
    """What looks like the thing in an exemplar box (xyxy in 0..1) of the same image; image and label are 0."""
    x0, y0, x1, y1 = (float(value) for value in box)
    with torch.inference_mode():
        inputs = processor(images=image, text="visual", return_tensors="pt")
        exemplar = torch.tensor([[[(x0 + x1) / 2, (y0 + y1) / 2, x1 - x0, y1 - y0]]])
        out = model(
            pixel_values=inputs["pixel_values"],
            input_ids=inputs["input_ids"],
            attention_mask=inputs["attention_mask"],
            input_boxes=exemplar,
            input_boxes_labels=torch.ones(1, 1, dtype=torch.long),
        )
        return _detections(0, 0, out, floor)


def embed_images(model: SiglipModel, processor: SiglipProcessor, images: list[Image.Image]) -> NDArray[np.float32]:
    """(n, 96) float32 unit vectors of images."""
    rows = []
    with torch.inference_mode():
        for first in range(0, len(images), 32):
            pixels = processor.image_processor(images[first : first + 32], return_tensors="pt").pixel_values
            rows.append(_unit(model.get_image_features(pixel_values=pixels).pooler_output))
    return np.concatenate(rows)


def embed_texts(model: SiglipModel, processor: SiglipProcessor, texts: list[str]) -> NDArray[np.float32]:
    """(n, 96) float32 unit vectors of texts."""
    with torch.inference_mode():
        return _unit(model.get_text_features(input_ids=tokens(processor.tokenizer, texts)).pooler_output)


def iou(a: NDArray[np.float32], b: NDArray[np.float32]) -> float:
    """Intersection over union of two xyxy boxes."""
    shared = np.clip(np.minimum(a[2:], b[2:]) - np.maximum(a[:2], b[:2]), 0, None).prod()
    return float(shared / ((a[2:] - a[:2]).prod() + (b[2:] - b[:2]).prod() - shared + 1e-9))


def suppress(boxes: NDArray[np.float32], scores: NDArray[np.float32], limit: float = NMS_IOU) -> list[int]:
    """Non-maximum suppression: indices of the boxes to keep, best first."""
    kept: list[int] = []
    for index in np.argsort(-scores, kind="stable").tolist():
        if all(iou(boxes[index], boxes[other]) <= limit for other in kept):
            kept.append(index)
    return kept


def _repeat(features: Sam3VisionEncoderOutput, times: int) -> Sam3VisionEncoderOutput:
    """One image's features for ``times`` prompts: the model does not broadcast them itself."""
    return Sam3VisionEncoderOutput(
        last_hidden_state=None,
        fpn_hidden_states=tuple(level.expand(times, -1, -1, -1) for level in features.fpn_hidden_states),
        fpn_position_encoding=tuple(level.expand(times, -1, -1, -1) for level in features.fpn_position_encoding),
    )


def _detections(image: int, label: int, out: Any, floor: float) -> list[Detection]:
    logits, presence = out.pred_logits[label], out.presence_logits[label]
    scores = (logits.sigmoid() * presence.sigmoid()).numpy()
    rows = np.flatnonzero(scores >= floor)
    boxes = out.pred_boxes[label].numpy()
    return [
        Detection(image, label, boxes[row], float(scores[row]), float(logits[row]), float(presence))
        for row in rows[suppress(boxes[rows], scores[rows])]
    ]


def _unit(vectors: Tensor) -> NDArray[np.float32]:
    unit: NDArray[np.float32] = torch.nn.functional.normalize(vectors.float(), dim=-1).numpy()
    return unit


def _refuse_missing(folder: Path, info: dict[str, Any]) -> None:
    if info["missing_keys"]:
        raise ValueError(
            f"{folder} lacks {len(info['missing_keys'])} weights, such as {sorted(info['missing_keys'])[0]}"
        )
