"""Recipes and their versions."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from argus.errors import ArgusError
from argus.settings import Settings, get_settings
from label_studio_config.label_config import Concept, default_label_config
from label_studio_config.recipe import (
    Recipe,
    Referenced,
    Taught,
    checkpoint_identity,
    other_version,
    recipe_for,
    reference_key,
    verifier_key,
)

CPU, FAN = Concept("cpu", ("cpu", "processor"), 0.4), Concept("fan", ("fan",), 0.4)


def test_model_version__names_checkpoint_prompts_and_thresholds_but_no_order() -> None:
    version = Recipe("a", (CPU, FAN)).model_version
    assert re.fullmatch(r"sam3-[0-9a-f]{10}", version)
    assert Recipe("a", (FAN, Concept("cpu", ("processor", "cpu"), 0.4))).model_version == version
    others = [Recipe("b", (CPU, FAN)), Recipe("a", (CPU,)), Recipe("a", (CPU, Concept("fan", ("fan",), 0.5))),
              Recipe("a", (CPU, Concept("fan", ("ventilator",), 0.4)))]
    assert len({version, *(r.model_version for r in others)}) == 5


def test_concept_key__ignores_the_threshold_and_the_label() -> None:
    recipe = Recipe("a", (CPU, FAN))
    assert recipe.concept_key(FAN) == recipe.concept_key(Concept("ventilator", ("fan",), 0.9))
    assert recipe.concept_key(FAN) != recipe.concept_key(CPU)
    assert recipe.concept_key(FAN) != Recipe("b", (FAN,)).concept_key(FAN)


def test_checkpoint_identity__a_folder_is_its_content_wherever_it_is(tmp_path: Path) -> None:
    for name, weights in (("one", b"12345"), ("two", b"12345"), ("three", b"54321")):
        folder = tmp_path / name
        folder.mkdir()
        (folder / "config.json").write_text("{}")
        (folder / "model.safetensors").write_bytes(weights)
    one, two, three = (checkpoint_identity(Settings(sam3_model=str(tmp_path / n))) for n in ("one", "two", "three"))
    assert one == two != three


def test_checkpoint_identity__a_name_is_itself_and_engines_differ() -> None:
    assert checkpoint_identity(Settings(sam3_model="facebook/sam3")) == "transformers:facebook/sam3"
    assert checkpoint_identity(Settings(sam3_model="facebook/sam3", sam3_engine="sam3")) == "sam3:facebook/sam3"


def test_recipe_for__overrides_of_the_project_count() -> None:
    config = ('<View><Image name="img" value="$image"/><RectangleLabels name="box" toName="img"><Label value="cpu"/>'
              "</RectangleLabels></View>")
    plain = recipe_for({"label_config": config, "overrides": {}})
    changed = recipe_for({"label_config": config, "overrides": {"cpu": {"threshold": 0.75}}})
    assert changed.concepts[0].threshold == 0.75
    assert plain.model_version != changed.model_version
    assert plain.concept_key(plain.concepts[0]) == changed.concept_key(changed.concepts[0])


def project(folder: Path, *, engine: str = "detector", masks: bool = False, **mapping: list[str]) -> dict[str, Any]:
    config = default_label_config(["cpu", "hard disk", "fan"])
    return {"label_config": config, "overrides": {}, "engine": engine, "detector": {
        "name": folder.name, "digest": "as it was", "classes": ["CPU"], "masks": masks, "mapping": mapping}}


@pytest.fixture
def detector(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder that looks like a detector to everything that does not load it."""
    folder = tmp_path / "parts"
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps({
        "architectures": ["RTDetrForObjectDetection"], "id2label": {"0": "CPU", "1": "hard_disk", "2": "blower"}}))
    (folder / "preprocessor_config.json").write_text("{}")
    (folder / "model.safetensors").write_bytes(b"weights")
    monkeypatch.setenv("ARGUS_DETECTORS", str(tmp_path))
    get_settings.cache_clear()
    yield folder
    get_settings.cache_clear()


