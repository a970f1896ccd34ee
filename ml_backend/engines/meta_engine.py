"""SAM 3 by Meta's own `sam3` package: a thin adapter, CUDA only because the package hard-codes it.

The package serves one image and one prompt at a time. Its builder loads a checkpoint without complaining about missing
weights, so this adapter compares the keys itself; and its wheel lacks the text encoder's vocabulary, which has to be
put beside the checkpoint (`bpe_simple_vocab_16e6.txt.gz`, from the package's source).
"""

from __future__ import annotations

import contextlib
import importlib
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypedDict

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from argus.errors import ArgusError
from argus.settings import Settings
from argus.typed_text import fold
from label_studio_config.label_config import Concept
from ml_backend.engines.base import Detections, Exemplars, Mask, nms
from ml_backend.engines.postprocess import Limits, trim

if TYPE_CHECKING:
    import torch

VOCABULARY = "bpe_simple_vocab_16e6.txt.gz"


class State(TypedDict):
    """What the package knows of an image (pixels), and what it found there by the last prompt: N of everything.

    Attributes:
        scores: (N,). boxes: (N, 4) x0 y0 x1 y1 in pixels. masks: (N, 1, height, width).
    """

    original_width: int
    original_height: int
    scores: torch.Tensor
    boxes: torch.Tensor
    masks: torch.Tensor


