"""A detector of one's own: any folder of transformers' `AutoModelForObjectDetection`.

A label's prompts are the detector's classes here. The library prepares images and reads the model's output, each model
in its own way; what is kept of it is decided as for SAM 3. Images of one size go through the model together: padding
would otherwise let one image's answer depend on the others.
"""

from __future__ import annotations

import importlib
import itertools
import logging
import threading
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, TypedDict

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from argus.detectors import DetectorFolder
from argus.devices import choose_device
from argus.errors import ArgusError, no_number
from argus.settings import Settings
from label_studio_config.label_config import Concept
from ml_backend.engines.base import Detections, Sam3Engine, nms
from ml_backend.engines.postprocess import Limits
from ml_backend.engines.transformers_engine import is_out_of_memory

log = logging.getLogger(__name__)
_BATCH = 8


class Read(TypedDict):
    """What the library reads in the model's output: scores (K,), classes (K,), boxes (K, 4) x0 y0 x1 y1 in pixels."""

    scores: torch.Tensor
    labels: torch.Tensor
    boxes: torch.Tensor


class DetectorEngine:
    """See `Engine`. One thread at a time; a lock sees to it.

    Args:
        model: a loaded model of `AutoModelForObjectDetection`.
        processor: its image processor.
        classes: names by the number that the model answers with.
        limits: which detections are kept.
        outliner: gives boxes their masks; None for none.
    """

    def __init__(self, model: Any, processor: Any, classes: dict[int, str], limits: Limits,
                 outliner: Sam3Engine | None = None) -> None:
        self.model, self.processor, self.classes, self.limits = model, processor, classes, limits
        self.outliner, self.batch = outliner, _BATCH
        self.device = next(model.parameters()).device
        self._lock = threading.RLock()

    @classmethod
    def load(cls, settings: Settings, found: DetectorFolder, outliner: Sam3Engine | None = None) -> DetectorEngine:
        """Load a detector onto the configured device, in float32: detectors are small, and some of their operations
        know no other format.

        Raises:
            ArgusError: `model_broken`, `missing_package`, `device_unusable`.
        """
        if settings.torch_threads:
            torch.set_num_threads(settings.torch_threads)
        device, _ = choose_device(settings.device, "float32")
        transformers = importlib.import_module("transformers")
        transformers.logging.disable_progress_bar()
        transformers.logging.set_verbosity_error()  # its table of missing weights says what the error below says
        try:
            processor = transformers.AutoImageProcessor.from_pretrained(found.folder, local_files_only=True)
            model, info = transformers.AutoModelForObjectDetection.from_pretrained(
                found.folder, dtype=torch.float32, output_loading_info=True, local_files_only=True)
        except Exception as error:
            raise _explain(found, error) from error
        bad = sorted(str(k) for k in [*info["missing_keys"], *info.get("mismatched_keys", ())])
        if bad:
            raise ArgusError("model_broken", f"The detector's folder {found.folder} does not fit {found.architecture}: "
                             f"{len(bad)} weights are missing or have another shape, {bad[0]} first.",
                             "Save the detector again after its training.", missing=bad[:10])
        if not hasattr(processor, "post_process_object_detection"):
            raise ArgusError("model_broken", f"The image processor of {found.folder} is {type(processor).__name__}, "
                             "which reads no detector's output.", "Save the detector's own image processor there.")
        log.info("detector loaded", extra={"model": found.name, "class": found.architecture, "device": str(device)})
        limits = Limits(settings.keep_threshold, settings.nms_iou, settings.max_detections)
        return cls(model.eval().requires_grad_(False).to(device), processor, found.classes, limits, outliner)

    @property
    def images_per_step(self) -> int:
        return 1 if self.outliner else self.batch  # a mask for each box takes longer than the boxes

    def detect(self, images: Sequence[Image.Image], concepts: Sequence[Concept]) -> list[dict[str, Detections]]:
        """Return, for each image, the detections of every concept by label. See `Engine.detect`."""
        with self._lock, torch.inference_mode():
            found: dict[int, dict[str, Detections]] = {}
            order = sorted(range(len(images)), key=lambda i: images[i].size)
            for _, group in itertools.groupby(order, key=lambda i: images[i].size):
                numbers = list(group)
                found |= zip(numbers, self._alike([images[i] for i in numbers], concepts), strict=True)
            return [self._outlined(image, found[i]) for i, image in enumerate(images)]

    def _alike(self, images: Sequence[Image.Image], concepts: Sequence[Concept]) -> list[dict[str, Detections]]:
        """Detect on images of one size; when the device runs out of memory, fewer of them are taken together."""
        found: list[dict[str, Detections]] = []
        while len(found) < len(images):
            try:
                found += self._detect(images[len(found):len(found) + self.batch], concepts)
            except (RuntimeError, MemoryError) as error:
                if not is_out_of_memory(error):
                    raise
                if self.batch == 1:
                    raise ArgusError("out_of_memory", "One image alone does not fit into the memory of "
                                     f"{self.device}.", "Free some, or use a smaller detector.") from error
                self.batch //= 2
                log.warning("out of memory: the batch is halved", extra={"batch": self.batch})
                if self.device.type == "cuda":
                    torch.cuda.empty_cache()
        return found

    def _detect(self, images: Sequence[Image.Image], concepts: Sequence[Concept]) -> list[dict[str, Detections]]:
        return [self._named(read, image.size, concepts)
                for read, image in zip(self._read(images), images, strict=True)]

    def _read(self, images: Sequence[Image.Image]) -> list[Read]:
        """Return what the library reads of each image."""
        inputs = self.processor(images=list(images), return_tensors="pt")
        named = {key: inputs[key].to(self.device) for key in ("pixel_values", "pixel_mask") if key in inputs}
        output = self.model(**named)
        if not (bool(torch.isfinite(output.logits).all()) and bool(torch.isfinite(output.pred_boxes).all())):
            raise no_number()  # NaN is below every score, and would be nothing found
        read: list[Read] = self.processor.post_process_object_detection(
            output, threshold=self.limits.keep, target_sizes=[(image.height, image.width) for image in images])
        return read

    def _named(self, read: Read, size: tuple[int, int],
               concepts: Sequence[Concept]) -> dict[str, Detections]:
        scores = read["scores"].float().cpu().numpy()
        boxes = read["boxes"].float().cpu().numpy().reshape(-1, 4).clip(0, [*size, *size]).astype(np.float32)
        names = np.array([self.classes.get(number, "") for number in read["labels"].tolist()], np.str_)
        real = (boxes[:, 2] > boxes[:, 0]) & (boxes[:, 3] > boxes[:, 1])
        return {c.label: self._kept(scores, boxes, real & np.isin(names, list(c.prompts))) for c in concepts}

    def _kept(self, scores: NDArray[np.float32], boxes: NDArray[np.float32], mine: NDArray[np.bool_]) -> Detections:
        """Return one label's detections; those of two of its classes that overlap are one object."""
        index = np.flatnonzero(mine)
        index = index[np.argsort(-scores[index], kind="stable")][:4 * self.limits.most]
        alone = index[nms(boxes[index], scores[index], self.limits.iou)]
        kept = alone[:self.limits.most]
        return Detections(scores[kept], boxes[kept], [None] * len(kept), len(alone) - len(kept))

    def _outlined(self, image: Image.Image, found: dict[str, Detections]) -> dict[str, Detections]:
        """Return the detections with masks inside their boxes, where they are asked for; an image is encoded once."""
        if self.outliner is None:
            return found
        masks = iter(self.outliner.outline(image, np.concatenate(
            [np.zeros((0, 4), np.float32), *(one.boxes for one in found.values())])))
        return {label: replace(one, masks=list(itertools.islice(masks, len(one)))) for label, one in found.items()}

    def self_test(self) -> None:
        """Look at a grey image: a model that answers NaN or raises is refused. Raises `model_broken`."""
        with self._lock, torch.inference_mode():
            try:
                self._read([Image.new("RGB", (64, 48), "grey")])
            except ArgusError:
                raise
            except Exception as error:
                if is_out_of_memory(error):
                    raise
                raise ArgusError("model_broken", f"The detector's self-test failed: {_first_line(error)}",
                                 "Does the image processor in its folder belong to the model?") from error


def _explain(found: DetectorFolder, error: Exception) -> ArgusError:
    """Return the failure to load a detector as a sentence that says what to do."""
    if isinstance(error, ImportError):
        return ArgusError("missing_package", f"The detector {found.name} needs a package that is not installed: "
                          f"{_first_line(error)}", "Install it for the SAM 3 worker, or use a detector without it.")
    if isinstance(error, ValueError) and "Unrecognized configuration class" in str(error):
        return ArgusError("model_broken", f"The detector's folder {found.folder} holds {found.architecture}, which "
                          "transformers' AutoModelForObjectDetection does not know.",
                          "Use a detector such as RT-DETR, D-FINE, RF-DETR or DETR.")
    return ArgusError("model_broken", f"The detector in {found.folder} cannot be loaded: {_first_line(error)}",
                      "The folder needs what model.save_pretrained and processor.save_pretrained write.")


def _first_line(error: BaseException) -> str:
    return next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)
