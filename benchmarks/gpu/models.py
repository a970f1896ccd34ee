"""The rows of each model, through the product's own engines, and whether bfloat16 and float32 agree."""

from __future__ import annotations

import contextlib
import importlib
import io
import itertools
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from PIL import Image

from argus.settings import Settings
from benchmarks.annotate.world import picture
from benchmarks.gpu.checkpoints import write_vocabulary
from benchmarks.gpu.rows import Row, Table
from label_studio_config.label_config import Concept
from ml_backend.engines import Sam3Engine, load_engine
from ml_backend.engines.postprocess import Limits
from search_service.embedding.encoder import SiglipEncoder

Format = Literal["bfloat16", "float32"]
FORMATS: tuple[Format, Format] = ("bfloat16", "float32")
LABELS = (1, 3, 10)
WORDS = ("cpu", "fan", "screw", "battery", "label", "board", "plug", "cable", "lamp", "lens")
OBJECTS = 10  # kept of each label: random weights "find" something everywhere, a real image has about so many
IMAGES = 8  # of one pass with several images
BOX_LIMIT, SCORE_LIMIT, COSINE_LIMIT = 0.01, 0.02, 0.99


def images(count: int, width: int) -> list[Image.Image]:
    return [Image.open(io.BytesIO(picture(number, width))).convert("RGB") for number in range(count)]


def concepts(count: int) -> list[Concept]:
    return [Concept(word, (word,), 0.4) for word in WORDS[:count]]


def settings(folder: Path, device: str, dtype: Format, compiled: bool = False) -> Settings:
    return Settings(_env_file=None, sam3_model=str(folder), device=device, dtype=dtype,  # type: ignore[call-arg]
                    sam3_compile=compiled, max_detections=OBJECTS, torch_threads=1 if device == "cpu" else 0)


def measured_format(device: str) -> Format:
    """Return bfloat16, which the product takes on a GPU; on a CPU, where it takes ten times as long, float32."""
    return "float32" if device == "cpu" else "bfloat16"


def sam3(table: Table, folder: Path, device: str, width: int, compiled: bool = False) -> None:
    """Measure the transformers engine."""
    dtype = measured_format(device)
    how = f"{dtype}, compiled" if compiled else dtype
    if table.is_over:
        table.add(Row("SAM 3", how, note="left out: the time was over"))
        return
    engine, frames = load_engine(settings(folder, device, dtype, compiled)), images(IMAGES, width)
    detection(table, "SAM 3", how, engine, frames)
    many = len(frames)
    table.measure(f"SAM 3, 3 labels, an image of {many}", how, lambda: engine.detect(frames, concepts(3)), many)
    keys, point = (f"image {number}" for number in itertools.count()), [(width / 2, width / 4)]
    table.measure("first click on an image", how, lambda: engine.click(frames[0], next(keys), point, [True]))
    table.measure("further click on it", how, lambda: engine.click(frames[0], "kept", point, [True]))


def detection(table: Table, name: str, how: str, engine: Sam3Engine, frames: Sequence[Image.Image]) -> None:
    for count in LABELS:
        words = f"{name}, {count} label{'s' * (count > 1)}, one image"
        table.measure(words, how, lambda count=count: engine.detect(frames[:1], concepts(count)))  # type: ignore[misc]


def meta(table: Table, folder: Path, width: int) -> None:
    """Measure Meta's own package, where it is installed and there is CUDA."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            builder = importlib.import_module("sam3.model_builder")
            processing = importlib.import_module("sam3.model.sam3_image_processor")
        from ml_backend.engines.meta_engine import VOCABULARY, MetaEngine

        if table.is_over or not torch.cuda.is_available():
            table.add(Row("Meta's package", note="left out: " + ("the time was over" if table.is_over else "no CUDA")))
            return
        model = builder.build_sam3_image_model(bpe_path=str(write_vocabulary(folder / VOCABULARY)), device="cuda",
                                               load_from_HF=False, checkpoint_path=None)
        engine: Sam3Engine = MetaEngine(processing.Sam3Processor(model), Limits(0.1, 0.6, OBJECTS))
    except ImportError as error:
        table.add(Row("Meta's package", note=f"not installed: {error}"))
        return
    detection(table, "Meta's package", "autocast to bfloat16", engine, images(1, width))


def siglip(table: Table, folder: Path, device: str, width: int) -> None:
    """Measure the encoder of images and texts."""
    how = measured_format(device)
    if table.is_over:
        table.add(Row("SigLIP 2", how, note="left out: the time was over"))
        return
    encoder, frames = SiglipEncoder(str(folder), device, how), images(IMAGES, width)
    table.measure("SigLIP 2, one image", how, lambda: encoder.encode_images(frames[:1]))
    table.measure(f"SigLIP 2, an image of {IMAGES}", how, lambda: encoder.encode_images(frames), IMAGES)
    table.measure("SigLIP 2, one text", how, lambda: encoder.encode_texts(["a red fan on a belt"]))


@contextlib.contextmanager
def _raw(engine: Any) -> Iterator[list[Any]]:
    """Collect what the model of an engine answers."""
    answers: list[Any] = []
    hook = engine.model.register_forward_hook(lambda module, given, answer: answers.append(answer))
    try:
        yield answers
    finally:
        hook.remove()


def _sam3_answers(folder: Path, device: str, dtype: Format, frames: list[Image.Image]) -> tuple[Any, Any]:
    """Return boxes as shares of the image (P, Q, 4), and scores (P, Q), of three labels on one image."""
    engine = load_engine(settings(folder, device, dtype))
    with _raw(engine) as answers:
        engine.detect(frames[:1], concepts(3))
    scores = torch.cat([(one.pred_logits.float().sigmoid() * one.presence_logits.float().sigmoid()).cpu()
                        for one in answers])
    return torch.cat([one.pred_boxes.float().cpu() for one in answers]), scores


def agreement(folder: Path, siglip_folder: Path, device: str, width: int) -> dict[str, float]:
    """Return how far bfloat16 is from float32 with the same weights.

    `box` and `score`: mean difference of all raw boxes (shares of the image's sides) and scores of SAM 3, query by
    query, before anything is dropped; `cosine`: the lowest of SigLIP 2's vectors of four images.
    """
    frames = images(4, width)
    boxes, scores = zip(*(_sam3_answers(folder, device, dtype, frames) for dtype in FORMATS), strict=True)
    vectors = [SiglipEncoder(str(siglip_folder), device, dtype).encode_images(frames) for dtype in FORMATS]
    return {"box": float((boxes[0] - boxes[1]).abs().mean()), "score": float((scores[0] - scores[1]).abs().mean()),
            "cosine": float(np.sum(vectors[0] * vectors[1], axis=1).min())}


def agrees(found: dict[str, float]) -> bool:
    return found["box"] <= BOX_LIMIT and found["score"] <= SCORE_LIMIT and found["cosine"] >= COSINE_LIMIT
