"""Recipes and their versions."""

from __future__ import annotations

import re
from pathlib import Path

from argus.settings import Settings
from label_studio_config.label_config import Concept
from label_studio_config.recipe import Recipe, checkpoint_identity, recipe_for

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
