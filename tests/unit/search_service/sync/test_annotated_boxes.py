"""Which boxes of an annotation are kept for thumbnails."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from argus.labelstudio import brush_rle
from label_studio_config.project_shape import ProjectShape
from search_service.sync import annotated_boxes
from search_service.sync.annotated_boxes import read
from search_service.sync.annotations import labels_of
from search_service.sync.boxes_store import Drawn

SHAPE = ProjectShape(1, "", ("cpu", "fan"), "image", "")
ANYTHING = st.recursive(st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3),
                        lambda one: st.lists(one, max_size=3) | st.dictionaries(st.text(max_size=3), one, max_size=2))


def region(name: str, kind: str, value: dict[str, Any], label: str = "cpu") -> Any:
    return {"id": name, "to_name": "image", "original_width": 200, "original_height": 100, "type": kind,
            "value": value | {kind: [label]}}


def box(name: str, x: float = 10, label: str = "cpu") -> Any:
    return region(name, "rectanglelabels", {"x": x, "y": 20, "width": 30, "height": 40}, label)


def mask(name: str) -> Any:
    code = brush_rle.encode(np.ones((10, 20), np.bool_), 100, 50, 200, 100)
    return region(name, "brushlabels", {"format": "rle", "rle": code})


def annotation(number: int, *regions: Any, **more: Any) -> Any:
    return {"id": number, "result": list(regions), "updated_at": f"2026-01-0{number}T00:00:00Z", **more}


def test_read__the_newest_that_was_not_skipped_as_fractions() -> None:
    drawn = read([annotation(2, box("a", label="fan")), annotation(1, box("b"), box("c")),
                  annotation(3, was_cancelled=True)], SHAPE)
    assert drawn == Drawn(200, 100, [("fan", 0.1, 0.2, 0.4, 0.6)])


def test_read__an_object_once_and_a_mask_alone_by_its_extent(monkeypatch: pytest.MonkeyPatch) -> None:
    decoded: list[Any] = []
    decode = brush_rle.decode
    monkeypatch.setattr("argus.labelstudio.regions.decode", lambda *given: decoded.append(given) or decode(*given))
    drawn = read([annotation(1, box("0123456789ab-b"), mask("0123456789ab-m"), mask("x"))], SHAPE)
    assert drawn.boxes == [("cpu", 0.1, 0.2, 0.4, 0.6), ("cpu", 0.5, 0.5, 0.6, 0.6)]
    assert len(decoded) == 1  # the mask of an object with a box is not read


def test_read__masks_of_a_huge_image_are_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    smaller = annotated_boxes.get_settings().model_copy(update={"max_image_pixels": 19_999})
    monkeypatch.setattr(annotated_boxes, "get_settings", lambda: smaller)
    assert read([annotation(1, box("a"), mask("x"))], SHAPE).boxes == [("cpu", 0.1, 0.2, 0.4, 0.6)]


@pytest.mark.parametrize("annotations", [[], [annotation(1)], [annotation(1, {"id": "r", "type": "relation"})],
                                         [annotation(1, was_cancelled=True)], [{"id": 1, "result": None}]])
def test_read__nothing_drawn(annotations: Any) -> None:
    assert read(annotations, SHAPE).boxes == []
    assert read([annotation(1, box("a"))], None).boxes == []


@given(odd=st.sampled_from([box("0123456789ab-b"), mask("0123456789ab-m")]), anything=ANYTHING, data=st.data())
def test_read__whatever_a_region_states_stops_nothing(odd: Any, anything: Any, data: st.DataObject) -> None:
    """Label Studio keeps what an import says of a region, as long as it is an object."""
    inside = data.draw(st.booleans())
    key = data.draw(st.sampled_from(sorted(odd["value"] if inside else odd)))
    changed = odd | ({"value": odd["value"] | {key: anything}} if inside else {key: anything})
    annotations = [annotation(1, changed, box("whole"))]
    drawn = read(annotations, SHAPE)
    assert ("cpu", 0.1, 0.2, 0.4, 0.6) in drawn.boxes and max(drawn.width, drawn.height) < 2**31
    assert all(0 <= side <= 1 for _, *sides in drawn.boxes for side in sides)
    assert "cpu" in labels_of(annotations)
