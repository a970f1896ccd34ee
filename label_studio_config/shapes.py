"""The shapes that a labelling config has for its labels: boxes, and on request masks beside them. Pure."""

from __future__ import annotations

import itertools
import xml.etree.ElementTree as ET
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from argus.errors import ArgusError
from label_studio_config.label_config import Control, default_label_config, make_plan
from label_studio_config.tags import parse_xml, read_label_config

_KEPT = ("value", "alias", "background", "category")  # a hotkey of two labels would choose one of them only


@dataclass(frozen=True)
class Masked:
    """A labelling config with masks, and the labels that had none before."""

    xml: str
    added: tuple[str, ...]


def new_label_config(labels: Sequence[str], *, masks: bool = False) -> str:
    """Return our labelling config for these labels: boxes, with `masks` both. Raises as `default_label_config`."""
    boxes = default_label_config(labels)
    return with_masks(boxes).xml if masks else boxes


def with_masks(xml: str) -> Masked:
    """Return the config with a `<BrushLabels>` behind each tag of boxes, for those of its labels that Argus fills and
    that have neither mask nor outline yet. Everything else stays; without such a label the text does, too.

    Raises:
        ArgusError: `bad_label_config` when there is nothing to fill in it.
    """
    root = parse_xml(xml)
    plan = make_plan(read_label_config(xml), None, 0)
    shaped = {label for c in plan.controls if c.kind in ("brushlabels", "polygonlabels") for label in c.labels}
    names = {tag.get("name") for tag in root.iter()}
    fresh = (name for n in itertools.count(1) if (name := f"mask-{n}" if n > 1 else "mask") not in names)
    added: list[str] = []
    root = ET.fromstring(xml, ET.XMLParser(target=ET.TreeBuilder(insert_comments=True)))
    for control in plan.controls:
        labels = [label for label in control.labels if label not in shaped]
        if control.kind == "rectanglelabels" and labels:
            _add(root, control, labels, next(fresh))
            shaped |= set(labels)
            added += labels
    if not added:
        return Masked(xml, ())
    ET.indent(root)
    return Masked(ET.tostring(root, encoding="unicode"), tuple(added))


def same_shapes(one: str, other: str) -> bool:
    """Whether predictions for two labelling configs have the same regions, as far as the shapes go."""
    return one == other or _controls(one) == _controls(other)


def has_outlines(xml: str) -> bool:
    """Whether labels of the config have masks, outlines or ellipses that Argus fills."""
    return any(control.kind != "rectanglelabels" for control in _controls(xml))


def _controls(xml: str) -> tuple[Control, ...]:
    try:
        return make_plan(read_label_config(xml), None, 0).controls
    except ArgusError:
        return ()


def _add(root: ET.Element, control: Control, labels: Sequence[str], name: str) -> None:
    parent, tag = next((parent, tag) for parent in _tags(root) for tag in parent if tag.get("name") == control.name)
    masks = ET.Element("BrushLabels", {"name": name, "toName": control.image.name})
    for label in _tags(tag):
        if label.tag.lower() == "label" and (label.get("alias") or label.get("value")) in labels:
            ET.SubElement(masks, "Label", {key: text for key in _KEPT if (text := label.get(key)) is not None})
    place = list(parent).index(tag) + 1
    parent.insert(place, ET.Element("Header", {"value": "Masks"}))
    parent.insert(place + 1, masks)


def _tags(root: ET.Element) -> Iterator[ET.Element]:
    return (tag for tag in root.iter() if isinstance(tag.tag, str))  # a comment has no name
