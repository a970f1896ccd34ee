"""A worker whose SAM 3 is not there: detectors work, and what needs SAM 3 says so."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from argus.errors import ArgusError
from argus.settings import Settings
from label_studio_config.label_config import Concept
from label_studio_config.recipe import Recipe
from ml_backend.runs import engine_choice
from ml_backend.sam3_worker import engine
from tests import tiny_detectors

CPU = Concept("cpu", ("cpu",), 0.3)


@pytest.fixture
def folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The folder of detectors, empty yet."""
    settings = Settings(home=tmp_path, sam3_model=str(tmp_path / "nothing"), device="cpu")
    monkeypatch.setattr(engine, "get_settings", lambda: settings)
    monkeypatch.setattr(engine_choice, "get_settings", lambda: settings)
    monkeypatch.setattr(engine.estimates, "record_first", lambda *_: None)
    return settings.detectors_dir


def test_the_worker_starts_where_there_are_detectors(folder: Path) -> None:
    with pytest.raises(ArgusError, match="There is no folder") as refused:
        engine.prepare()
    assert refused.value.code == "model_not_found"
    tiny_detectors.save(folder / "parts", "rt_detr", ["cpu", "fan"])
    engine.prepare()
    (found,) = engine.engine_of(Recipe("detector:1", (CPU,), "parts")).detect([Image.new("RGB", (64, 48))], [CPU])
    assert set(found) == {"cpu"}
    for recipe in (Recipe("sam3", (CPU,)), Recipe("detector:1/masks", (CPU,), "parts", masks=True)):
        with pytest.raises(ArgusError, match="This needs SAM 3, and the worker has none: There is no folder") as told:
            engine.engine_of(recipe)
        assert (told.value.code, "ARGUS_SAM3_MODEL" in told.value.hint) == ("model_not_found", True)


def test_masks_are_not_chosen_without_it(folder: Path) -> None:
    with pytest.raises(ArgusError, match=r"masks in a detector's boxes are SAM 3's, and there is none here"):
        engine_choice._check_masks()