def test_recipe_for__a_detector_has_its_classes_for_prompts(detector: Path) -> None:
    recipe = recipe_for(project(detector))
    assert [(c.label, c.prompts, c.threshold) for c in recipe.concepts] == [
        ("cpu", ("CPU",), 0.4), ("hard disk", ("hard_disk",), 0.4)]
    assert recipe.model_version.startswith("detector-") and recipe.prompts(["cpu"]) == []
    recipe.require(["cpu", "hard disk"])
    for labels in (["cpu", "fan"], []):
        with pytest.raises(ArgusError) as caught:
            recipe.require(labels)
        assert caught.value.code == "unknown_label"
    said = recipe_for(project(detector, fan=["blower"], cpu=[]))
    assert [(c.label, c.prompts) for c in said.concepts] == [("hard disk", ("hard_disk",)), ("fan", ("blower",))]


def test_recipe_for__weights_classes_and_masks_make_other_versions_and_sam3_has_its_own(detector: Path) -> None:
    plain, masked = project(detector), project(detector, masks=True)
    sam3 = recipe_for(project(detector, engine="sam3"))
    versions = [recipe_for(one).model_version for one in (plain, masked, project(detector, fan=["blower"]))]
    assert sam3.detector == "" and sam3 == recipe_for({**plain, "engine": "sam3", "detector": None})
    assert (other_version(plain), other_version({**plain, "engine": "sam3"})) == (sam3.model_version, versions[0])
    for engine in ("sam3", "detector"):
        assert other_version({**plain, "engine": engine, "detector": None}) == ""
    (detector / "model.safetensors").write_bytes(b"trained further")
    assert len({*versions, sam3.model_version, recipe_for(plain).model_version}) == 5


def test_recipe_for__a_detector_out_of_reach_is_as_it_was_chosen(detector: Path) -> None:
    shutil.rmtree(detector)
    recipe = recipe_for(project(detector))
    assert [(c.label, c.prompts) for c in recipe.concepts] == [("cpu", ("CPU",))]
    assert "as it was" in recipe.checkpoint


def test_a_verifier__makes_another_version_while_its_label_is_asked_for_as_when_it_was_taught() -> None:
    plain = Recipe("a", (CPU, FAN))
    taught = Recipe("a", (CPU, FAN), taught=(Taught("cpu", plain.concept_key(CPU), "5a1f0c2b9d3e7788"),))
    assert (taught.concept_key(CPU), taught.source_key(CPU)) == ("5a1f0c2b9d3e7788", plain.concept_key(CPU))
    assert taught.concept_key(FAN) == plain.concept_key(FAN) and taught.taught_concepts() == [CPU]
    assert taught.model_version != plain.model_version and taught.untaught == plain
    other = Recipe("a", (Concept("cpu", ("cpu",), 0.4), FAN))
    again = Recipe("a", other.concepts, taught=taught.taught)
    assert again.model_version == other.model_version and not again.taught_concepts()


def test_references__make_the_scores_by_whatever_words_unless_the_label_was_taught() -> None:
    plain = Recipe("a", (CPU, FAN))
    by_regions = Recipe("a", (CPU, FAN), referenced=(Referenced("cpu", "3f2a"),))
    key = reference_key(plain.source_key(CPU), "3f2a")
    assert (by_regions.concept_key(CPU), by_regions.source_key(CPU)) == (key, plain.source_key(CPU))
    assert by_regions.taught_concepts() == [CPU] and by_regions.untaught == plain
    assert (by_regions.made_by_references(CPU), by_regions.made_by_references(FAN)) == ("3f2a", "")
    assert by_regions.model_version != plain.model_version
    general = Concept("cpu", ("object",), CPU.threshold)
    other = Recipe("a", (general, FAN), referenced=by_regions.referenced)
    assert other.concept_key(general) not in (key, other.source_key(general))
    taught = Recipe("a", (CPU, FAN), taught=(Taught("cpu", plain.source_key(CPU), "5a1f"),),
                    referenced=by_regions.referenced)
    assert taught.concept_key(CPU) == "5a1f"


def test_recipe_for__reads_the_verifiers_in_use() -> None:
    row: dict[str, Any] = {"label_config": default_label_config(["cpu"]), "overrides": {}, "verifiers": {}}
    recipe = recipe_for(row)
    (concept,) = recipe.concepts
    key = verifier_key(recipe.source_key(concept), [0.5, 1.0])
    assert key != verifier_key(recipe.source_key(concept), [0.5, 1.5])
    used = recipe_for({**row, "verifiers": {"cpu": {recipe.source_key(concept): key, "0" * 16: "1" * 16}}})
    assert used.concept_key(used.concepts[0]) == key and used.model_version != recipe.model_version
