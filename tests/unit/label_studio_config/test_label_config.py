"""Labelling configs → plans."""

from __future__ import annotations

import pytest
from label_studio_sdk.label_interface import LabelInterface

from argus.errors import ArgusError
from label_studio_config.label_config import (
    Concept,
    Control,
    LabelPlan,
    default_label_config,
    parse_label_config,
)
from label_studio_config.tags import ImageTag


def parse(xml: str, **overrides: object) -> LabelPlan:
    return parse_label_config(xml, overrides, default_threshold=0.4)


def view(inside: str, image: str = '<Image name="img" value="$image"/>') -> str:
    return f"<View>{image}{inside}</View>"


def rectangles(*labels: str, attributes: str = "") -> str:
    inside = "".join(f"<Label {label}/>" for label in labels)
    return view(f'<RectangleLabels name="box" toName="img" {attributes}>{inside}</RectangleLabels>')


def test_parse__label_is_prompt_and_default_threshold() -> None:
    plan = parse(rectangles('value="cpu"', 'value="Ram_Stick"'))
    assert plan.image == ImageTag("img", "$image")
    assert plan.controls == (Control("box", "rectanglelabels", ("cpu", "Ram_Stick"), plan.image),)
    assert plan.concepts == (Concept("cpu", ("cpu",), 0.4), Concept("Ram_Stick", ("Ram Stick",), 0.4))


def test_parse__predicted_values_replace_the_name_and_lose_blanks_and_repeats() -> None:
    plan = parse(rectangles('value="hdd" predicted_values="hard disk, disk drive ,, hard disk"'))
    assert plan.concepts[0].prompts == ("hard disk", "disk drive")


def test_parse__alias_is_what_annotations_carry() -> None:
    plan = parse(rectangles('value="Hard disk" alias="hdd"'))
    assert plan.concepts == (Concept("hdd", ("Hard disk",), 0.4),)
    assert plan.controls[0].labels == ("hdd",)


@pytest.mark.parametrize(("control", "label", "override", "expected"), [
    ("", "", None, 0.4),
    ('model_score_threshold="0.5"', "", None, 0.5),
    ('model_score_threshold="0.5"', 'model_score_threshold="0.6"', None, 0.6),
    ('model_score_threshold="0.5"', 'model_score_threshold="0.6"', 0.7, 0.7),
    ("", "", 0, 0.0),
])
def test_parse__threshold__nearest_word_wins(control: str, label: str, override: float | None, expected: float) -> None:
    overrides = {} if override is None else {"cpu": {"threshold": override}}
    plan = parse(rectangles(f'value="cpu" {label}', attributes=control), **overrides)
    assert plan.concepts[0].threshold == expected


def test_parse__override_of_prompts() -> None:
    assert parse(rectangles('value="cpu"'), cpu={"prompts": [" processor ", ""]}).concepts[0].prompts == ("processor",)


@pytest.mark.parametrize(("label", "prompt"), [("ＣＰＵ", "CPU"), ("ﾌｧﾝ", "ファン"), ("heat–sink", "heat-sink"),
                                               ("ＲＡＭ_stick", "RAM stick"), ("ハードディスク", "ハードディスク")])
def test_parse__a_prompt_is_folded_and_its_label_stays_as_it_is(label: str, prompt: str) -> None:
    plan = parse(rectangles(f'value="{label}"'))
    assert plan.concepts == (Concept(label, (prompt,), 0.4),)
    assert plan.controls[0].labels == (label,)


def test_parse__prompts_are_separated_by_commas_of_any_kind() -> None:
    plan = parse(rectangles('value="hdd" predicted_values="hard disk、ＨＤＤ，ﾃﾞｨｽｸ,hdd"'), fan={"prompts": ["ﾌｧﾝ"]})
    assert plan.concepts[0].prompts == ("hard disk", "HDD", "ディスク", "hdd")
    plan = parse(rectangles('value="fan"'), fan={"prompts": ["ﾌｧﾝ", "ファン"]})
    assert plan.concepts[0].prompts == ("ファン",)


@pytest.mark.parametrize("typed", ["cpu", "ＣＰＵ", "ｃｐｕ", " Cpu "])
def test_concept__forgives_the_width_of_letters(typed: str) -> None:
    assert parse(rectangles('value="CPU"', 'value="fan"')).concept(typed).label == "CPU"


@pytest.mark.parametrize("bad", ["high", "1.5", "nan", "-0.1", ""])
def test_parse__threshold__that_is_no_score(bad: str) -> None:
    with pytest.raises(ArgusError, match="0 to 1") as caught:
        parse(rectangles('value="cpu"', attributes=f'model_score_threshold="{bad}"'))
    assert caught.value.code == "bad_label_config"


