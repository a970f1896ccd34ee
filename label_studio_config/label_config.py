"""A labelling config read as a plan: which image, which tags we fill, and what to look for under which label.

The dialect is the one users know from Label Studio's YOLO backend:

* `model_score_threshold="0.5"` on a control tag, or on a `<Label>`, where it wins;
* `predicted_values="hard disk, disk drive"` on a `<Label>`: what the model is asked for instead of the label's name;
* `model_skip="true"` on a control tag or a `<Label>`: left to people;
* `<Label value="Hard disk" alias="hdd"/>`: annotations carry the alias, the model is asked for the value.

Every other tag and attribute of Label Studio may stand in the config; `LabelPlan.fills` and `notes` say which tags
are filled, which are left to people, and why. A project's overrides (`{label: {"prompts": [...], "threshold": x}}`) win
over the XML.
"""

from __future__ import annotations

import math
import xml.etree.ElementTree as ET
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from typing import Literal, TypedDict

from argus.errors import ArgusError
from argus.typed_text import fold, same_name, split_list
from label_studio_config.tags import ControlTag, ImageTag, LabelConfig, read_label_config
from label_studio_config.unfilled_tags import nothing_to_fill, why_not_filled

Kind = Literal["rectanglelabels", "brushlabels", "polygonlabels", "ellipselabels"]
KINDS: dict[Kind, str] = {"rectanglelabels": "boxes", "brushlabels": "masks", "polygonlabels": "outlines",
                          "ellipselabels": "ellipses"}
_MAX_PROMPTS = 1000  # each costs a pass of the model's heads over every image
_MAX_NAME = 500  # characters; each region of a prediction carries its label
_HINT = ("Argus fills RectangleLabels, BrushLabels, PolygonLabels and EllipseLabels that have <Label> children and "
         "belong to an <Image>.")
_PALETTE = ("#e6194b", "#3cb44b", "#4363d8", "#f58231", "#911eb4", "#008080", "#9a6324", "#808000", "#000075",
            "#f032e6")


class Override(TypedDict, total=False):
    """A project's own prompts and threshold (0-1) of a label; what is left out is the labelling config's."""

    prompts: list[str]
    threshold: float


@dataclass(frozen=True)
class Concept:
    """One label and how the model is asked for it.

    Attributes:
        label: what annotations carry.
        prompts: noun phrases, folded (`argus.typed_text`); the model looks for each, overlapping finds are one object.
        threshold: regions below this score (0..1) are kept but not shown.
    """

    label: str
    prompts: tuple[str, ...]
    threshold: float


@dataclass(frozen=True)
class Control:
    """A control tag that the plan fills.

    Attributes:
        name: a region's `from_name`.
        labels: those it is filled with.
        image: what its regions are drawn on; its name is their `to_name`.
    """

    name: str
    kind: Kind
    labels: tuple[str, ...]
    image: ImageTag


@dataclass(frozen=True)
class LabelPlan:
    """What one labelling config asks of the model. `notes` say which tags are left alone, and why; `warnings` what will
    not be as the config asks."""

    image: ImageTag
    controls: tuple[Control, ...]
    concepts: tuple[Concept, ...]
    notes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()

    @property
    def fills(self) -> tuple[str, ...]:
        """What each filled tag gets, in sentences."""
        return tuple(f"<{c.name}> gets {KINDS[c.kind]} of {some(c.labels)}." for c in self.controls)

    def concept(self, label: str) -> Concept:
        """Return the concept of `label`; another case or width of letters is forgiven when only one label fits.

        Raises:
            ArgusError: `unknown_label`, with the labels there are.
        """
        exact = [c for c in self.concepts if c.label == label]
        found = exact or [c for c in self.concepts if same_name(c.label) == same_name(label)]
        if len(found) != 1:
            raise ArgusError("unknown_label", f"The labelling config has no label {label!r} that Argus can fill.",
                             f"It has: {', '.join(c.label for c in self.concepts)}.", label=label)
        return found[0]


def parse_label_config(xml: str, overrides: Mapping[str, Override] | None = None, *,
                       default_threshold: float) -> LabelPlan:
    """Read a labelling config.

    Args:
        xml: the project's labelling config.
        overrides: the project's own prompts and thresholds by label; unknown labels in it are ignored.
        default_threshold: for labels that neither the overrides nor the XML give one.

    Raises:
        ArgusError: `bad_label_config` with a sentence why nothing can be filled.
    """
    return make_plan(read_label_config(xml), overrides, default_threshold)


def make_plan(config: LabelConfig, overrides: Mapping[str, Override] | None, default_threshold: float) -> LabelPlan:
    """Return the plan of a labelling config, as of `parse_label_config`."""
    notes = [f"{image} shows {_several_or_none(image)}" for image in config.images if image.value_list or not image.key]
    controls: list[Control] = []
    found: dict[str, Concept] = {}
    for tag in config.controls:
        kind = _kind(tag.kind)
        if kind is None:
            notes += filter(None, [why_not_filled(tag)])
        elif (image := _image_of(tag, controls, notes)) is not None:
            labels = _new_labels(tag, kind, list(_labels(tag, default_threshold, notes)), controls, notes)
            if labels:
                controls.append(Control(tag.name, kind, tuple(c.label for c in labels), image))
            for concept in labels:
                found.setdefault(concept.label, _override(concept, (overrides or {}).get(concept.label)))
    if not controls:
        raise ArgusError("bad_label_config", "There is nothing to fill in this labelling config. "
                         + nothing_to_fill(config, notes), _HINT)
    _check_size(found.values())
    return LabelPlan(controls[0].image, tuple(controls), tuple(found.values()), tuple(notes))


