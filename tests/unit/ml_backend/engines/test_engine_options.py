"""The engine's optional settings, each on the demo's trained checkpoint: it still finds the parts, or says why not."""

from __future__ import annotations

import io
import itertools
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from argus.devices import choose_device
from argus.errors import ArgusError
from argus.images.fetcher import open_image
from argus.settings import Settings
from demo.draw import Split
from demo.scenes import SceneObject, make_scene, render_scene
from label_studio_config.label_config import Concept, parse_label_config
from label_studio_config.recipe import checkpoint_identity
from ml_backend.engines import Detections, Exemplars, Sam3Engine, load_engine
from ml_backend.engines.base import Found, iou_with
from ml_backend.engines.transformers_engine import TransformersEngine, is_out_of_memory
from ml_backend.predictions.regions import build_regions

DEMO = Path(__file__).parents[4] / "demo" / "checkpoints" / "sam3-tiny"
LABELS = ("battery", "capacitor", "cpu", "fan", "hdd", "ram stick")
CONCEPTS = [Concept(label, (label,), 0.4) for label in LABELS]
Scene = tuple[Image.Image, list[SceneObject]]


@pytest.fixture(scope="module")
def frames() -> list[Scene]:
    """12 frames of the factory line that show two parts or more, 640 x 360, with what is on them."""
    every = (render_scene(make_scene(Split.VALIDATION, f"options {i}"), 640) for i in itertools.count())
    return list(itertools.islice((frame for frame in every if len(frame[1]) >= 2), 12))


def load(**options: object) -> Sam3Engine:
    return load_engine(Settings(_env_file=None, sam3_model=str(DEMO), device="cpu", torch_threads=1, **options))  # type: ignore[arg-type]


def hits(engine: Sam3Engine, frames: list[Scene]) -> tuple[float, int]:
    """Return the share of the objects that are found (IoU over 0.5, score over 0.4), and how many finds are wrong."""
    right = wrong = 0
    for found, (_, truth) in zip(engine.detect([image for image, _ in frames], CONCEPTS), frames, strict=True):
        for label in LABELS:
            left = [np.array(o.box, np.float32) for o in truth if o.label == label]
            for box in found[label].boxes[found[label].scores >= 0.4]:
                match = next((k for k, other in enumerate(left) if iou_with(box, other[None])[0] > 0.5), None)
                right, wrong = right + (match is not None), wrong + (match is None)
                left = [other for k, other in enumerate(left) if k != match]
    return right / sum(len(truth) for _, truth in frames), wrong


@pytest.fixture(scope="module")
def engine() -> Sam3Engine:
    """The engine as it is without options."""
    return load()


@pytest.fixture(scope="module")
def plain(engine: Sam3Engine, frames: list[Scene]) -> float:
    """The share of the objects that the engine finds without options."""
    share, wrong = hits(engine, frames)
    assert share > 0.85
    assert wrong < 8
    return share


@pytest.mark.slow
def test_int8__finds_the_same_parts(frames: list[Scene], plain: float) -> None:
    engine = load(sam3_int8=True)
    assert isinstance(engine, TransformersEngine)
    kinds = {type(m).__module__ for m in engine.model.vision_encoder.backbone.modules() if "Linear" in type(m).__name__}
    assert all("quantized" in kind for kind in kinds)
    engine.self_test()
    assert hits(engine, frames)[0] > plain - 0.1


@pytest.mark.slow
def test_resolution__160_of_192_pixels_finds_nearly_as_much(frames: list[Scene], plain: float) -> None:
    engine = load(sam3_resolution=160)
    assert isinstance(engine, TransformersEngine)
    assert engine.side == 160
    assert hits(engine, frames)[0] > plain - 0.15
    with pytest.raises(ArgusError, match="own resolution"):
        engine.click(frames[0][0], "a", [(10, 10)], [True])


@pytest.mark.parametrize(("options", "reason"), [
    ({"sam3_resolution": 100}, "multiple of 16, from 64 to 768"), ({"sam3_resolution": 16}, "multiple of 16"),
    ({"sam3_resolution": 1008}, "multiple of 16"), ({"sam3_tile": 50}, "too small"),
    ({"sam3_int8": True, "sam3_compile": True}, "cannot be combined"),
    ({"sam3_int8": True, "dtype": "bfloat16"}, "float32 on a CPU"),
])
def test_options__that_cannot_work_are_refused(options: dict[str, object], reason: str) -> None:
    with pytest.raises(ArgusError, match=reason) as caught:
        load(**options)
    assert caught.value.code == "bad_setting"
    assert caught.value.hint


def test_resolution__of_a_folder_that_is_not_there() -> None:
    with pytest.raises(ArgusError, match="There is no folder"):
        load_engine(Settings(_env_file=None, sam3_model="/nowhere/sam3", device="cpu", sam3_resolution=160))