def test_parse__model_skip__on_a_tag_and_on_a_label() -> None:
    plan = parse(view('<RectangleLabels name="r" toName="img" model_skip="true"><Label value="cpu"/></RectangleLabels>'
                      '<BrushLabels name="m" toName="img"><Label value="fan"/><Label value="hdd" model_skip="True"/>'
                      "</BrushLabels>"))
    assert [c.name for c in plan.controls] == ["m"]
    assert [c.label for c in plan.concepts] == ["fan"]
    assert "model_skip" in plan.notes[0]


def test_parse__several_tags_share_concepts_of_the_first_that_names_them() -> None:
    plan = parse(view('<RectangleLabels name="r" toName="img" model_score_threshold="0.5"><Label value="cpu"/>'
                      '</RectangleLabels><PolygonLabels name="p" toName="img"><Label value="cpu"/><Label value="fan"/>'
                      "</PolygonLabels>"))
    assert [(c.name, c.kind) for c in plan.controls] == [("r", "rectanglelabels"), ("p", "polygonlabels")]
    assert [(c.label, c.threshold) for c in plan.concepts] == [("cpu", 0.5), ("fan", 0.4)]


def test_parse__labels_in_nested_views() -> None:
    plan = parse('<View><View style="x"><Image name="img" value="$image"/></View><View>'
                 '<RectangleLabels name="r" toName="img"><View><Label value="cpu"/></View></RectangleLabels>'
                 "</View></View>")
    assert [c.label for c in plan.concepts] == ["cpu"]


def test_parse__second_image_is_left_alone() -> None:
    plan = parse(view('<RectangleLabels name="a" toName="img"><Label value="cpu"/></RectangleLabels>'
                      '<RectangleLabels name="b" toName="two"><Label value="fan"/></RectangleLabels>',
                      '<Image name="img" value="$image"/><Image name="two" value="$other"/>'))
    assert [c.label for c in plan.concepts] == ["cpu"]
    assert any("second image" in note for note in plan.notes)


def test_parse__names_in_other_scripts() -> None:
    plan = parse(rectangles('value="電池"', 'value="Lüfter &amp; Co"'))
    assert [c.label for c in plan.concepts] == ["電池", "Lüfter & Co"]


@pytest.mark.parametrize(("xml", "reason"), [
    ("<View><Image name='img' value='$image'/></View>", "no such tag"),
    ("<View><Text name='t' value='$t'/><Choices name='c' toName='t'><Choice value='x'/></Choices></View>",
     "shows no image, only <Text>"),
    (view('<KeyPointLabels name="k" toName="img"><Label value="cpu"/></KeyPointLabels>'), "marks points"),
    (view('<RectangleLabels name="r" toName="img"/>'), "offers no labels"),
    (view('<RectangleLabels name="r" toName="img" value="$labels"/>'), "offers no labels"),
    (view('<RectangleLabels name="r" toName="text"><Label value="cpu"/></RectangleLabels>'), "not a usable"),
    (view('<RectangleLabels toName="img"><Label value="cpu"/></RectangleLabels>'), "no name"),
    (view('<RectangleLabels name="r" toName="img"><Label value="cpu"/></RectangleLabels>',
          '<Image name="img" value="https://host/$image"/>'), "no single image"),
    ("<View>", "not well-formed"),
    ("", "not well-formed"),
    ("<!DOCTYPE a [<!ENTITY b 'c'>]><View>&b;</View>", "document type"),
    ("<View>" + "x" * 2**21 + "</View>", "1 MiB"),
])
def test_parse__says_why_nothing_can_be_filled(xml: str, reason: str) -> None:
    with pytest.raises(ArgusError, match=reason) as caught:
        parse(xml)
    assert caught.value.code == "bad_label_config"


def test_concept__forgives_case_when_one_label_fits() -> None:
    plan = parse(rectangles('value="CPU"', 'value="Fan"', 'value="fan"'))
    assert plan.concept("cpu").label == "CPU"
    assert plan.concept("fan").label == "fan"
    for label in ("FAN", "hdd", ""):
        with pytest.raises(ArgusError) as caught:
            plan.concept(label)
        assert caught.value.code == "unknown_label"


def test_default_label_config__has_boxes_of_every_label() -> None:
    labels = ["cpu", "ram stick", 'a "b" & <c>']
    xml = default_label_config(labels)
    plan = parse(xml)
    assert [(c.name, c.kind, c.labels) for c in plan.controls] == [("box", "rectanglelabels", tuple(labels))]
    assert plan.image == ImageTag("image", "$image")
    assert "KeyPointLabels" not in xml
    LabelInterface(xml).validate()  # Label Studio's own reading of it


@pytest.mark.parametrize("labels", [[], ["cpu", "cpu "], ["cpu", " "]])
def test_default_label_config__needs_real_labels(labels: list[str]) -> None:
    with pytest.raises(ArgusError) as caught:
        default_label_config(labels)
    assert caught.value.code == "bad_label_config"
