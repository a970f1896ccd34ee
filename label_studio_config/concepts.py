"""A labelling config read as a plan: which image, which tags we fill, and what to look for under which label.

The dialect is the one users know from Label Studio's YOLO backend:

* `model_score_threshold="0.5"` on a control tag, or on a `<Label>`, where it wins;
* `predicted_values="hard disk, disk drive"` on a `<Label>`: what the model is asked for instead of the label's name;
* `model_skip="true"` on a control tag or a `<Label>`: left to people;
* `<Label value="Hard disk" alias="hdd"/>`: annotations carry the alias, the model is asked for the value.

A project's overrides (`{label: {"prompts": [...], "threshold": x}}`) win over the XML.
"""

from __future__ import annotations

import math
import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from typing import Any, Literal

from argus.errors import ArgusError

Kind = Literal["rectanglelabels", "brushlabels", "polygonlabels"]
KINDS: tuple[Kind, ...] = ("rectanglelabels", "brushlabels", "polygonlabels")
_MAX_BYTES = 2**20
_HINT = ("Argus fills RectangleLabels, BrushLabels and PolygonLabels that have <Label> children and belong to an "
         "<Image>.")
_PALETTE = ("#e6194b", "#3cb44b", "#4363d8", "#f58231", "#911eb4", "#008080", "#9a6324", "#808000", "#000075",
            "#f032e6")


@dataclass(frozen=True)
class Concept:
    """One label and how the model is asked for it.

    Attributes:
        label: what annotations carry.
        prompts: noun phrases; the model looks for each, and overlapping finds are one object.
        threshold: regions below this score (0..1) are kept but not shown.
    """

    label: str
    prompts: tuple[str, ...]
    threshold: float


@dataclass(frozen=True)
class ImageTag:
    """The `<Image>` that the plan fills: its tag name (a region's `to_name`) and the key of the task's data."""

    name: str
    key: str


@dataclass(frozen=True)
class Control:
    """A control tag that the plan fills: its name (a region's `from_name`), its kind and the labels it offers."""

    name: str
    kind: Kind
    labels: tuple[str, ...]


@dataclass(frozen=True)
class LabelPlan:
    """What one labelling config asks of the model. `notes` say which tags are left alone, and why."""

    image: ImageTag
    controls: tuple[Control, ...]
    concepts: tuple[Concept, ...]
    notes: tuple[str, ...] = ()

    def concept(self, label: str) -> Concept:
        """Return the concept of `label`; a different case is forgiven when only one label fits.

        Raises:
            ArgusError: `unknown_label`, with the labels there are.
        """
        exact = [c for c in self.concepts if c.label == label]
        found = exact or [c for c in self.concepts if c.label.casefold() == label.strip().casefold()]
        if len(found) != 1:
            raise ArgusError("unknown_label", f"The labelling config has no label {label!r} that Argus can fill.",
                             f"It has: {', '.join(c.label for c in self.concepts)}.", label=label)
        return found[0]


def parse_label_config(xml: str, overrides: Mapping[str, Any] | None = None, *,
                       default_threshold: float) -> LabelPlan:
    """Read a labelling config.

    Args:
        xml: the project's labelling config.
        overrides: the project's own prompts and thresholds by label; unknown labels in it are ignored.
        default_threshold: for labels that neither the overrides nor the XML give one.

    Raises:
        ArgusError: `bad_label_config` with a sentence why nothing can be filled.
    """
    root = _parse(xml)
    notes: list[str] = []
    images = dict(_images(root, notes))
    chosen: ImageTag | None = None
    controls: list[Control] = []
    found: dict[str, Concept] = {}
    for tag in root.iter():
        kind = _kind(tag)
        if kind is None or not _fillable(tag, images, chosen, notes):
            continue
        labels = list(_labels(tag, default_threshold))
        if not labels:
            notes.append(f"<{tag.tag} name={tag.get('name')!r}> offers no labels of its own.")
            continue
        chosen = images[tag.get("toName", "")]
        controls.append(Control(tag.get("name", ""), kind, tuple(c.label for c in labels)))
        for concept in labels:
            found.setdefault(concept.label, _override(concept, (overrides or {}).get(concept.label)))
    if chosen is None:
        why = " ".join(notes) or "It has no such tag."
        raise ArgusError("bad_label_config", f"There is nothing to fill in this labelling config. {why}", _HINT)
    return LabelPlan(chosen, tuple(controls), tuple(found.values()), tuple(notes))


