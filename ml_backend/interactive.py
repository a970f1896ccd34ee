"""What a smart tool of the labelling screen asks, read from `/predict`'s context. Pure.

A box is an exemplar ("find everything like this"), a point is a click ("this object"), text typed into a `<TextArea>`
is a prompt; box and text go together. `is_positive: false` on a box or a point means "not this".

Label Studio's editor sends every region of the smart tag and label, what was drawn just now last and twice. A region
that a model made is no exemplar, unless a person moved it; what is there already is not suggested again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from argus.errors import ArgusError
from label_studio_config.concepts import LabelPlan
from ml_backend.engines.base import Exemplars

_MAX_SHAPES = 5000

PercentBox = tuple[float, float, float, float]


@dataclass(frozen=True)
class Request:
    """One question. Positions are percent of the image.

    Attributes:
        label: what the answer's regions will carry.
        boxes: exemplars: x, y, width, height.
        points: x, y.
        prompts: what was typed.
        existing: boxes that stay in the annotation: x, y, width, height.
    """

    label: str
    boxes: tuple[PercentBox, ...] = ()
    box_signs: tuple[bool, ...] = ()
    points: tuple[tuple[float, float], ...] = ()
    point_signs: tuple[bool, ...] = ()
    prompts: tuple[str, ...] = ()
    existing: tuple[PercentBox, ...] = ()

    @classmethod
    def from_context(cls, context: Any, plan: LabelPlan) -> Request:
        """Read `params.context` of `/predict`.

        Raises:
            ArgusError: `bad_request` when there is nothing to ask, or what is there is malformed; `unknown_label`.
        """
        shapes = context.get("result") if isinstance(context, Mapping) else None
        if not isinstance(shapes, list) or not shapes or len(shapes) > _MAX_SHAPES:
            raise ArgusError("bad_request", f"The context must hold 1 to {_MAX_SHAPES} regions under `result`.")
        boxes: dict[PercentBox, bool] = {}
        points: dict[tuple[float, float], bool] = {}
        existing: list[PercentBox] = []
        labels: list[str] = []
        prompts: list[str] = []
        for shape in shapes:
            value = shape.get("value") if isinstance(shape, Mapping) else None
            if not isinstance(value, Mapping):
                raise ArgusError("bad_request", "A region of the context has no value.")
            positive, by_person = bool(shape.get("is_positive", True)), shape.get("origin") != "prediction"
            labels += [str(v) for key, names in value.items() if key.endswith("labels") for v in _texts(names)]
            if "text" in value:
                prompts += [t.strip() for t in _texts(value["text"]) if t.strip()]
            elif "width" in value and "height" in value:
                box = _numbers(value, "x", "y", "width", "height")
                existing += [box] if positive else []
                boxes |= {box: positive} if by_person else {}
            elif "x" in value and by_person:
                points[_numbers(value, "x", "y")] = positive
        if not boxes and not points and not prompts:
            raise ArgusError("bad_request", "The context has no box, no point and no text of a person.")
        drawn = next(reversed(boxes), None)  # the editor takes it away when the suggestions come
        return cls(_label(plan, labels, prompts), tuple(boxes), tuple(boxes.values()), tuple(points),
                   tuple(points.values()), tuple(prompts), tuple(box for box in existing if box != drawn))

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Request:
        return cls(value["label"], tuple(tuple(b) for b in value["boxes"]), tuple(value["box_signs"]),
                   tuple(tuple(p) for p in value["points"]), tuple(value["point_signs"]), tuple(value["prompts"]),
                   tuple(tuple(b) for b in value["existing"]))

    def points_in(self, size: tuple[int, int]) -> list[tuple[float, float]]:
        """Return the points in pixels of an image of `size` (width, height)."""
        return [(x * size[0] / 100, y * size[1] / 100) for x, y in self.points]

    def exemplars_in(self, size: tuple[int, int]) -> Exemplars | None:
        """Return the boxes in pixels of an image of `size` (width, height), cut to it; None without any."""
        return Exemplars(_pixels(self.boxes, size), self.box_signs) if self.boxes else None

    def existing_in(self, size: tuple[int, int]) -> tuple[PercentBox, ...]:
        """Return the existing boxes as x0 y0 x1 y1 in pixels of an image of `size` (width, height)."""
        return _pixels(self.existing, size)

    def narrow(self, plan: LabelPlan) -> LabelPlan:
        """Return the plan for the answer: this label only. A click shows its object whatever its score."""
        concept = plan.concept(self.label)
        return replace(plan, concepts=(replace(concept, threshold=0.0) if self.points else concept,))


def _pixels(boxes: Sequence[PercentBox], size: tuple[int, int]) -> tuple[PercentBox, ...]:
    width, height = size
    return tuple((max(0.0, x) * width / 100, max(0.0, y) * height / 100,
                  min(100.0, x + w) * width / 100, min(100.0, y + h) * height / 100) for x, y, w, h in boxes)


def _numbers(value: Mapping[str, Any], *names: str) -> Any:
    found = [value.get(name) for name in names]
    if not all(isinstance(v, int | float) and not isinstance(v, bool) and -1e6 < v < 1e6 for v in found):
        raise ArgusError("bad_request", f"A region of the context needs numbers for {', '.join(names)}.")
    return tuple(float(v) for v in found if v is not None)


def _texts(value: Any) -> Sequence[str]:
    if isinstance(value, str):
        return [value]
    return [v for v in value if isinstance(v, str)] if isinstance(value, list) else []


def _label(plan: LabelPlan, labels: Sequence[str], prompts: Sequence[str]) -> str:
    """Return the label that was chosen; else the one that was typed; else the first of the config."""
    if labels:
        return plan.concept(labels[-1]).label
    typed = {p.casefold() for p in prompts}
    return next((c.label for c in plan.concepts if c.label.casefold() in typed), plan.concepts[0].label)
