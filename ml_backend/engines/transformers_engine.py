"""SAM 3 by the `transformers` port: the default engine, on a CPU or a GPU.

An image is encoded once for all its labels, a prompt once for all images, and (image, prompt) pairs go through the
heads in batches across images. Measured on one CPU core at full size: encoder 49 s, heads 5.3 s a prompt, so ten labels
cost 5.3 times less than ten passes.
"""

from __future__ import annotations

import logging
import math
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from transformers.modeling_outputs import BaseModelOutputWithPooling
from transformers.models.sam3.modeling_sam3 import Sam3VisionEncoderOutput

from argus.devices import choose_device
from argus.errors import ArgusError
from argus.settings import Settings
from argus.typed_text import model_text, unread
from label_studio_config.label_config import Concept
from ml_backend.engines.base import Detections, Exemplars, Mask
from ml_backend.engines.features import FeatureCache, Tensors
from ml_backend.engines.loading import check_folder, load_model, load_tokenizer
from ml_backend.engines.postprocess import Limits, select
from ml_backend.engines.tuning import config_for, tune

log = logging.getLogger(__name__)
T = TypeVar("T")
_TEXTS_KEPT = 1024
_SMALL = 50_000_000  # parameters; up to here a CPU gains from batches, above they only cost memory
EXEMPLAR_TEXT = "visual"  # what SAM 3 was trained to read as "only the boxes count"