@pytest.mark.slow
def test_compile__is_applied_to_the_encoder(monkeypatch: pytest.MonkeyPatch, frames: list[Scene], plain: float) -> None:
    """The compiler itself takes a minute on a CPU, so dynamo's own backend that compiles nothing stands in for it."""
    real: Callable[..., object] = torch.compile
    monkeypatch.setattr(torch, "compile", lambda module: real(module, backend="eager"))
    engine = load(sam3_compile=True)
    assert isinstance(engine, TransformersEngine)
    assert type(engine.model.vision_encoder.backbone).__name__ == "OptimizedModule"
    assert hits(engine, frames[:4])[0] > 0.7


@pytest.mark.long
def test_compile__for_real_finds_the_same(frames: list[Scene], plain: float) -> None:
    share, _ = hits(load(sam3_compile=True), frames)
    assert share == pytest.approx(plain, abs=0.05)


def test_compile__without_a_compiler_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: None)
    with pytest.raises(ArgusError, match="needs a C\\+\\+ compiler"):
        load(sam3_compile=True)


def wide(frame: Scene, at: tuple[int, int], size: tuple[int, int] = (2200, 1200)) -> Scene:
    """The frame pasted into a large empty belt: its parts are small there."""
    image = Image.new("RGB", size, frame[0].getpixel((2, 2)))
    image.paste(frame[0], at)
    shift = (*at, *at)
    return image, [replace(o, box=tuple(v + d for v, d in zip(o.box, shift, strict=True))) for o in frame[1]]


@pytest.mark.slow
def test_tiles__find_small_objects_of_large_images(engine: Sam3Engine, frames: list[Scene]) -> None:
    large = [wide(frame, at) for frame, at in zip(frames[:2], [(1560, 840), (800, 400)], strict=True)]
    without, _ = hits(engine, large)
    tiled, _ = hits(load(sam3_tile=500, sam3_tile_overlap=0.3), large)
    assert without < 0.2
    assert tiled > 0.6


def test_tiles__an_image_of_one_tile_is_as_without(engine: Sam3Engine, frames: list[Scene]) -> None:
    tiled = load(sam3_tile=640)
    images = [image for image, _ in frames[:2]]
    for ours, theirs in zip(tiled.detect(images, CONCEPTS), engine.detect(images, CONCEPTS), strict=True):
        for label in LABELS:
            assert np.allclose(ours[label].boxes, theirs[label].boxes)


@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
def test_dtype__finds_the_same_as_float32(engine: Sam3Engine, frames: list[Scene], dtype: str) -> None:
    """The formats that `auto` takes on modern and on older GPUs, here on the CPU: text, an exemplar box, a click."""
    half = load(dtype=dtype)
    images = [image for image, _ in frames[:4]]
    for exact, found in zip(engine.detect(images, CONCEPTS), half.detect(images, CONCEPTS), strict=True):
        for label in LABELS:
            assert np.isfinite(found[label].scores).all() and np.isfinite(found[label].boxes).all()
            for box in exact[label].boxes[exact[label].scores > 0.5]:
                near = iou_with(box, found[label].boxes)
                assert near.max() > 0.9
                assert found[label].scores[near.argmax()] > 0.4
    image, truth = frames[0]
    x0, y0, x1, y1 = truth[0].box
    for ask in (lambda one: one.find(image, "0", [], Exemplars(((x0, y0, x1, y1),), (True,))),
                lambda one: one.click(image, "0", [((x0 + x1) / 2, (y0 + y1) / 2)], [True])):
        exact, found = ask(engine), ask(half)
        assert iou_with(exact.boxes[0], found.boxes[:1])[0] > 0.9
        assert found.scores[0] == pytest.approx(exact.scores[0], abs=0.05)


def test_identity__what_changes_results_changes_the_version() -> None:
    def identity(**options: object) -> str:
        return checkpoint_identity(Settings(_env_file=None, sam3_model="facebook/sam3", **options))  # type: ignore[arg-type]

    plain = identity()
    assert plain == identity(sam3_compile=True, sam3_batch=1, torch_threads=3, sam3_tile_overlap=0.3)
    changed: list[dict[str, object]] = [
        {"sam3_resolution": 672}, {"sam3_int8": True}, {"sam3_tile": 1000}, {"keep_threshold": 0.2}, {"nms_iou": 0.5},
        {"sam3_tile": 1000, "sam3_tile_overlap": 0.3}, {"max_detections": 10}, {"sam3_engine": "sam3"}]
    assert len({plain, *(identity(**options) for options in changed)}) == 1 + len(changed)


@pytest.mark.parametrize(("capability", "dtype"), [((9, 0), torch.bfloat16), ((8, 0), torch.bfloat16),
                                                     ((7, 5), torch.float16)])
