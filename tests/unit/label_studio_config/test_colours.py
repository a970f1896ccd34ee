"""Colours of labels, as Label Studio 1.23.2's editor makes them (measured with its own script)."""

from __future__ import annotations

import pytest

from label_studio_config.colours import label_colours
from label_studio_config.tags import read_label_config

MADE = {"cpu": "#bf72b0", "fan": "#bfb872", "hard disk": "#8172bf", "loose screw": "#72bf73", "ネジ": "#bebf72",
        "😀 x": "#bd72bf", "a": "#a272bf", "A very long label name": "#72aabf"}


def colours(labels: str) -> dict[str, str]:
    return label_colours(read_label_config(
        f'<View><Image name="i" value="$image"/><RectangleLabels name="l" toName="i">{labels}'
        "</RectangleLabels></View>"))


@pytest.mark.parametrize("name", MADE)
def test_label_colours__of_a_label_without_one_as_label_studio_makes_it(name: str) -> None:
    assert colours(f'<Label value="{name}"/>') == {name: MADE[name]}


def test_label_colours__its_own_in_any_spelling() -> None:
    assert colours('<Label value="a" background="red"/><Label value="b" background="#0f8"/>'
                   '<Label value="c" background="#E6194B"/><Label value="d" background="hsl(120, 100%, 50%)"/>') == {
        "a": "#ff0000", "b": "#00ff88", "c": "#e6194b", "d": "#00ff00"}


def test_label_colours__nonsense_and_the_mark_of_none_count_as_none() -> None:
    assert colours('<Label value="cpu" background="url(x)"/><Label value="fan" background="#DA935D"/>') == {
        "cpu": MADE["cpu"], "fan": MADE["fan"]}


def test_label_colours__an_alias_is_what_annotations_carry_and_the_colour_is_of_the_value() -> None:
    assert colours('<Label value="cpu" alias="processor"/>') == {"processor": MADE["cpu"]}