class TransformersEngine:
    """See `Sam3Engine`. One thread at a time; a lock sees to it.

    Args:
        model: a loaded `Sam3Model`.
        tokenizer: its CLIP tokenizer.
        limits: which detections are kept.
        batch: (image, prompt) pairs per pass of the heads, and images per pass of the encoder; halved for good when
            the device runs out of memory.
        checkpoint: where the tracker is loaded from at the first click.
        keep_bytes: memory for the features of images that people are working on.
        resized: whether the model takes another size of image than the checkpoint was made for.
    """

    def __init__(self, model: Any, tokenizer: Any, limits: Limits, batch: int, checkpoint: str = "",
                 keep_bytes: int = 2**30, resized: bool = False) -> None:
        self.model, self.tokenizer, self.limits, self.batch = model, tokenizer, limits, max(1, batch)
        self.checkpoint, self._resized = checkpoint, resized
        parameter = next(model.parameters())
        self.device, self.dtype = parameter.device, parameter.dtype
        self.side = int(model.config.vision_config.backbone_config.image_size)
        self.length = int(model.config.text_config.max_position_embeddings)
        self.images_encoded = 0
        self._texts: OrderedDict[str, tuple[torch.Tensor, torch.Tensor]] = OrderedDict()
        self._features = FeatureCache(keep_bytes)
        self._tracker: Any = None
        self._lock = threading.RLock()

    @classmethod
    def load(cls, settings: Settings) -> TransformersEngine:
        """Load the configured checkpoint. Raises what `load_engine` says."""
        if settings.torch_threads:
            torch.set_num_threads(settings.torch_threads)
        device, dtype = choose_device(settings.device, settings.dtype)
        check_folder(settings.sam3_model)
        config = config_for(settings.sam3_model, settings.sam3_resolution) if settings.sam3_resolution else None
        model: Any = load_model("Sam3Model", settings.sam3_model, device, dtype, config)
        tune(model, settings)
        size = sum(p.numel() for p in model.parameters())
        batch = settings.sam3_batch if device.type != "cpu" or size <= _SMALL else 1
        limits = Limits(settings.keep_threshold, settings.nms_iou, settings.max_detections)
        tokenizer = load_tokenizer(settings.sam3_model, model.config.text_config.vocab_size)
        return cls(model, tokenizer, limits, batch, settings.sam3_model, settings.feature_cache_mb * 2**20,
                   resized=config is not None)

    @property
    def images_per_step(self) -> int:
        """Images whose features are held at the same time."""
        return min(self.batch, 8)

    def detect(self, images: Sequence[Image.Image], concepts: Sequence[Concept]) -> list[dict[str, Detections]]:
        """Return, for each image, the detections of every concept by label. See `Sam3Engine.detect`."""
        with self._lock, torch.inference_mode():
            found: list[dict[str, Detections]] = []
            while len(found) < len(images):
                done = len(found)
                found += self._shrinking(
                    lambda done=done: self._detect(images[done:done + self.images_per_step], concepts))  # type: ignore[misc]
            return found

    def _detect(self, images: Sequence[Image.Image], concepts: Sequence[Concept]) -> list[dict[str, Detections]]:
        prompts = list(dict.fromkeys(p for c in concepts for p in c.prompts))
        if not prompts:
            return [{} for _ in images]
        features = self._encode(images)
        self._remember_texts(prompts)
        pairs = [(i, p) for i in range(len(images)) for p in prompts]
        outputs: dict[tuple[int, str], Raw] = {}
        for begin in range(0, len(pairs), self.batch):
            part = pairs[begin:begin + self.batch]
            outputs |= zip(part, self._heads(features, part), strict=True)
        return [{c.label: _merge([outputs[i, p] for p in c.prompts], image.size, self.limits) for c in concepts}
                for i, image in enumerate(images)]

    def _encode(self, images: Sequence[Image.Image]) -> Sam3VisionEncoderOutput:
        pixels = torch.stack([to_pixels(image, self.side) for image in images])
        self.images_encoded += len(images)
        features: Sam3VisionEncoderOutput = self.model.get_vision_features(
            pixel_values=pixels.to(self.device, self.dtype))
        return features

    def _remember_texts(self, prompts: Sequence[str]) -> None:
        """Encode the prompts that are not in the cache, all at once."""
        if new := [p for p in prompts if p not in self._texts]:
            tokens = self.tokenizer([model_text(p) for p in new], padding="max_length", max_length=self.length,
                                    truncation=True, return_tensors="pt").to(self.device)
            mask = tokens["attention_mask"]
            texts = self.model.get_text_features(input_ids=tokens["input_ids"], attention_mask=mask).pooler_output
            self._texts |= {p: (texts[i], mask[i]) for i, p in enumerate(new)}
        for prompt in prompts:
            self._texts.move_to_end(prompt)
        while len(self._texts) > max(_TEXTS_KEPT, len(prompts)):
            self._texts.popitem(last=False)

    def _heads(self, features: Sam3VisionEncoderOutput, pairs: Sequence[tuple[int, str]],
               boxes: torch.Tensor | None = None, signs: torch.Tensor | None = None) -> Iterator[Raw]:
        """Run the detector's heads on (image index, prompt) pairs; yield each pair's raw output."""
        index = torch.tensor([i for i, _ in pairs], device=self.device)
        vision = Sam3VisionEncoderOutput(
            last_hidden_state=None, fpn_hidden_states=tuple(f[index] for f in features.fpn_hidden_states),
            fpn_position_encoding=tuple(f[index] for f in features.fpn_position_encoding))
        text = BaseModelOutputWithPooling(pooler_output=torch.stack([self._texts[p][0] for _, p in pairs]))
        mask = torch.stack([self._texts[p][1] for _, p in pairs])
        out = self.model(vision_embeds=vision, text_embeds=text, attention_mask=mask,
                         input_boxes=boxes, input_boxes_labels=signs)
        for k in range(len(pairs)):
            yield out.pred_logits[k], out.presence_logits[k], out.pred_boxes[k], out.pred_masks[k]

    def find(self, image: Image.Image, key: str, prompts: Sequence[str], exemplars: Exemplars | None) -> Detections:
        """Return what prompts and exemplar boxes find together. See `Sam3Engine.find`."""
        with self._lock, torch.inference_mode():
            return self._shrinking(lambda: self._find(image, key, list(prompts) or [EXEMPLAR_TEXT], exemplars))

    def _find(self, image: Image.Image, key: str, prompts: list[str], exemplars: Exemplars | None) -> Detections:
        neck = self.model.vision_encoder.neck
        levels = self._features.get(key, "boxes", lambda: tuple(neck(self._encoded(image, key))[0]))
        features = Sam3VisionEncoderOutput(
            last_hidden_state=None, fpn_hidden_states=levels,
            fpn_position_encoding=tuple(neck.position_encoding(f.shape, f.device, f.dtype) for f in levels))
        self._remember_texts(prompts)
        boxes = signs = None
        if exemplars is not None:
            one, sign = _exemplar_tensors(exemplars, image.size)
            boxes = one.expand(len(prompts), -1, -1).to(self.device, self.dtype)
            signs = sign.expand(len(prompts), -1).to(self.device)
        raw = list(self._heads(features, [(0, p) for p in prompts], boxes, signs))
        return _merge(raw, image.size, self.limits)

    def _encoded(self, image: Image.Image, key: str) -> torch.Tensor:
        """Return the encoder's output (1, C, h, w) for an image: what boxes, text and clicks all start from."""
        def encode() -> Tensors:
            pixels = to_pixels(image, self.side)[None].to(self.device, self.dtype)
            return (self._patches(pixels),)
        return self._features.get(key, "encoder", encode)[0]

    def _patches(self, pixels: torch.Tensor) -> torch.Tensor:
        self.images_encoded += 1
        patches: torch.Tensor = self.model.vision_encoder.backbone(pixels).last_hidden_state
        side = math.isqrt(patches.shape[1])
        return patches.view(1, side, side, -1).permute(0, 3, 1, 2)

    def click(self, image: Image.Image, key: str, points: Sequence[tuple[float, float]],
              positive: Sequence[bool]) -> Detections:
        """Return the object that points point out. The tracker is loaded at the first click. See `Sam3Engine.click`."""
        with self._lock, torch.inference_mode():
            self._load_tracker("Clicks need the model's own resolution.", "Draw a box")
            return self._shrinking(lambda: self._click(image, key, points, positive))

    def outline(self, image: Image.Image, boxes: NDArray[np.float32]) -> list[Mask | None]:
        """Return the mask of the object in each box, by the tracker. See `Sam3Engine.outline`."""
        def outlined() -> list[Mask | None]:
            pixels = to_pixels(image, self.side)[None].to(self.device, self.dtype)
            found: list[Mask | None] = self._tracker.outline(
                self._tracker.features(self._patches(pixels)), image.size, boxes)
            return found

        with self._lock, torch.inference_mode():
            self._load_tracker("Masks in a detector's boxes need the model's own resolution.",
                               "Use the detector without masks")
            return self._shrinking(outlined) if len(boxes) else []

    def _load_tracker(self, needs: str, instead: str) -> None:
        from ml_backend.engines.tracker import Tracker

        if self._resized:
            raise ArgusError("bad_request", needs, f"{instead}, or unset ARGUS_SAM3_RESOLUTION.")
        if self._tracker is None:
            encoder = self.model.vision_encoder.backbone
            self._tracker = Tracker.load(self.checkpoint, encoder, self.device, self.dtype)

    def _click(self, image: Image.Image, key: str, points: Sequence[tuple[float, float]],
               positive: Sequence[bool]) -> Detections:
        features = self._features.get(key, "clicks", lambda: self._tracker.features(self._encoded(image, key)))
        found: Detections = self._tracker.click(features, image.size, points, positive)
        return found

    def unread(self, prompts: Sequence[str]) -> list[str]:
        """Return what the model does not read of prompts. See `Sam3Engine.unread`."""
        with self._lock:
            return unread(self.tokenizer, prompts, self.length)

    def self_test(self) -> None:
        """Look for one thing on a grey image: a model that answers NaN or raises is refused.

        Raises:
            ArgusError: `model_broken`.
        """
        image = Image.new("RGB", (64, 48), "grey")
        with self._lock, torch.inference_mode():
            features = self._encode([image])
            self._remember_texts(["object"])
            logits, presence, boxes, _ = next(self._heads(features, [(0, "object")]))
        if not all(bool(torch.isfinite(t).all()) for t in (logits, presence, boxes)):
            raise ArgusError("model_broken", "The self-test failed: SAM 3 returned NaN or infinite values.",
                             "Try ARGUS_DTYPE=float32; if that does not help, download the checkpoint again.")

    def _shrinking(self, work: Callable[[], T]) -> T:
        """Run `work`; when the device runs out of memory, free what is cached, halve the batch and run it again."""
        while True:
            try:
                return work()
            except (RuntimeError, MemoryError) as error:
                if not is_out_of_memory(error):
                    raise
                if self.batch == 1 and not len(self._features):
                    raise ArgusError("out_of_memory", f"One image alone does not fit into the memory of {self.device}.",
                                     "Free some, or set ARGUS_SAM3_RESOLUTION lower.") from error
            self._features.clear()
            self.batch = max(1, self.batch // 2)
            log.warning("out of memory: the batch is halved", extra={"batch": self.batch})
            if self.device.type == "cuda":
                torch.cuda.empty_cache()


Raw = tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]  # logits (Q,), presence (1,), boxes, masks


