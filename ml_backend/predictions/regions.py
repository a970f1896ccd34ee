"""Detections → the regions of a Label Studio prediction. Pure.

How the shapes of one object are joined: a region's id is `<object>-b` for its box, `<object>-m` for its brush mask,
`<object>-p` for its polygon and `<object>-e` for its ellipse. `object_of(id)` gives `<object>`. Label Studio keeps the
ids when a prediction becomes an annotation, so regions of one annotation that share `object_of` *and* the label are one
object; any other region is an object of its own. The object is a digest of label and box, so rebuilding a prediction
from the same detections gives the same ids.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, cast

import numpy as np
from numpy.typing import NDArray

from argus.labelstudio import brush_rle
from argus.labelstudio.regions import object_id
from argus.labelstudio.types import Region, RegionValue
from label_studio_config.label_config import Control, LabelPlan
from ml_backend.engines.base import Found, Mask

if TYPE_CHECKING:  # loaded by the functions that need it, as in `argus.labelstudio.geometry`
    import shapely

_MIN_AREA = 4.0  # square pixels; a smaller speck makes no polygon
_MIN_IOU = 0.97
_MAX_VERTICES = 200


def build_regions(plan: LabelPlan, found: Mapping[str, Found]) -> list[Region]:
    """Return the prediction's `result`: the objects at or above their label's threshold, in the tags that offer it.

    Positions are percent of the image. Each region carries its object's score, rounded to 4 digits.

    Args:
        found: by label; labels without an entry were not computed yet and give nothing.
    """
    regions: list[Region] = []
    for concept in plan.concepts:
        if (entry := found.get(concept.label)) is None:
            continue
        controls = [c for c in plan.controls if concept.label in c.labels]
        for i, score in enumerate(entry.detections.scores.tolist()):
            if score >= concept.threshold:
                box = [float(v) for v in entry.detections.boxes[i]]
                mask = entry.detections.masks[i]
                for control in controls:
                    regions += _regions(control, concept.label, entry, box, mask, score)
    return regions


def mark_unsure(regions: list[Region], sure: float) -> list[Region]:
    """Return the regions with a text ("check: score 0.62") on those below `sure`, where others of the task are not.

    The task lies in the band of its lowest region; the text shows a person in Label Studio which one it was. It says
    the score too, so it stays true when a project moves its band edges: `sure` is the setting `band_high`, not the
    project's edge, because a moved edge would otherwise mean to write every prediction again.
    """
    if all(region["score"] < sure for region in regions):
        return regions
    return [region if region["score"] >= sure else
            {**region, "meta": {"text": [f"check: score {region['score']:.2f}"]}} for region in regions]


def prediction_score(regions: list[Region]) -> float | None:
    """Return the lowest region score, so that a task of a band has no region below it; None when nothing was found."""
    return min((float(r["score"]) for r in regions), default=None)


def _regions(control: Control, label: str, entry: Found, box: list[float], mask: Mask | None,
             score: float) -> Iterator[Region]:
    name = object_id(label, box)
    base: Region = {
        "from_name": control.name, "to_name": control.image.name, "type": control.kind, "origin": "prediction",
        "original_width": entry.width, "original_height": entry.height, "image_rotation": 0,
        "score": round(score, 4)}
    if control.image.value_list:
        base["item_index"] = 0  # the first of the images that the tag shows

    def region(suffix: str, shape: RegionValue) -> Region:
        # The labels stand under the name of the kind of control, which no TypedDict can say.
        return {"id": f"{name}-{suffix}", **base, "value": cast(RegionValue, {**shape, control.kind: [label]})}

    if control.kind == "rectanglelabels":
        yield region("b", percent_box(box, entry.width, entry.height))
    elif mask is not None and control.kind == "brushlabels":
        code = brush_rle.encode(mask.bits, mask.x, mask.y, entry.width, entry.height)
        yield region("m", {"format": "rle", "rle": code})
    elif control.kind == "ellipselabels":
        yield region("e", percent_ellipse(mask, box, entry.width, entry.height))
    elif mask is not None and (ring := outline(mask)) is not None:
        points = np.round(ring * [100 / entry.width, 100 / entry.height], 3).tolist()
        yield region("p", {"points": points, "closed": True})


def percent_box(box: list[float], width: int, height: int) -> RegionValue:
    """Return Label Studio's rectangle (percent of the image, upper left corner and size) of x0 y0 x1 y1 in pixels."""
    x0, y0, x1, y1 = box
    return {"x": round(100 * x0 / width, 4), "y": round(100 * y0 / height, 4),
            "width": round(100 * (x1 - x0) / width, 4), "height": round(100 * (y1 - y0) / height, 4), "rotation": 0}