class MetaEngine:
    """See `Sam3Engine`.

    Args:
        processor: `sam3.model.sam3_image_processor.Sam3Processor`, or what has its five calls.
        limits: which detections are kept.
    """

    images_per_step = 1

    def __init__(self, processor: Any, limits: Limits) -> None:
        self.processor, self.limits = processor, limits
        self._states: OrderedDict[str, State] = OrderedDict()
        processor.set_confidence_threshold(limits.keep)

    @classmethod
    def load(cls, settings: Settings) -> MetaEngine:
        """Load `sam3.pt` from the folder `settings.sam3_model`.

        Raises:
            ArgusError: `device_unusable` without CUDA, `missing_package`, `model_not_found`, `model_broken`.
        """
        import torch

        if settings.device == "cpu" or not torch.cuda.is_available():
            raise ArgusError("device_unusable", "Meta's sam3 package runs on CUDA only.",
                             "Use ARGUS_SAM3_ENGINE=transformers on this machine.")
        for name in ("sam3_resolution", "sam3_int8", "sam3_compile"):
            if getattr(settings, name):
                raise ArgusError("bad_setting", f"ARGUS_{name.upper()} is for the transformers engine.",
                                 "Remove it, or set ARGUS_SAM3_ENGINE=transformers.")
        folder = Path(settings.sam3_model)
        for name in ("sam3.pt", VOCABULARY):
            if not (folder / name).is_file():
                raise ArgusError("model_not_found", f"The folder {folder} has no {name}.",
                                 "Meta's engine needs sam3.pt and the vocabulary of the package's source side by side.")
        try:
            builder = importlib.import_module("sam3.model_builder")
            processing = importlib.import_module("sam3.model.sam3_image_processor")
        except ImportError as error:
            raise ArgusError("missing_package", f"Meta's sam3 package cannot be imported: {error}.",
                             "pip install 'argus-label-studio[sam3]'") from error
        model = builder.build_sam3_image_model(bpe_path=str(folder / VOCABULARY), device="cuda", load_from_HF=False,
                                               checkpoint_path=None)
        _load_weights(model, folder / "sam3.pt")
        return cls(processing.Sam3Processor(model), Limits(settings.keep_threshold, settings.nms_iou,
                                                           settings.max_detections))

    def detect(self, images: Sequence[Image.Image], concepts: Sequence[Concept]) -> list[dict[str, Detections]]:
        """Return, for each image, the detections of every concept by label. See `Sam3Engine.detect`."""
        found: list[dict[str, Detections]] = []
        with _autocast():
            for image in images:
                state = self.processor.set_image(image)
                found.append({c.label: self._merge([self._ask(state, p) for p in c.prompts]) for c in concepts})
        return found

    def find(self, image: Image.Image, key: str, prompts: Sequence[str], exemplars: Exemplars | None) -> Detections:
        """Return what prompts and exemplar boxes find together. See `Sam3Engine.find`."""
        with _autocast():
            state = self._state(image, key)
            asked: Sequence[str | None] = prompts or [None]
            return self._merge([self._ask(state, p, exemplars) for p in asked])

    def click(self, image: Image.Image, key: str, points: Sequence[tuple[float, float]],
              positive: Sequence[bool]) -> Detections:
        """Clicks are served by the transformers engine only."""
        raise ArgusError("bad_request", "Clicks need the transformers engine.", "Set ARGUS_SAM3_ENGINE=transformers.")

    def outline(self, image: Image.Image, boxes: NDArray[np.float32]) -> list[Mask | None]:
        """Masks in given boxes are made by the transformers engine only."""
        raise ArgusError("bad_request", "Masks in a detector's boxes need the transformers engine.",
                         "Set ARGUS_SAM3_ENGINE=transformers, or use the detector without masks.")

    def unread(self, prompts: Sequence[str]) -> list[str]:
        """The package keeps its tokens to itself."""
        raise ArgusError("bad_request", "Meta's sam3 package does not say what it reads of a prompt.")

    def self_test(self) -> None:
        """Look for one thing on a grey image; raises what the package raises."""
        with _autocast():
            self._ask(self.processor.set_image(Image.new("RGB", (64, 48), "grey")), "object")

    def _state(self, image: Image.Image, key: str) -> State:
        if key not in self._states:
            self._states[key] = self.processor.set_image(image)
        while len(self._states) > 4:
            self._states.popitem(last=False)
        return self._states[key]

    def _ask(self, state: State, prompt: str | None, exemplars: Exemplars | None = None) -> Detections:
        self.processor.reset_all_prompts(state)
        if prompt is not None:
            state = self.processor.set_text_prompt(prompt=fold(prompt), state=state)
        width, height = state["original_width"], state["original_height"]
        for box, positive in zip(exemplars.boxes, exemplars.positive, strict=True) if exemplars else ():
            x0, y0, x1, y1 = box
            state = self.processor.add_geometric_prompt(
                box=[(x0 + x1) / 2 / width, (y0 + y1) / 2 / height, (x1 - x0) / width, (y1 - y0) / height],
                label=positive, state=state)
        scores = state["scores"].float().cpu().numpy()
        order = np.argsort(-scores)[:self.limits.most]
        boxes = state["boxes"].float().cpu().numpy().clip(0, [width, height, width, height])
        masks: list[Mask | None] = [trim(state["masks"][i, 0].cpu().numpy(), 0, 0) for i in order.tolist()]
        self.processor.reset_all_prompts(state)  # masks of the whole frame in float32: not to be kept with the features
        return Detections(scores[order], boxes[order].astype(np.float32), masks, len(scores) - len(order))

    def _merge(self, parts: list[Detections]) -> Detections:
        joined = Detections(np.concatenate([p.scores for p in parts]), np.concatenate([p.boxes for p in parts]),
                            [m for p in parts for m in p.masks])
        alone = nms(joined.boxes, joined.scores, self.limits.iou)
        kept = joined.take(alone[:self.limits.most])
        return replace(kept, left_out=len(alone) - len(kept) + sum(p.left_out for p in parts))


def _load_weights(model: Any, path: Path) -> None:
    import torch

    weights = torch.load(path, map_location="cpu", weights_only=True)
    weights = weights.get("model", weights)
    ours = {k.removeprefix("detector."): v for k, v in weights.items() if k.startswith("detector.")}
    missing = model.load_state_dict(ours, strict=False).missing_keys
    if missing:
        raise ArgusError("model_broken", f"{path} lacks {len(missing)} weights, {missing[0]} first.",
                         "Is sam3.pt complete?", missing=missing[:10])


@contextlib.contextmanager
def _autocast() -> Iterator[None]:
    """The package keeps float32 weights and expects to run under bfloat16 autocast on a GPU."""
    import torch

    with torch.inference_mode(), torch.autocast("cuda", torch.bfloat16, enabled=torch.cuda.is_available()):
        yield
