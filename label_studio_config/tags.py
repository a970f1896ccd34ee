"""A labelling config's tags, in the order of the XML: the images it shows, and the controls that belong to them. Pure.

Every part of Argus reads a config through `read_label_config`. Tag names count in any case, as in Label Studio.
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from argus.errors import ArgusError

_MAX_BYTES = 2**20
_PATH = re.compile(r"\$([\w-]+(?:\.[\w-]+|\[\d+\])*)")
_HIGHEST_CATEGORY = 9_999  # a YOLO file names every number up to the highest
# Controls of regions that lie on an image; keypoints have no extent.
_REGIONS = ("labels", "rectanglelabels", "brushlabels", "polygonlabels", "ellipselabels", "bitmasklabels",
            "vectorlabels")


@dataclass(frozen=True)
class ImageTag:
    """An `<Image>`.

    Attributes:
        name: a region's `to_name`.
        value: its expression as written, such as `$image` or `$frames[0].url`.
        value_list: its `valueList`, for several images of one task; '' without.
    """

    name: str
    value: str
    value_list: str = ""

    @property
    def key(self) -> str:
        """The key of the task's data that holds the image, a path such as `frames[0].url` included
        (`argus.labelstudio.task_data.data_value` reads it); of several images (`valueList`) the first one's; '' when
        the tag shows none of the data."""
        match = _PATH.fullmatch((self.value_list or self.value).strip())
        return match[1] + ("[0]" if self.value_list else "") if match else ""

    def __str__(self) -> str:
        return named("Image", self.name)


@dataclass(frozen=True)
class LabelTag:
    """A `<Label>` of a control; `attributes` are all of its own, as written."""

    value: str
    alias: str = ""
    attributes: Mapping[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """What annotations carry, with its spaces: Label Studio compares it sign by sign."""
        return self.alias or self.value

    @property
    def category(self) -> int | None:
        """The number that exports give it, its attribute `category`; None without.

        Raises:
            ArgusError: `bad_label_config` when it is no whole number from 0 to 9,999.
        """
        text = self.attributes.get("category", "").strip()
        if text and not (text.isascii() and text.isdigit() and int(text[:9]) <= _HIGHEST_CATEGORY):
            raise ArgusError("bad_label_config", f"The category of the label {self.name!r} is {text[:20]!r}.",
                             f"Give it a whole number from 0 to {_HIGHEST_CATEGORY:,}, or none.")
        return int(text) if text else None


@dataclass(frozen=True)
class ControlTag:
    """A tag that asks for something about other tags.

    Attributes:
        tag, kind: its tag name as written, and in lower case.
        name: a region's `from_name`; '' without.
        to_name: as written; None without.
        images: the `<Image>` tags that it belongs to, in the order of `to_name`.
        attributes: all of its own, as written.
    """

    tag: str
    kind: str
    name: str
    to_name: str | None
    images: tuple[ImageTag, ...] = ()
    labels: tuple[LabelTag, ...] = ()
    attributes: Mapping[str, str] = field(default_factory=dict)

    @property
    def draws(self) -> bool:
        """Whether regions with an extent are drawn with it on a single image of the task."""
        return self.kind in _REGIONS and bool(self.name) and any(image.key for image in self.images)

    def __str__(self) -> str:
        return named(self.tag, self.name)


@dataclass(frozen=True)
class LabelConfig:
    """A labelling config.

    Attributes:
        tags: every kind of tag in it, lower case, and how it is written.
        shown: the keys and paths that its tags show, as Label Studio counts them: it asks for each in every task that
            is imported, and takes files only where there is one (measured on 1.23.2).
    """

    images: tuple[ImageTag, ...]
    controls: tuple[ControlTag, ...]
    tags: Mapping[str, str]
    shown: tuple[str, ...] = ()

    def shown_beside(self, image_key: str) -> list[str]:
        """Return what it shows beside that image, as `$key`; where it shows anything, Label Studio takes no uploads."""
        return [f"${key}" for key in self.shown if key != image_key]

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels of the regions that are drawn on its images, each once."""
        return tuple(dict.fromkeys(label.name for control in self.controls if control.draws
                                   for label in control.labels))

    def control(self, kind: str, label: str, image: ImageTag, first: str = "") -> ControlTag | None:
        """Return the control of a kind that offers a label on an image, that of the name `first` if it does."""
        usable = [control for control in self.controls if control.kind == kind and control.draws
                  and image in control.images and label in [one.name for one in control.labels]]
        return next((control for control in usable if control.name == first), next(iter(usable), None))

    @property
    def categories(self) -> dict[str, int]:
        """The numbers that its labels ask for by `category`.

        Raises:
            ArgusError: `bad_label_config` when two labels ask for one number, or one asks for two.
        """
        found: dict[str, int] = {}
        asked = ((label.name, label.category) for control in self.controls if control.draws for label in control.labels)
        for name, number in asked:
            if number is None:
                continue
            if found.setdefault(name, number) != number or list(found.values()).count(number) > 1:
                raise ArgusError("bad_label_config", f"The label {name!r} cannot have the category {number}.",
                                 "Give each label one number that no other label has.")
        return found

    @property
    def image(self) -> ImageTag | None:
        """The image that regions are drawn on first, else the first there is; None when it shows no single image."""
        drawn = [image for control in self.controls if control.draws for image in control.images]
        return next((image for image in [*drawn, *self.images] if image.key), None)


