from __future__ import annotations

import json
import re
import time
from pathlib import Path

import pytest
import torch

from argus.errors import ArgusError
from argus.settings import Settings
from benchmarks.gpu import __main__ as command
from benchmarks.gpu import checkpoints, models
from benchmarks.gpu.rows import Row, Table
from ml_backend.engines import load_engine
from search_service.embedding.encoder import SiglipEncoder


def test_command__without_cuda_it_says_what_is_missing(capsys: pytest.CaptureFixture[str],
                                                       monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert command.main([]) == 2
    said = capsys.readouterr().err
    assert "There is no CUDA here" in said and "--tiny" in said


@pytest.mark.slow
def test_command__tiny_models_on_the_cpu_make_table_and_json(tmp_path: Path,
                                                             capsys: pytest.CaptureFixture[str]) -> None:
    page, figures = tmp_path / "page.md", tmp_path / "figures.json"
    page.write_text(command.PAGE.read_text("utf-8"), "utf-8")
    assert command.main(["--tiny", "--json", str(figures), "--page", str(page)]) == 0
    found = json.loads(figures.read_text("utf-8"))
    measured = {row["name"]: row for row in found["rows"] if row["ms"]}
    assert {"SAM 3, 1 label, one image", "SAM 3, 3 labels, one image", "SAM 3, 10 labels, one image",
            "SAM 3, 3 labels, an image of 8", "first click on an image", "further click on it", "SigLIP 2, one image",
            "SigLIP 2, an image of 8", "SigLIP 2, one text"} == measured.keys()
    assert all(row["per_second"] == pytest.approx(1000 / row["ms"]) for row in measured.values())
    assert found["agrees"] is True
    assert 0 < found["agreement"]["box"] <= models.BOX_LIMIT  # two formats do differ
    assert "Meta's package" in {row["name"] for row in found["rows"]}  # measured, or why not
    told = capsys.readouterr().err
    assert all(row["name"] in told for row in found["rows"])  # a progress line each
    text = page.read_text("utf-8")
    assert re.search(r"\| SAM 3, 3 labels, one image \| float32 \| [\d,.]+ \|", text)
    assert "bfloat16 and float32 agree" in text


@pytest.mark.parametrize(("off", "agrees"), [({}, True), ({"box": 0.02}, False), ({"score": 0.03}, False),
                                             ({"cosine": 0.98}, False)])
def test_agreement__each_of_the_three_counts(off: dict[str, float], agrees: bool) -> None:
    assert models.agrees({"box": 0.001, "score": 0.001, "cosine": 0.9999} | off) is agrees


def test_table__after_its_time_rows_are_left_out_and_say_so() -> None:
    table = Table(time.monotonic() - 1, 1.0)
    assert table.measure("late", "", lambda: pytest.fail("it ran")).note == "left out: the time was over"
    assert table.rows[0].line() == "| late |  |  |  |  |  | 0 | left out: the time was over |"


def fails() -> None:
    raise ArgusError("out_of_memory", "One image alone does not fit.")


def test_table__what_fails_is_a_row_and_stops_nothing() -> None:
    table = Table(time.monotonic() + 60, 0.0)
    assert table.measure("large", "bfloat16", fails).note == "failed: One image alone does not fit."
    calls: list[int] = []
    row = table.measure("small", "bfloat16", lambda: calls.append(1), items=4)
    assert (row.runs, len(calls), row.note) == (3, 4, "")  # one run before those that count
    assert row.ms is not None and row.per_second == pytest.approx(1000 / row.ms)
    assert [type(one) for one in table.rows] == [Row, Row]


def test_checkpoints__random_sam3_is_loaded_and_clicks(tmp_path: Path) -> None:
    from transformers import Sam3VideoConfig

    small = Sam3VideoConfig.from_pretrained(str(checkpoints.TINY))
    small.detector_config.text_config.vocab_size = 2000
    folder = checkpoints.write_sam3(tmp_path / "sam3", "cpu", small)
    engine = load_engine(Settings(_env_file=None, sam3_model=str(folder), device="cpu",  # type: ignore[call-arg]
                                  dtype="float32", torch_threads=1, max_detections=models.OBJECTS))
    (image,) = models.images(1, 320)
    assert all(len(one) <= models.OBJECTS for one in engine.detect([image], models.concepts(3))[0].values())
    engine.click(image, "a", [(100.0, 50.0)], [True])


def test_checkpoints__random_siglip2_passes_the_products_own_test(tmp_path: Path) -> None:
    sizes = {"hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2, "num_attention_heads": 2}
    folder = checkpoints.write_siglip2(tmp_path / "siglip2", "cpu", sizes, side=56, words=1200)
    encoder = SiglipEncoder(str(folder), "cpu", "float32", threads=1)
    assert (encoder.dim, encoder.image_side) == (32, 56)
    assert encoder.encode_images(models.images(2, 320)).shape == (2, 32)


def test_so400m__has_as_many_parameters_as_are_published() -> None:
    from transformers import SiglipConfig, SiglipModel

    with torch.device("meta"):
        model = SiglipModel(SiglipConfig(
            text_config={**checkpoints.SO400M, "vocab_size": checkpoints.WORDS, "max_position_embeddings": 64},
            vision_config={**checkpoints.SO400M, "image_size": checkpoints.IMAGE_SIDE,
                           "patch_size": checkpoints.PATCH}))
    assert sum(p.numel() for p in model.vision_model.parameters()) == pytest.approx(428e6, rel=0.01)
    assert sum(p.numel() for p in model.parameters()) == pytest.approx(1136e6, rel=0.01)
