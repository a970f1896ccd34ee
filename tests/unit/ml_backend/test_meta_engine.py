"""The adapter for Meta's package, against a fake of its processor's five calls: the package itself needs CUDA."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from argus.errors import ArgusError
from argus.settings import Settings
from label_studio_config.concepts import Concept
from ml_backend.engines import Exemplars, load_engine
from ml_backend.engines.meta_engine import MetaEngine
from ml_backend.engines.postprocess import Limits


class FakeSam3Processor:
    """Answers like `sam3.model.sam3_image_processor.Sam3Processor` 0.1.4: fixed boxes by prompt."""

    def __init__(self) -> None:
        self.found = {"cpu": [(0.9, (1, 2, 11, 12)), (0.3, (50, 50, 60, 60))], "processor": [(0.8, (1, 2, 11, 13))]}
        self.calls: list[Any] = []
        self.threshold = 0.5

    def set_confidence_threshold(self, threshold: float, state: Any = None) -> Any:
        self.threshold = threshold
        return state

    def set_image(self, image: Image.Image, state: Any = None) -> dict[str, Any]:
        self.calls.append("image")
        return {"original_width": image.width, "original_height": image.height, "backbone_out": {}}

    def reset_all_prompts(self, state: dict[str, Any]) -> None:
        for key in ("boxes", "scores", "masks"):
            state.pop(key, None)

    def set_text_prompt(self, prompt: str, state: dict[str, Any]) -> dict[str, Any]:
        self.calls.append(prompt)
        return self._answer(state, self.found.get(prompt, []))

    def add_geometric_prompt(self, box: list[float], label: bool, state: dict[str, Any]) -> dict[str, Any]:
        self.calls.append((box, label))
        return self._answer(state, [(0.7, (5, 5, 25, 25))])

    def _answer(self, state: dict[str, Any], found: list[Any]) -> dict[str, Any]:
        kept = [item for item in found if item[0] > self.threshold]
        masks = torch.zeros(len(kept), 1, state["original_height"], state["original_width"], dtype=torch.bool)
        for i, (_, (x0, y0, x1, y1)) in enumerate(kept):
            masks[i, 0, y0:y1, x0:x1] = True
        return state | {"scores": torch.tensor([s for s, _ in kept]), "masks": masks,
                        "boxes": torch.tensor([b for _, b in kept], dtype=torch.float32).reshape(-1, 4)}


@pytest.fixture
def fake() -> FakeSam3Processor:
    return FakeSam3Processor()


def test_detect__one_image_pass_prompts_merged(fake: FakeSam3Processor) -> None:
    engine = MetaEngine(fake, Limits(keep=0.1, iou=0.6, most=10))
    image = Image.new("RGB", (100, 80))
    (found,) = engine.detect([image], [Concept("cpu", ("cpu", "processor"), 0.5), Concept("fan", ("fan",), 0.5)])
    assert fake.calls == ["image", "cpu", "processor", "fan"]
    assert np.allclose(found["cpu"].scores, [0.9, 0.3])
    assert found["cpu"].boxes.tolist() == [[1, 2, 11, 12], [50, 50, 60, 60]]
    mask = found["cpu"].masks[0]
    assert mask is not None
    assert (mask.x, mask.y, mask.bits.shape, mask.bits.all()) == (1, 2, (10, 10), True)
    assert len(found["fan"]) == 0


def test_find__boxes_go_as_centre_and_size(fake: FakeSam3Processor) -> None:
    engine = MetaEngine(fake, Limits(keep=0.1, iou=0.6, most=10))
    image = Image.new("RGB", (100, 80))
    found = engine.find(image, "a", [], Exemplars(((10, 20, 30, 60), (0, 0, 50, 40)), (True, False)))
    assert fake.calls == ["image", ([0.2, 0.5, 0.2, 0.5], True), ([0.25, 0.25, 0.5, 0.5], False)]
    assert found.boxes.tolist() == [[5, 5, 25, 25]]
    engine.find(image, "a", ["cpu"], None)
    assert fake.calls.count("image") == 1


def test_load__without_cuda_says_so(tmp_path: Path) -> None:
    with pytest.raises(ArgusError, match="CUDA only") as caught:
        load_engine(Settings(sam3_engine="sam3", sam3_model=str(tmp_path), device="cpu"))
    assert caught.value.code == "device_unusable"
