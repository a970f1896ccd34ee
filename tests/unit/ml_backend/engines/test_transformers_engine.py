"""The transformers engine on random weights of the real class: mechanics, not meaning."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from huggingface_hub.errors import GatedRepoError, LocalEntryNotFoundError, RepositoryNotFoundError
from PIL import Image
from requests import Response

from argus.errors import ArgusError
from argus.settings import Settings
from label_studio_config.label_config import Concept
from ml_backend.engines import Detections, Exemplars, load_engine
from ml_backend.engines.loading import explain
from ml_backend.engines.postprocess import Limits, cut_mask, select
from ml_backend.engines.transformers_engine import TransformersEngine, to_pixels

CPU, FAN, MANY = Concept("cpu", ("cpu",), 0.5), Concept("fan", ("fan",), 0.5), Concept("part", ("hdd", "battery"), 0.5)


@pytest.fixture
def engine(random_sam3: Path) -> TransformersEngine:
    settings = Settings(sam3_model=str(random_sam3), device="cpu", torch_threads=1, keep_threshold=0.0, nms_iou=0.9)
    loaded = load_engine(settings)
    assert isinstance(loaded, TransformersEngine)
    return loaded


def same(a: Detections, b: Detections) -> bool:
    return (len(a) == len(b) > 0 and np.allclose(a.scores, b.scores, atol=1e-5)
            and np.allclose(a.boxes, b.boxes, atol=0.01))


def test_detect__encodes_each_image_once_for_all_labels(engine: TransformersEngine, scenes: list[Image.Image]) -> None:
    found = engine.detect(scenes, [CPU, FAN, MANY])
    assert engine.images_encoded == len(scenes)
    assert [set(f) for f in found] == [{"cpu", "fan", "part"}] * len(scenes)


def test_detect__together_is_the_same_as_one_by_one(engine: TransformersEngine, scenes: list[Image.Image]) -> None:
    engine.batch = 2  # pairs of one image then fall into different batches
    together = engine.detect(scenes, [CPU, FAN, MANY])
    for image, found in zip(scenes, together, strict=True):
        for concept in (CPU, FAN, MANY):
            assert same(engine.detect([image], [concept])[0][concept.label], found[concept.label])


def test_detect__boxes_lie_in_the_image_and_scores_fall(engine: TransformersEngine, scenes: list[Image.Image]) -> None:
    for image, found in zip(scenes, engine.detect(scenes, [MANY]), strict=True):
        part = found["part"]
        assert (np.diff(part.scores) <= 0).all()
        assert (part.boxes >= 0).all()
        assert (part.boxes[:, 2] <= image.width).all() and (part.boxes[:, 3] <= image.height).all()
        for mask in part.masks:
            assert mask is None or (mask.x + mask.bits.shape[1] <= image.width and mask.bits.any())


def test_detect__is_what_the_library_answers(engine: TransformersEngine, random_sam3: Path,
                                            scenes: list[Image.Image]) -> None:
    from transformers import Sam3Processor

    processor = Sam3Processor.from_pretrained(random_sam3)
    inputs = processor(images=scenes[0], text="cpu", return_tensors="pt")
    with torch.inference_mode():
        output = engine.model(**inputs)
    theirs = processor.post_process_instance_segmentation(output, threshold=0.0, mask_threshold=0.5,
                                                          target_sizes=[scenes[0].size[::-1]])[0]
    ours = engine.detect([scenes[0]], [CPU])[0]["cpu"]
    best = int(theirs["scores"].argmax())
    assert ours.scores[0] == pytest.approx(float(theirs["scores"][best]), abs=2e-3)
    inside = theirs["boxes"][best].numpy().clip(0, [320, 180, 320, 180])  # the library lets boxes leave the image
    assert np.allclose(ours.boxes[0], inside, atol=1.0)


def test_to_pixels__as_the_library_within_one_grey_level(random_sam3: Path, scenes: list[Image.Image]) -> None:
    from transformers import Sam3Processor

    theirs = Sam3Processor.from_pretrained(random_sam3).image_processor(scenes, return_tensors="pt").pixel_values
    for ours, reference in zip((to_pixels(image, 192) for image in scenes), theirs, strict=True):
        assert float((ours - reference).abs().max()) <= 1.01 / 127.5


def test_detect__a_text_of_any_length_is_cut(engine: TransformersEngine, scenes: list[Image.Image]) -> None:
    long = Concept("x", ("a very " * 60 + "long prompt", ""), 0.5)
    assert len(engine.detect(scenes[:1], [long])[0]["x"]) > 0


@pytest.mark.parametrize(("typed", "plain"), [("ＣＰＵ", "cpu"), ("ＦＡＮ", "fan"), ("ﾌｧﾝ", "ファン"),
                                              ("heat–sink", "heat-sink")])
def test_detect__a_prompt_is_read_as_it_is_meant(engine: TransformersEngine, scenes: list[Image.Image], typed: str,
                                                 plain: str) -> None:
    found = engine.detect(scenes[:1], [Concept("typed", (typed,), 0.5), Concept("plain", (plain,), 0.5)])[0]
    assert same(found["typed"], found["plain"])


def test_unread__is_the_end_that_changes_nothing(engine: TransformersEngine, scenes: list[Image.Image]) -> None:
    long = "fan " * 30 + "cpu"
    assert engine.unread(["fan", long]) == ["", "cpu"]
    assert same(engine.find(scenes[0], "a", [long], None), engine.find(scenes[0], "a", ["fan " * 30 + "hdd"], None))


def test_find__encodes_an_image_once(engine: TransformersEngine, scenes: list[Image.Image]) -> None:
    box = Exemplars(((10.0, 10.0, 60.0, 60.0), (100.0, 20.0, 150.0, 80.0)), (True, False))
    first = engine.find(scenes[0], "a", [], box)
    again = engine.find(scenes[0], "a", [], box)
    assert same(first, again)
    assert same(engine.find(scenes[0], "a", ["cpu"], None), engine.detect(scenes[:1], [CPU])[0]["cpu"])
    assert engine.images_encoded == 2  # once for every find, once for detect
    assert not same(first, engine.find(scenes[0], "a", [], Exemplars(box.boxes[:1], (True,))))


def test_find__two_images_do_not_mix(engine: TransformersEngine, scenes: list[Image.Image]) -> None:
    alone = [engine.find(image, f"alone {i}", ["fan"], None) for i, image in enumerate(scenes)]
    mixed = [engine.find(scenes[i], str(i), ["fan"], None) for i in (0, 1, 2, 0, 2, 1)]
    for found, i in zip(mixed, (0, 1, 2, 0, 2, 1), strict=True):
        assert same(found, alone[i])


def test_click__without_a_tracker_says_so(engine: TransformersEngine, scenes: list[Image.Image]) -> None:
    with pytest.raises(ArgusError, match="no tracker") as caught:
        engine.click(scenes[0], "a", [(10, 10)], [True])
    assert caught.value.code == "model_broken"


def test_detect__out_of_memory_halves_the_batch_and_goes_on(engine: TransformersEngine, scenes: list[Image.Image],
                                                           monkeypatch: pytest.MonkeyPatch) -> None:
    expected = engine.detect(scenes, [CPU, FAN])
    heads: Callable[..., object] = engine._heads

    def scarce(features: object, pairs: list[object], *rest: object) -> object:
        if len(pairs) > 2:
            raise torch.OutOfMemoryError("no memory left")
        return heads(features, pairs, *rest)

    monkeypatch.setattr(engine, "_heads", scarce)
    found = engine.detect(scenes, [CPU, FAN])
    assert engine.batch == 2
    assert all(same(a[label], b[label]) for a, b in zip(found, expected, strict=True) for label in ("cpu", "fan"))
    engine.batch = 1
    monkeypatch.setattr(engine, "_heads", lambda *_: (_ for _ in ()).throw(torch.OutOfMemoryError("none at all")))
    with pytest.raises(ArgusError, match="One image alone does not fit") as caught:
        engine.detect(scenes[:1], [CPU])
    assert caught.value.code == "out_of_memory"


def test_self_test__refuses_a_model_that_answers_nan(engine: TransformersEngine) -> None:
    engine.self_test()
    engine.model.dot_product_scoring.text_proj.weight.data.fill_(float("nan"))
    with pytest.raises(ArgusError, match="NaN or infinite"):
        engine.self_test()


def test_load__refuses_missing_weights(random_sam3: Path, tmp_path: Path) -> None:
    from safetensors.torch import load_file, save_file

    folder = shutil.copytree(random_sam3, tmp_path / "partial")
    weights = load_file(folder / "model.safetensors")
    weights.pop("text_projection.weight")
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(ArgusError, match=r"1 weights are missing.*text_projection.weight") as caught:
        load_engine(Settings(sam3_model=str(folder), device="cpu"))
    assert caught.value.code == "model_broken"


@pytest.mark.parametrize("damage", ["weights", "config", "tokenizer"])
def test_load__a_damaged_folder_is_said(random_sam3: Path, tmp_path: Path, damage: str) -> None:
    folder = shutil.copytree(random_sam3, tmp_path / "damaged")
    if damage == "weights":
        (folder / "model.safetensors").write_bytes(b"\x00" * 100)
    elif damage == "config":
        (folder / "config.json").write_text("{")
    else:
        (folder / "tokenizer.json").unlink()
        (folder / "tokenizer_config.json").unlink()
    with pytest.raises(ArgusError) as caught:
        load_engine(Settings(sam3_model=str(folder), device="cpu"))
    assert caught.value.code == "model_broken"
    assert str(folder) in caught.value.message


def test_load__a_folder_that_is_not_there() -> None:
    with pytest.raises(ArgusError, match="There is no folder") as caught:
        load_engine(Settings(sam3_model="/nowhere/sam3", device="cpu"))
    assert caught.value.code == "model_not_found"


def _answer(status: int) -> Response:
    response = Response()
    response.status_code = status
    return response


@pytest.mark.parametrize(("cause", "code", "hint"), [
    (GatedRepoError("gated", response=_answer(403)), "model_gated", "huggingface.co/facebook/sam3"),
    (RepositoryNotFoundError("none", response=_answer(404)), "model_not_found", "ARGUS_SAM3_MODEL"),
    (LocalEntryNotFoundError("offline"), "model_not_found", "Go online"),
    (ValueError("odd"), "model_broken", "config.json"),
])
def test_explain__says_what_to_do(cause: Exception, code: str, hint: str) -> None:
    outer = OSError("could not load")
    outer.__cause__ = cause
    error = explain("facebook/sam3", outer)
    assert error.code == code
    assert hint in error.hint


def test_select__by_hand() -> None:
    # Two prompts of one label, two queries each: score = sigmoid(logit) × sigmoid(presence).
    logits = torch.tensor([[9.0, 0.0], [2.0, 9.0]])
    presence = torch.tensor([[9.0], [-9.0]])
    boxes = torch.tensor([[[0.0, 0.0, 0.5, 0.5], [0.5, 0.5, 1.0, 1.0]], [[0.0, 0.0, 0.5, 0.5], [0.2, 0.2, 0.4, 0.4]]])
    masks = torch.full((2, 2, 4, 4), 5.0)
    found = select(logits, presence, boxes, masks, (100, 60), Limits(keep=0.1, iou=0.6, most=10))
    assert np.allclose(found.scores, [0.99975, 0.49994], atol=1e-4)
    assert found.boxes.tolist() == [[0, 0, 50, 30], [50, 30, 100, 60]]
    capped = select(logits, presence, boxes, masks, (100, 60), Limits(keep=0.0, iou=1.0, most=1))
    assert len(capped) == 1
    assert len(select(logits, presence, boxes, masks, (100, 60), Limits(keep=1.0, iou=0.6, most=10))) == 0


@pytest.mark.parametrize("which", ["logits", "presence", "boxes"])
@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_select__what_is_no_number_is_not_nothing_found(which: str, value: float) -> None:
    given = {"logits": torch.zeros(1, 2), "presence": torch.zeros(1, 1), "boxes": torch.rand(1, 2, 4)}
    given[which].flatten()[0] = value
    with pytest.raises(ArgusError, match="The model returned NaN") as error:
        select(given["logits"], given["presence"], given["boxes"], torch.zeros(1, 2, 4, 4), (100, 60),
               Limits(keep=0.1, iou=0.6, most=10))
    assert error.value.code == "model_broken"


@pytest.mark.parametrize(("most", "kept", "left_out"), [
    (Settings(_env_file=None).max_detections, 150, 0), (150, 150, 0), (149, 149, 1), (40, 40, 110), (10, 10, 30)])
def test_select__what_lies_beyond_the_cap_is_counted(most: int, kept: int, left_out: int) -> None:
    """150 sure objects side by side. Of more than four times the cap only so many are looked at: "at least"."""
    edges = torch.arange(150) / 150
    boxes = torch.stack([edges, torch.zeros(150), edges + 1 / 200, torch.ones(150)], dim=1)[None]
    found = select(torch.full((1, 150), 9.0), torch.full((1, 1), 9.0), boxes, torch.full((1, 150, 4, 4), 5.0),
                   (3000, 60), Limits(keep=0.1, iou=0.6, most=most))
    assert (len(found), found.left_out) == (kept, left_out)
    assert found.take(np.array([0])).left_out == left_out


def test_cut_mask__keeps_to_the_box_and_is_none_when_empty() -> None:
    logits = torch.full((8, 8), -5.0)
    logits[2:4, 2:4] = 5.0  # pixels 20..39 of an 80 × 80 image
    logits[6:, 6:] = 5.0
    mask = cut_mask(logits, np.array([18, 18, 42, 42], np.float32), (80, 80))
    assert mask is not None
    assert (mask.x, mask.y, mask.bits.shape) == (20, 20, (20, 20))
    assert mask.bits[5:15, 5:15].all()
    assert cut_mask(logits, np.array([0, 50, 9, 70], np.float32), (80, 80)) is None


def test_cut_mask__equals_scaling_the_whole_mask() -> None:
    logits = torch.randn(24, 32, generator=torch.Generator().manual_seed(1))
    whole = torch.nn.functional.interpolate(logits[None, None], size=(135, 240), mode="bilinear")[0, 0].numpy() > 0
    mask = cut_mask(logits, np.array([0, 0, 240, 135], np.float32), (240, 135))
    assert mask is not None
    height, width = mask.bits.shape
    part = whole[mask.y:mask.y + height, mask.x:mask.x + width]
    assert (mask.bits != part).mean() < 0.001