def named(tag: str, name: str | None) -> str:
    """Return the tag as a person finds it in the config: `<Brush name='b'>`."""
    return f"<{tag} name={name!r}>" if name else f"<{tag}>"


def read_label_config(xml: str) -> LabelConfig:
    """Read the tags of a labelling config.

    Raises:
        ArgusError: `bad_label_config` as of `parse_xml`.
    """
    root = parse_xml(xml)
    images = {tag.get("name", ""): ImageTag(tag.get("name", ""), tag.get("value", ""), tag.get("valueList", ""))
              for tag in root.iter() if _kind(tag) == "image"}
    shown = filter(None, (_shown(tag.get("value", "")) for tag in root.iter() if tag.get("name")))
    return LabelConfig(tuple(images.values()), tuple(_controls(root, images)),
                       {_kind(tag): tag.tag for tag in root.iter() if _kind(tag)}, tuple(dict.fromkeys(shown)))


def parse_xml(xml: str) -> ET.Element:
    """Return the root of a labelling config, which may come from anybody: the one way in which such text is parsed.

    Raises:
        ArgusError: `bad_label_config`: over 1 MiB, with a document type, or not well-formed.
    """
    try:
        size = len(xml.encode())
    except UnicodeEncodeError as error:  # JSON may carry half of a surrogate pair
        raise ArgusError("bad_label_config", "The labelling config is no text that could be stored.") from error
    if size > _MAX_BYTES:
        raise ArgusError("bad_label_config", "The labelling config has more than 1 MiB.")
    if re.search(r"<!(DOCTYPE|ENTITY)", xml, re.IGNORECASE):  # entities can be made to grow without end
        raise ArgusError("bad_label_config", "The labelling config has a document type, which Label Studio never "
                         "writes.")
    try:
        return ET.fromstring(xml)
    except ET.ParseError as error:
        raise ArgusError("bad_label_config", f"The labelling config is not well-formed XML: {error}.") from error


def _controls(root: ET.Element, images: Mapping[str, ImageTag]) -> Iterator[ControlTag]:
    """Yield the controls; a label belongs to the nearest one around it. One pass: a config may nest as it likes."""
    found: list[tuple[ET.Element, list[LabelTag]]] = []
    waiting: list[tuple[ET.Element, list[LabelTag]]] = [(root, [])]
    while waiting:
        tag, labels = waiting.pop()
        if tag.get("toName") is not None or _kind(tag).endswith("labels"):
            found.append((tag, labels := []))
        elif _kind(tag) == "label" and (tag.get("alias") or tag.get("value")):
            labels.append(LabelTag(tag.get("value", ""), tag.get("alias", ""), tag.attrib))
        waiting += [(child, labels) for child in reversed(tag)]
    for tag, labels in found:
        targets = [name.strip() for name in tag.get("toName", "").split(",")]
        yield ControlTag(tag.tag, _kind(tag), tag.get("name", ""), tag.get("toName"),
                         tuple(images[name] for name in targets if name in images), tuple(labels), tag.attrib)


def _shown(value: str) -> str:
    """Return what Label Studio takes for the key in a tag's value, '' for none."""
    return value[1:] if value.startswith("$") else "".join(re.findall(r"\$(\w+)", value)[:1])


def _kind(tag: ET.Element) -> str:
    """Return the tag's name in lower case; empty for a comment."""
    return tag.tag.lower() if isinstance(tag.tag, str) else ""