def percent_ellipse(mask: Mask | None, box: list[float], width: int, height: int) -> RegionValue:
    """Return Label Studio's ellipse: centre and radii in percent of the image, rotation in degrees clockwise.

    With a mask it is the ellipse with the centre, second moments and direction of the mask's pixels, so that an ellipse
    gives itself back; without one it is the upright ellipse in `box` (x0 y0 x1 y1 in pixels). The first radius is the
    one that lies closer to the horizontal, and neither is more than half of the image: Label Studio refuses others.
    """
    if mask is None:
        x, y = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
        across, down, angle = (box[2] - box[0]) / 2, (box[3] - box[1]) / 2, 0.0
    else:
        rows, columns = np.nonzero(mask.bits)
        x, y = mask.x + float(columns.mean()) + 0.5, mask.y + float(rows.mean()) + 0.5
        # A filled ellipse of half axis a has the variance a²/4 along it; a pixel itself has 1/12.
        variances, axes = np.linalg.eigh(np.cov(np.stack([columns, rows]), bias=True) + np.eye(2) / 12)
        flat = int(np.abs(axes[0]).argmax())
        across, down = (2 * float(np.sqrt(variances[k])) for k in (flat, 1 - flat))
        round_enough = variances[1] - variances[0] < 1e-3 * variances[1]  # a disc has no direction
        angle = 0.0 if round_enough else float(np.degrees(np.arctan(axes[1, flat] / axes[0, flat])))
    return {"x": round(100 * x / width, 4), "y": round(100 * y / height, 4),
            "radiusX": round(min(50.0, 100 * across / width), 4), "radiusY": round(min(50.0, 100 * down / height), 4),
            "rotation": round(angle % 360, 2) % 360}


def outline(mask: Mask) -> NDArray[np.float64] | None:
    """Return the outer ring of a mask's largest part; None for a speck.

    Returns:
        float64 (K, 2), x y in pixels of the image, not closed.

    The ring is simplified as far as it keeps an IoU of 0.97 with its part, and to 200 vertices at most. A Label Studio
    polygon is one ring, so holes are filled and further parts are left to the brush mask: an object stays one region.
    """
    import shapely

    shape = _shape(mask)
    part = shapely.Polygon(max(getattr(shape, "geoms", [shape]), key=lambda p: p.area).exterior)
    return np.array(_simplify(part).exterior.coords)[:-1] if part.area >= _MIN_AREA else None


def _shape(mask: Mask) -> shapely.Geometry:
    """Return the exact outline of the mask's pixels: the union of one box for each run of a row."""
    import shapely

    framed = np.zeros((mask.bits.shape[0], mask.bits.shape[1] + 2), np.int8)
    framed[:, 1:-1] = mask.bits
    step = np.diff(framed, axis=1)
    rows, starts = np.nonzero(step == 1)
    ends = np.nonzero(step == -1)[1]
    boxes = shapely.box(starts + mask.x, rows + mask.y, ends + mask.x, rows + mask.y + 1)
    return shapely.union_all(boxes)


def _simplify(part: shapely.Polygon) -> shapely.Polygon:
    import shapely

    best = part
    tolerance = 0.5
    while tolerance < 64:
        candidate = part.simplify(tolerance)
        if not isinstance(candidate, shapely.Polygon) or candidate.is_empty or not candidate.is_valid:
            break
        close = candidate.intersection(part).area / candidate.union(part).area >= _MIN_IOU
        if not close and len(best.exterior.coords) <= _MAX_VERTICES:
            break
        best = candidate
        tolerance *= 1.5
    return best
