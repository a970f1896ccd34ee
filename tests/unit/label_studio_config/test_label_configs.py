"""Labelling configs as people write them (`tests/data/label_configs`), and what Argus makes of each."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from label_studio_sdk.label_interface import LabelInterface

from argus.errors import ArgusError
from label_studio_config.label_config import LabelPlan, parse_label_config
from ml_backend.engines.base import Detections, Found, Mask
from ml_backend.predictions.regions import build_regions

FOLDER = Path(__file__).parents[2] / "data" / "label_configs"

# name: (key of the image, {tag: labels that it gets}, parts of the notes)
FILLED: dict[str, tuple[str, dict[str, list[str]], list[str]]] = {
    "aliases": ("url", {"part": ["hdd", "ram", "Fan"]}, []),
    "boxes_and_masks": ("image", {"box": ["cpu", "fan"], "mask": ["cpu", "fan"]}, []),
    "choices_beside_boxes": ("image", {"box": ["cpu", "fan"]}, []),
    "dynamic_beside_static": ("image", {"fixed": ["cpu"]}, ["name='asked'> offers no labels of its own; they come"]),
    "ellipses": ("image", {"ellipse": ["capacitor", "fan"]}, []),
    "everything_at_once": ("image", {"r": ["cpu"], "e": ["fan", "capacitor"], "p": ["hdd", "cpu"], "b": ["cpu"]}, []),
    "image_and_text": ("photo", {"box": ["parcel"]}, []),
    "japanese": ("image", {"部品": ["電池", "fan", "基板"]}, []),
    "keypoint_prompts": ("image", {"brush": ["cpu", "fan"]}, []),
    "markup_in_names": ("image", {"box": ["<script>alert(1)</script>", "'; DROP TABLE task; --",
                                          '{{ 7 * 7 }} %s "quoted"']}, []),
    "nested_views": ("image", {"electronics": ["cpu", "capacitor"]}, []),
    "odd_spelling": ("Image_URL-1", {"box": [" ram_stick "]}, []),
    "per_region": ("image", {"box": ["Solder joint"]}, []),
    "polygons": ("image", {"outline": ["battery"]}, []),
    "same_label_twice": ("image", {"first": ["cpu"], "second": ["fan"]}, ["name='second'> offers cpu again"]),
    "second_image_only": ("part", {"defect": ["crack"]}, []),
    "shared_by_two_images": ("left", {"box": ["cpu"]}, []),
    "synonyms": ("image", {"box": ["cpu", "hdd", "other"]}, []),
    "two_images": ("before", {"seen_before": ["scratch"]}, ["belongs to a second image; only 'before' is filled"]),
    "value_list": ("images[0]", {"box": ["figure"]}, ["shows several images of one task (valueList); Argus works on"]),
    "value_path": ("frame.urls[0]", {"box": ["cpu"]}, []),
    "visible_when": ("image", {"on_board": ["chip"], "on_case": ["screw"]}, []),
    "yolo_detection": ("image", {"label": ["Person", "Vehicle", "Bicycle"]}, []),
    "yolo_skip": ("image", {"by_model": ["cpu"]}, ["name='by_hand'> has model_skip"]),
}
# name: a part of the sentence that says why
REFUSED = {
    "audio_transcription": "It shows no image, only <Audio>.",
    "dynamic_labels": "they come with each task's data",
    "hostile_entities": "has a document type",
    "hostile_external_entity": "has a document type",
    "hostile_threshold": "must be a number from 0 to 1",
    "hostile_unclosed": "not well-formed XML",
    "image_choices": "It has no such tag: <Choices> and <Rating> ask about the image as a whole.",
    "keypoints_only": "<KeyPointLabels name='corner'> marks points",
    "labels_apart": "<Rectangle name='box'> takes its labels from another tag; Argus fills <RectangleLabels>.",
    "repeater": "shows no single image",
    "text_entities": "It shows no image, only <Text>.",
    "value_template": "shows no single image of the task's data (value='https://images.example.com/$file.jpg')",
    "video_tracking": "It shows no image, only <Video>.",
}


def read(name: str) -> str:
    return (FOLDER / f"{name}.xml").read_text("utf-8")


def plan_of(name: str) -> LabelPlan:
    return parse_label_config(read(name), default_threshold=0.4)


def test_every_config_is_expected_to_do_something() -> None:
    assert {f.stem for f in FOLDER.glob("*.xml")} == FILLED.keys() | REFUSED.keys()


@pytest.mark.parametrize("name", FILLED)
def test_filled(name: str) -> None:
    key, tags, notes = FILLED[name]
    plan = plan_of(name)
    assert plan.image.key == key
    assert {control.name: list(control.labels) for control in plan.controls} == tags
    assert all(any(part in note for note in plan.notes) for part in notes)
    assert len(plan.notes) == len(notes)
    assert len(plan.fills) == len(tags)
    assert all(f"<{tag}> gets" in sentence for tag, sentence in zip(tags, plan.fills, strict=True))


@pytest.mark.parametrize("name", REFUSED)
def test_refused_with_a_reason(name: str) -> None:
    with pytest.raises(ArgusError) as caught:
        plan_of(name)
    assert caught.value.code == "bad_label_config"
    assert REFUSED[name] in caught.value.message


@pytest.mark.parametrize("name", FILLED)
def test_regions_fit_the_config_as_label_studio_reads_it(name: str) -> None:
    """Label Studio drops a region that does not fit its config without a word, so its own reading is asked."""
    plan = plan_of(name)
    bits = np.zeros((30, 40), np.bool_)
    bits[3:27, 5:35] = True
    one = Detections(np.array([0.9], np.float32), np.array([[20, 10, 60, 40]], np.float32), [Mask(20, 10, bits)])
    regions = build_regions(plan, {c.label: Found(200, 100, one) for c in plan.concepts})
    assert {r["from_name"] for r in regions} == {c.name for c in plan.controls}
    interface = LabelInterface(spelled(name))
    said = interface.validate_prediction({"result": regions, "score": 0.9, "model_version": "x"}, return_errors=True)
    assert said == []
    regions[0]["from_name"] = "elsewhere"  # it does look
    assert interface.validate_prediction({"result": regions, "model_version": "x"}, return_errors=True) != []


def spelled(name: str) -> str:
    """The config with the spelling of tags that the SDK insists on; Label Studio itself does not."""
    names = {"IMAGE": "Image", "rectanglelabels": "RectangleLabels", "label": "Label"}
    xml = read(name)
    if name == "odd_spelling":
        for ours, theirs in names.items():
            xml = xml.replace(f"<{ours} ", f"<{theirs} ").replace(f"<{ours}/", f"<{theirs}/").replace(
                f"</{ours}>", f"</{theirs}>")
    return xml


@pytest.mark.parametrize(("name", "label", "prompts", "threshold"), [
    ("yolo_detection", "Vehicle", ("car", "truck", "bus"), 0.25), ("yolo_detection", "Bicycle", ("bicycle",), 0.6),
    ("synonyms", "hdd", ("hard disk", "disk drive"), 0.4), ("synonyms", "other", ("other",), 0.4),
    ("aliases", "ram", ("Memory module",), 0.4), ("japanese", "fan", ("cooling fan", "fan"), 0.4),
    ("everything_at_once", "cpu", ("cpu",), 0.5), ("odd_spelling", " ram_stick ", ("ram stick",), 0.4),
])
def test_concepts(name: str, label: str, prompts: tuple[str, ...], threshold: float) -> None:
    concept = next(c for c in plan_of(name).concepts if c.label == label)
    assert (concept.prompts, concept.threshold) == (prompts, threshold)


def hostile() -> Iterator[tuple[str, str]]:
    inside = '<View><Image name="i" value="$i"/><RectangleLabels name="r" toName="i">{}</RectangleLabels></View>'
    yield inside.format("".join(f'<Label value="n{i}"/>' for i in range(1001))), "asks for 1001 things"
    yield inside.format(f'<Label value="{"x" * 501}"/>'), "more than 500 characters"
    yield inside.format('<Label value="a"/>') + "\0", "not well-formed"
    yield "\ud800", "no text"
    yield inside.format('<Label value="a"/>' * 80_000), "1 MiB"
    yield "<View>" * 100_000 + "</View>" * 100_000, "1 MiB"


@pytest.mark.parametrize(("xml", "reason"), list(hostile()), ids=range(6))
def test_hostile_sizes(xml: str, reason: str) -> None:
    with pytest.raises(ArgusError, match=reason):
        parse_label_config(xml, default_threshold=0.4)


def test_deep_nesting_is_read() -> None:
    depth = 30_000
    xml = ("<View>" * depth + '<Image name="i" value="$i"/><RectangleLabels name="r" toName="i"><Label value="a"/>'
           "</RectangleLabels>" + "</View>" * depth)
    assert [c.label for c in parse_label_config(xml, default_threshold=0.4).concepts] == ["a"]