def _parse(xml: str) -> ET.Element:
    if len(xml.encode()) > _MAX_BYTES:
        raise ArgusError("bad_label_config", "The labelling config has more than 1 MiB.")
    if re.search(r"<!(DOCTYPE|ENTITY)", xml, re.IGNORECASE):  # entities can be made to grow without end
        raise ArgusError("bad_label_config", "The labelling config has a document type, which Label Studio never "
                         "writes.")
    try:
        return ET.fromstring(xml)
    except ET.ParseError as error:
        raise ArgusError("bad_label_config", f"The labelling config is not well-formed XML: {error}.") from error


def _images(root: ET.Element, notes: list[str]) -> Iterator[tuple[str, ImageTag]]:
    for tag in root.iter("Image"):
        name, value = tag.get("name", ""), tag.get("value", "")
        if match := re.fullmatch(r"\$([\w.-]+)", value):
            yield name, ImageTag(name, match[1])
        else:
            notes.append(f"<Image name={name!r}> shows no single image of the task's data (value={value!r}).")


def _kind(tag: ET.Element) -> Kind | None:
    name = tag.tag.lower() if isinstance(tag.tag, str) else ""
    return next((kind for kind in KINDS if kind == name), None)


def _fillable(tag: ET.Element, images: Mapping[str, ImageTag], chosen: ImageTag | None, notes: list[str]) -> bool:
    name = f"<{tag.tag} name={tag.get('name')!r}>"
    target = images.get(tag.get("toName", ""))
    if _true(tag.get("model_skip")):
        notes.append(f"{name} has model_skip.")
    elif not tag.get("name"):
        notes.append(f"<{tag.tag}> has no name.")
    elif target is None:
        notes.append(f"{name} belongs to {tag.get('toName')!r}, which is not a usable <Image>.")
    elif chosen is not None and target != chosen:
        notes.append(f"{name} belongs to a second image; only {chosen.name!r} is filled.")
    else:
        return True
    return False


def _labels(tag: ET.Element, default: float) -> Iterator[Concept]:
    base = _threshold(tag, default)
    for child in tag.iter("Label"):
        value = (child.get("value") or "").strip()
        if not value or _true(child.get("model_skip")):
            continue
        asked = [p.strip() for p in (child.get("predicted_values") or "").split(",") if p.strip()]
        # An underscore is how people write a space in a label; a text encoder reads it as a sign of its own.
        prompts = tuple(dict.fromkeys(asked)) or (value.replace("_", " "),)
        yield Concept(child.get("alias") or value, prompts, _threshold(child, base))


def _threshold(tag: ET.Element, default: float) -> float:
    text = tag.get("model_score_threshold")
    if text is None:
        return default
    return _score(text, f"model_score_threshold of <{tag.tag}>")


def _score(value: Any, what: str) -> float:
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = math.nan
    if not 0 <= number <= 1:
        raise ArgusError("bad_label_config", f"The {what} is {value!r}; it must be a number from 0 to 1.")
    return number


def _override(concept: Concept, wanted: Any) -> Concept:
    if not isinstance(wanted, Mapping):
        return concept
    prompts = tuple(dict.fromkeys(str(p).strip() for p in wanted.get("prompts") or () if str(p).strip()))
    threshold = wanted.get("threshold")
    return Concept(concept.label, prompts or concept.prompts,
                   concept.threshold if threshold is None else _score(threshold, f"threshold of {concept.label!r}"))


def _true(text: str | None) -> bool:
    return (text or "").strip().lower() in ("true", "1", "yes")


def default_label_config(labels: Sequence[str]) -> str:
    """Return our labelling config, `default.xml`, with `labels` as rectangles and as masks.

    It has no `<KeyPointLabels>`: Label Studio's own COCO export loses its categories when a config has them.

    Raises:
        ArgusError: `bad_label_config` when there is no label, or one that is empty or given twice.
    """
    names = [label.strip() for label in labels]
    if not names or not all(names) or len(set(names)) != len(names):
        raise ArgusError("bad_label_config", "A labelling config needs labels, each once and none of them empty.")
    root = ET.fromstring(resources.files(__package__).joinpath("default.xml").read_text("utf-8"))
    for tag in [tag for tag in root.iter() if _kind(tag)]:
        for child in list(tag):
            tag.remove(child)
        for index, name in enumerate(names):
            ET.SubElement(tag, "Label", value=name, background=_PALETTE[index % len(_PALETTE)])
    ET.indent(root)
    return ET.tostring(root, encoding="unicode")
