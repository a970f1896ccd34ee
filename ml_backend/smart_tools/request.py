"""What a smart tool of the labelling screen asks, read from `/predict`'s context. Pure.

A box is an exemplar ("find everything like this"), a point is a click ("this object"), text typed into a `<TextArea>`
is a prompt; box and text go together. A polygon or an ellipse counts as the box around it. `is_positive: false` on a
box or a point means "not this".

Label Studio's editor sends every region of the smart tag and label, what was drawn just now last and twice. A region
that a model made is no exemplar, unless a person moved it; what is there already is not suggested again.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypedDict

from pydantic import JsonValue

from argus.errors import ArgusError
from argus.labelstudio.types import Region
from argus.typed_text import fold, same_name
from label_studio_config.label_config import LabelPlan
from ml_backend.engines.base import Exemplars

_MAX_SHAPES = 5000
_MAX_VERTICES = 10_000  # of one polygon
_MAX_TYPED = 10_000  # characters

Ring = tuple[tuple[float, float], ...]
Box = tuple[float, float, float, float]


class AskedJson(TypedDict):
    """A request on the queue; JSON has lists for its tuples."""

    label: str | None
    boxes: Sequence[Sequence[Sequence[float]]]
    box_signs: Sequence[bool]
    points: Sequence[Sequence[float]]
    point_signs: Sequence[bool]
    prompts: Sequence[str]
    existing: Sequence[Sequence[Sequence[float]]]


class Answer(TypedDict):
    """What a smart tool suggests."""

    result: list[Region]


@dataclass(frozen=True)
class Request:
    """One question. Positions are percent of the image.

    Attributes:
        label: what the answer's regions will carry; None: what the model calls the object. (Label Studio's editor
            cannot send a label with a click on an unlabelled `<KeyPoint>`.)
        boxes: exemplars: the corners of what was drawn.
        points: x, y.
        prompts: what was typed.
        existing: what stays in the annotation, by its corners.
    """

    label: str | None
    boxes: tuple[Ring, ...] = ()
    box_signs: tuple[bool, ...] = ()
    points: tuple[tuple[float, float], ...] = ()
    point_signs: tuple[bool, ...] = ()
    prompts: tuple[str, ...] = ()
    existing: tuple[Ring, ...] = ()

    @classmethod
    def from_context(cls, context: Any, plan: LabelPlan) -> Request:
        """Read `params.context` of `/predict`.

        Raises:
            ArgusError: `bad_request` when there is nothing to ask, or what is there is malformed or lies outside of the
                image; `unknown_label`.
        """
        boxes: dict[Ring, bool] = {}
        points: dict[tuple[float, float], bool] = {}
        existing: list[Ring] = []
        labels: list[str] = []
        prompts: list[str] = []
        for shape, value in _shapes(context):
            positive, by_person = _sign(shape), shape.get("origin") != "prediction"
            labels += [v for key, names in value.items() if key.endswith("labels") for v in _texts(names)]
            if "text" in value:
                prompts += filter(None, (fold(t).strip() for t in _texts(value["text"])))
            elif (ring := _ring(shape, value)) is not None:
                existing += [ring] if positive else []
                boxes |= {ring: positive} if by_person else {}
            elif "x" in value and by_person:
                points[_point(value)] = positive
        _check(boxes, points, prompts)
        drawn = next(reversed(boxes), None)  # the editor takes it away when the suggestions come
        return cls(_label(plan, labels, prompts), tuple(boxes), tuple(boxes.values()), tuple(points),
                   tuple(points.values()), tuple(prompts), tuple(ring for ring in existing if ring != drawn))

    def to_json(self) -> AskedJson:
        return AskedJson(label=self.label, boxes=self.boxes, box_signs=self.box_signs, points=self.points,
                         point_signs=self.point_signs, prompts=self.prompts, existing=self.existing)

    @classmethod
    def from_json(cls, value: AskedJson) -> Request:
        return cls(value["label"], _rings(value["boxes"]), tuple(value["box_signs"]),
                   tuple((x, y) for x, y in value["points"]), tuple(value["point_signs"]), tuple(value["prompts"]),
                   _rings(value["existing"]))

    def points_in(self, size: tuple[int, int]) -> list[tuple[float, float]]:
        """Return the points in pixels of an image of `size` (width, height)."""
        return [(x * size[0] / 100, y * size[1] / 100) for x, y in self.points]

    def exemplars_in(self, size: tuple[int, int]) -> Exemplars | None:
        """Return the boxes in pixels of an image of `size` (width, height), cut to it; None without any."""
        return Exemplars(tuple(_around(ring, size) for ring in self.boxes), self.box_signs) if self.boxes else None

    def existing_in(self, size: tuple[int, int]) -> tuple[Box, ...]:
        """Return the existing boxes as x0 y0 x1 y1 in pixels of an image of `size` (width, height)."""
        return tuple(_around(ring, size) for ring in self.existing)

    def narrow(self, plan: LabelPlan, label: str) -> LabelPlan:
        """Return the plan for the answer: `label` only. A click shows its object whatever its score."""
        concept = plan.concept(label)
        return replace(plan, concepts=(replace(concept, threshold=0.0) if self.points else concept,))


def _shapes(context: Any) -> Iterator[tuple[Mapping[str, JsonValue], Mapping[str, JsonValue]]]:
    """Yield (region, its value)."""
    shapes = context.get("result") if isinstance(context, Mapping) else None
    if not isinstance(shapes, list) or not shapes or len(shapes) > _MAX_SHAPES:
        raise ArgusError("bad_request", f"The context must hold 1 to {_MAX_SHAPES} regions under `result`.")
    for shape in shapes:
        value = shape.get("value") if isinstance(shape, Mapping) else None
        if not isinstance(value, Mapping):
            raise ArgusError("bad_request", "A region of the context has no value.")
        yield shape, value


def _check(boxes: Mapping[Ring, bool], points: Mapping[tuple[float, float], bool], prompts: Sequence[str]) -> None:
    if not boxes and not points and not prompts:
        raise ArgusError("bad_request", "The context contains no box, point or text from a person.",
                         "Draw a box around an object, click on one, or type what to look for.")
    if boxes and points:
        raise ArgusError("bad_request", "The context contains both boxes and points.", "Send one or the other.")
    if sum(map(len, prompts)) > _MAX_TYPED:
        raise ArgusError("bad_request", f"What was typed has more than {_MAX_TYPED:,} characters.", "Type less.")
    if not prompts and not any([*boxes.values(), *points.values()]):
        raise ArgusError("bad_request", "The context contains only negative points or boxes.",
                         "Mark an object first, then exclude with a negative point or box.")


def _sign(shape: Mapping[str, Any]) -> bool:
    positive = shape.get("is_positive", True)
    if not isinstance(positive, bool):
        raise ArgusError("bad_request", "`is_positive` of a region must be true or false.")
    return positive


def _ring(shape: Mapping[str, Any], value: Mapping[str, Any]) -> Ring | None:
    """Return the corners of a region that has an extent; None for a point, and for a mask, which asks nothing."""
    if "points" in value:
        ring = _polygon(value["points"])
    elif "radiusX" in value:
        x, y, across, down = _numbers(value, "x", "y", "radiusX", "radiusY")
        ring = ((x - across, y - down), (x + across, y + down))
    elif "height" in value:
        ring = _rectangle(shape, value)
    else:
        return None
    if _empty(_around(ring, (100, 100))):
        raise ArgusError("bad_request", "A region of the context lies outside of the image or has no size.")
    return ring


def _polygon(value: Any) -> Ring:
    if not isinstance(value, list) or not 0 < len(value) <= _MAX_VERTICES:
        raise ArgusError("bad_request", f"A polygon of the context needs 1 to {_MAX_VERTICES} points.")
    pairs = [{"x": p[0], "y": p[1]} if isinstance(p, list) and len(p) == 2 else {} for p in value]
    xs, ys = zip(*(_numbers(pair, "x", "y") for pair in pairs), strict=True)
    return (min(xs), min(ys)), (max(xs), max(ys))  # the box around it counts; all its corners would fill the queue


def _rectangle(shape: Mapping[str, Any], value: Mapping[str, Any]) -> Ring:
    """Return four corners. Label Studio turns a rectangle clockwise about its first corner, in pixels."""
    x, y, width, height = _numbers(value, "x", "y", "width", "height")
    if width < 0 or height < 0:
        raise ArgusError("bad_request", "A region of the context lies outside of the image or has no size.")
    turn = math.radians(_numbers({"rotation": 0} | dict(value), "rotation")[0])
    if not turn:
        return (x, y), (x + width, y), (x + width, y + height), (x, y + height)
    across, down = _numbers({"original_width": 1, "original_height": 1} | dict(shape), "original_width",
                            "original_height")
    if across <= 0 or down <= 0:
        raise ArgusError("bad_request", "A region of the context has no original_width or original_height.")
    cos, sin, ratio = math.cos(turn), math.sin(turn), across / down
    sides = ((0.0, 0.0), (width, 0.0), (width, height), (0.0, height))
    return tuple((x + dx * cos - dy * sin / ratio, y + dx * sin * ratio + dy * cos) for dx, dy in sides)


def _point(value: Mapping[str, Any]) -> tuple[float, float]:
    x, y = _numbers(value, "x", "y")
    if not (0 <= x <= 100 and 0 <= y <= 100):
        raise ArgusError("bad_request", "A point of the context lies outside of the image.")
    return x, y


def _around(ring: Ring, size: tuple[int, int]) -> Box:
    """Return the box around percent corners as x0 y0 x1 y1 in pixels, cut to the image."""
    xs, ys = [min(100.0, max(0.0, x)) for x, _ in ring], [min(100.0, max(0.0, y)) for _, y in ring]
    return (min(xs) * size[0] / 100, min(ys) * size[1] / 100, max(xs) * size[0] / 100, max(ys) * size[1] / 100)


def _empty(box: Box) -> bool:
    return box[2] <= box[0] or box[3] <= box[1]


def _rings(value: Iterable[Iterable[Sequence[float]]]) -> tuple[Ring, ...]:
    return tuple(tuple((x, y) for x, y in ring) for ring in value)


def _numbers(value: Mapping[str, Any], *names: str) -> tuple[float, ...]:
    found = [value.get(name) for name in names]
    if not all(isinstance(v, int | float) and not isinstance(v, bool) and -1e6 < v < 1e6 for v in found):
        raise ArgusError("bad_request", f"A region of the context needs numbers for {', '.join(names)}.")
    return tuple(float(v) for v in found if v is not None)


def _texts(value: Any) -> Sequence[str]:
    if isinstance(value, str):
        return [value]
    return [v for v in value if isinstance(v, str)] if isinstance(value, list) else []


def _label(plan: LabelPlan, labels: Sequence[str], prompts: Sequence[str]) -> str | None:
    """Return the label that was chosen; else the one that was typed, by name or by prompt; else the only one."""
    if labels:
        return plan.concept(labels[-1]).label
    typed = {same_name(p) for p in prompts}
    named = [c.label for c in plan.concepts if typed & {same_name(name) for name in (c.label, *c.prompts)}]
    if named or len(plan.concepts) == 1:
        return (named or [plan.concepts[0].label])[0]
    return None
