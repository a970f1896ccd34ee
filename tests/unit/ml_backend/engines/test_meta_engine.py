"""The adapter for Meta's package, against a fake of its processor's five calls: the package itself needs CUDA."""

from __future__ import annotations

import ast
import importlib.util
import sys
import types
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from argus.errors import ArgusError
from argus.settings import Settings
from label_studio_config.label_config import Concept
from ml_backend.engines import Exemplars, load_engine
from ml_backend.engines.meta_engine import VOCABULARY, MetaEngine
from ml_backend.engines.postprocess import Limits
from ml_backend.engines.tiling import TilingEngine


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


def test_detect__what_lies_beyond_the_cap_is_counted(fake: FakeSam3Processor) -> None:
    engine = MetaEngine(fake, Limits(keep=0.1, iou=0.6, most=1))
    (found,) = engine.detect([Image.new("RGB", (100, 80))], [Concept("cpu", ("cpu", "processor"), 0.5)])
    assert (len(found["cpu"]), found["cpu"].left_out) == (1, 1)


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


def test_find__the_whole_masks_are_not_kept_with_the_features(fake: FakeSam3Processor) -> None:
    engine = MetaEngine(fake, Limits(keep=0.1, iou=0.6, most=10))
    for i in range(6):
        engine.find(Image.new("RGB", (100, 80)), str(i), ["cpu"], None)
    assert len(engine._states) == 4
    assert all("masks" not in state for state in engine._states.values())


def test_click__is_refused_with_a_sentence(fake: FakeSam3Processor) -> None:
    with pytest.raises(ArgusError, match="Clicks need the transformers engine"):
        MetaEngine(fake, Limits(0.1, 0.6, 10)).click(Image.new("RGB", (9, 9)), "a", [(1, 1)], [True])


class FakeSam3Model(torch.nn.Module):
    """Two weights, under the names that a checkpoint has behind `detector.`."""

    def __init__(self) -> None:
        super().__init__()
        self.head, self.body = torch.nn.Linear(2, 2, bias=False), torch.nn.Linear(2, 2, bias=False)


@pytest.fixture
def package(monkeypatch: pytest.MonkeyPatch, fake: FakeSam3Processor) -> dict[str, Any]:
    """A fake of the package's two modules, and a CUDA that is only said to be there. Returns the builder's call."""
    said: dict[str, Any] = {}

    def build_sam3_image_model(**options: Any) -> FakeSam3Model:
        said.update(options, model=FakeSam3Model())
        model: FakeSam3Model = said["model"]
        return model

    def make_processor(model: FakeSam3Model) -> FakeSam3Processor:
        assert model is said["model"]
        return fake

    modules = {"sam3.model_builder": types.SimpleNamespace(build_sam3_image_model=build_sam3_image_model),
               "sam3.model.sam3_image_processor": types.SimpleNamespace(Sam3Processor=make_processor)}
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr("ml_backend.engines.meta_engine.importlib.import_module", modules.__getitem__)
    return said


def checkpoint(folder: Path, **weights: torch.Tensor) -> Settings:
    torch.save({"model": {f"detector.{name.replace('_', '.')}": w for name, w in weights.items()}}, folder / "sam3.pt")
    (folder / VOCABULARY).write_bytes(b"words")
    return Settings(_env_file=None, sam3_engine="sam3", sam3_model=str(folder), keep_threshold=0.2)


def test_load__takes_the_weights_and_gives_the_vocabulary(package: dict[str, Any], fake: FakeSam3Processor,
                                                          tmp_path: Path) -> None:
    settings = checkpoint(tmp_path, head_weight=torch.full((2, 2), 3.0), body_weight=torch.full((2, 2), 4.0))
    engine = load_engine(settings)
    assert isinstance(engine, MetaEngine)
    assert package["bpe_path"] == str(tmp_path / VOCABULARY)
    assert (package["load_from_HF"], package["device"]) == (False, "cuda")
    assert package["model"].head.weight[0, 0] == 3
    assert fake.threshold == 0.2


def test_load__refuses_a_checkpoint_that_lacks_weights(package: dict[str, Any], tmp_path: Path) -> None:
    """The package itself loads it without a word, and then finds nothing."""
    with pytest.raises(ArgusError, match=r"lacks 1 weights, body.weight first") as caught:
        load_engine(checkpoint(tmp_path, head_weight=torch.zeros(2, 2), tracker_weight=torch.zeros(1)))
    assert caught.value.code == "model_broken"


@pytest.mark.parametrize("name", ["sam3.pt", VOCABULARY])
def test_load__names_the_file_that_is_missing(package: dict[str, Any], tmp_path: Path, name: str) -> None:
    settings = checkpoint(tmp_path, head_weight=torch.zeros(2, 2))
    (tmp_path / name).unlink()
    with pytest.raises(ArgusError, match=f"has no {name}") as caught:
        load_engine(settings)
    assert caught.value.code == "model_not_found"


@pytest.mark.parametrize("option", [{"sam3_resolution": 504}, {"sam3_int8": True}, {"sam3_compile": True}])
def test_load__refuses_options_of_the_other_engine(package: dict[str, Any], tmp_path: Path,
                                                   option: dict[str, Any]) -> None:
    settings = checkpoint(tmp_path, head_weight=torch.zeros(2, 2)).model_copy(update=option)
    with pytest.raises(ArgusError, match="is for the transformers engine") as caught:
        load_engine(settings)
    assert caught.value.code == "bad_setting"


def test_load__without_the_package_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setitem(sys.modules, "sam3.model_builder", None)
    with pytest.raises(ArgusError, match="cannot be imported") as caught:
        load_engine(checkpoint(tmp_path, head_weight=torch.zeros(2, 2)))
    assert caught.value.code == "missing_package"
    assert "[sam3]" in caught.value.hint


def test_tiles__wrap_this_engine_too(package: dict[str, Any], tmp_path: Path) -> None:
    settings = checkpoint(tmp_path, head_weight=torch.zeros(2, 2), body_weight=torch.zeros(2, 2))
    engine = load_engine(settings.model_copy(update={"sam3_tile": 200}))
    assert isinstance(engine, TilingEngine)
    assert isinstance(engine.engine, MetaEngine)


def test_the_package_that_is_installed_has_what_the_adapter_calls() -> None:
    """Read, not run: importing it needs CUDA's compiler packages."""
    spec = importlib.util.find_spec("sam3")
    if spec is None or spec.origin is None:
        pytest.skip("the optional package sam3 is not installed")
    folder = Path(spec.origin).parent
    functions = {node.name: [a.arg for a in node.args.args]
                 for file in ("model_builder.py", "model/sam3_image_processor.py")
                 for node in ast.walk(ast.parse((folder / file).read_text("utf-8")))
                 if isinstance(node, ast.FunctionDef)}
    assert {"bpe_path", "device", "load_from_HF", "checkpoint_path"} <= set(functions["build_sam3_image_model"])
    calls = {"set_image": ["image"], "set_text_prompt": ["prompt", "state"], "reset_all_prompts": ["state"],
             "add_geometric_prompt": ["box", "label", "state"], "set_confidence_threshold": ["threshold"]}
    for name, arguments in calls.items():
        assert set(arguments) <= set(functions[name]), name