def is_out_of_memory(error: BaseException) -> bool:
    """Whether a device ran out of memory: CUDA has an error of its own, the CPU and MPS say it in a sentence."""
    said = str(error).lower()
    return isinstance(error, torch.OutOfMemoryError | MemoryError) or "out of memory" in said \
        or "can't allocate memory" in said


def to_pixels(image: Image.Image, side: int) -> torch.Tensor:
    """Return what SAM 3's own processor makes of an RGB image: float32 (3, side, side), -1..1, squashed to a square.

    Own code because the processor needs torchvision; it differs from it by at most one grey level of 255.
    """
    small = np.asarray(image.resize((side, side), Image.Resampling.BILINEAR), np.float32)
    return torch.from_numpy(small / 127.5 - 1).permute(2, 0, 1)


def _merge(raw: Sequence[Raw], size: tuple[int, int], limits: Limits) -> Detections:
    """Join the outputs of one label's prompts on one image: what overlaps is one object."""
    logits, presence, boxes, masks = (torch.stack(parts) for parts in zip(*raw, strict=True))
    return select(logits, presence, boxes, masks, size, limits)


def _exemplar_tensors(exemplars: Exemplars, size: tuple[int, int]) -> tuple[torch.Tensor, torch.Tensor]:
    """Return boxes (1, N, 4) as centre and size, 0..1, and signs (1, N): the form `Sam3Model` takes."""
    corners = torch.tensor(exemplars.boxes) / torch.tensor([size[0], size[1], size[0], size[1]])
    boxes = torch.cat([(corners[:, :2] + corners[:, 2:]) / 2, corners[:, 2:] - corners[:, :2]], dim=1)
    return boxes[None], torch.tensor([[int(p) for p in exemplars.positive]])