def image_of(config: LabelConfig) -> ImageTag | None:
    """Return the image of a task that Argus works on: the one that the plan fills, else the one that people draw on,
    else the first; None when the config shows none. A project without labels to fill can still be searched."""
    try:
        return make_plan(config, None, 0).image
    except ArgusError:
        return config.image


def _several_or_none(image: ImageTag) -> str:
    if image.value_list:
        return "several images of one task (valueList); Argus works on the first."
    return f"no single image of the task's data (value={image.value!r})."


def _kind(tag: str) -> Kind | None:
    return next((kind for kind in KINDS if kind == tag), None)


def _image_of(tag: ControlTag, controls: Sequence[Control], notes: list[str]) -> ImageTag | None:
    """Return the image that the tag is filled for, or None and a note why the tag is not filled."""
    usable = [image for image in tag.images if image.key]
    chosen = controls[0].image if controls else None
    if _true(tag.attributes.get("model_skip")):
        notes.append(f"{tag} has model_skip.")
    elif not tag.name:
        notes.append(f"{tag} has no name.")
    elif not usable:
        notes.append(f"{tag} belongs to {tag.to_name!r}, which is not a usable <Image>.")
    elif chosen is not None and chosen not in usable:
        notes.append(f"{tag} belongs to a second image; only {chosen.name!r} is filled.")
    else:
        return chosen or usable[0]
    return None


def _new_labels(tag: ControlTag, kind: Kind, labels: list[Concept], controls: Sequence[Control],
                notes: list[str]) -> list[Concept]:
    """Return the labels that no earlier tag of this kind offers: filling both would count every object twice."""
    if not labels:
        dynamic = tag.attributes.get("value", "").startswith("$")
        notes.append(f"{tag} offers no labels of its own"
                     + ("; they come with each task's data, and Argus needs them in the config." if dynamic else "."))
    taken = {label for control in controls if control.kind == kind for label in control.labels}
    again = [c.label for c in labels if c.label in taken]
    if again:
        notes.append(f"{tag} offers {some(again)} again; only the first tag is filled with it.")
    return list({c.label: c for c in reversed(labels) if c.label not in taken}.values())[::-1]


def _labels(tag: ControlTag, default: float, notes: list[str]) -> Iterator[Concept]:
    base = _threshold(tag.tag, tag.attributes, default)
    for label in tag.labels:
        if not label.value.strip() or _true(label.attributes.get("model_skip")):
            continue
        if max(len(label.name), len(label.value)) > _MAX_NAME:
            notes.append(f"A label of {tag} has more than {_MAX_NAME} characters and is left to people.")
            continue
        asked = [fold(p) for p in split_list(label.attributes.get("predicted_values", ""))]
        # An underscore is how people write a space in a label; a text encoder reads it as a sign of its own.
        prompts = tuple(dict.fromkeys(asked)) or (fold(label.value).strip().replace("_", " "),)
        yield Concept(label.name, prompts, _threshold("Label", label.attributes, base))


def _check_size(concepts: Iterable[Concept]) -> None:
    count = len({prompt for concept in concepts for prompt in concept.prompts})
    if count > _MAX_PROMPTS:
        raise ArgusError("bad_label_config", f"The labelling config asks for {count} things; the model looks for each "
                         f"on every image, and Argus takes {_MAX_PROMPTS} at most.",
                         'Put model_skip="true" on the labels that people draw by themselves.')


def some(labels: Sequence[str]) -> str:
    """Return the first five labels and how many more there are."""
    rest = len(labels) - 5
    return ", ".join(labels[:5]) + (f" and {rest} more" if rest > 0 else "")


def _threshold(tag: str, attributes: Mapping[str, str], default: float) -> float:
    text = attributes.get("model_score_threshold")
    if text is None:
        return default
    return _score(text, f"model_score_threshold of <{tag}>")


def _score(value: str | float, what: str) -> float:
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = math.nan
    if not 0 <= number <= 1:
        raise ArgusError("bad_label_config", f"The {what} is {value!r}; it must be a number from 0 to 1.")
    return number


def _override(concept: Concept, wanted: Override | None) -> Concept:
    if not isinstance(wanted, Mapping):
        return concept
    asked = (fold(str(p)).strip() for p in wanted.get("prompts") or ())
    prompts = tuple(dict.fromkeys(filter(None, asked)))
    threshold = wanted.get("threshold")
    return Concept(concept.label, prompts or concept.prompts,
                   concept.threshold if threshold is None else _score(threshold, f"threshold of {concept.label!r}"))


def _true(text: str | None) -> bool:
    return (text or "").strip().lower() in ("true", "1", "yes")


def default_label_config(labels: Sequence[str]) -> str:
    """Return our labelling config, `default.xml`, with `labels` as rectangles (`shapes.with_masks` adds masks).

    It has no `<KeyPointLabels>`: Label Studio's own COCO export loses its categories when a config has them.

    Raises:
        ArgusError: `bad_label_config` when there is no label, or one that is empty or given twice.
    """
    names = [label.strip() for label in labels]
    if not names or not all(names) or len(set(names)) != len(names):
        raise ArgusError("bad_label_config", "A labelling config needs labels, each once and none of them empty.")
    root = ET.fromstring(resources.files(__package__).joinpath("default.xml").read_text("utf-8"))
    for tag in [tag for tag in root.iter() if _kind(tag.tag.lower())]:
        for child in list(tag):
            tag.remove(child)
        for index, name in enumerate(names):
            ET.SubElement(tag, "Label", value=name, background=_PALETTE[index % len(_PALETTE)])
    ET.indent(root)
    return ET.tostring(root, encoding="unicode")