def test_dtype__auto_on_cuda_is_bfloat16_and_float16_on_older_gpus(
        capability: tuple[int, int], dtype: torch.dtype, monkeypatch: pytest.MonkeyPatch) -> None:
    """There is no GPU here: what is asked of CUDA is answered by the CPU, and its generation is made up."""
    for name in ("ones", "full"):
        real = getattr(torch, name)
        monkeypatch.setattr(torch, name, lambda *args, real=real, device=None: real(*args))
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda device: capability)
    assert choose_device("auto", "auto") == (torch.device("cuda"), dtype)
    assert choose_device("cuda:1", "auto") == (torch.device("cuda:1"), dtype)
    assert choose_device("cuda", "float32") == (torch.device("cuda"), torch.float32)


def test_device__auto_takes_mps_where_there_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """There is no Apple GPU here: the choice is seen by the error of a torch that lacks the device."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr("argus.devices.nvidia_gpu_present", lambda: False)
    assert choose_device("auto", "auto") == (torch.device("cpu"), torch.float32)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: True)
    with pytest.raises(ArgusError, match="The device mps cannot be used") as caught:
        choose_device("auto", "auto")
    assert caught.value.code == "device_unusable"
    assert "ARGUS_DEVICE=cpu" in caught.value.hint


@pytest.mark.parametrize(("error", "expected"), [
    (torch.OutOfMemoryError("CUDA"), True), (MemoryError(), True),
    (RuntimeError("MPS backend out of memory (MPS allocated: 9 GB)"), True),
    (RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes"), True),
    (RuntimeError("shape mismatch"), False),
])
def test_is_out_of_memory(error: BaseException, expected: bool) -> None:
    assert is_out_of_memory(error) is expected


def test_out_of_memory__in_the_encoder_halves_the_images_too(frames: list[Scene]) -> None:
    engine = load(sam3_batch=8)
    assert isinstance(engine, TransformersEngine)
    expected = engine.detect([image for image, _ in frames[:6]], CONCEPTS[:2])
    sizes: list[int] = []

    class EncoderThatHoldsTwo(torch.nn.Module):
        """Stands in for a device whose memory holds two images; the real encoder does the work."""

        def __init__(self, real: torch.nn.Module) -> None:
            super().__init__()
            self.real = real

        def forward(self, pixel_values: torch.Tensor, **rest: object) -> object:
            sizes.append(len(pixel_values))
            if len(pixel_values) > 2:
                raise torch.OutOfMemoryError("CUDA out of memory (made up)")
            return self.real(pixel_values, **rest)

    engine.model.vision_encoder.backbone = EncoderThatHoldsTwo(engine.model.vision_encoder.backbone)
    found = engine.detect([image for image, _ in frames[:6]], CONCEPTS[:2])
    assert sizes == [6, 4, 2, 2, 2]  # batches of 8, 4, then 2 images
    assert engine.batch == 2
    for ours, theirs in zip(found, expected, strict=True):
        assert np.allclose(ours["battery"].scores, theirs["battery"].scores, atol=1e-5)


@pytest.mark.slow
def test_encodes__50_images_and_3_labels_are_50_encodes_and_3_texts(frames: list[Scene]) -> None:
    engine = load()
    assert isinstance(engine, TransformersEngine)
    images: list[int] = []
    texts: list[int] = []
    engine.model.vision_encoder.backbone.register_forward_pre_hook(lambda _, args: images.append(len(args[0])))
    engine.model.text_encoder.register_forward_pre_hook(
        lambda _, args, kwargs: texts.append(len(kwargs["input_ids"])), with_kwargs=True)
    fifty = [frames[i % len(frames)][0] for i in range(50)]
    found = engine.detect(fifty[:30], CONCEPTS[:3]) + engine.detect(fifty[30:], CONCEPTS[:3])
    assert [set(f) for f in found] == [set(LABELS[:3])] * 50
    assert sum(images) == 50
    assert sum(texts) == 3


def test_synonyms__are_merged_into_one_object_each(engine: Sam3Engine, frames: list[Scene]) -> None:
    for image, _ in frames[:4]:
        (found,) = engine.detect([image], [Concept("cpu", ("cpu",), 0.4), Concept("both", ("cpu", "processor"), 0.4)])
        boxes = found["both"].boxes
        assert all((iou_with(box, np.delete(boxes, i, axis=0)) <= 0.6).all() for i, box in enumerate(boxes))
        for box, score in zip(found["cpu"].boxes, found["cpu"].scores, strict=True):
            if score >= 0.4:  # nothing is lost, nothing comes twice
                assert (iou_with(box, boxes) > 0.5).sum() == 1


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif__boxes_are_in_percent_of_what_a_person_sees(engine: Sam3Engine, frames: list[Scene],
                                                          orientation: int) -> None:
    """All eight ways a camera may store a frame: the region lies where the part is in the upright picture."""
    upright, truth = frames[0]
    inverse = {1: None, 2: Image.Transpose.FLIP_LEFT_RIGHT, 3: Image.Transpose.ROTATE_180,
               4: Image.Transpose.FLIP_TOP_BOTTOM, 5: Image.Transpose.TRANSPOSE, 6: Image.Transpose.ROTATE_90,
               7: Image.Transpose.TRANSVERSE, 8: Image.Transpose.ROTATE_270}[orientation]
    stored = upright if inverse is None else upright.transpose(inverse)
    exif = Image.Exif()
    exif[0x0112] = orientation
    file = io.BytesIO()
    stored.save(file, "JPEG", quality=95, exif=exif)
    image = open_image(file.getvalue())
    (found,) = engine.detect([image], CONCEPTS)
    xml = ('<View><Image name="i" value="$i"/><RectangleLabels name="r" toName="i">'
           + "".join(f'<Label value="{label}"/>' for label in LABELS) + "</RectangleLabels></View>")
    regions = build_regions(parse_label_config(xml, default_threshold=0.4),
                            {label: Found(*image.size, found[label]) for label in LABELS})
    hit = 0
    for thing in truth:
        x0, y0, x1, y1 = thing.box
        for region in regions:
            value = region["value"]
            assert (region["original_width"], region["original_height"]) == upright.size
            box = np.array([value["x"], value["y"], value["x"] + value["width"], value["y"] + value["height"]])
            true = np.array([x0 / 6.4, y0 / 3.6, x1 / 6.4, y1 / 3.6], np.float32)
            if value["rectanglelabels"] == [thing.label] and iou_with(box.astype(np.float32), true[None])[0] > 0.5:
                hit += 1
                break
    assert hit >= len(truth) - 1 and hit > 0


@pytest.mark.parametrize(("mode", "kind"), [("RGBA", "PNG"), ("CMYK", "JPEG"), ("I;16", "PNG"), ("LA", "PNG"),
                                            ("P", "PNG"), ("1", "PNG"), ("L", "JPEG")])
def test_detect__takes_every_kind_of_image(engine: Sam3Engine, frames: list[Scene], mode: str, kind: str) -> None:
    image = frames[0][0]
    if mode == "I;16":
        converted = Image.fromarray(np.asarray(image.convert("L")).astype(np.uint16) * 257)
    else:
        converted = image.convert(mode)
    file = io.BytesIO()
    converted.save(file, kind)
    opened = open_image(file.getvalue())
    assert (opened.mode, opened.size) == ("RGB", image.size)
    (found,) = engine.detect([opened], CONCEPTS)
    if mode in ("RGBA", "CMYK"):  # the colours are still there
        assert max(float(found[o.label].scores.max(initial=0)) for o in frames[0][1]) > 0.4


@pytest.mark.parametrize("size", [(1, 1), (1, 4000), (4000, 1), (2, 3), (9000, 7000)])
def test_detect__takes_every_size(size: tuple[int, int]) -> None:
    engine = load(keep_threshold=0.0)
    (found,) = engine.detect([Image.new("RGB", size, "grey")], CONCEPTS[:1])
    part: Detections = found["battery"]
    assert (part.boxes[:, 2:] > part.boxes[:, :2]).all()
    assert (part.boxes >= 0).all() and (part.boxes <= np.array([*size, *size])).all()
    for mask in part.masks:
        assert mask is None or (mask.x + mask.bits.shape[1] <= size[0] and mask.y + mask.bits.shape[0] <= size[1])


@pytest.mark.slow
def test_whole_checkpoints__in_the_form_of_facebook_sam3_take_the_options_too(
        random_whole_sam3: Path, scenes: list[Image.Image]) -> None:
    """Such a folder holds detector and tracker, and its configuration is that of the video model."""
    def load_whole(**options: object) -> Sam3Engine:
        return load_engine(Settings(_env_file=None, sam3_model=str(random_whole_sam3), device="cpu", torch_threads=1,
                                    keep_threshold=0.0, **options))  # type: ignore[arg-type]

    smaller = load_whole(sam3_resolution=96)
    assert isinstance(smaller, TransformersEngine)
    assert smaller.side == 96
    assert len(smaller.detect(scenes, CONCEPTS[:1])) == 3
    assert len(smaller.find(scenes[0], "a", ["cpu"], None)) > 0
    in_int8 = load_whole(sam3_int8=True)
    assert len(in_int8.find(scenes[0], "a", ["cpu"], None)) > 0
    clicked = in_int8.click(scenes[0], "a", [(100.0, 60.0)], [True])
    assert len(clicked) <= 1
    tiled = load_whole(sam3_tile=128)
    assert len(tiled.detect(scenes[:1], CONCEPTS[:1])[0]["battery"]) > 0
